"""The version of an SDK, read from the features of an app by the rules of its signature."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sdkfp.features import KINDS_WITH_VALUE, Column, Feature, FeatureSet, Kind
from sdkfp.signature import Signature, VersionRule

__all__ = ["Version", "VersionBasis", "VersionReader"]

_LONGEST_VERSION = 64
_MOST_BASIS = 5
"""Places kept for one value and rule: a data set of thousands of files may all carry the same version in their names."""
_LONGEST_SEARCHED = 1000
"""Characters of a value that a version pattern is searched in; app-controlled text never meets a pattern unbounded."""


@dataclass(frozen=True, slots=True)
class VersionBasis:
    """One place where a version was read."""

    value: str
    rule: VersionRule
    feature: Feature


@dataclass(frozen=True, slots=True)
class Version:
    """The version of an SDK: one value, or the candidates where the clues do not agree."""

    value: str | None
    candidates: tuple[str, ...]
    basis: tuple[VersionBasis, ...]
    """Every place where a version was read, contradictory ones too, in the order of the rules; empty where marks gave it."""


class VersionReader:
    """Reads versions from the features of one app."""

    def __init__(self, features: FeatureSet) -> None:
        self._features = features
        self._tables: dict[Kind, dict[str, list[tuple[Column, int]]]] = {}
        self._read: dict[str, Version | None] = {}

    def read(self, signature: Signature) -> Version | None:
        """Apply the version rules in order; the first that speaks with one voice gives the value."""
        if signature.id not in self._read:
            self._read[signature.id] = self._by_rules(signature)
        return self._read[signature.id]

    def _by_rules(self, signature: Signature) -> Version | None:
        basis = []
        value: str | None = None
        for rule in signature.version:
            found = self._apply(rule, signature.id)
            basis += found
            voices = {b.value for b in found}
            if value is None and len(voices) == 1:
                value = voices.pop()
        if not basis:
            return None
        candidates = tuple(dict.fromkeys(b.value for b in basis))
        return Version(value, candidates, tuple(basis))

    def _apply(self, rule: VersionRule, sdk: str) -> list[VersionBasis]:
        found = []
        voices: Counter[str] = Counter()
        name = f"{sdk}/{rule.name}" if rule.kind is Kind.YARA else rule.name
        for column, row in self._named(rule.kind, name):
            values = column.values or (None,) * len(column)
            text = (values[row] or "") if rule.kind in KINDS_WITH_VALUE else column.names[row]
            seen = re.search(rule.pattern, text[:_LONGEST_SEARCHED])
            version = ".".join(group for group in seen.groups() if group) if seen else ""
            if len(version) <= _LONGEST_VERSION and any(map(str.isdigit, version)):
                voices[version] += 1
                if voices[version] <= _MOST_BASIS:
                    found.append(VersionBasis(version, rule, column.feature(row)))
        return found

    def _named(self, kind: Kind, name: str) -> list[tuple[Column, int]]:
        table = self._tables.get(kind)
        if table is None:
            table = {}
            for column in self._features.of(kind):
                for row, text in enumerate(column.names):
                    table.setdefault(text, []).append((column, row))
            self._tables[kind] = table
        names = [text for text in sorted(table) if fnmatchcase(text, name)] if "*" in name else [name]
        return [place for text in names for place in table.get(text, ())]
