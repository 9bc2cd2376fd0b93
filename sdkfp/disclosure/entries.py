"""What a policy says of each SDK: the rows of its tables, the entries of its lists, and its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sdkfp.disclosure.document import Document, Line, Row
from sdkfp.disclosure.folding import WordIndex, fold
from sdkfp.disclosure.inline import LONGEST_KEY, key_parts
from sdkfp.disclosure.names import NameIndex
from sdkfp.policy_words import Column, PolicyWords

__all__ = ["Entry", "Sentence", "Statements", "read_statements"]

LONGEST_NAME = 80
_MOST_LINES = 60
"""Lines of one entry of a list."""
_LONGEST_ITEM = 400
"""Characters of a line without a key that still belongs to an entry."""
_MOST_PRINTED = 12
"""Lines of a printed row."""
_MOST_UNKEYED = 4
"""Lines of one without any key."""
_FEWEST_TURNED = 3
"""Keys of a table that has them in its first column."""
_LONGEST_QUOTE = 1200
_KEY_VALUE = re.compile(r"^[\s\-*+•·●○◦▪◆【(（]*(?P<key>[^:：]{1,40}?)[\s】)）]*[:：]\s*(?P<value>.*)$", re.DOTALL)
_NUMBER = re.compile(
    r"^[\s\-*+•·●○◦▪◆]*(?:(?:\d{1,2}(?:\.\d{1,2}){1,3}(?=[^\d.\s)）、．:：])|[\u2460-\u249b\u2776-\u277f]"
    r"|[(（]?(?:\d{1,3}(?:\.\d{1,3}){0,3}|[一二三四五六七八九十]{1,3}|[a-zA-Z])[)）.、．:：\s])\s*)+"
)
"""Numbers before an entry or a key: ``1.``, ``(二)``, ``a)``, ``2.1.3``, and those in circles."""
_SENTENCE = re.compile(r"[^。！？!?\n;；]+(?:\.(?=\s)|[。！？!?\n;；]|$)")
_ENGLISH_STOP = re.compile(r"(?<=[a-z)\"”])\.\s+(?=[A-Z])")
_BRACKETS = re.compile(r"[(（][^()（）]*(?:[)）]|$)")
_SDK = re.compile(r"sdk", re.IGNORECASE)
_ALTERNATIVES = re.compile(r"[/／]")
_END_OF_NAME = re.compile(r"[。；;\n]")
_PARTNER = re.compile(r"(?i)sdk|第三方|三方|合作|插件|third|partner|library")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a table, or one entry of a list, about one SDK or partner."""

    place: str
    quote: str
    how: str
    """``table`` or ``list``."""
    name: str
    columns: dict[Column, str] = field(default_factory=dict)
    text: str = ""
    """All of it."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence outside tables and lists."""

    place: str
    text: str
    paragraph: str
    """The text around it, in which types of personal information may be named."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything that a policy says, arranged."""

    entries: tuple[Entry, ...]
    sentences: tuple[Sentence, ...]
    tables: int
    """Tables that list SDKs or partners."""


def read_statements(document: Document, words: PolicyWords, names: NameIndex) -> Statements:
    """Arrange the pieces of a policy.

    Args:
        document: the policy.
        words: what policies call the columns of their lists.
        names: of the SDKs of the catalog.
    """
    heads = WordIndex((word, column) for column, found in words.columns.items() for word in found)
    entries: list[Entry] = []
    sentences: list[Sentence] = []
    tables = 0
    pieces = document.pieces
    position = 0
    while position < len(pieces):
        piece = pieces[position]
        end = position + 1
        if isinstance(piece, Row):
            while end < len(pieces) and isinstance(row := pieces[end], Row) and row.table == piece.table:
                end += 1
            found = _table([row for row in pieces[position:end] if isinstance(row, Row)], heads, names)
            tables += bool(found)
            entries += found
            if not found:
                rows = [row for row in pieces[position:end] if isinstance(row, Row)]
                sentences += [Sentence(row.place, cell, " | ".join(row.cells)) for row in rows for cell in row.cells]
        else:
            while end < len(pieces) and isinstance(pieces[end], Line):
                end += 1
            lines = [line for line in pieces[position:end] if isinstance(line, Line)]
            lists = _Lists(heads, names, printed=document.kind == "pdf")
            lists.read(lines)
            entries += lists.entries
            sentences += lists.sentences
        position = end
    return Statements(tuple(entries), tuple(sentences), tables)


