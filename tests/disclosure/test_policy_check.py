"""A policy against an app: exactly what is not named is found, in every form, by every kind of name, and never by look-alikes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from support.bigapp import app_with
from support.catalogs import catalog_of
from support.hostile import HOSTILE
from support.policies import docx_policy, html_policy, markdown_policy, pdf_policy, printed_pdf, ruled_pdf, text_policy

import sdkfp
from sdkfp import Catalog, Report
from sdkfp.disclosure import PolicyCheck, check_paper, check_policy, open_policy, paper_text, write_paper

TWELVE = (
    "adjust",
    "alipay-sdk",
    "bugly",
    "getui-push",
    "jpush",
    "mixpanel",
    "sensors-analytics",
    "sentry",
    "tbs-x5",
    "umeng-analytics",
    "wechat-opensdk",
    "xiaomi-push",
)
TEN = (
    ("Adjust SDK", "Adjust GmbH", "广告归因", "Android ID、OAID、GAID", "https://www.example.com/1"),
    ("支付宝SDK", "支付宝某公司", "支付", "设备信息、网络类型", "https://www.example.com/2"),
    ("腾讯Bugly", "深圳市某公司", "崩溃分析", "崩溃日志", "https://www.example.com/3"),
    ("个推·消息推送", "浙江某公司", "消息推送", "IMEI、IMSI、MAC地址", "https://www.example.com/4"),
    ("极光推送 SDK(cn.jpush.android)", "深圳某公司", "消息推送", "OAID、应用列表", "https://www.example.com/5"),
    ("神策分析SDK", "神策某公司", "统计分析", "安卓ID", "https://www.example.com/6"),
    ("腾讯浏览服务(X5内核)", "深圳市某公司", "浏览器内核", "IMEI", "https://www.example.com/7"),
    ("友盟统计", "北京某公司", "统计分析", "设备MAC地址", "https://www.example.com/8"),
    ("微信OpenSDK", "深圳市某公司", "登录与分享", "订单信息", "https://www.example.com/9"),
    ("小米推送", "北京某公司", "消息推送", "OAID", "https://www.example.com/10"),
)
MISSING = ["mixpanel", "sentry"]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.builtin()


@pytest.fixture(scope="module")
def report(catalog: Catalog) -> Report:
    return report_of(catalog, TWELVE)


def report_of(catalog: Catalog, sdks: Iterable[str]) -> Report:
    return sdkfp.scan(app_with(catalog, sdks), catalog=catalog, name="a.apk")


def compared(report: Report, catalog: Catalog, policy: str | bytes, name: str = "p.html") -> PolicyCheck:
    data = policy if isinstance(policy, bytes) else policy.encode()
    return check_policy(report, open_policy(data, name=name), catalog)


def sentence(text: str) -> str:
    return html_policy([], after=f"<p>{text}</p>")


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        (html_policy(TEN).encode(), "p.html"),
        (html_policy(TEN).encode("gbk"), "p.html"),
        (markdown_policy(TEN).encode(), "p.md"),
        (text_policy(TEN).encode(), "p.txt"),
        (text_policy(TEN).encode("gb18030"), "p.txt"),
        (docx_policy(TEN), "p.docx"),
        (pdf_policy(TEN), "p.pdf"),
        (ruled_pdf(TEN), "p.pdf"),
        (printed_pdf(TEN), "p.pdf"),
    ],
    ids=["html", "html-gbk", "markdown", "text", "text-gb18030", "docx", "pdf", "pdf-ruled", "pdf-printed"],
)
def test_ten_of_twelve(policy: bytes, name: str, report: Report, catalog: Catalog) -> None:
    check = compared(report, catalog, policy, name)
    assert [sdk.id for sdk in report.sdks] == list(TWELVE)
    assert [missing.sdk for missing in check.missing] == MISSING
    assert [declared.sdk for declared in check.declared] == [sdk for sdk in TWELVE if sdk not in MISSING]
    assert check.entries == 10
    assert (check.not_found, check.unknown, check.covered) == ((), (), ())
    assert not check.complete


def test_every_decision_has_its_row(report: Report, catalog: Catalog) -> None:
    check = compared(report, catalog, html_policy(TEN))
    jpush = next(declared for declared in check.declared if declared.sdk == "jpush")
    assert [(basis.place, basis.how) for basis in jpush.bases] == [("table 1, row 6", "table")]
    assert jpush.bases[0].quote.startswith("极光推送 SDK(cn.jpush.android) | 深圳某公司")
    assert jpush.types == ("installed_apps", "oaid")
    assert all(declared.bases for declared in check.declared)
    assert all(narrow.bases for narrow in check.narrower)


def test_types_that_the_row_does_not_name(report: Report, catalog: Catalog) -> None:
    check = compared(report, catalog, html_policy(TEN))
    known = {sdk.id: {claim.type for claim in sdk.collects} for sdk in report.sdks}
    gaps = {narrow.sdk: {gap.type: gap for gap in narrow.gaps} for narrow in check.narrower}
    assert set(gaps["jpush"]) == known["jpush"] - {"installed_apps", "oaid"}
    assert all(gap.wider is None and gap.declared for gap in gaps["jpush"].values())
    assert gaps["alipay-sdk"]["android_id"].wider == "设备信息"
    assert gaps["alipay-sdk"]["wifi_info"].wider is None
    assert "wechat-opensdk" not in gaps  # its one type is named


def test_a_policy_that_names_everything_is_complete(report: Report, catalog: Catalog) -> None:
    names = {word: kind.name.zh or kind.name.en for word, kind in catalog.vocabulary.types.items()}
    rows = [
        (sdk.name.zh or sdk.name.en, "某公司", "目的", "、".join(names[c.type] for c in sdk.collects), "链接")
        for sdk in report.sdks
    ]
    check = compared(report, catalog, html_policy(rows))
    assert (check.missing, check.narrower) == ((), ())
    assert check.complete


@pytest.mark.parametrize(
    ("sdk", "name"),
    [
        ("jpush", "极光推送"),
        ("jpush", "JPush SDK"),
        ("jpush", "jpush"),
        ("jpush", "极光 推送 SDK"),
        ("jpush", "极光推送SDK"),
        ("jpush", "1、极光推送(安卓端)"),
        ("jpush", "推送服务(cn.jpush.android)"),
        ("jpush", "cn.jpush.android.*"),
        ("getui-push", "个推·消息推送"),
        ("tbs-x5", "腾讯X5内核"),
        ("tbs-x5", "X5 SDK"),
        ("adjust", "ADJUST"),
        ("adjust", "Adjust(归因)"),
        ("wechat-opensdk", "微信开放平台SDK(微信登录、分享)"),
        ("okhttp3", "OkHttp3 开源库(okhttp3.internal)"),
        ("glide", "glide图库"),
        ("gson", "com.google.gson"),
    ],
)
def test_names_in_a_list(sdk: str, name: str, catalog: Catalog) -> None:
    report = report_of(catalog, [sdk])
    check = compared(report, catalog, html_policy([(name, "某公司", "目的", "无", "")]))
    assert [declared.sdk for declared in check.declared] == [sdk]


@pytest.mark.parametrize(
    ("sdk", "name"),
    [
        ("tbs-x5", "iPhone X5 配件服务"),
        ("tbs-x5", "Galaxy X5 SDK"),
        ("tbs-x5", "x5"),
        ("getui-push", "一个推送服务"),
        ("getui-push", "每个推荐位SDK"),
        ("adjust", "Adjustable Slider SDK"),
        ("adjust", "re-adjust"),
        ("jpush", "cn.jpushy.ui"),
        ("jpush", "https://www.jpush.example/jpush"),
        ("branch", "Our Branch office"),
        ("glide", "Glider"),
        ("bugly", "Debugly"),
    ],
)
def test_look_alikes_in_a_list(sdk: str, name: str, catalog: Catalog) -> None:
    report = report_of(catalog, [sdk])
    check = compared(report, catalog, html_policy([(name, "某公司", "目的", "无", "")]))
    assert [missing.sdk for missing in check.missing] == [sdk]
    assert [unknown.name for unknown in check.unknown] == [name]


@pytest.mark.parametrize(
    ("sdk", "text"),
    [
        ("jpush", "我们集成了极光推送SDK,用于消息推送。"),
        ("jpush", "为推送消息,我们接入第三方服务JPush。"),
        ("wechat-opensdk", "我们使用微信SDK实现登录。"),
        ("adjust", "We use the Adjust SDK to measure campaigns."),
        ("adjust", "Third-party SDKs in the app: AppsFlyer, Adjust and Mixpanel."),
        ("okhttp3", "本应用使用的开源组件包括OkHttp、Gson。"),
        ("jpush", "第三方推送组件(cn.jpush.android)会收集设备标识符。"),
    ],
)
def test_names_in_sentences(sdk: str, text: str, catalog: Catalog) -> None:
    check = compared(report_of(catalog, [sdk]), catalog, sentence(text))
    assert [declared.sdk for declared in check.declared] == [sdk]
    assert check.declared[0].bases[0].how == "sentence"
    assert check.declared[0].bases[0].quote in text


@pytest.mark.parametrize(
    ("sdk", "text"),
    [
        ("tbs-x5", "第三方商家也可能销售iPhone X5的SDK手册。"),
        ("adjust", "You can adjust your settings in the third-party SDK list."),
        ("adjust", "Adjust your settings at any time; partners will be told."),
        ("branch", "Third-party partners have a Branch in your city."),
        ("getui-push", "第三方SDK会向您发送一个推送,每个推送都可以关闭。"),
        ("alipay-sdk", "您可以用支付宝账号登录第三方平台。"),
        ("wechat-opensdk", "您可以关注我们的微信公众号联系第三方客服。"),
        ("segment", "We share one Segment of our users with third parties."),
        ("jpush", "详情见第三方页面 https://docs.jpush.example/JPush"),
        ("androidx-room", "第三方酒店预订 Room 服务。"),
    ],
)
def test_look_alikes_in_sentences(sdk: str, text: str, catalog: Catalog) -> None:
    check = compared(report_of(catalog, [sdk]), catalog, sentence(text))
    assert [missing.sdk for missing in check.missing] == [sdk]


LIST = """
<h3>第三方SDK目录</h3>
<p>为保障功能实现,我们会接入第三方SDK。</p>
<h5>一、极光推送SDK</h5><p>所属公司:某公司<br>使用目的:消息推送<br>个人信息收集范围:OAID、<br>应用列表<br>隐私链接:https://a.example/x</p>
<h5>二、某某地图SDK</h5><p>所属公司:某公司<br>使用目的:定位<br>收集信息:精确位置</p>
<p>以下内容与清单无关,我们非常重视您的隐私,不会收集IMEI。</p>
<p>微信开放平台</p><p>主体:某公司</p><p>个人信息类型:昵称</p>
"""
TURNED = """<table><tr><td>SDK名称</td><td>极光推送</td></tr><tr><td>提供方</td><td>某公司</td></tr>
<tr><td>收集个人信息</td><td>OAID</td></tr><tr><td>使用目的</td><td>推送</td></tr></table>"""
TITLED = """<table><tr><th colspan="4">第三方信息共享清单(Android)</th></tr>
<tr><th>功能类型</th><th>第三方公司名称</th><th>使用目的</th><th>共享信息名称</th></tr>
<tr><td>极光推送SDK</td><td>某公司</td><td>推送</td><td>OAID</td></tr><tr><td>某某SDK</td><td>某公司</td><td>x</td><td>无</td></tr></table>"""
HEADLESS = "<table><tr><td>极光推送SDK</td><td>推送</td></tr><tr><td>友盟统计</td><td>统计</td></tr></table>"
SECOND = """<table><tr><th>合作目的</th><th>合作SDK名称</th><th>SDK厂商</th></tr>
<tr><td rowspan="2">推送</td><td>极光推送</td><td>某公司</td></tr><tr><td>小米通道SDK</td><td>另一公司</td></tr></table>"""
ENGLISH = """<h2>Third-party SDKs</h2><table><tr><th>Name</th><th>Provider</th><th>Data collected</th><th>Privacy policy</th></tr>
<tr><td>JPush</td><td>Example Ltd.</td><td>OAID, installed apps and approximate location</td><td>https://a.example</td></tr></table>"""


