"""Catalog × features → evidence. Pure: no files, no clock, no state."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sdkfp.catalog import Catalog
from sdkfp.features import GRADE_OF_KIND, Column, Feature, FeatureSet, Grade, Kind
from sdkfp.index import ClueIndex, Reference
from sdkfp.signature import Clue

__all__ = ["NOBODY", "Evidence", "Match", "joined", "mark_evidence", "match"]

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
    Kind.PACKAGE,
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
        buckets: dict[int, tuple[Reference, list[int]]] = {}  # by identity: hashing a clue for every class is slow
        for row, reference in rows:
            bucket = buckets.get(id(reference))
            if bucket is None:
                bucket = buckets[id(reference)] = (reference, [])
            bucket[1].append(row)
        for reference, found in buckets.values():
            key = (reference.signature, reference.clue, column.kind, column.location)
            self._rows.setdefault(key, []).extend(found)

    def evidence(self) -> dict[str, tuple[Evidence, ...]]:
        found: dict[str, list[Evidence]] = {}
        for (signature, clue, kind, location), rows in self._rows.items():
            column = self._columns[kind, location]
            first = min(rows, key=column.names.__getitem__)
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


def match(catalog: Catalog, features: FeatureSet, *, own_packages: Iterable[str] = ()) -> Match:
    """Find what the signatures of a catalog point to among the features of an app.

    Args:
        catalog: the signatures.
        features: of the app.
        own_packages: the app's own package names. A class below one of them is the app's own code unless a clue says more
            than the package: a vendor's demo app, or an app whose maker also makes an SDK, does not contain itself.
    """
    index = _Owners(catalog.index, tuple(f"{package}." for package in own_packages if package))
    collector = _Collector(catalog.index)
    owners = []
    defined: set[str] = set()
    for column in features.of(Kind.CLASS):
        found = index.class_owners(column.names)
        collector.add(column, _class_rows(found))
        owners.append(array("i", [NOBODY if reference is None else reference.signature for reference in found]))
        defined.update(column.names)
    for column in features.of(Kind.REFERS):
        elsewhere = Column(column.kind, column.location, [name for name in column.names if name not in defined])
        collector.add(elsewhere, _class_rows(index.class_owners(elsewhere.names)))
    for column in features.of(Kind.JNI):
        collector.add(column, _class_rows(index.jni_owners(column.names)))
    for kind in _BY_NAME:
        for column in features.of(kind):
            rows = list(catalog.index.exact(kind, column.names))
            if kind in _COMPONENTS:
                exact = {row for row, _ in rows}
                rows += [(row, ref) for row, ref in _class_rows(index.class_owners(column.names)) if row not in exact]
            collector.add(column, rows)
    _add_marks(collector, catalog, features)
    return Match(collector.evidence(), tuple(owners))


def mark_evidence(catalog: Catalog, features: FeatureSet) -> Mapping[str, tuple[Evidence, ...]]:
    """The evidence of ``mark`` features alone, by SDK id."""
    collector = _Collector(catalog.index)
    _add_marks(collector, catalog, features)
    return collector.evidence()


def joined(
    one: Mapping[str, tuple[Evidence, ...]], more: Mapping[str, tuple[Evidence, ...]]
) -> Mapping[str, tuple[Evidence, ...]]:
    """Both by SDK id, the better grades first."""
    if not more:
        return one
    grades = list(Grade)
    return {
        sdk: tuple(sorted((*one.get(sdk, ()), *more.get(sdk, ())), key=lambda e: grades.index(e.grade)))
        for sdk in sorted({*one, *more})
    }


def _add_marks(collector: _Collector, catalog: Catalog, features: FeatureSet) -> None:
    for column in features.of(Kind.MARK):
        positions = {sdk: position for position, sdk in enumerate(catalog.signatures)}
        clues = {
            sdk: Reference(positions[sdk], Clue(Kind.MARK, sdk), exception=False)
            for sdk in column.names
            if sdk in positions
        }
        collector.add(column, ((row, clues[sdk]) for row, sdk in enumerate(column.names) if sdk in clues))


class _Owners:
    """Owners of classes by the catalog's index, the app's own code left out."""

    def __init__(self, index: ClueIndex, own: tuple[str, ...]) -> None:
        self._index = index
        self._own = own

    def class_owners(self, names: Sequence[str]) -> list[Reference | None]:
        return self._without_own(names, self._index.class_owners(names))

    def jni_owners(self, names: Sequence[str]) -> list[Reference | None]:
        found = [self._index.class_owner(name, Kind.JNI) or self._index.class_owner(name) for name in names]
        return self._without_own(names, found)

    def _without_own(self, names: Sequence[str], owners: list[Reference | None]) -> list[Reference | None]:
        if not self._own:
            return owners
        return [
            None if owner is not None and name.startswith(self._own) and self._covers(name, owner) else owner
            for name, owner in zip(names, owners, strict=True)
        ]

    def _covers(self, name: str, owner: Reference) -> bool:
        """Whether the app's package says at least as much about a class as the clue does."""
        return any(name.startswith(package) and len(owner.clue.name) <= len(package) for package in self._own)


def _class_rows(owners: Sequence[Reference | None]) -> list[tuple[int, Reference]]:
    return [(row, reference) for row, reference in enumerate(owners) if reference is not None]
