"""Which SDKs the classes of an app show by their marks.

A class speaks for an SDK when several of its marks are the SDK's *and* most of what it holds of strings that are not common
is the SDK's: so a list of an SDK's strings inside a class of something else does not count, and neither do single strings
that two programmers chose alike. An SDK is inside when enough classes speak for it. SDKs are taken greedily, the best
explained first, and each takes its classes away from the others: code that several SDKs have belongs to one of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.marks.hashing import MarkKind, kinds, sample_key

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.marks.index import MarkIndex
    from sdkfp.marks.observe import Observed

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

__all__ = ["DEFAULT", "NOBODY", "Looked", "MarkFound", "MarkMatch", "Thresholds", "look_up", "match_marks"]

NOBODY = -1
_WEIGHTS = np.array([0.5, 1.0, 0.4, 0.2])
"""By :class:`MarkKind`."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What it takes. Chosen on the development half of ``benchmarks/obfuscation`` and frozen before the other was looked at."""

    class_strings: int = 2
    """Strings of the SDK in a class that speaks for it; one is enough with a reference beside it."""
    class_share: float = 0.5
    """Of the class's strings that are not common, those that are the SDK's."""
    class_most: float = 4.0
    """The weight of one class counts up to here: one class never makes an SDK."""
    classes: int = 3
    marks: int = 8
    references: int = 1
    """References to the framework among those marks, or twice the classes."""
    weight: float = 8.0
    tiny: int = 15
    """SDKs with fewer marks abstain."""


DEFAULT = Thresholds()


@dataclass(frozen=True, slots=True)
class MarkFound:
    """One SDK that the marks show."""

    member: int
    """Position in :attr:`MarkIndex.members`."""
    sdk: str
    found: int
    """Marks of it in the classes that speak for it."""
    of: int
    """Marks that the best of its releases has in the index."""
    references: int
    """References to the framework among ``found``."""
    classes: int
    """Classes that speak for it."""

    @property
    def score(self) -> float:
        """The share of the release's marks that was found."""
        return self.found / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Looked:
    """The marks of an app that the index knows: one row for each (class, SDK, mark)."""

    classes: int
    """How many classes the app has."""
    row: Ints
    """Class."""
    member: Ints
    posting: Ints
    """Row of the index's postings."""
    place: Ints
    """Row of the index's marks."""
    weight: Floats
    rare_row: Ints
    """Classes of strings that are not common, one row for each string; ..."""
    rare_key: npt.NDArray[np.uint64]
    """... and their sample keys."""


@dataclass(frozen=True, slots=True)
class MarkMatch:
    """The answer of :func:`match_marks`."""

    found: tuple[MarkFound, ...]
    """By SDK id."""
    owner: Ints
    """For every class of the app the member that it was given to by its own marks, or :data:`NOBODY`."""


def look_up(observed: Observed, index: MarkIndex) -> Looked:
    """Find the marks of an app in the index."""
    distinct, which = np.unique(observed.mark, return_inverse=True)
    place = index.find(distinct)
    begin, end = index.start[place].astype(np.int64), index.start[place + 1].astype(np.int64)
    count = np.where(place >= 0, end - begin, 0)
    rare = (place < 0) | (count > 0)
    kind = kinds(distinct)
    total = max(2, len(index.members))
    weight = _WEIGHTS[kind] * (1 - np.log(np.maximum(count, 1)) / np.log(total))

    text = rare[which] & (kind[which] <= MarkKind.STRING)
    known = np.flatnonzero(count[which])
    of = which[known]
    copies = count[of]
    first = np.repeat(np.cumsum(copies) - copies, copies)
    posting = np.repeat(begin[of], copies) + np.arange(int(copies.sum())) - first
    of = np.repeat(of, copies)
    return Looked(
        observed.classes,
        np.repeat(observed.row[known], copies),
        index.sdk[posting].astype(np.int64),
        posting,
        place[of],
        weight[of],
        observed.row[text],
        sample_key(observed.mark[text]),
    )


@dataclass(frozen=True, slots=True)
class _Speakers:
    """(class, SDK) pairs where the class speaks for the SDK."""

    row: Ints
    member: Ints
    weight: Floats