@pytest.mark.parametrize(
    ("page", "declared", "unknown"),
    [
        (LIST, {"jpush": ("installed_apps", "oaid"), "wechat-opensdk": ("user_profile",)}, ["某某地图SDK"]),
        (TURNED, {"jpush": ("oaid",)}, []),
        (TITLED, {"jpush": ("oaid",)}, ["某某SDK"]),
        (HEADLESS, {"jpush": (), "umeng-analytics": ()}, []),
        (SECOND, {"jpush": (), "xiaomi-push": ()}, []),
        (ENGLISH, {"jpush": ("installed_apps", "location_coarse", "oaid")}, []),
    ],
    ids=["list", "turned", "titled", "headless", "second column", "english"],
)
def test_layouts_of_real_lists(
    page: str, declared: dict[str, tuple[str, ...]], unknown: list[str], report: Report, catalog: Catalog
) -> None:
    check = compared(report, catalog, page)
    assert {found.sdk: found.types for found in check.declared} == declared
    assert [found.name for found in check.unknown] == unknown


def test_a_table_of_information_is_no_list_of_sdks(report: Report, catalog: Catalog) -> None:
    rows = [("设备信息", "IMEI", "安全", "登录"), ("支付宝账号", "账号", "支付", "支付")]
    check = compared(report, catalog, html_policy(rows, head=("名称", "字段", "目的", "场景")))
    assert check.tables == 0
    assert check.declared == ()


