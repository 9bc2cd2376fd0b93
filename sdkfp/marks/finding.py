"""The marks of one app, from its dex files to the SDKs that they show and the owners of its classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.class_names import is_renamed
from sdkfp.marks.attribute import OTHER, UNKNOWN, class_uses, spread
from sdkfp.marks.match import NOBODY, MarkFound, look_up, match_marks
from sdkfp.marks.observe import of_dexes
from sdkfp.marks.versions import VersionSet, releases_allowed

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex import Dex
    from sdkfp.marks.index import MarkIndex
    from sdkfp.marks.match import Looked

__all__ = ["Learned", "find_marks"]


@dataclass(frozen=True, slots=True)
class Learned:
    """What the marks say about an app."""

    found: Mapping[str, MarkFound]
    """By SDK id: the SDKs that classes show by their marks, whatever the classes are called."""
    versions: Mapping[str, VersionSet]
    """By SDK id, for those and for the SDKs whose classes were known by their names."""
    owners: tuple[tuple[str | None, ...], ...]
    """For every dex file, the SDK of each class that the marks gave away; ``None`` where they say nothing."""


def find_marks(
    dexes: Sequence[Dex],
    index: MarkIndex,
    named: Sequence[Sequence[str | None]],
    dated: Collection[str] = (),
    absent: Collection[str] = (),
) -> Learned:
    """Look for the marks of a catalog in the code of an app.

    Only classes that no name explains are searched, and those of SDKs whose release nothing else says: names are the cheaper
    evidence, and in most apps they leave little.

    Args:
        dexes: of the app.
        index: the marks of the catalog.
        named: for every dex file the SDK of each class by its name, ``""`` for the app's own code, ``None`` for nobody. Classes
            that belong to an SDK by their names are not asked again; those of the app only where a shrinker named them.
        dated: SDKs by id whose release is known: their marks are not asked for it.
        absent: SDKs by id that are known not to be inside.
    """
    owner = _known(dexes, index, named)
    inside = np.unique(owner[owner >= 0]).tolist()
    undated = [member for member in inside if index.members[member].sdk not in dated]
    looked = look_up(of_dexes(dexes, (owner == UNKNOWN) | np.isin(owner, undated)), index)
    out = frozenset(number for number, member in enumerate(index.members) if member.sdk in absent)
    matched = match_marks(looked, index, owner != UNKNOWN, frozenset(inside), out)
    by_marks = np.where(matched.owner != NOBODY, matched.owner, UNKNOWN)
    if matched.found and (by_marks[owner == UNKNOWN] == UNKNOWN).any():
        seeds = np.full(len(owner), UNKNOWN)
        seeds[matched.several] = matched.owner[matched.several]  # one mark gives away its class, but nothing around it
        wide = _spread(dexes, index, owner, seeds, {found.member for found in matched.found})
        by_marks = np.where(by_marks == UNKNOWN, wide, by_marks)
    # Releases are told from the classes that are the SDK's for sure, not from those that only it uses.
    sure = np.where(owner == UNKNOWN, matched.owner, owner)
    asked = {*undated, *(found.member for found in matched.found if found.sdk not in dated)}
    return Learned(
        {found.sdk: found for found in matched.found},
        dict(_versions(looked, index, sure, asked)),
        _columns(dexes, index, by_marks),
    )


def _known(dexes: Sequence[Dex], index: MarkIndex, named: Sequence[Sequence[str | None]]) -> npt.NDArray[np.int64]:
    numbers: dict[str | None, int] = {member.sdk: number for number, member in enumerate(index.members)}
    numbers[None] = UNKNOWN
    owner: list[int] = []
    for dex, column in zip(dexes, named, strict=True):
        owner += [numbers.get(sdk, OTHER) for sdk in column]
        if "" in column:
            first = len(owner) - len(column)
            for row, (name, sdk) in enumerate(zip(dex.class_names, column, strict=True), first):
                if sdk == "" and is_renamed(name):
                    owner[row] = UNKNOWN
    return np.array(owner, np.int64)


def _spread(
    dexes: Sequence[Dex],
    index: MarkIndex,
    owner: npt.NDArray[np.int64],
    seeds: npt.NDArray[np.int64],
    found: set[int],
) -> npt.NDArray[np.int64]:
    """From the classes of the SDKs that were found by marks to those that only they use; by names known code stands."""
    known = owner != UNKNOWN
    seeds[known] = np.where(np.isin(owner[known], list(found)), owner[known], OTHER)
    numbers: dict[str, int] = {}
    names = [name for dex in dexes for name in dex.class_names]
    packages = np.array([numbers.setdefault(name.rpartition(".")[0], len(numbers)) for name in names], np.int64)
    wide = spread(seeds, class_uses(dexes, seeds == UNKNOWN), packages, index.most_classes)
    wide[known] = UNKNOWN
    return wide


def _versions(
    looked: Looked, index: MarkIndex, owner: npt.NDArray[np.int64], members: Collection[int]
) -> list[tuple[str, VersionSet]]:
    found = []
    for member in sorted(members):
        versions = releases_allowed(looked, index, member, owner == member)
        if versions is not None:
            found.append((index.members[member].sdk, versions))
    return found


def _columns(
    dexes: Sequence[Dex], index: MarkIndex, owner: npt.NDArray[np.int64]
) -> tuple[tuple[str | None, ...], ...]:
    names = [member.sdk for member in index.members]
    every = [names[number] if number >= 0 else None for number in owner.tolist()]
    columns, first = [], 0
    for dex in dexes:
        columns.append(tuple(every[first : first + len(dex.classes)]))
        first += len(dex.classes)
    return tuple(columns)
