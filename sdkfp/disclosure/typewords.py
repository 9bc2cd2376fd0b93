"""Finds types of personal information in the words of a policy."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdkfp.disclosure.folding import WordIndex, fold
from sdkfp.policy_words import PolicyWords
from sdkfp.signature import Vocabulary

__all__ = ["NamedTypes", "TypeIndex"]

_CLAUSE = re.compile(r"[^。;!?\n]+")
_NOT = re.compile(
    r"不会?(?:主动)?(?:收集|获取|采集|读取|使用|涉及|上传|申请)|未(?:收集|获取|采集|读取)|无需(?:收集|获取|提供)|"
    r"(?:do|does|will|did) not (?:\w+ )?(?:collect|read|access|use|obtain|process)|never (?:collect|read|access)|not collected",
)
_TURN = re.compile(r"[,,](?=(?:但|仅|只|会|并|而|but|only|it |we ))")


@dataclass(frozen=True, slots=True)
class NamedTypes:
    """The types that a text names."""

    types: frozenset[str]
    """By a word of their own."""
    wider: dict[str, str]
    """Type → the wider word that covers it, of types that have no word of their own in the text."""


class TypeIndex:
    """The words of all types."""

    def __init__(self, words: PolicyWords, vocabulary: Vocabulary) -> None:
        entries: list[tuple[str, tuple[tuple[str, ...], bool]]] = []
        entries += [(word, ((), False)) for word in words.ignored]
        for name, own in words.types.items():
            entries += [(word, ((name,), False)) for word in own]
        for wider in words.wider:
            entries += [(word, (wider.covers, True)) for word in wider.words]
        for kind in vocabulary.types.values():
            entries += [(word, ((kind.id,), False)) for word in (kind.name.en, kind.name.zh) if word]
        self._index: WordIndex[tuple[tuple[str, ...], bool]] = WordIndex(entries)

    def named(self, text: str) -> NamedTypes:
        """The types that a text says are collected; what it says is not collected is left out."""
        types: set[str] = set()
        wider: dict[str, str] = {}
        for clause in _CLAUSE.findall(fold(text).text):
            for part in _TURN.split(clause):
                denial = _NOT.search(part.lower())
                for hit in self._index.find(fold(part[: denial.start()] if denial else part)):
                    found, covers_many = hit.value
                    if covers_many:
                        wider.update({name: hit.word for name in found if name not in wider})
                    else:
                        types.update(found)
        return NamedTypes(frozenset(types), {name: word for name, word in wider.items() if name not in types})