@pytest.mark.parametrize(
    ("words", "types"),
    [
        ("安卓ID", {"android_id"}),
        ("SSAID、AndroidID", {"android_id"}),
        ("软件安装列表", {"installed_apps"}),
        ("应用列表信息", {"installed_apps"}),
        ("已安装的应用程序", {"installed_apps"}),
        ("剪切板、粘贴板、剪贴板", {"clipboard"}),
        ("Wi-Fi列表;WLAN信息", {"wifi_scan", "wifi_info"}),
        ("基站信息(Cell ID)", {"cell_info"}),
        ("模糊位置", {"location_coarse"}),
        ("SIM序列号", {"iccid"}),
        ("硬件序列号、SN", {"serial"}),
        ("IMEI/MAC/Android ID", {"imei", "mac", "android_id"}),
        ("the Mac and the Sn", set()),
        ("IP 地址", {"ip_address"}),
        ("SHIP address, gaming", set()),
        ("短信验证码", set()),
        ("设备指纹", set()),
        ("不会收集IMEI,但会收集OAID", {"oaid"}),
        ("we collect the OAID but do not collect the IMEI", {"oaid"}),
        ("GPS, precise location; list of installed applications", {"location_precise", "installed_apps"}),
        ("无", set()),
        ("ＩＭＥＩ", {"imei"}),
    ],
)
def test_words_of_types(words: str, types: set[str], report: Report, catalog: Catalog) -> None:
    check = compared(report, catalog, html_policy([("极光推送", "某公司", "推送", words, "")]))
    assert set(check.declared[0].types) == types