def _column(text: str, heads: WordIndex[Column]) -> Column | None:
    """The column that a head or key speaks of: its main word, which is at least a third of the text or of an alternative in it."""
    plain = _BRACKETS.sub("", text)
    for part in dict.fromkeys((plain, *reversed(_ALTERNATIVES.split(plain)))):
        folded = fold(part)
        best = heads.main(folded)
        if best is not None and (best.end - best.start) * 3 >= len(folded.lower):
            return best.value
    return None


def _table(rows: Sequence[Row], heads: WordIndex[Column], names: NameIndex) -> list[Entry]:
    """The entries of a table that lists SDKs; none if it is about something else."""
    for start, row in enumerate(rows[:3]):
        below = [
            other for other in rows[start + 1 :] if other.cells != row.cells
        ]  # a head may be repeated on every page
        columns = [_column(cell, heads) if len(cell) <= LONGEST_NAME else None for cell in row.cells]
        known = {column for column in columns if column is not None}
        if Column.NAME in known and len(known) > 1:
            return _entries(below, columns) if _lists_sdks(row, columns, below, names) else []
        if len(known) > 2:
            return _entries(below, _guessed(columns, below, names))
    turned = _turned(rows, heads, names)
    if turned:
        return turned
    guessed = _guessed([None] * max(len(row.cells) for row in rows), rows, names)
    return _entries(rows, guessed) if Column.NAME in guessed else []


def _lists_sdks(head: Row, columns: Sequence[Column | None], rows: Sequence[Row], names: NameIndex) -> bool:
    """The table is about SDKs or partners, not about kinds of information: its head says so, or a third of its names."""
    if any(column is Column.NAME and _PARTNER.search(cell) for column, cell in zip(columns, head.cells, strict=True)):
        return True
    if Column.DEVELOPER in columns or Column.PACKAGE in columns:
        return True
    number = columns.index(Column.NAME)
    cells = [row.cells[number] for row in rows if number < len(row.cells) and row.cells[number]]
    return sum(names.is_name(cell) or bool(_SDK.search(cell)) for cell in cells) * 3 >= len(cells) > 0


def _guessed(columns: list[Column | None], rows: Sequence[Row], names: NameIndex) -> list[Column | None]:
    """Give the column with the most names of SDKs its meaning: at least half of its cells are such names."""
    best, most = -1, 0
    for number, column in enumerate(columns):
        cells = [row.cells[number] for row in rows if number < len(row.cells) and row.cells[number]]
        met = sum(len(cell) <= LONGEST_NAME and (names.is_name(cell) or bool(_SDK.search(cell))) for cell in cells)
        if column in (None, Column.NAME, Column.PURPOSE) and met > most and met * 2 >= len(cells):
            best, most = number, met
    if best < 0:
        return columns
    return [Column.NAME if number == best else column for number, column in enumerate(columns)]


def _turned(rows: Sequence[Row], heads: WordIndex[Column], names: NameIndex) -> list[Entry]:
    """Tables with the keys in their first column: each name, as a key's value or as a title over the row, begins an SDK."""
    groups: list[tuple[list[Row], dict[Column, str]]] = []
    for row in rows:
        texts = list(dict.fromkeys(cell for cell in row.cells if cell))
        column = _column(row.cells[0], heads) if len(texts) > 1 else None
        if len(texts) == 1 and len(texts[0]) <= LONGEST_NAME and (names.is_name(texts[0]) or _SDK.search(texts[0])):
            groups.append(([row], {Column.NAME: _NUMBER.sub("", texts[0]) or texts[0]}))
        elif column is Column.NAME:
            groups.append(([row], {column: "\n".join(texts[1:])}))
        elif groups:
            groups[-1][0].append(row)
            if column is not None:
                groups[-1][1].setdefault(column, "\n".join(texts[1:]))
    if max((len(columns) for _, columns in groups), default=0) < _FEWEST_TURNED:
        return []
    found = []
    for members, columns in groups:
        text = "\n".join(" | ".join(dict.fromkeys(cell for cell in row.cells if cell)) for row in members)
        if len(columns) > 1:
            found.append(
                Entry(members[0].place, text[:_LONGEST_QUOTE], "table", columns[Column.NAME][:400], columns, text)
            )
    return found


