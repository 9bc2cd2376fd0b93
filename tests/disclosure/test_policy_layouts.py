"""The layouts in which published policies list SDKs, with made-up content: every one gives the same two SDKs and their types."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import pytest
from support.bigapp import app_with
from support.policies import docx_policy, pdf

import sdkfp
from sdkfp import Catalog, Report
from sdkfp.disclosure import PolicyCheck, check_policy, open_policy

KNOWN: dict[str, tuple[str, ...]] = {"jpush": ("installed_apps", "oaid"), "bugly": ("app_log",)}
"""What every Chinese layout says."""
ENGLISH: dict[str, tuple[str, ...]] = {"adjust": ("gaid", "ip_address"), "sentry": ("app_log", "device_info")}

LINES: dict[str, list[str]] = {
    "a name, then keys": [
        "二、第三方SDK目录",
        "极光推送SDK",
        "所属公司名称:示例科技有限公司",
        "收集目的:推送消息",
        "场景描述:在收到消息时通知用户",
        "收集方式:调用系统相关接口自动采集",
        "个人信息收集范围:OAID、应用列表",
        "数据是否去标识化传输:",
        "第三方隐私政策链接:https://a.example/1",
        "腾讯Bugly(安卓端)",
        "所属公司名称:另一示例公司",
        "个人信息收集范围:崩溃日志",
    ],
    "the name has a key": [
        "第三方信息共享清单：",
        "使用SDK名称：极光推送SDK",
        "服务类型：消息推送",
        "收集个人信息类型：OAID、应用列表",
        "隐私权政策链接：https://a.example/1",
        "使用SDK名称：腾讯Bugly",
        "服务类型：错误收集",
        "可能收集个人信息类型：崩溃日志",
    ],
    "types on lines of their own": [
        "一、内嵌SDK信息共享",
        "极光推送SDK",
        "第三方公司名称:示例科技有限公司",
        "共享方式:SDK本机采集",
        "共享个人信息类型:",
        "(1)必选个人信息",
        "设备标识符(OAID):用于识别设备,使 SDK 能准确推送;",
        "(2)可选个人信息",
        "应用信息(应用列表、应用名称):由开发者主动调用接口设置;",
        "腾讯Bugly SDK",
        "第三方公司名称:另一示例公司",
        "共享个人信息类型:崩溃日志",
    ],
    "all in one paragraph": [
        "SDK名称:极光推送SDK 使用目的:消息推送 运营方:示例公司 收集个人信息类型:OAID、应用列表 隐私政策链接:https://a.example/1",
        "SDK名称:腾讯Bugly 使用目的:崩溃分析 运营方:另一示例公司 收集个人信息类型:崩溃日志 隐私政策链接:https://b.example/2",
    ],
    "one paragraph with full-width marks": [
        "SDK名称：极光推送SDK；使用目的：推送；收集个人信息类型：OAID、应用列表；隐私政策链接：https://a.example/1",
        "SDK名称：腾讯Bugly；使用目的：崩溃分析；收集个人信息类型：崩溃日志；隐私政策链接：https://b.example/2",
    ],
    "sentences with keys": [
        "使用 SDK 名称：极光推送 SDK。服务类型：推送。收集个人信息类型：OAID、应用列表。",
        "使用 SDK 名称：腾讯Bugly。服务类型：崩溃分析。收集个人信息类型：崩溃日志。",
    ],
    "a name in front of the keys of its paragraph": [
        "极光推送 SDK（仅限安卓）服务商名称：示例公司 对应业务功能：推送 必要性说明：通知用户 信息类型：OAID、应用列表 隐私政策链接：https://a.example/1",
        "腾讯Bugly SDK 功能：崩溃分析 收集个人信息类型：崩溃日志 所属机构：另一示例公司 隐私权政策链接：https://b.example/2",
    ],
    "lettered keys": [
        "极光推送SDK",
        "a)收集个人信息目的/用途：推送",
        "b)收集个人信息类型：OAID、应用列表",
        "c)需要获取的权限：网络权限",
        "d)第三方SDK隐私政策链接：https://a.example/1",
        "e)提供方：示例公司",
        "腾讯Bugly",
        "a)收集个人信息目的/用途：崩溃分析",
        "b)收集个人信息类型：崩溃日志",
    ],
    "values below their keys": [
        "第三方SDK名称：",
        "极光推送SDK",
        "第三方公司名称：",
        "示例公司",
        "收集个人信息种类：",
        "OAID、应用列表",
        "第三方SDK名称：",
        "腾讯Bugly",
        "收集个人信息种类：",
        "崩溃日志",
    ],
    "numbered names with bullets": [
        "本应用集成了以下SDK：",
        "1. 极光推送",
        "   • 提供方：示例公司",
        "   • 功能：推送消息",
        "   • 收集信息：OAID、应用列表",
        "2. 腾讯Bugly",
        "   • 提供方：另一示例公司",
        "   • 收集信息：崩溃日志",
    ],
    "a line for each": [
        "1、极光推送SDK:用于消息推送,收集OAID、应用列表,由示例公司提供。",
        "2、腾讯Bugly SDK——崩溃分析,收集崩溃日志。",
    ],
    "circled numbers": [
        "①极光推送SDK",
        "应用场景：推送",
        "收集个人信息的类型：OAID、应用列表",
        "②腾讯Bugly",
        "收集个人信息的类型：崩溃日志",
    ],
    "numbers of several parts": [
        "2.1极光推送SDK",
        "2.1.1应用场景：推送",
        "2.1.2收集个人信息的类型：OAID、应用列表",
        "2.2腾讯Bugly",
        "2.2.1收集个人信息的类型：崩溃日志",
    ],
    "values that end in a semicolon": [
        "（1）极光推送",
        "第三方主体：示例公司；",
        "共享的信息：OAID、应用列表；",
        "（2）腾讯Bugly",
        "第三方主体：另一示例公司；",
        "共享的信息：崩溃日志；",
    ],
}
TABLES = {
    "merged cells": """<tr><td>SDK名称</td><td>SDK厂商</td><td>功能描述</td><td>个人信息类型</td><td>个人信息字段</td><td>隐私政策</td></tr>
        <tr><td rowspan=2>极光推送SDK(cn.jpush.android)</td><td rowspan=2>示例公司</td><td rowspan=2>推送</td><td>标识</td>
        <td>必选:<br>【仅Android】OAID</td><td rowspan=2>https://a.example/1</td></tr>
        <tr><td>应用</td><td>应用列表</td></tr>
        <tr><td>腾讯Bugly</td><td>另一示例公司</td><td>崩溃</td><td>日志</td><td>崩溃日志</td><td></td></tr>""",
    "names that speak of accounts": """<tr><th>SDK名称</th><th>第三方公司名称</th><th>共享信息名称</th><th>可能调用的权限</th></tr>
        <tr><td>极光推送SDK(账号版)</td><td>示例人脸公司</td><td>OAID、应用列表</td><td>-</td></tr>
        <tr><td>腾讯Bugly</td><td>另一示例公司</td><td>崩溃日志</td><td>-</td></tr>""",
    "kinds in the first column": """<tr><td>类别</td><td>SDK名称</td><td>个人信息</td></tr>
        <tr><td colspan=3>一、推送类</td></tr><tr><td>推送</td><td>极光推送</td><td>OAID、应用列表</td></tr>
        <tr><td colspan=3>二、统计类</td></tr><tr><td>统计</td><td>腾讯Bugly</td><td>崩溃日志</td></tr>""",
    "the product behind its company": """<tr><th>第三方公司名称</th><th>产品/类型</th><th>共享信息名称</th>
        <th>使用目的</th><th>共享方式</th></tr>
        <tr><td>示例公司</td><td>极光推送SDK</td><td>OAID、应用列表</td><td>推送</td><td>嵌入第三方SDK</td></tr>
        <tr><td>另一示例公司</td><td>腾讯Bugly SDK</td><td>崩溃日志</td><td>崩溃</td><td>嵌入第三方SDK</td></tr>""",
    "turned, one after the other": """<tr><th>SDK名称</th><td>极光推送SDK</td></tr><tr><th>使用目的</th><td>推送</td></tr>
        <tr><th>收集个人信息</th><td>OAID、应用列表</td></tr><tr><th>SDK名称</th><td>腾讯Bugly</td></tr><tr><th>使用目的</th><td>崩溃</td></tr>
        <tr><th>收集个人信息</th><td>崩溃日志</td></tr>""",
    "turned, below a title": """<tr><td colspan=2>极光推送SDK</td></tr><tr><td>使用目的</td><td>推送</td></tr>
        <tr><td>收集的个人信息</td><td>OAID、应用列表</td></tr><tr><td colspan=2>腾讯Bugly</td></tr><tr><td>使用目的</td><td>崩溃</td></tr>
        <tr><td>收集的个人信息</td><td>崩溃日志</td></tr>""",
}
PAGES = {
    "headings with bullets": """<h3>1. 极光推送</h3><ul><li><strong>公司名称：</strong>示例公司</li><li><strong>使用目的：</strong>推送</li>
        <li><strong>收集的个人信息：</strong>OAID、应用列表</li><li><strong>隐私政策：</strong><a href="https://a.example">链接</a></li></ul>
        <h3>2. 腾讯Bugly</h3><ul><li><strong>收集的个人信息：</strong>崩溃日志</li></ul>""",
    "a list of definitions": "<dl><dt>极光推送</dt><dd>收集信息：OAID、应用列表</dd><dt>腾讯Bugly</dt><dd>收集信息：崩溃日志</dd></dl>",
    "a table in a table": f"<table><tr><td><p>清单</p><table>{TABLES['kinds in the first column']}</table></td></tr></table>",
    "a table for each": "".join(
        f"<table><tr><td colspan=2>{name}</td></tr><tr><td>使用目的</td><td>目的</td></tr>"
        f"<tr><td>收集的个人信息</td><td>{types}</td></tr></table>"
        for name, types in (("极光推送", "OAID、应用列表"), ("腾讯Bugly", "崩溃日志"))
    ),
}
ENGLISH_PAGES = {
    "table.html": """<table><thead><tr><th>SDK</th><th>Provider</th><th>Purpose</th><th>Data collected</th>
        <th>Privacy policy</th></tr></thead><tbody>
        <tr><td>Adjust</td><td>Example GmbH</td><td>Attribution</td><td>Google advertising ID, IP address</td>
        <td><a href=https://a.example>link</a></td></tr>
        <tr><td>Sentry</td><td>Example Inc.</td><td>Stability</td><td>Crash logs, device model</td><td></td></tr></tbody></table>""",
    "bullets.md": """## Third-party SDKs

