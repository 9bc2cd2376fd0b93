"""A privacy policy as lines and table rows, whatever file it came from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from sdkfp.errors import SdkfpError

__all__ = ["Document", "Line", "Piece", "PolicyError", "Row", "cleaned", "drop_empty", "table_rows"]

MAX_PIECES = 100_000
"""Lines and rows of one policy; a long one has a few thousand."""
MAX_CELLS = 60
MAX_TEXT = 20_000
"""Characters of one line or cell."""
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\s*\n\s*")


class PolicyError(SdkfpError):
    """A privacy policy cannot be read: of no known form, damaged, encrypted, or without text."""


class Line(msgspec.Struct, frozen=True):
    """A paragraph, heading, list item or line."""

    place: str
    """For people, for example ``line 12`` or ``page 3``."""
    text: str
    heading: bool = False


class Row(msgspec.Struct, frozen=True):
    """A row of a table."""

    place: str
    table: int
    """Number of the table in the policy, from 1."""
    cells: tuple[str, ...]
    head: bool = False
    """Marked as the head of its table."""


Piece = Line | Row


class Document(msgspec.Struct, frozen=True):
    """A policy in the order of its text."""

    kind: str
    """``html``, ``markdown``, ``text``, ``docx`` or ``pdf``."""
    encoding: str | None
    """Of the bytes; ``None`` where the form fixes it."""
    pieces: tuple[Piece, ...]


def cleaned(text: str) -> str:
    """Text without characters that nobody sees and with single spaces; line breaks stay."""
    text = text[: MAX_TEXT * 2]
    if not text.isascii():
        text = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc", "Cs") or char in "\n\t")
    text = _BLANK_LINES.sub("\n", _SPACES.sub(" ", text.replace("\r", "\n"))).strip()
    return text[:MAX_TEXT]


def table_rows(number: int, grid: Iterable[Sequence[str]], *, head: int = 0) -> list[Row]:
    """The rows of one table that have any text.

    Args:
        number: of the table in the policy.
        grid: its cells.
        head: how many of the first rows are marked as heads.
    """
    rows = []
    for position, cells in enumerate(grid):
        texts = tuple(cleaned(cell) for cell in cells[:MAX_CELLS])
        if any(texts):
            rows.append(Row(f"table {number}, row {position + 1}", number, texts, position < head))
    return rows


def drop_empty(lines: Iterable[Line]) -> list[Line]:
    """Lines with text, cleaned."""
    found = []
    for line in lines:
        text = cleaned(line.text)
        if text:
            found.append(Line(line.place, text, line.heading))
    return found