def _entries(rows: Iterable[Row], columns: Sequence[Column | None]) -> list[Entry]:
    found = []
    for row in rows:
        values: dict[Column, str] = {}
        for column, cell in zip(columns, row.cells, strict=False):
            if column is not None and cell:
                values[column] = f"{values[column]}\n{cell}" if column in values else cell
        name = values.get(Column.NAME, "")
        if not name and Column.PACKAGE not in values:
            continue
        text = " | ".join(cell for cell in row.cells if cell)
        if len(row.cells) > 1 and len(set(row.cells)) > 1:
            found.append(Entry(row.place, text[:_LONGEST_QUOTE], "table", name[:400], values, text))
    return found


@dataclass(slots=True)
class _Open:
    """An entry of a list that is being gathered."""

    place: str
    name: str
    lines: list[str]
    columns: dict[Column, str] = field(default_factory=dict)
    keys: int = 0
    last: Column | None = None
    printed: bool = False
    """It began as a printed row of a table."""
    waiting: bool = False
    """Its name stands in the next line."""

    def add(self, line: str, column: Column | None, value: str) -> None:
        """One more line; with the column that it speaks of, or without one as more of the last."""
        self.lines.append(line)
        if column is not None:
            self.keys += 1
            self.last = column
        if self.last is not None:
            known = self.columns.get(self.last)
            self.columns[self.last] = value if known is None else f"{known}\n{value}"

    def goes_on(self, line: Line, key: str | None) -> bool:
        """A line without a known key still belongs here: a value, a further item, an unknown key; not the text after it."""
        if line.heading or len(self.lines) >= _MOST_LINES:
            return False
        if self.keys == 0:
            if self.printed:
                return len(self.lines) < _MOST_PRINTED
            return len(self.lines) < _MOST_UNKEYED and not _NUMBER.match(line.text)
        if self.last is Column.POLICY and key is None:
            return line.text.startswith(("http", "www", "《"))
        return key is not None or len(line.text) < _LONGEST_ITEM

    @property
    def is_entry(self) -> bool:
        return self.keys > 0 or self.printed or len(self.lines) > 1

    def close(self) -> Entry:
        text = "\n".join(self.lines)
        return Entry(self.place, text[:_LONGEST_QUOTE], "list", self.name, self.columns, text)


class _Lists:
    """Gathers the entries of lists from lines, and the sentences between them."""

    def __init__(self, heads: WordIndex[Column], names: NameIndex, *, printed: bool) -> None:
        """``printed``: the lines are those of printed pages, where a row of a table is lines that begin with a name."""
        self.entries: list[Entry] = []
        self.sentences: list[Sentence] = []
        self._heads = heads
        self._names = names
        self._printed = printed
        self._current: _Open | None = None

    def read(self, lines: Sequence[Line]) -> None:
        """Gather from a run of lines."""
        wholes: list[str] = []
        parts: list[Line] = []
        for line in lines:
            found = self._parts(line)
            parts += found
            wholes += [line.text] * len(found)
        for position, line in enumerate(parts):
            key, column, value = _key(line.text, self._heads)
            if self._current is not None and self._current.waiting:
                self._current.waiting = False
                self._current.add(line.text, None, line.text)
                continue
            opened = self._opened(parts, position, column, value)
            if opened is not None:
                self._close()
                self._current = opened
            elif self._current is not None and (column is not None or self._goes_on(line, key)):
                self._current.add(line.text, column, value if column is not None else line.text)
            else:
                self._close()
                self.sentences += _sentences(line, wholes[position])
        self._close()

    def _parts(self, line: Line) -> list[Line]:
        """The keys of a line that holds several, if they stand behind a name or nothing."""
        title, *keys = key_parts(line, self._heads)
        if not keys:
            return [line]
        if not title.text:
            return keys
        return [title, *keys] if _begins([title, *keys], 0, self._heads, self._names) else [line]

    def _goes_on(self, line: Line, key: str | None) -> bool:
        """More of the current entry, and not the next one of a numbered list."""
        number = _NUMBER.match(line.text)
        another = number is not None and self._names.leading(line.text[number.end() :]) is not None
        return self._current is not None and not another and self._current.goes_on(line, key)

    def _opened(self, lines: Sequence[Line], position: int, column: Column | None, value: str) -> _Open | None:
        """The entry that a line opens, if it opens one: by the key of a name, by beginning with a name, or as the title of keys."""
        line = lines[position]
        if column is Column.NAME:
            return self._named(lines, position, value)
        if column is not None and self._current is not None:
            return None
        leading = self._names.leading(line.text) if self._printed else None
        if leading is not None:
            return _Open(line.place, leading, [line.text], printed=True)
        if _begins(lines, position, self._heads, self._names):
            name = _NUMBER.sub("", line.text) or line.text
            return _Open(line.place, name.rstrip(":：").strip(), [line.text])
        return None

    def _named(self, lines: Sequence[Line], position: int, value: str) -> _Open | None:
        """The entry of a line with the key of a name: the name is its value, the key itself, or the next line."""
        line = lines[position]
        if not value:
            name = self._next_is_name(lines, position)
            return _Open(line.place, name, [line.text], {}, 1, Column.NAME, waiting=True) if name else None
        own = _named_by_key(line.text, self._heads, self._names)
        if own is not None:
            return _Open(line.place, own, [line.text], {Column.NAME: own}, 1)
        name = _END_OF_NAME.split(value)[0][:400]
        return _Open(line.place, name, [line.text], {Column.NAME: value}, 1, Column.NAME)

    def _next_is_name(self, lines: Sequence[Line], position: int) -> str | None:
        """The next line, if it may be the name that the key of this one announces."""
        if position + 1 == len(lines):
            return None
        text = lines[position + 1].text
        return text if len(text) <= LONGEST_NAME and _key(text, self._heads)[1] is None else None

    def _close(self) -> None:
        current, self._current = self._current, None
        if current is not None and current.is_entry and self._is_of_an_sdk(current):
            self.entries.append(current.close())
        elif current is not None:
            for line in current.lines:
                self.sentences += _sentences(Line(current.place, line), line)

    def _is_of_an_sdk(self, entry: _Open) -> bool:
        """Not just the name of somebody: something else is said, or the name or its key speak of an SDK."""
        return len(entry.columns) != 1 or Column.NAME not in entry.columns or self._speaks_of_an_sdk(entry)

    def _speaks_of_an_sdk(self, entry: _Open) -> bool:
        return bool(_PARTNER.search(entry.lines[0])) or self._names.is_name(entry.name)