### Adjust
- **Provider**: Example GmbH
- **Purpose**: attribution
- **Data collected**: Google advertising ID, IP address
- **Privacy policy**: <https://a.example>

### Sentry
- Purpose: stability
- Data collected: crash logs, device model
""",
    "lines.md": """## Third-party SDKs

Adjust
Purpose: attribution
Data collected: Google advertising ID, IP address

Sentry
Purpose: stability
Data collected: crash logs, device model
""",
    "paragraphs.txt": """SDK name: Adjust. Purpose: attribution. Data collected: Google advertising ID, IP address. Privacy policy: https://a.example
SDK name: Sentry. Purpose: stability. Data collected: crash logs, device model. Privacy policy: https://b.example
""",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.builtin()


def says(policy: bytes, name: str, catalog: Catalog, expected: dict[str, tuple[str, ...]]) -> PolicyCheck:
    """The policy names these SDKs with these types, and nothing else."""
    check = check_policy(report_of(catalog, expected), open_policy(policy, name=name), catalog)
    assert {declared.sdk: declared.types for declared in check.declared} == expected
    assert (check.missing, check.not_found, check.unknown) == ((), (), ())
    assert all(declared.bases for declared in check.declared)
    return check


def report_of(catalog: Catalog, sdks: dict[str, tuple[str, ...]]) -> Report:
    return sdkfp.scan(app_with(catalog, sorted(sdks)), catalog=catalog, name="a.apk")


def page(body: str) -> str:
    return f"<!doctype html><html><head><title>t</title></head><body>{body}</body></html>"


FORMS: dict[str, Callable[[list[str]], bytes]] = {
    "p.txt": lambda lines: "\n".join(lines).encode(),
    "gbk.txt": lambda lines: "\r\n".join(lines).encode("gb18030"),
    "p.html": lambda lines: page("".join(f"<p>{escape(line)}</p>" for line in lines)).encode(),
    "breaks.html": lambda lines: page(f"<div>{'<br>'.join(map(escape, lines))}</div>").encode("gb18030"),
    "p.docx": lambda lines: docx_policy([], head=("版本", "日期"), paragraphs=lines),
    "p.pdf": lambda lines: pdf([part for line in lines for part in wrapped(line)]),
}


def wrapped(line: str, width: int = 90) -> list[str]:
    return [line[start : start + width] for start in range(0, len(line), width)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layout", LINES)
def test_lists(layout: str, form: str, catalog: Catalog) -> None:
    says(FORMS[form](LINES[layout]), form, catalog, KNOWN)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("layout", TABLES)
def test_tables(layout: str, encoding: str, catalog: Catalog) -> None:
    check = says(page(f"<table>{TABLES[layout]}</table>").encode(encoding), "p.html", catalog, KNOWN)
    assert all(basis.how == "table" for declared in check.declared for basis in declared.bases)


@pytest.mark.parametrize("layout", PAGES)
def test_pages(layout: str, catalog: Catalog) -> None:
    says(page(PAGES[layout]).encode(), "p.html", catalog, KNOWN)


@pytest.mark.parametrize("name", ENGLISH_PAGES)
def test_english(name: str, catalog: Catalog) -> None:
    says(ENGLISH_PAGES[name].encode(), name, catalog, ENGLISH)


def test_several_keys_in_a_sentence_about_no_sdk_stay_a_sentence(catalog: Catalog) -> None:
    text = "我们自行收集以下内容,使用目的:改进产品,收集个人信息类型:OAID、应用列表,收集方式:自动采集。"
    check = check_policy(report_of(catalog, KNOWN), open_policy(page(f"<p>{text}</p>").encode()), catalog)
    assert (check.entries, check.declared) == (0, ())
    assert len(check.missing) == 2


def test_the_name_of_somebody_is_no_entry(catalog: Catalog) -> None:
    page_of_contacts = page("<p>Name: Maria Example</p><p>Grievance officer of the company</p><p>姓名：张三</p>")
    check = check_policy(report_of(catalog, KNOWN), open_policy(page_of_contacts.encode()), catalog)
    assert (check.entries, check.unknown) == (0, ())
    named = check_policy(report_of(catalog, KNOWN), open_policy(page("<p>SDK名称：极光推送</p>").encode()), catalog)
    assert [declared.sdk for declared in named.declared] == ["jpush"]