def test_a_part_of_the_same_maker_is_covered_and_of_another_is_not(catalog: Catalog) -> None:
    """JPush requires JCore of the same maker; a part of another maker has to be named, and is said to come with it."""
    report = report_of(catalog, ["jcore", "jpush", "jverification", "cmcc-auth"])
    check = compared(
        report, catalog, html_policy([("极光推送", "某公司", "推送", "无", ""), ("极光认证", "", "登录", "无", "")])
    )
    assert [(covered.sdk, covered.part_of) for covered in check.covered] == [("jcore", "jpush")]
    assert [(missing.sdk, missing.comes_with) for missing in check.missing] == [("cmcc-auth", ("jverification",))]


def test_a_brand_stands_for_the_products_of_its_maker(catalog: Catalog) -> None:
    report = report_of(catalog, ["umeng-analytics", "umeng-push", "jpush"])
    check = compared(report, catalog, html_policy([("友盟+SDK", "某公司", "统计", "无", "")]))
    assert [(found.sdk, found.matched) for found in check.declared] == [
        ("umeng-analytics", "友盟+"),
        ("umeng-push", "友盟+"),
    ]
    assert [missing.sdk for missing in check.missing] == ["jpush"]
    assert check.not_found == ()


def test_the_beginning_of_a_package_stands_for_what_is_below_it(catalog: Catalog) -> None:
    report = report_of(catalog, ["umeng-analytics", "jpush"])
    rows = [("统计服务", "com.umeng", "统计")]
    check = compared(report, catalog, html_policy(rows, head=("SDK名称", "包名", "使用目的")))
    assert [(found.sdk, found.matched) for found in check.declared] == [("umeng-analytics", "com.umeng")]


