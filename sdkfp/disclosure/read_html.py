"""HTML, and Markdown by way of HTML, as lines and table rows."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser, LexborNode

from sdkfp.disclosure.document import MAX_PIECES, Line, Piece, PolicyError, drop_empty, table_rows

__all__ = ["from_markdown", "read_html"]

_SKIPPED = frozenset({"script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object", "_comment"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INLINE = re.compile(
    r"a|abbr|b|bdi|bdo|big|cite|code|em|font|i|ins|kbd|label|mark|q|s|small|span|strike|strong|sub|sup|time|tt|u|var"
)
_TAG = re.compile(
    r"<(/)?(?!(?:p|li|td|th|tr|thead|tbody|tfoot|option|dt|dd|br|img|input|hr|meta|link|col|source|wbr|area)\b)[a-z]",
    re.IGNORECASE,
)
"""Tags of elements that have an end, and are seldom left open."""
_DEEPEST = 3000
_MOST_SPAN = 200
_MOST_NODES = 2_000_000


def from_markdown(text: str) -> str:
    """Markdown with tables as HTML; HTML inside it stays.

    Bold text is made plain first: beside Chinese punctuation its stars would stay in the text.
    """
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text.replace("**", "")))


def read_html(text: str) -> list[Piece]:
    """The lines and table rows of a page. Of tables in tables, the innermost are tables and the others lines.

    Raises:
        PolicyError: it is nested deeper than any real page.
    """
    if _too_deep(text):
        raise PolicyError(f"the page is nested deeper than {_DEEPEST} levels")
    body = LexborHTMLParser(text).body
    return _Walk().pieces(body) if body is not None else []


class _Walk:
    """Walks a page without recursion; pages nest as deep as they like."""

    def __init__(self) -> None:
        self._lines = 0
        self._tables = 0

    def pieces(self, root: LexborNode) -> list[Piece]:
        found: list[Piece] = []
        line: list[str] = []
        heading = False
        nodes = 0
        node: LexborNode | None = root.child
        while node is not None and nodes < _MOST_NODES and len(found) <= MAX_PIECES:
            nodes += 1
            tag = node.tag or ""
            inner: LexborNode | None = None
            if tag == "-text":
                line.append(node.text_content or "")
            elif tag == "table" and not _has_table(node):
                found += self._line(line, heading=heading)
                found += self._table(node)
                line = []
            elif tag not in _SKIPPED:
                if not _INLINE.fullmatch(tag):
                    found += self._line(line, heading=heading)
                    line, heading = [], tag in _HEADINGS
                inner = node.child
            if inner is not None:
                node = inner
                continue
            while node is not None and node.next is None:
                node = node.parent
                if node is None or node.mem_id == root.mem_id:
                    node = None
                    break
                if not _INLINE.fullmatch(node.tag or ""):
                    found += self._line(line, heading=heading)
                    line, heading = [], False
            node = node.next if node is not None else None
        return [*found, *self._line(line, heading=heading)]

    def _line(self, texts: list[str], *, heading: bool) -> list[Line]:
        text = "".join(texts).replace("\n", " ")
        if not text.strip():
            return []
        self._lines += 1
        return drop_empty([Line(f"paragraph {self._lines}", text, heading)])

    def _table(self, table: LexborNode) -> list[Piece]:
        self._tables += 1
        grid: list[list[str]] = []
        waiting: dict[int, tuple[int, str]] = {}
        head = 0
        for row in table.css("tr")[:MAX_PIECES]:
            cells: list[str] = []
            given = [cell for cell in row.iter() if cell.tag in ("td", "th")]
            if given and all(cell.tag == "th" for cell in given) and head == len(grid):
                head += 1
            for cell in given:
                _fill(cells, waiting)
                text = _text(cell)
                for _ in range(_span(cell, "colspan")):
                    if (rows := _span(cell, "rowspan")) > 1:
                        waiting[len(cells)] = (rows - 1, text)
                    cells.append(text)
            _fill(cells, waiting)
            grid.append(cells)
        return list(table_rows(self._tables, grid, head=head))


def _fill(cells: list[str], waiting: dict[int, tuple[int, str]]) -> None:
    """Cells that a row above reaches down with."""
    while len(cells) in waiting:
        column = len(cells)
        rows, text = waiting[column]
        cells.append(text)
        if rows > 1:
            waiting[column] = (rows - 1, text)
        else:
            del waiting[column]


def _has_table(table: LexborNode) -> bool:
    return any(node.tag == "table" and node.mem_id != table.mem_id for node in table.traverse())


def _too_deep(text: str) -> bool:
    """More elements are open at once than any real page has; the parser takes time by the square of that."""
    depth = 0
    for tag in _TAG.finditer(text):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth > _DEEPEST:
            return True
    return False


def _span(cell: LexborNode, name: str) -> int:
    value = (cell.attributes.get(name) or "1").strip()
    return min(_MOST_SPAN, max(1, int(value))) if value.isascii() and value.isdigit() and len(value) < 12 else 1


def _text(cell: LexborNode) -> str:
    for skipped in cell.css("script, style"):
        skipped.decompose()
    texts = []
    for node in cell.traverse(include_text=True):
        if node.tag == "-text":
            texts.append((node.text_content or "").replace("\n", " "))
        elif not _INLINE.fullmatch(node.tag or ""):
            texts.append("\n")
    return "".join(texts)
