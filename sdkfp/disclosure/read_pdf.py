"""PDF as lines, and as table rows where tables are ruled."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Sequence

import pdfplumber
import pypdf
from pdfplumber.page import Page

from sdkfp.disclosure.document import Line, Piece, PolicyError, Row, drop_empty, table_rows
from sdkfp.disclosure.folding import is_cjk

__all__ = ["read_pdf"]

_MOST_PAGES = 500
_MOST_TABLE_PAGES = 100
_MOST_CONTENT = 4 << 20
"""Bytes of the drawing instructions of a page in which tables are looked for."""
_FEWEST_CHARACTERS = 20
"""On an average page; a page of text has more than a thousand."""
_ABOUT_SDKS = re.compile(r"(?i)sdk|第三⽅|第三方|合作|third")

for _name in ("pypdf", "pdfminer"):  # what they find odd in a file is not for the standard error of whoever calls
    logging.getLogger(_name).addHandler(logging.NullHandler())


def read_pdf(data: bytes) -> list[Piece]:
    """The lines of every page; on pages that speak of SDKs or partners the rows of ruled tables instead of their lines.

    Raises:
        PolicyError: it is encrypted, damaged, or has no text: a scan.
    """
    try:
        texts, wanted = _texts(data)
        tables = _tables(data, wanted)
    except PolicyError:
        raise
    except Exception as error:  # the libraries let every kind of error through from damaged files
        raise PolicyError(f"the PDF is damaged: {type(error).__name__}: {error}"[:300]) from None
    found: list[Piece] = []
    number = columns = last_page = end = 0
    for page, text in enumerate(texts, start=1):
        outside, grids = tables.get(page, (text, ()))
        lines = enumerate(outside.splitlines(), start=1)
        found += drop_empty(Line(f"page {page}, line {row}", line) for row, line in lines)
        for position, grid in enumerate(grids):
            goes_on = position == 0 and last_page == page - 1 and max(map(len, grid)) == columns
            number += not goes_on
            place = end if goes_on else len(found)  # rows of one table stay together
            rows = [_on_page(row, page) for row in table_rows(number, grid)]
            found[place:place] = rows
            columns, last_page, end = max(map(len, grid)), page, place + len(rows)
    return found


def _on_page(row: Row, page: int) -> Row:
    return Row(f"page {page}, {row.place}", row.table, row.cells, row.head)


def _texts(data: bytes) -> tuple[list[str], list[int]]:
    """The text of every page, and the numbers of the pages in which tables are looked for."""
    reader = pypdf.PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise PolicyError("the PDF is encrypted: remove its password first")
    if len(reader.pages) > _MOST_PAGES:
        raise PolicyError(f"the PDF has more than {_MOST_PAGES} pages")
    texts = [page.extract_text() for page in reader.pages]
    if sum(len(text.strip()) for text in texts) < _FEWEST_CHARACTERS * max(1, len(texts)):
        raise PolicyError(
            f"the PDF has {len(texts)} pages but no text: it is most likely a scan. Recognize its text first (OCR), "
            "or take the policy as a web page"
        )
    wanted: list[int] = []
    for number, (page, text) in enumerate(zip(reader.pages, texts, strict=True), start=1):
        follows = bool(wanted) and wanted[-1] == number - 1
        contents = page.get_contents()
        if contents is None or not (follows or _ABOUT_SDKS.search(text)):
            continue
        if len(contents.get_data()) <= _MOST_CONTENT:
            wanted.append(number)
    return texts, wanted[:_MOST_TABLE_PAGES]


_Grids = tuple[list[list[str]], ...]


def _tables(data: bytes, pages: Sequence[int]) -> dict[int, tuple[str, _Grids]]:
    """Page → the text outside its tables, and the tables."""
    if not pages:
        return {}
    with pdfplumber.open(io.BytesIO(data), pages=list(pages)) as opened:
        return {page.page_number: found for page in opened.pages if (found := _tables_of(page))}


def _tables_of(page: Page) -> tuple[str, _Grids] | None:
    tables = [table for table in page.find_tables() if len(table.rows) > 1 and len(table.rows[0].cells) > 1]
    if not tables:
        return None
    grids = tuple([[_joined(cell or "") for cell in row] for row in table.extract()] for table in tables)
    outside = page
    for table in tables:
        left, top, right, bottom = table.bbox
        box = max(left, page.bbox[0]), max(top, page.bbox[1]), min(right, page.bbox[2]), min(bottom, page.bbox[3])
        outside = outside.outside_bbox(box)
    return str(outside.extract_text()), grids


def _joined(cell: str) -> str:
    """A cell without the breaks that its width has made."""
    return "".join(_pieces(cell.split("\n")))


def _pieces(lines: Sequence[str]) -> Iterator[str]:
    last = ""
    for line in lines:
        if last and line and not (is_cjk(last) or is_cjk(line[0]) or last in "-/、,。:;_."):
            yield " "
        yield line
        last = line[-1:] or last