def test_a_maker_named_with_something_else_is_noted(catalog: Catalog) -> None:
    maker = catalog.organizations["sensorsdata"].name
    report = report_of(catalog, ["sensors-analytics"])
    check = compared(report, catalog, html_policy([("数据服务", maker.zh or maker.en, "统计", "无", "")]))
    assert [missing.sdk for missing in check.missing] == ["sensors-analytics"]
    assert check.missing[0].maker_named is not None
    assert check.missing[0].maker_named.place == "table 1, row 2"


def test_named_but_not_found(catalog: Catalog) -> None:
    check = compared(report_of(catalog, ["jpush"]), catalog, html_policy(TEN))
    assert {found.sdk for found in check.not_found} == set(TWELVE) - {"jpush", *MISSING}
    assert all(found.bases for found in check.not_found)


def test_a_policy_without_a_list_says_so(report: Report, catalog: Catalog) -> None:
    check = compared(report, catalog, sentence("我们非常重视您的隐私。"))
    assert (check.tables, check.entries, check.declared) == (0, 0, ())
    text = paper_text(check_paper(check, report, catalog, language="zh"))
    assert "未在政策中识别出SDK表格或列表" in text


def test_base_libraries_are_listed_apart(catalog: Catalog) -> None:
    check = compared(report_of(catalog, ["gson", "okio", "mixpanel"]), catalog, html_policy(TEN))
    assert [(missing.sdk, missing.library) for missing in check.missing] == [
        ("mixpanel", False),
        ("gson", True),
        ("okio", True),
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_word_of_a_verdict(language: str, report: Report, catalog: Catalog) -> None:
    check = compared(report, catalog, html_policy(TEN))
    text = paper_text(check_paper(check, report, catalog, language=language)).lower()
    for word in ("violat", "illegal", "unlawful", "breach", "complian", "违规", "违法", "不合规"):
        assert word not in text


def test_the_comparison_as_csv_says_which_answer_a_row_belongs_to(report: Report, catalog: Catalog) -> None:
    check = compared(report, catalog, html_policy(TEN))
    data = write_paper(check_paper(check, report, catalog, language="zh"), "csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data)))
    missing = [row["SDK"] for row in rows if row["结果"].startswith("应用中发现、政策中未见 ")]
    assert missing == [catalog[sdk].name.zh or catalog[sdk].name.en for sdk in MISSING]
    named = next(row for row in rows if row["结果"].startswith("应用中发现且政策中列出") and row["SDK"] == "极光推送")
    assert named["依据"].startswith("第1个表格第6行: 极光推送 SDK(cn.jpush.android) | ")
    assert "table 1, row 6: " in write_paper(check_paper(check, report, catalog), "csv").decode()


@pytest.mark.parametrize("form", ["md", "html", "csv", "xlsx"])
def test_hostile_policies_are_text(form: str, report: Report, catalog: Catalog, tmp_path: Path) -> None:
    rows = [(f"{text} SDK", text, text, text, text) for text in (*HOSTILE, "=1+1", "A" * 30_000)]
    check = compared(report, catalog, html_policy(rows))
    data = write_paper(check_paper(check, report, catalog), form)
    if form in ("md", "html"):
        document = data.decode()
        assert "<script>" not in document.replace("\\<script\\>", "")
        assert "<img" not in document.replace("\\<img", "")
        assert not set("\u202e\u2066\x00\x1b").intersection(document)
    assert msgspec.json.decode(msgspec.json.encode(check), type=PolicyCheck) == check


def test_an_unknown_sdk_of_a_saved_report_is_compared_too(catalog: Catalog, tmp_path: Path) -> None:
    own = catalog_of(tmp_path, {"acme": "clues: [{class: com.acme.sdk.}]\naliases: [阿克米推送]"})
    report = report_of(own, ["acme"])
    check = compared(report, own, html_policy([("阿克米推送", "某公司", "推送", "无", "")]))
    assert [found.sdk for found in check.declared] == ["acme"]
    without = compared(report, catalog, html_policy([("阿克米推送", "某公司", "推送", "无", "")]))
    assert [missing.sdk for missing in without.missing] == ["acme"]


def test_many_pages_are_compared_soon(report: Report, catalog: Catalog) -> None:
    page = html_policy(TEN * 200, after="<p>我们集成了极光推送SDK,不会收集IMEI。</p>" * 3000)
    check = compared(report, catalog, page)
    assert [missing.sdk for missing in check.missing] == MISSING
    assert len(check.declared[0].bases) <= 5
