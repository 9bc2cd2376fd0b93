"""The HTML report as a document: nothing from outside, everything escaped, bounded."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from support.bigapp import app_with, with_code
from support.catalogs import catalog_of
from support.hostile import hostile_report
from typer.testing import CliRunner

import sdkfp
from sdkfp import Catalog, Report
from sdkfp.behaviour import CollectsRecord
from sdkfp.cli import app as command_line
from sdkfp.export.csv_table import to_csv
from sdkfp.export.html import render_html
from sdkfp.export.text import safe_url, visible
from sdkfp.export.view import BASE_CATEGORIES, make_view


class Elements(HTMLParser):
    """Every element with its attributes, and the texts outside scripts and styles."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._raw = False
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._raw = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - as the base class has it
        self._raw = False

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.text += data


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.builtin()


@pytest.fixture(scope="module")
def report(catalog: Catalog) -> Report:
    return sdkfp.scan(app_with(catalog, with_code(catalog, 40)), catalog=catalog, name="shop.apk")


def test_forty_sdks_fit_into_three_megabytes_and_nothing_is_fetched(report: Report, catalog: Catalog) -> None:
    document = render_html(report, catalog)
    assert len(report.sdks) >= 40
    assert len(document.encode()) < 3_000_000
    elements = Elements(document).found
    assert not [tag for tag, _ in elements if tag in ("link", "img", "iframe", "object", "embed", "base", "form")]
    assert not [name for tag, names in elements for name in names if name in ("src", "srcset", "style", "action")]
    assert not [name for _, names in elements for name in names if name.startswith("on")]
    assert "@import" not in document
    assert "url(http" not in document
    for tag, names in elements:
        assert tag == "a" or "href" not in names


def test_the_policy_allows_the_two_scripts_by_hash_and_no_request(report: Report, catalog: Catalog) -> None:
    document = render_html(report, catalog)
    policy = next(n["content"] for t, n in Elements(document).found if t == "meta" and "http-equiv" in n)
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    assert len(re.findall(r"'sha256-[\w+/=]{44}'", policy)) == 2


def test_hostile_texts_are_text(report: Report, catalog: Catalog) -> None:
    document = render_html(hostile_report(report), catalog)
    assert len(document.encode()) < 3_000_000
    parsed = Elements(document)
    assert [tag for tag, _ in parsed.found].count("script") == 2
    assert not [tag for tag, _ in parsed.found if tag in ("img", "xss")]
    assert "<script>alert(1)</script>" in parsed.text
    assert "{{ 7 * 7 }}" in parsed.text
    for character in "\u202e\u2066\u2028\u2029\x00\x1b":
        assert character not in document
    assert r"com.evil\u{202e}gpj.exe\u{2066}" in parsed.text
    for tag, names in parsed.found:
        if tag == "a":
            assert re.match(r"#|https?://", names["href"] or "")


def test_the_data_of_the_graph_cannot_end_its_element(report: Report, catalog: Catalog) -> None:
    document = render_html(hostile_report(report), catalog)
    data = document.split('<script type="application/json" id="data">', 1)[1].split("</script>", 1)[0]
    assert not set("<>&\u2028\u2029").intersection(data)
    read = msgspec.json.decode(data)
    assert any("<script>" in node[0] for node in read["nodes"])


def test_names_of_signatures_are_text_too(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path, {"evil": "clues: [{class: com.evil.sdk.}]\nwebsite: https://evil.example/'onclick=x"}
    )
    report = sdkfp.scan(app_with(catalog, ["evil"]), catalog=catalog, name="a.apk")
    assert "onclick" not in {name for _, names in Elements(render_html(report, catalog)).found for name in names}


def test_an_app_without_sdks_is_not_shown_as_clean(catalog: Catalog) -> None:
    report = sdkfp.scan(app_with(catalog, []), catalog=catalog, name="a.apk")
    text = Elements(render_html(report, catalog)).text
    assert "No SDK of the catalog was found. Look at the unexplained code" in text
    assert "未发现目录中的SDK" in text