def match_marks(
    looked: Looked,
    index: MarkIndex,
    owned: npt.NDArray[np.bool_] | None = None,
    inside: Collection[int] = (),
    limits: Thresholds = DEFAULT,
) -> MarkMatch:
    """Say which SDKs the marks of an app show.

    Args:
        looked: the marks of the app's classes.
        index: what they were looked up in.
        owned: classes that are known to be somebody's by their names: they are not asked.
        inside: members that are known to be inside: one class is enough to be given to them.
        limits: what it takes.
    """
    free = np.ones(looked.classes, np.bool_) if owned is None else ~owned
    speakers = _speakers(looked, index, looked.classes, free, limits)
    owner = np.full(looked.classes, NOBODY)
    found = []
    sizes = np.array([member.marks for member in index.members], np.int64)
    known = np.isin(np.arange(len(sizes)), list(inside))
    out = (sizes < limits.tiny) & ~known
    while len(speakers.row):
        total = np.bincount(speakers.member, speakers.weight, len(sizes))
        classes = np.bincount(speakers.member, minlength=len(sizes))
        total[out | (~known & ((classes < limits.classes) | (total < limits.weight)))] = 0
        best = int(np.argmax(total / np.sqrt(np.maximum(sizes, 1))))
        if total[best] <= 0:
            break
        out[best] = True
        rows = speakers.row[speakers.member == best]
        member = _measure(looked, index, best, rows, looked.classes)
        enough = member.references >= limits.references or member.classes >= 2 * limits.classes
        if not known[best] and (member.found < limits.marks or not enough):
            continue
        found.append(member)
        owner[rows] = best
        left = owner[speakers.row] == NOBODY
        speakers = _Speakers(speakers.row[left], speakers.member[left], speakers.weight[left])
    return MarkMatch(tuple(sorted(found, key=lambda member: member.sdk)), owner)


def _speakers(
    looked: Looked, index: MarkIndex, classes: int, free: npt.NDArray[np.bool_], limits: Thresholds
) -> _Speakers:
    asked = free[looked.row]
    row, member, weight = looked.row[asked], looked.member[asked], looked.weight[asked]
    mark = index.mark[looked.place[asked]]
    text = kinds(mark) <= MarkKind.STRING
    within = text & (sample_key(mark) < index.sampled_below[member])
    keys, pair = np.unique(row * len(index.members) + member, return_inverse=True)
    strings = np.bincount(pair, text, len(keys))
    sampled = np.bincount(pair, within, len(keys))
    others = np.bincount(pair, ~text, len(keys))
    total = np.bincount(pair, weight, len(keys))
    row, member = keys // max(1, len(index.members)), keys % max(1, len(index.members))
    good = (strings >= limits.class_strings) | ((strings >= 1) & (others >= 1))
    row, member, sampled, total = row[good], member[good], sampled[good], total[good]
    every = np.zeros(len(row))
    for limit in np.unique(index.sampled_below[member]).tolist():  # few: most SDKs are not sampled
        mine = index.sampled_below[member] == limit
        counted = np.bincount(looked.rare_row[looked.rare_key < np.uint64(limit)], minlength=classes)
        every[mine] = counted[row[mine]]
    good = sampled >= limits.class_share * every
    return _Speakers(row[good], member[good], np.minimum(total[good], limits.class_most))


def _measure(looked: Looked, index: MarkIndex, member: int, rows: Ints, classes: int) -> MarkFound:
    inside = np.zeros(classes, np.bool_)
    inside[rows] = True
    mine = (looked.member == member) & inside[looked.row]
    posting = np.unique(looked.posting[mine])
    mark = np.unique(index.mark[looked.place[mine]])
    about = index.members[member]
    _, releases = index.marks_of(member)
    bits = np.arange(len(about.releases), dtype=np.uint64)
    have = [int(np.count_nonzero(index.releases[posting] >> bit & np.uint64(1))) for bit in bits]
    of = [int(np.count_nonzero(releases >> bit & np.uint64(1))) for bit in bits]
    best = max(range(len(bits)), key=lambda n: (have[n], -of[n]))
    references = int(np.count_nonzero(kinds(mark) == MarkKind.REFERENCE))
    return MarkFound(member, about.sdk, have[best], of[best], references, len(rows))