def _key(text: str, heads: WordIndex[Column]) -> tuple[str | None, Column | None, str]:
    """The key of a ``key: value`` line, the column that it speaks of, and the value."""
    first: str | None = None
    for form in dict.fromkeys((text, _NUMBER.sub("", text))):
        found = _KEY_VALUE.match(form)
        key = found["key"].strip() if found is not None else ""
        if found is None or (len(key) > LONGEST_KEY and len(key.split()) > 4):
            continue
        column = _column(key, heads)
        if column is not None:
            return key, column, found["value"].strip()
        first = first or key
    return first, None, ""


def _named_by_key(text: str, heads: WordIndex[Column], names: NameIndex) -> str | None:
    """The key of a line, if it is itself the name of an SDK: ``1. 甲推送SDK:用于推送``."""
    found = _KEY_VALUE.match(_NUMBER.sub("", text))
    key = found["key"].strip() if found is not None else ""
    if not key or len(key) > LONGEST_NAME or heads.get(_BRACKETS.sub("", key)) is not None:
        return None
    main = heads.main(fold(_BRACKETS.sub("", key)))
    bare = main is None or main.word.lower().endswith("sdk")
    return key if names.is_name(key) or (bare and _SDK.search(key)) else None


def _begins(lines: Sequence[Line], position: int, heads: WordIndex[Column], names: NameIndex) -> bool:
    """The line is the name of an SDK above what is said of it."""
    line = lines[position]
    name = _NUMBER.sub("", line.text).strip()
    if not name or len(name) > LONGEST_NAME or name[-1] in "。;；,，":
        return False
    if names.is_name(name):
        return True
    following = lines[position + 1 : position + 3]
    keyed = any(_key(other.text, heads)[1] not in (None, Column.NAME) for other in following)
    return keyed and (bool(_SDK.search(name)) or line.heading) and _key(line.text, heads)[1] is None


def _sentences(line: Line, whole: str) -> list[Sentence]:
    """The sentences of a line, or of a part of one."""
    text = _ENGLISH_STOP.sub(".\n", line.text)
    parts = [part.strip() for part in _SENTENCE.findall(text)]
    return [Sentence(line.place, part[:_LONGEST_QUOTE], whole) for part in parts if len(part) > 1]