def test_what_the_app_has_no_permission_for_lifts_no_sdk(report: Report, catalog: Catalog) -> None:
    """Two types that code is able to read, but not in this app, stand behind one that it reads; more of these before fewer."""
    shown = [sdk for sdk in report.sdks if not BASE_CATEGORIES.issuperset(sdk.categories)][:3]
    claims = [
        [CollectsRecord("contacts", "able_to_read", permission_requested=False)],
        [CollectsRecord("location_precise", "able_to_read", permission_requested=True)],
        [
            CollectsRecord("location_precise", "able_to_read"),
            CollectsRecord("gaid", "declared"),
        ],
    ]
    sdks = [msgspec.structs.replace(sdk, collects=tuple(found)) for sdk, found in zip(shown, claims, strict=True)]
    cards = make_view(msgspec.structs.replace(report, sdks=tuple(sdks)), catalog).cards
    assert [card.sdk.id for card in cards] == [shown[2].id, shown[1].id, shown[0].id]


def test_a_version_that_only_marks_tell_is_not_shown_as_certain(catalog: Catalog) -> None:
    report = sdkfp.scan(Path(__file__).parents[2] / "examples" / "hello-r8.apk", catalog=catalog)
    adjust = next(sdk for sdk in report.sdks if sdk.id == "adjust")
    assert adjust.version is not None
    assert adjust.version.by_marks
    said = f"≈ {' | '.join(adjust.version.candidates)}"
    assert f"Adjust {said}" in " ".join(Elements(render_html(report, catalog)).text.split())
    rows = csv.DictReader(io.StringIO(to_csv(report, catalog).decode("utf-8-sig")))
    assert next(row["version"] for row in rows if row["id"] == "adjust") == said


def test_both_languages_are_there_whichever_is_first(report: Report, catalog: Catalog) -> None:
    chinese, english = render_html(report, catalog, language="zh"), render_html(report, catalog)
    assert '<html lang="zh">' in chinese
    assert '<html lang="en">' in english
    assert Elements(chinese).text == Elements(english).text
    assert "具备读取能力" in chinese


def test_the_command_writes_the_file_beside_its_table(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "a.apk").write_bytes(app_with(catalog, with_code(catalog, 2)))
    done = CliRunner().invoke(
        command_line, ["scan", str(tmp_path / "a.apk"), "--lang", "zh", "--html", str(tmp_path / "a.html")]
    )
    assert done.exit_code == 0
    assert "已识别" in done.output
    assert '<html lang="zh">' in (tmp_path / "a.html").read_text("utf-8")
    done = CliRunner().invoke(
        command_line, ["scan", str(tmp_path / "a.apk"), "--html", str(tmp_path / "no" / "a.html")]
    )
    assert done.exit_code == 2


def test_vendored_files_are_the_ones_that_are_named() -> None:
    folder = Path(sdkfp.__file__).parent / "export" / "vendor"
    rows = re.findall(r"^\| (\S+\.js) \| \S+ [\d.]+ \| ([0-9a-f]{64}) \|$", (folder / "README.md").read_text(), re.M)
    assert {name for name, _ in rows} == {path.name for path in folder.glob("*.js")}
    for name, digest in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("中文 名", "中文 名"),
        ("a\u200bb", r"a\u{200b}b"),
        ("a\u00adb", r"a\u{ad}b"),
        ("\U000e0041", r"\u{e0041}"),
        ("a\u00a0b\u3000c", "a b c"),
        ("\ud800", r"\u{d800}"),
        ("x" * 400, "x" * 300 + "…"),
    ],
)
def test_nothing_invisible_is_left(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "https://",
        "HTTPS://a b",
        "https://a.example/\u202e",
        "//a.example",
        "data:text/html,x",
        "",
    ],
)
def test_only_plain_web_addresses_become_links(text: str) -> None:
    assert safe_url(text) is None
    assert safe_url("https://a.example:8443/x?y=%20#z") == "https://a.example:8443/x?y=%20#z"
