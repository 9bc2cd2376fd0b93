"""DOCX as lines and table rows."""

from __future__ import annotations

import io
import zipfile

import docx
from docx.table import Table

from sdkfp.disclosure.document import MAX_CELLS, Line, Piece, PolicyError, drop_empty, table_rows

__all__ = ["read_docx"]

_MOST_UNPACKED = 200 << 20
_MOST_ROWS = 5000
_MOST_TABLES = 2000


def read_docx(data: bytes) -> list[Piece]:
    """The paragraphs and tables of a document, in their order; tables in tables follow those that they are in.

    Raises:
        PolicyError: it is no document, or damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNPACKED:
                raise PolicyError("the document unpacks to more than 200 MiB")
            if "word/document.xml" not in archive.namelist():
                raise PolicyError("this archive is no Word document")
        opened = docx.Document(io.BytesIO(data))
        return _pieces(opened)
    except PolicyError:
        raise
    except Exception as error:  # the library lets every kind of error through from damaged files
        raise PolicyError(f"the Word document is damaged: {type(error).__name__}: {error}"[:300]) from None


def _pieces(opened: docx.document.Document) -> list[Piece]:
    found: list[Piece] = []
    lines = 0
    tables: list[Table] = []
    seen: set[object] = set()
    for item in opened.iter_inner_content():
        if isinstance(item, Table):
            waiting = [item]
            while waiting and len(tables) < _MOST_TABLES:
                table = waiting.pop(0)
                tables.append(table)
                rows = list(table.rows)[:_MOST_ROWS]
                grid = [row.cells[:MAX_CELLS] for row in rows]
                found += table_rows(len(tables), [[cell.text for cell in cells] for cells in grid])
                for inner in (inner for cells in grid for cell in cells for inner in cell.tables):
                    if inner._tbl not in seen:  # merged cells stand in every place that they cover
                        seen.add(inner._tbl)
                        waiting.append(inner)
            continue
        if item.text.strip():
            lines += 1
            style = (item.style.name or "") if item.style is not None else ""
            heading = style.lower().startswith(("heading", "title", "标题"))
            found += drop_empty(Line(f"paragraph {lines}", text, heading) for text in item.text.split("\n"))
    return found
