"""A paper: titled tables for people, written as Markdown, HTML, CSV or XLSX. Texts in it may come from an app."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sdkfp.export.text import safe_url, visible

__all__ = ["FORMATS", "Cell", "Paper", "Table", "gap", "write_paper"]

LONGEST_CELL = 4000
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~#])")
_NOT_IN_SHEET_NAMES = re.compile(r"[^\w ()-]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TITLE = {"en": "Answer", "zh": "结果"}
"""The head of the column with the titles of tables."""
_MOST_XLSX = 32_000
"""Characters of a cell that Excel takes are 32,767."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of one cell; a gap is to be filled in by people."""

    text: str
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its title."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A title, notes and tables."""

    title: str
    language: str
    notes: tuple[str, ...]
    tables: tuple[Table, ...]


def gap(language: str, hint: str = "") -> Cell:
    """A gap that shows, with a hint of what may fill it."""
    if language == "zh":
        return Cell(f"〔待补充{':' + hint if hint else ''}〕", gap=True)
    return Cell(f"[to be completed{': ' + hint if hint else ''}]", gap=True)


def write_paper(paper: Paper, form: str) -> bytes:
    """The paper in a form of :data:`FORMATS`."""
    return FORMATS[form](paper)


def _plain(text: str) -> str:
    return "\n".join(visible(line, LONGEST_CELL) for line in text.split("\n"))


def _markdown_text(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _plain(text)).replace("\n", "<br>")


def _markdown_cell(cell: Cell) -> str:
    address = safe_url(cell.text)
    text = f"<{address}>" if address else _markdown_text(cell.text)
    return f"**{text}**" if cell.gap and text else text


def to_markdown(paper: Paper) -> bytes:
    """A Markdown document with tables."""
    lines = [f"# {_markdown_text(paper.title)}", ""]
    for note in paper.notes:
        lines += [_markdown_text(note), ""]
    for table in paper.tables:
        if table.title:
            lines += [f"## {_markdown_text(table.title)}", ""]
        if table.note:
            lines += [_markdown_text(table.note), ""]
        if table.rows:
            lines.append(f"| {' | '.join(map(_markdown_text, table.head))} |")
            lines.append(f"|{'---|' * len(table.head)}")
            lines += [f"| {' | '.join(_markdown_cell(cell) or ' ' for cell in row)} |" for row in table.rows]
            lines.append("")
    return "\n".join(lines).encode("utf-8", "backslashreplace")


def to_csv(paper: Paper) -> bytes:
    """The tables as CSV in UTF-8 with a byte order mark, below each other by the names of their columns.

    Where the first table has a title, the titles stand in a first column, and there is a column for every head of any table.
    A cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    titled = bool(paper.tables and paper.tables[0].title)
    head = list(paper.tables[0].head) if paper.tables else []
    if titled:
        head += list(dict.fromkeys(name for table in paper.tables for name in table.head if name not in head))
    writer.writerow([*([_TITLE.get(paper.language, _TITLE["en"])] if titled else []), *head])
    for table in paper.tables:
        for row in table.rows:
            cells = {name: cell.text for name, cell in zip(table.head, row, strict=True)}
            writer.writerow(
                [*([_csv_text(table.title)] if titled else []), *(_csv_text(cells.get(name, "")) for name in head)]
            )
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "backslashreplace")


def _csv_text(text: str) -> str:
    plain = _plain(text)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def to_html(paper: Paper) -> bytes:
    """One HTML file that needs no network."""
    import base64  # noqa: PLC0415 - only this form needs these
    import hashlib  # noqa: PLC0415
    from importlib.resources import files  # noqa: PLC0415

    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(plain=_plain, url=safe_url)
    folder = files("sdkfp.disclosure") / "templates"
    style = (folder / "paper.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = environment.from_string((folder / "paper.html.j2").read_text("utf-8"))
    return template.render(paper=paper, style=style, digest=digest).encode("utf-8", "backslashreplace")


def to_xlsx(paper: Paper) -> bytes:
    """A workbook with a sheet for each table."""
    import xlsxwriter  # noqa: PLC0415 - only this form needs it

    data = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(data, options) as book:
        wrap = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": "#E8EEF6"})
        open_gap = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "bg_color": "#FFF3CC"})
        for number, table in enumerate(paper.tables, start=1):
            sheet = book.add_worksheet(_sheet_name(table.title or paper.title, number))
            sheet.freeze_panes(1, 1)
            for column, name in enumerate(table.head):
                longest = max([len(name) * 2, *(len(row[column].text) for row in table.rows)])
                sheet.set_column(column, column, min(48, max(12, longest)))
                sheet.write_string(0, column, name, bold)
            for row, cells in enumerate(table.rows, start=1):
                for column, cell in enumerate(cells):
                    sheet.write_string(row, column, _plain(cell.text)[:_MOST_XLSX], open_gap if cell.gap else wrap)
    return data.getvalue()


def _sheet_name(title: str, number: int) -> str:
    plain = _NOT_IN_SHEET_NAMES.sub(" ", visible(title, 24)).strip()
    return f"{number} {plain}"[:31].strip("' ")


FORMATS: Mapping[str, Callable[[Paper], bytes]] = {"md": to_markdown, "html": to_html, "csv": to_csv, "xlsx": to_xlsx}
"""By the suffix of a file."""
