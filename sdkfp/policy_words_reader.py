"""Strict reading of ``policy.yaml``: path, line and column, every mistake of the file at once."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sdkfp._yaml import Node, Reader
from sdkfp.errors import SignatureIssue
from sdkfp.policy_words import Column, PolicyWords, WiderWords

__all__ = ["read_policy_words"]

_LONGEST = 60


def read_policy_words(path: Path, types: Collection[str]) -> tuple[PolicyWords, list[SignatureIssue]]:
    """Read the words of privacy policies.

    Args:
        path: the file.
        types: the known personal-information types.

    Returns:
        What could be read, and the mistakes, in the order of the file.
    """
    reader = Reader.open(path)
    if reader.root is None:
        return PolicyWords(), reader.issues
    fields = reader.mapping(reader.root, ("types", "wider", "ignored", "columns"))
    words = _Words(reader)
    named = {}
    for name, node in reader.mapping(fields["types"]).items() if "types" in fields else ():
        if name not in types:
            reader.issue(node, f"unknown personal-information type {name[:80]!r}")
        named[name] = words.once(node, "types")
    wider = tuple(_wider(reader, words, node, types) for node in reader.sequence(fields.get("wider")))
    ignored = words.once(fields.get("ignored"), "types")
    known = tuple(column.value for column in Column)
    columns = {
        Column(name): words.once(node, "columns")
        for name, node in (reader.mapping(fields["columns"], known).items() if "columns" in fields else ())
    }
    return PolicyWords(named, wider, ignored, columns), reader.issues


class _Words:
    """Lists of words, each of which has one meaning."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._seen: set[tuple[str, str]] = set()

    def once(self, node: Node | None, kind: str) -> tuple[str, ...]:
        """The words of a list; one that was there before, whatever its capitals, is a mistake."""
        found = []
        for item in self._reader.sequence(node):
            word = self._reader.text(item)
            if word is None:
                continue
            if len(word) > _LONGEST:
                self._reader.issue(item, f"a word has at most {_LONGEST} characters")
            if (kind, word.casefold()) in self._seen:
                self._reader.issue(item, f"{word[:_LONGEST]!r} is there twice")
            self._seen.add((kind, word.casefold()))
            found.append(word)
        return tuple(found)


def _wider(reader: Reader, words: _Words, node: Node, types: Collection[str]) -> WiderWords:
    fields = reader.mapping(node, ("words", "covers"), required=("words", "covers"))
    covers = tuple(reader.texts(fields.get("covers")))
    for name in covers:
        if name not in types:
            reader.issue(fields["covers"], f"unknown personal-information type {name[:80]!r}")
    return WiderWords(words.once(fields.get("words"), "types"), covers)
