"""Privacy policies of every form and encoding, whole and damaged, as lines and table rows."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import docx
import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.policies import (
    docx_policy,
    html_policy,
    markdown_policy,
    pdf,
    pdf_policy,
    ruled_pdf,
    scanned_pdf,
    text_policy,
)

from sdkfp.disclosure import Document, PolicyError, open_policy
from sdkfp.disclosure.document import Line, Row

ROWS = [
    ("极光推送SDK", "示例科技有限公司", "消息推送", "设备标识符(OAID、Android ID)", "https://a.example/p"),
    ("友盟统计SDK", "另一示例公司", "统计分析", "设备MAC地址", "https://b.example/p"),
]


def cells(document: Document) -> list[tuple[str, ...]]:
    return [piece.cells for piece in document.pieces if isinstance(piece, Row)]


def texts(document: Document) -> list[str]:
    return [piece.text for piece in document.pieces if isinstance(piece, Line)]


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (html_policy(ROWS).encode(), "p.html", "html"),
        (html_policy(ROWS).encode(), "p", "html"),
        (html_policy(ROWS).encode("utf-16"), "p.html", "html"),
        (markdown_policy(ROWS).encode(), "p.md", "markdown"),
        (markdown_policy(ROWS).encode("utf-8-sig"), "p.md", "markdown"),
        (docx_policy(ROWS), "p.docx", "docx"),
        ("\n".join("\t".join(row) for row in ROWS).encode(), "p.txt", "text"),
        ("\n".join(" | ".join(row) for row in ROWS).encode(), "p.txt", "text"),
    ],
)
def test_tables_of_every_form(data: bytes, name: str, kind: str) -> None:
    document = open_policy(data, name=name)
    assert document.kind == kind
    assert cells(document)[-2:] == ROWS
    assert [piece.place for piece in document.pieces if isinstance(piece, Row)][-1].startswith("table 1, row ")


def test_text_and_pdf_are_lines() -> None:
    text = open_policy(text_policy(ROWS).encode(), name="p.txt")
    assert (text.kind, text.encoding) == ("text", "utf-8")
    assert "SDK名称:极光推送SDK" in texts(text)
    printed = open_policy(pdf_policy(ROWS))
    assert printed.kind == "pdf"
    assert "收集个人信息类型:设备MAC地址" in texts(printed)
    assert printed.pieces[0].place == "page 1, line 1"


def test_ruled_tables_of_a_pdf_go_on_over_pages() -> None:
    rows = [(f"示例{number}SDK", "公司", "目的", "设备标识符(OAID、Android ID)", "见官网") for number in range(9)]
    document = open_policy(ruled_pdf(rows))
    assert cells(document)[1:] == rows
    assert texts(document) == ["隐私政策 第三方SDK", "续表"]
    places = [piece.place for piece in document.pieces if isinstance(piece, Row)]
    assert places[0] == "page 1, table 1, row 1"
    assert places[-1] == "page 2, table 1, row 4"


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "gb2312"])
@pytest.mark.parametrize("form", ["text", "html", "declared"])
def test_gbk(encoding: str, form: str) -> None:
    text = text_policy(ROWS) if form == "text" else html_policy(ROWS)
    if form == "declared":
        text = text.replace("<head>", f'<head><meta http-equiv="Content-Type" content="text/html; charset={encoding}">')
    document = open_policy(text.encode(encoding))
    assert document.encoding in ("gbk", "gb18030", "gb2312")
    assert any("极光推送SDK" in piece for piece in (*texts(document), *(c for row in cells(document) for c in row)))


def test_a_declared_encoding_that_does_not_fit_is_not_believed() -> None:
    page = html_policy(ROWS).replace("<head>", '<head><meta charset="shift_jis">').encode("gbk")
    assert "极光推送SDK" in str(cells(open_policy(page)))


def test_spans_reach_into_other_rows_and_columns() -> None:
    page = """<table><tr><th colspan=3>清单</th></tr><tr><th>a</th><th>b</th><th>c</th></tr>
        <tr><td rowspan="2">x</td><td>1</td><td>2<br>3</td></tr><tr><td>4</td><td>5</td></tr>
        <tr><td colspan="999999999">y</td></tr><tr><td rowspan="-1" colspan="z">w</td><td></td><td></td></tr></table>"""
    found = cells(open_policy(page.encode()))
    assert found[2:4] == [("x", "1", "2\n3"), ("x", "4", "5")]
    assert len(found[4]) == 60
    assert found[5][0] == "w"


def test_tables_for_layout_are_text_and_those_inside_them_tables() -> None:
    inner = "<table><tr><td>a</td><td>b</td></tr></table>"
    page = open_policy(f"<table><tr><td><p>one</p>{inner}<p>two</p></td></tr></table>".encode())
    assert cells(page) == [("a", "b")]
    assert texts(page) == ["one", "two"]


def test_what_nobody_sees_is_left_out() -> None:
    page = "<body><script>x()</script><style>y</style><!-- z --><p>极\u200b光\u00ad推\u202e送</p><template>t</template></body>"
    assert texts(open_policy(page.encode())) == ["极光推送"]


def test_tables_of_a_word_document_with_merged_cells_and_tables_inside() -> None:
    made = docx.Document()
    outer = made.add_table(rows=2, cols=2)
    outer.cell(0, 0).merge(outer.cell(0, 1)).text = "第三方SDK清单"
    outer.cell(1, 0).text = "推送"
    inner = outer.cell(1, 1).add_table(rows=3, cols=2)
    for row, texts in enumerate([("SDK名称", "收集个人信息类型"), ("极光推送", "OAID"), ("极光推送", "应用列表")]):
        for column, text in enumerate(texts):
            inner.cell(row, column).text = text
    inner.cell(1, 0).merge(inner.cell(2, 0)).text = "极光推送"
    data = io.BytesIO()
    made.save(data)
    document = open_policy(data.getvalue())
    assert cells(document) == [
        ("第三方SDK清单", "第三方SDK清单"),
        ("推送", ""),
        ("SDK名称", "收集个人信息类型"),
        ("极光推送", "OAID"),
        ("极光推送", "应用列表"),
    ]
    assert [piece.place for piece in document.pieces][2:] == [f"table 2, row {row}" for row in (1, 2, 3)]


def test_headings_are_marked() -> None:
    document = open_policy(docx_policy(ROWS, paragraphs=["一句话。"]))
    assert [(line.text, line.heading) for line in document.pieces if isinstance(line, Line)] == [
        ("隐私政策", True),
        ("一句话。", False),
    ]
    page = open_policy(b"# Title\n\ntext **bold** text\n", name="p.md")
    assert [(line.text, line.heading) for line in page.pieces if isinstance(line, Line)] == [
        ("Title", True),
        ("text bold text", False),
    ]


def encrypted() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(["text"] * 10)))
    writer.encrypt("secret", algorithm="RC4-128")
    data = io.BytesIO()
    writer.write(data)
    return data.getvalue()


def archive(**entries: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name.replace("__", "/"), content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (scanned_pdf(), r"3 pages but no text: it is most likely a scan.*OCR"),
        (encrypted(), "encrypted"),
        (b"%PDF-1.7 nothing else", "PDF"),
        (pdf(["text"] * 10)[:300], "PDF"),
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"save it as \.docx"),
        (b"\x00\x01\x02binary", "no text, HTML"),
        (archive(a=b"x"), "no Word document"),
        (archive(word__document_xml=b"x"), "no Word document"),
        (b"PK\x03\x04 cut", "damaged"),
        (docx_policy(ROWS)[:-400], "damaged"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        open_policy(data)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot open"):
        open_policy(tmp_path / "no.html")


def test_a_document_that_unpacks_to_too_much() -> None:
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made,
        made.open("word/document.xml", "w", force_zip64=True) as entry,
    ):
        for _ in range(201):
            entry.write(bytes(1 << 20))
    with pytest.raises(PolicyError, match="200 MiB"):
        open_policy(bomb.getvalue())


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 2_900 + "极光推送SDK",
        "<table><tr><td>" * 2_900 + "x",
        "<p>" * 60_000,
        "<table>" + "<tr><td rowspan=200>a</td></tr>" * 3_000 + "</table>",
        "x" * 3_000_000,
        "| a | b | c |\n" * 30_000,
    ],
)
def test_hostile_pages_end_soon(page: str) -> None:
    limit = sys.getrecursionlimit()
    document = open_policy(page.encode())
    assert len(document.pieces) <= 100_000
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize("page", ["<div>" * 200_000, "<b><i>" * 40_000 + "x", "<table><tr><td>" * 100_000])
def test_pages_of_endless_depth_are_refused(page: str) -> None:
    with pytest.raises(PolicyError, match="nested deeper"):
        open_policy(page.encode(), name="p.html")


def test_hostile_markdown_ends_soon() -> None:
    for text in (">" * 20_000 + "x", "[" * 20_000, "*a " * 20_000, "- " * 5_000 + "x", "`" * 20_000):
        assert open_policy(text.encode(), name="p.md").kind == "markdown"


@pytest.mark.parametrize(
    ("whole", "name"),
    [
        (ruled_pdf(ROWS), "p.pdf"),
        (docx_policy(ROWS), "p.docx"),
        (html_policy(ROWS).encode("gbk"), "p.html"),
        (markdown_policy(ROWS).encode(), "p.md"),
    ],
    ids=["pdf", "docx", "html", "markdown"],
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_are_read_or_refused(whole: bytes, name: str, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 12))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    try:
        document = open_policy(bytes(damaged[:cut] if data.draw(st.booleans()) else damaged), name=name)
    except PolicyError:
        return
    assert all(piece.place for piece in document.pieces)


def test_a_missing_reader_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)
    monkeypatch.delitem(sys.modules, "sdkfp.disclosure.read_pdf", raising=False)
    with pytest.raises(PolicyError, match=r"pypdf.*pip install 'sdkfp\[policy\]'"):
        open_policy(pdf(["text"] * 10))
