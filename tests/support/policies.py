"""Privacy policies for tests, in every form; all of their content is made up."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import docx

__all__ = [
    "HEAD",
    "docx_policy",
    "html_policy",
    "markdown_policy",
    "pdf",
    "pdf_policy",
    "printed_pdf",
    "ruled_pdf",
    "scanned_pdf",
    "text_policy",
]

HEAD = ("SDK名称", "第三方主体", "使用目的", "收集个人信息类型", "隐私政策链接")
Rows = Sequence[Sequence[str]]


def html_policy(rows: Rows, *, head: Sequence[str] = HEAD, before: str = "", after: str = "") -> str:
    """A page with one table."""
    lines = [f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows]
    table = f"<table>{''.join(lines)}</table>" if rows else ""
    return (
        f"<!doctype html><html><head><title>t</title></head><body><h1>隐私政策</h1>{before}{table}{after}</body></html>"
    )


def markdown_policy(rows: Rows, *, head: Sequence[str] = HEAD) -> str:
    """A document with one table."""
    lines = ["# 隐私政策", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def text_policy(rows: Rows, *, head: Sequence[str] = HEAD) -> str:
    """A list with a key on each line."""
    lines = ["隐私政策", ""]
    for row in rows:
        lines += [*(f"{key}:{cell}" for key, cell in zip(head, row, strict=True)), ""]
    return "\n".join(lines)


def docx_policy(rows: Rows, *, head: Sequence[str] = HEAD, paragraphs: Iterable[str] = ()) -> bytes:
    """A Word document with one table."""
    made = docx.Document()
    made.add_heading("隐私政策", 1)
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    table = made.add_table(rows=0, cols=len(head))
    for row in (head, *rows):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def pdf_policy(rows: Rows, *, head: Sequence[str] = HEAD) -> bytes:
    """A PDF whose text has one line for each cell, as printed tables have."""
    return pdf(["隐私政策", *(f"{key}:{cell}" for row in rows for key, cell in zip(head, row, strict=True))])


def ruled_pdf(rows: Rows, *, head: Sequence[str] = HEAD, rows_a_page: int = 6) -> bytes:
    """A PDF whose table has ruled cells, with a break in every long text, over as many pages as it takes; its head is on the first."""
    table = [head, *rows]
    contents = []
    for start in range(0, len(table), rows_a_page):
        drawn = [_text(40, 800, "隐私政策 第三方SDK" if start == 0 else "续表")]
        for number, row in enumerate(table[start : start + rows_a_page]):
            top = 780 - 60 * number
            for column, cell in enumerate(row):
                left = 20 + 112 * column
                drawn.append(f"{left} {top - 60} 112 60 re S")
                drawn += [_text(left + 3, top - 14 - 12 * line, part) for line, part in enumerate(_wrapped(cell, 9))]
        contents.append("\n".join(drawn).encode())
    return _document(contents)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of about this width, broken between Chinese characters and between words."""
    lines = [""]
    for token in re.findall(r"[!-~]+ ?|.", text):
        if len(lines[-1]) + len(token) > width and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += token
    return lines


def printed_pdf(rows: Rows) -> bytes:
    """A PDF whose table has no rules: the cells of a row are one line, and long ones go on below it."""
    lines = ["隐私政策", "SDK名称 第三方 目的 收集个人信息类型"]
    for name, *cells in rows:
        line = " ".join([name, *cells])
        lines += [line[at : at + 40] for at in range(0, len(line), 40)]
    return pdf(lines)


def _text(left: float, top: float, text: str) -> str:
    return f"BT /F1 9 Tf 1 0 0 1 {left} {top} Tm <{text.encode('utf-16-be').hex()}> Tj ET"


def scanned_pdf(pages: int = 3) -> bytes:
    """Pages with a picture and no text."""
    return _document([b"q 500 0 0 700 50 50 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"] * pages)


def pdf(lines: Sequence[str], *, lines_a_page: int = 40) -> bytes:
    """Lines of text in any script."""
    pages = [lines[start : start + lines_a_page] for start in range(0, len(lines), lines_a_page)]
    contents = []
    for page in pages:
        shown = [
            f"1 0 0 1 40 {800 - 18 * row} Tm <{line.encode('utf-16-be').hex()}> Tj" for row, line in enumerate(page)
        ]
        contents.append(("BT /F1 10 Tf " + "\n".join(shown) + " ET").encode())
    return _document(contents)


_TO_UNICODE = b"""/CIDInit /ProcSet findresource begin begincmap /CMapName /T def
1 begincodespacerange <0000> <ffff> endcodespacerange
1 beginbfrange <0000> <ffff> <0000> endbfrange
endcmap CMapName currentdict /CMap defineresource pop end"""


def _document(contents: Sequence[bytes]) -> bytes:
    font = 3 + 2 * len(contents)
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(len(contents)))
    objects: dict[int, bytes] = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        font: f"<< /Type /Font /Subtype /Type0 /BaseFont /T /Encoding /Identity-H /DescendantFonts [{font + 1} 0 R] "
        f"/ToUnicode {font + 2} 0 R >>".encode(),
        font
        + 1: b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /T /CIDSystemInfo << /Registry (A) /Ordering (I) /Supplement 0 >> >>",
        font + 2: _stream(_TO_UNICODE),
    }
    for number, content in enumerate(contents):
        page = 3 + 2 * number
        objects[page] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {page + 1} 0 R "
            f"/Resources << /Font << /F1 {font} 0 R >> >> >>"
        ).encode()
        objects[page + 1] = _stream(content)
    return _written(objects)


def _stream(data: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%b\nendstream" % (len(data), data)


def _written(objects: Mapping[int, bytes]) -> bytes:
    data = bytearray(b"%PDF-1.7\n")
    places = {}
    for number in sorted(objects):
        places[number] = len(data)
        data += b"%d 0 obj\n%b\nendobj\n" % (number, objects[number])
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for number in sorted(objects):
        data += b"%010d 00000 n \n" % places[number]
    data += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(data)
