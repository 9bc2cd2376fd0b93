"""The list of third-party SDKs: its rows, layouts and forms, its open gaps, hostile names, and the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import msgspec
import openpyxl
import pytest
from support.bigapp import app_with
from support.catalogs import write_signatures
from support.dexwriter import Method
from support.hostile import HOSTILE, LONG, hostile_report
from support.policies import html_policy, scanned_pdf
from support.readapp import STRING, call, dex_of, package
from typer.testing import CliRunner, Result

import sdkfp
from sdkfp import Catalog, Report
from sdkfp.cli import app as command_line
from sdkfp.disclosure import FORMATS, LAYOUTS, DisclosureRow, disclosure_paper, disclosure_rows, write_paper

DEVICE_ID = call(f"Landroid/telephony/TelephonyManager;->getDeviceId(){STRING}", 0)
APPS = call("Landroid/content/pm/PackageManager;->getInstalledPackages(I)Ljava/util/List;", 0, 1)
PERMISSION = "android.permission.READ_PHONE_STATE"
SIGNATURES = {
    "vendor": """
        aliases: [示例推送]
        organization: acme
        website: https://vendor.example
        clues: [{class: com.vendor.sdk.}]
        collects:
          - {type: oaid, purpose: push, need: required, basis: vendor_docs, source: 'https://vendor.example/p', as_of: 2026-01-01}
          - {type: imei, purpose: advertising, need: optional, basis: vendor_docs, source: 'https://vendor.example/p', as_of: 2026-01-01}
    """,
    "silent": "clues: [{class: com.silent.sdk.}]",
    "hint": "clues: [{class: com.hint.sdk., strength: hint}]",
}
LIBRARY = """\
id: plain
name: {en: Plain, zh: 平凡库}
categories: [base_library]
clues: [{class: com.plain.lib.}]
"""
ORGANIZATION = "id: acme\nname: {en: Acme Ltd., zh: 示例科技}\nprivacy_policy: https://acme.example/privacy\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("disclose")
    write_signatures(place / "sigs", SIGNATURES)
    (place / "sigs" / "sdks" / "plain.yaml").write_text(LIBRARY, "utf-8")
    (place / "sigs" / "organizations").mkdir()
    (place / "sigs" / "organizations" / "acme.yaml").write_text(ORGANIZATION, "utf-8")
    classes = [
        ("com.vendor.sdk.A", [Method("m", code=[DEVICE_ID, APPS])]),
        ("com.silent.sdk.B", []),
        ("com.hint.sdk.C", []),
        ("com.plain.lib.D", []),
    ]
    (place / "app.apk").write_bytes(package(dex_of(classes), permissions=[PERMISSION]))
    return place


@pytest.fixture(scope="module")
def catalog(folder: Path) -> Catalog:
    return Catalog.load(folder / "sigs", builtin=False, cache=False)


@pytest.fixture(scope="module")
def report(folder: Path, catalog: Catalog) -> Report:
    return sdkfp.scan(folder / "app.apk", catalog=catalog)


def rows_of(report: Report, catalog: Catalog) -> dict[str, DisclosureRow]:
    return {row.sdk: row for row in disclosure_rows(report, catalog)}


def table(report: Report, catalog: Catalog, layout: str = "store", language: str = "en") -> list[dict[str, str]]:
    paper = disclosure_paper(disclosure_rows(report, catalog), report, catalog, layout=layout, language=language)
    return list(csv.DictReader(io.StringIO(write_paper(paper, "csv").decode("utf-8-sig"))))


def test_what_a_row_holds(report: Report, catalog: Catalog) -> None:
    rows = rows_of(report, catalog)
    assert list(rows) == ["vendor", "hint", "silent", "plain"]  # those with a declaration first, base libraries last
    vendor = rows["vendor"]
    assert vendor.packages == ("com.vendor.sdk",)
    assert vendor.developer is not None
    assert (vendor.developer.zh, vendor.privacy_policy) == ("示例科技", "https://acme.example/privacy")
    assert vendor.purposes == ("advertising", "push")
    assert [(kind.type, kind.declared, kind.able_to_read) for kind in vendor.types] == [
        ("imei", True, True),
        ("oaid", True, False),
        ("installed_apps", False, True),
    ]
    assert vendor.permissions == (PERMISSION,)
    assert rows["silent"].types == ()
    assert rows["plain"].library
    assert not rows["silent"].library


def test_the_layout_of_stores(report: Report, catalog: Catalog) -> None:
    vendor, hint, silent, plain = table(report, catalog, language="zh")
    assert list(vendor) == [
        "SDK名称",
        "包名",
        "开发者名称",
        "使用目的",
        "收集个人信息类型",
        "使用的权限",
        "收集方式",
        "隐私政策链接",
    ]
    assert vendor["使用目的"] == "广告展示与投放、消息推送"
    assert vendor["收集个人信息类型"].split("\n") == [
        "国际移动设备识别码(IMEI/MEID)(可选)、匿名设备标识符(OAID/VAID)",
        "〔待确认:软件安装列表(应用列表)〕",
    ]
    assert (vendor["使用的权限"], vendor["收集方式"]) == (PERMISSION, "SDK本机采集")
    assert silent["收集个人信息类型"] == silent["开发者名称"] == silent["隐私政策链接"] == "〔待补充〕"
    assert silent["使用目的"] == "〔待补充:统计分析〕"
    assert hint["SDK名称"] == "Hint 〔待确认:疑似〕"
    assert (plain["SDK名称"], plain["收集个人信息类型"]) == ("平凡库", "")


def test_the_layouts_in_english(report: Report, catalog: Catalog) -> None:
    silent = table(report, catalog)[2]
    assert silent["Developer"] == "[to be completed]"
    assert silent["Permissions"] == "none"
    compact = table(report, catalog, "compact")[0]
    assert list(compact)[:3] == ["SDK name (package)", "Developer", "Scope of information collected"]
    assert compact["SDK name (package)"] == "Vendor\n(com.vendor.sdk)"
    dual = table(report, catalog, "dual-list")[0]
    assert dual["Scenario"] == "[to be completed]"
    assert dual["Manner of sharing"] == "collected by the SDK in the app"


def test_the_form_of_google_play(report: Report, catalog: Catalog) -> None:
    ids, apps = table(report, catalog, "play")
    assert (ids["Category"], ids["Data type"]) == ("Device or other IDs", "Device or other IDs")
    assert (ids["Collected"], ids["Required or optional"]) == ("yes, declared", "required")
    assert ids["Purposes"] == "Advertising or marketing, App functionality"
    assert ids["Shared"] == ids["Processed ephemerally"] == "[to be completed]"
    assert ids["Because of"] == "Vendor: IMEI / MEID\nVendor: OAID / VAID"
    assert (apps["Category"], apps["Data type"]) == ("App activity", "Installed apps")
    assert apps["Collected"] == "[to confirm: code is able to read it]"
    assert apps["Purposes"] == "[to be completed]"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_layout_in_every_form(layout: str, language: str, report: Report, catalog: Catalog) -> None:
    paper = disclosure_paper(disclosure_rows(report, catalog), report, catalog, layout=layout, language=language)
    vendor = "Vendor"
    for form in FORMATS:
        data = write_paper(paper, form)
        assert data == write_paper(paper, form) or form == "xlsx"
        if form == "xlsx":
            book = openpyxl.load_workbook(io.BytesIO(data))
            cells = [str(cell.value) for sheet in book.worksheets for line in sheet.iter_rows() for cell in line]
            book.close()
        else:
            cells = [data.decode("utf-8-sig")]
        assert any(vendor in cell for cell in cells)
        assert any("待补充" in cell or "to be completed" in cell for cell in cells)


def test_the_sheets_of_a_workbook(report: Report, catalog: Catalog) -> None:
    paper = disclosure_paper(disclosure_rows(report, catalog), report, catalog, language="zh")
    book = openpyxl.load_workbook(io.BytesIO(write_paper(paper, "xlsx")))
    first, second = book.worksheets
    assert first["A1"].value == "SDK名称"
    assert first["A2"].value == "Vendor"
    assert first["C4"].value == "〔待补充〕"
    assert first["C4"].fill.start_color.rgb == "FFFFF3CC"
    assert second["A2"].value == "平凡库"
    book.close()


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_hostile_reports_are_text(form: str, tmp_path: Path) -> None:
    catalog = Catalog.builtin()
    real = sdkfp.scan(
        app_with(catalog, ["jpush", "adjust", "gson", "sentry", "mixpanel", "bugly", "okio"]), catalog=catalog
    )
    report = hostile_report(real)
    paper = disclosure_paper(disclosure_rows(report, catalog), report, catalog)
    data = write_paper(paper, form)
    assert len(data) < 3_000_000
    if form == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(data))
        cells = [cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line]
        assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
        assert not [cell for cell in cells if cell.hyperlink]
        book.close()
        return
    document = data.decode("utf-8-sig")
    assert not set("\u202e\u2066\u2028\x00\x1b").intersection(document)
    if form in ("md", "html"):
        assert "<script" not in document.replace("\\<script", "")
        assert "<img" not in document.replace("\\<img", "")


def test_formulas_are_text_in_csv(report: Report, catalog: Catalog) -> None:
    for text in ("=1+1", "+1", "-1", "@SUM(A1)"):
        name = msgspec.structs.replace(report.sdks[0], name=sdkfp.signature.Names(text))
        changed = msgspec.structs.replace(report, sdks=(name,))
        assert table(changed, catalog)[0]["SDK name"].removesuffix(" [to confirm: only suspected]") == f"'{text}"


def test_an_app_without_sdks(catalog: Catalog) -> None:
    report = sdkfp.scan(package(dex_of([("com.maker.app.Main", [])])), catalog=catalog)
    for layout in LAYOUTS:
        text = write_paper(disclosure_paper((), report, catalog, layout=layout), "md").decode()
        assert text.startswith("# ")
    assert "No SDK of the catalog was found" in write_paper(disclosure_paper((), report, catalog), "md").decode()
    assert write_paper(disclosure_paper((), report, catalog), "xlsx").startswith(b"PK")


def run(folder: Path, *arguments: str) -> Result:
    common = ["--signatures", str(folder / "sigs"), "--no-builtin", "--quiet"]
    return CliRunner().invoke(command_line, ["disclose", *arguments, *common])


def test_the_command_writes_the_list(folder: Path, tmp_path: Path) -> None:
    done = run(folder, str(folder / "app.apk"), "--lang", "zh")
    assert done.exit_code == 0
    assert "| SDK名称 | 包名 |" in done.output
    for suffix in FORMATS:
        done = run(folder, str(folder / "app.apk"), "-o", str(tmp_path / f"list.{suffix}"))
        assert (done.exit_code, done.output) == (0, "")
        assert (tmp_path / f"list.{suffix}").stat().st_size > 500
    rows = json.loads(run(folder, str(folder / "app.apk"), "--json").output)
    assert [row["sdk"] for row in rows] == ["vendor", "hint", "silent", "plain"]


def test_the_command_takes_a_saved_report(folder: Path, report: Report, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(report.to_json())
    saved = run(folder, str(tmp_path / "report.json"), "--lang", "en")
    assert saved.output == run(folder, str(folder / "app.apk"), "--lang", "en").output
    old = json.loads(report.to_json()) | {"schema": "urn:sdkfp:schema:report:99"}
    (tmp_path / "old.json").write_text(json.dumps(old), "utf-8")
    refused = run(folder, str(tmp_path / "old.json"))
    assert refused.exit_code == 3
    assert "report:99" in refused.output


def test_the_command_compares_a_policy(folder: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.html"
    policy.write_text(html_policy([("示例推送", "示例", "推送", "OAID、IMEI、应用列表", "")]), "utf-8")
    done = run(folder, str(folder / "app.apk"), "--check", str(policy), "--lang", "zh")
    assert done.exit_code == 1
    assert "应用中发现、政策中未见 (2)" in done.output
    found = json.loads(run(folder, str(folder / "app.apk"), "--check", str(policy), "--json").output)
    assert [missing["sdk"] for missing in found["missing"]] == ["hint", "silent", "plain"]
    done = run(folder, str(folder / "app.apk"), "--check", str(policy), "-o", str(tmp_path / "check.html"))
    assert done.exit_code == 1
    assert "<h2>" in (tmp_path / "check.html").read_text("utf-8")
    rows = [
        ("示例推送", "", "", "OAID、IMEI、应用列表", ""),
        ("Silent SDK", "", "", "无", ""),
        ("Hint SDK", "", "", "无", ""),
    ]
    policy.write_text(html_policy(rows), "utf-8")
    done = run(folder, str(folder / "app.apk"), "--check", str(policy), "--lang", "en")
    assert done.exit_code == 0
    assert "Found in the app, not named in the policy (0)" in done.output


def test_what_cannot_be_done_says_why(folder: Path, tmp_path: Path) -> None:
    app = str(folder / "app.apk")
    (tmp_path / "scan.pdf").write_bytes(scanned_pdf())
    for arguments, code, message in (
        ([app, "--check", str(tmp_path / "scan.pdf")], 3, "no text: it is most likely a scan"),
        ([app, "--check", str(tmp_path / "no.html")], 3, "cannot open"),
        ([app, "-o", str(tmp_path / "list.pdf")], 2, "the suffix is one of .md, .html, .csv, .xlsx"),
        ([app, "-o", str(tmp_path / "no" / "list.md")], 2, "cannot write"),
        ([str(tmp_path / "no.apk")], 3, "cannot open"),
    ):
        done = run(folder, *arguments)
        assert done.exit_code == code
        assert message in " ".join(done.output.split())


def test_long_names_are_cut(report: Report, catalog: Catalog) -> None:
    assert len(HOSTILE) > 3
    name = msgspec.structs.replace(report.sdks[0], name=sdkfp.signature.Names(LONG))
    changed = msgspec.structs.replace(report, sdks=(name,))
    for form in FORMATS:
        paper = disclosure_paper(disclosure_rows(changed, catalog), changed, catalog)
        assert len(write_paper(paper, form)) < 60_000
