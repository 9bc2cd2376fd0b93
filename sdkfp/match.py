"""Catalog × features → evidence. Pure: no files, no clock, no state."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sdkfp.catalog import Catalog
from sdkfp.features import GRADE_OF_KIND, Column, Feature, FeatureSet, Grade, Kind
from sdkfp.index import ClueIndex, Reference
from sdkfp.signature import Clue

__all__ = ["NOBODY", "Evidence", "Match", "match"]

NOBODY = -1
"""In an owner column: no signature owns this class."""

_COMPONENTS = (Kind.ACTIVITY, Kind.SERVICE, Kind.RECEIVER, Kind.PROVIDER)
_BY_NAME = (
    Kind.LIBRARY,
    Kind.SONAME,
    Kind.SYMBOL,
    *_COMPONENTS,
    Kind.PERMISSION,
    Kind.METADATA,
    Kind.ACTION,
    Kind.FILE,
    Kind.PROPERTY,
    Kind.YARA,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one clue of one SDK met at one location."""

    sdk: str
    clue: Clue
    grade: Grade
    feature: Feature
    """The first feature met, in the order of names."""
    count: int
    """How many features of this kind the clue met at this location."""


@dataclass(frozen=True, slots=True)
class Match:
    """All evidence in an app, and the owner of every class that is defined in it."""

    evidence: Mapping[str, tuple[Evidence, ...]]
    """By SDK id, in the order of ids."""
    owners: tuple[array[int], ...]
    """One column for each ``class`` column of the feature set: position of the owning signature in the catalog, or :data:`NOBODY`."""


class _Collector:
    """Gathers single meetings of a clue and a feature into one piece of evidence per clue and location."""

    def __init__(self, index: ClueIndex) -> None:
        self._index = index
        self._rows: dict[tuple[int, Clue, Kind, str], list[int]] = {}
        self._columns: dict[tuple[Kind, str], Column] = {}

    def add(self, column: Column, rows: Iterable[tuple[int, Reference]]) -> None:
        self._columns[column.kind, column.location] = column
        for row, reference in rows:
            key = (reference.signature, reference.clue, column.kind, column.location)
            self._rows.setdefault(key, []).append(row)

    def evidence(self) -> dict[str, tuple[Evidence, ...]]:
        found: dict[str, list[Evidence]] = {}
        for (signature, clue, kind, location), rows in self._rows.items():
            column = self._columns[kind, location]
            first = min(rows, key=lambda row: column.names[row])
            sdk = self._index.signatures[signature].id
            found.setdefault(sdk, []).append(
                Evidence(sdk, clue, GRADE_OF_KIND[kind], column.feature(first), len(set(rows)))
            )
        grades = list(Grade)
        return {
            sdk: tuple(
                sorted(
                    found[sdk],
                    key=lambda e: (grades.index(e.grade), e.feature.location, str(e.clue), e.feature.kind.value),
                )
            )
            for sdk in sorted(found)
        }


def match(catalog: Catalog, features: FeatureSet) -> Match:
    """Find what the signatures of a catalog point to among the features of an app."""
    index = catalog.index
    collector = _Collector(index)
    owners = []
    defined: set[str] = set()
    for column in features.of(Kind.CLASS):
        found = index.class_owners(column.names)
        collector.add(column, ((row, reference) for row, reference in enumerate(found) if reference is not None))
        owners.append(array("i", [NOBODY if reference is None else reference.signature for reference in found]))
        defined.update(column.names)
    for column in features.of(Kind.REFERS):
        elsewhere = Column(column.kind, column.location, [name for name in column.names if name not in defined])
        collector.add(elsewhere, _class_rows(index.class_owners(elsewhere.names)))
    for column in features.of(Kind.JNI):
        jni = [index.class_owner(name, Kind.JNI) or index.class_owner(name) for name in column.names]
        collector.add(column, _class_rows(jni))
    for kind in _BY_NAME:
        for column in features.of(kind):
            rows = list(index.exact(kind, column.names))
            if kind in _COMPONENTS:
                exact = {row for row, _ in rows}
                rows += [(row, ref) for row, ref in _class_rows(index.class_owners(column.names)) if row not in exact]
            collector.add(column, rows)
    return Match(collector.evidence(), tuple(owners))


def _class_rows(owners: Sequence[Reference | None]) -> list[tuple[int, Reference]]:
    return [(row, reference) for row, reference in enumerate(owners) if reference is not None]
