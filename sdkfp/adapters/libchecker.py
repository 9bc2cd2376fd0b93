"""Lists in the form of LibChecker: its rules database (SQLite, table ``rules_table``) or the same rows as JSON.

The columns: https://github.com/LibChecker/LibChecker, ``RuleEntity``; the numbers of ``type``: its ``LibType``.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sdkfp.adapters.imported import ImportedEntry, ImportedList, Source, class_clues, digest, parse_json, read_bytes
from sdkfp.errors import CatalogError
from sdkfp.features import Kind
from sdkfp.signature import Clue

__all__ = ["read_libchecker"]

_KINDS = {
    0: Kind.LIBRARY,
    1: Kind.SERVICE,
    2: Kind.ACTIVITY,
    3: Kind.RECEIVER,
    4: Kind.PROVIDER,
    5: Kind.CLASS,
    7: Kind.PERMISSION,
    8: Kind.METADATA,
}
_MAGIC = b"SQLite format 3\0"
_QUERY = "SELECT name, label, type, isRegexRule FROM rules_table"
_MOST_ROWS = 200_000
_LICENCE = (
    "The list is its makers' work and not a part of sdkfp: the licence of the file holds "
    "(the rules published by LibChecker are under the Apache License 2.0)."
)
_Row = tuple[object, object, object, object]


def read_libchecker(source: Source) -> ImportedList:
    """Read a list.

    Args:
        source: the SQLite database, or JSON: a list of rows, or ``{"rules": […]}``, each with ``name``, ``label``, ``type`` and
            ``isRegexRule``.

    Raises:
        CatalogError: it cannot be read, or has no rule in it.
    """
    data, label = read_bytes(source)
    rows = _database_rows(data, label) if data.startswith(_MAGIC) else _json_rows(data, label)
    found: dict[str, dict[Clue, None]] = {}
    left_out = 0
    for name, title, number, regular in rows:
        if not (isinstance(name, str) and isinstance(title, str) and name and title.strip()):
            continue
        clues = _clues(name, _KINDS.get(number) if isinstance(number, int) else None, regular=bool(regular))
        left_out += not clues
        if clues:
            found.setdefault(title.strip()[:200], {}).update(dict.fromkeys(clues))
    if not found:
        raise CatalogError(f"{label} has no rule with a name and a label")
    entries = tuple(
        ImportedEntry(f"libchecker-{number}", title, tuple(clues))
        for number, (title, clues) in enumerate(sorted(found.items()), 1)
    )
    return ImportedList("The LibChecker list", label, digest(data), entries, left_out, _LICENCE)


def _database_rows(data: bytes, label: str) -> list[_Row]:
    """The rows of the database, from a copy of it: nothing is written beside the user's file."""
    with tempfile.TemporaryDirectory(prefix="sdkfp-rules-") as folder:
        path = Path(folder) / "rules.db"
        path.write_bytes(data)
        try:
            with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
                return database.execute(_QUERY).fetchmany(_MOST_ROWS)
        except (sqlite3.Error, OverflowError) as error:
            raise CatalogError(f"{label} is not a database of LibChecker rules: {error}") from None


def _json_rows(data: bytes, label: str) -> Iterator[_Row]:
    document = parse_json(data, label)
    rows = document.get("rules") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise CatalogError(f"{label} is neither a database of LibChecker rules nor a list of them")
    for row in rows[:_MOST_ROWS]:
        if isinstance(row, dict):
            yield row.get("name"), row.get("label"), row.get("type"), row.get("isRegexRule")


def _clues(name: str, kind: Kind | None, *, regular: bool) -> tuple[Clue, ...]:
    if kind is None:
        return ()
    if regular:
        return _of_pattern(name, kind)
    if kind is Kind.CLASS:
        return class_clues(name)
    return (Clue(kind, name),) if "*" not in name and name.strip() == name else ()


def _of_pattern(pattern: str, kind: Kind) -> tuple[Clue, ...]:
    """A regular expression that is plain text with one run of anything in it."""
    parts = re.split(r"\.\*|\.\+|\(\.\*\)|\(\.\+\)|\\d\+|\[0-9\]\+", pattern.removeprefix("^").removesuffix("$"))
    plain = [re.sub(r"\\([.\-_$+])", r"\1", part) for part in parts]
    if len(plain) != 2 or any(re.search(r"[\\*?()\[\]{}|^]", part) for part in plain) or len(plain[0]) < 4:
        return ()
    if kind is Kind.LIBRARY:
        return (Clue(kind, "*".join(plain)),)
    return class_clues(plain[0]) if plain[1] == "" and plain[0].endswith(".") else ()
