"""Which SDKs the classes of an app show by their marks.

A class speaks for an SDK when several of its marks are the SDK's *and* most of what it holds of strings that are not common
is the SDK's: so a list of an SDK's strings inside a class of something else does not count, and neither do single strings
that two programmers chose alike. An SDK is inside when enough classes speak for it. SDKs are taken greedily, the best
explained first, and each takes its classes away from the others: code that several SDKs have belongs to one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
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
    """Strings of the SDK in a class that speaks for it; one is enough with a reference beside it, or where it is the only string
    of the class, long, and no other SDK has it."""
    class_share: float = 0.5
    """Of the class's strings that are not common, those that are the SDK's."""
    class_most: float = 4.0
    """The weight of one class counts up to here: one class never makes an SDK."""
    class_whole: float = 25.0
    """The weight of one class counts up to here where SDKs are compared."""
    classes: int = 3
    marks: int = 8
    references: int = 1
    """References to the framework among those marks, or one class more; ..."""
    marks_a_reference: float = 60
    """... and one more of them for so many marks, ..."""
    marks_a_class: float = 15
    """... or one class more for so many: long lists of strings are in few classes, with few calls beside them."""
    weight: float = 8.0
    few_classes: int = 2
    """As few classes are enough for so large a share of the marks, with so many references."""
    few_share: float = 0.4
    few_references: int = 3
    share: float = 0.09
    """Of the marks of a release, those found; ..."""
    alone: float = 0.5
    """... or, where a shrinker left fewer, the share of marks found that no other SDK has, against the same share of all marks of
    the SDK: a little of an SDK that shares code with this one, and is not in the catalog, shows only what they share."""
    little: float = 0.03
    """Less than this share of the marks is no SDK: it is a little code that both took from a third."""
    compared: int = 5
    """So many SDKs that the most classes speak for are compared by their share of marks found, ..."""
    close: float = 0.4
    """... those that this share of the classes speaks for that speak for the first."""
    sure_share: float = 0.1
    """Of the marks of a release, those found: with fewer, marks alone are only a suspicion."""
    shared: float = 0.5
    """Of the marks found, those that another SDK inside has: with more, marks alone are only a suspicion."""
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
    weight: float
    """What those classes weigh together."""
    alone: float
    """The share of the marks found that no other SDK of the index has, ..."""
    expected_alone: float
    """... and the share of such marks among all that it has."""
    shared: float = 0.0
    """The share of the marks found that another SDK inside has, too."""

    @property
    def score(self) -> float:
        """The share of the release's marks that was found."""
        return self.found / self.of if self.of else 0.0

    @property
    def weak(self) -> bool:
        """Whether this may be something else that has a part of the SDK: a list of its strings without a call of its code, a little
        that it took from a third or shares with it, or what mostly is of another SDK that is inside, too."""
        return not self.references or self.score < DEFAULT.sure_share or self.shared > DEFAULT.shared


@dataclass(frozen=True, slots=True)
class Looked:
    """The marks of an app that the index knows: one row for each (class, SDK, mark), those of one SDK together."""

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

    def of(self, member: int) -> slice:
        """The rows of one SDK."""
        first, last = np.searchsorted(self.member, (member, member + 1))
        return slice(int(first), int(last))


@dataclass(frozen=True, slots=True)
class MarkMatch:
    """The answer of :func:`match_marks`."""

    found: tuple[MarkFound, ...]
    """By SDK id."""
    owner: Ints
    """For every class of the app the member that it was given to by its own marks, or :data:`NOBODY`: also where two fit alike."""
    several: Ints
    """The classes that more than one mark gave away."""


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
    posting, copies = index.postings_at(place[of])
    of = np.repeat(of, copies)
    member = index.sdk[posting].astype(np.int64)
    order = np.argsort(member, kind="stable")
    return Looked(
        observed.classes,
        np.repeat(observed.row[known], copies)[order],
        member[order],
        posting[order],
        place[of][order],
        weight[of][order],
        observed.row[text],
        sample_key(observed.mark[text]),
    )


@dataclass(frozen=True, slots=True)
class _Speakers:
    """(class, SDK) pairs where the class speaks for the SDK."""

    row: Ints
    member: Ints
    weight: Floats
    several: npt.NDArray[np.bool_]
    """More than one mark says so."""

    def of(self, chosen: npt.NDArray[np.bool_]) -> _Speakers:
        """Some of the rows."""
        return _Speakers(self.row[chosen], self.member[chosen], self.weight[chosen], self.several[chosen])


def match_marks(
    looked: Looked,
    index: MarkIndex,
    owned: npt.NDArray[np.bool_] | None = None,
    inside: Collection[int] = (),
    absent: Collection[int] = (),
    limits: Thresholds = DEFAULT,
) -> MarkMatch:
    """Say which SDKs the marks of an app show.

    Args:
        looked: the marks of the app's classes.
        index: what they were looked up in.
        owned: classes that are known to be somebody's by their names: they are not asked.
        inside: members that are known to be inside: one class is enough to be given to them.
        absent: members that are known not to be inside.
        limits: what it takes.
    """
    free = np.ones(looked.classes, np.bool_) if owned is None else ~owned
    every = _speakers(looked, index, looked.classes, free, limits)
    every = every.of(~np.isin(every.member, list(absent)))
    known = np.isin(np.arange(len(index.members)), list(inside))
    found = _greedy(looked, index, every, known, limits)
    while True:
        owner = _best_of(every, [member.member for member in found], looked.classes)
        measured = [_measure(looked, index, member.member, owner, every) for member in found]
        kept = [member for member in measured if known[member.member] or _enough(member, limits)]
        if len(kept) == len(found):
            break
        found = kept
    owner = np.where(_tied(every, [member.member for member in kept], looked.classes), NOBODY, owner)
    several = every.row[every.several & (owner[every.row] == every.member)]
    known[[member.member for member in kept]] = True
    found = [replace(m, shared=_shared(looked, index, m.member, owner, known)) for m in kept if m.classes]
    return MarkMatch(tuple(sorted(found, key=lambda m: m.sdk)), owner, np.unique(several))


def _shared(looked: Looked, index: MarkIndex, member: int, owner: Ints, inside: npt.NDArray[np.bool_]) -> float:
    """The share of an SDK's marks, in the classes that it owns, that others of those inside have, too."""
    mine = looked.of(member)
    place = np.unique(looked.place[mine][owner[looked.row[mine]] == member])
    if not len(place):
        return 0.0
    posting, copies = index.postings_at(place)
    others = inside[index.sdk[posting]] & (index.sdk[posting] != member)
    return float(np.logical_or.reduceat(others, np.cumsum(copies) - copies).mean())


def _greedy(
    looked: Looked, index: MarkIndex, speakers: _Speakers, known: npt.NDArray[np.bool_], limits: Thresholds
) -> list[MarkFound]:
    """The SDKs that the classes speak for: the best explained first, and each takes its classes away from the others."""
    sizes = np.array([member.marks for member in index.members], np.int64)
    out = (sizes < limits.tiny) & ~known
    owner = np.full(looked.classes, NOBODY)
    found = []
    figures: dict[tuple[int, int], MarkFound] = {}  # an SDK that no class was taken from has those that it had
    while len(speakers.row):
        total = np.bincount(speakers.member, np.minimum(speakers.weight, limits.class_most), len(sizes))
        classes = np.bincount(speakers.member, minlength=len(sizes))
        asked = ~out & (known | ((classes >= limits.few_classes) & (total >= limits.weight * 0.5)))
        # Compared by more of each class than makes an SDK: the true one has all of a class's strings, a relative some of them.
        whole = np.bincount(speakers.member, np.minimum(speakers.weight, limits.class_whole), len(sizes)) * asked
        if not whole.any():
            break
        best = [int(member) for member in np.argsort(-whole, kind="stable")[: limits.compared]]
        best = [member for member in best if whole[member] > limits.close * whole[best[0]]]
        measured = []
        for number in best:
            key = number, int(classes[number])
            if key not in figures:
                figures[key] = _measure(looked, index, number, _given(owner, speakers, number), speakers)
            measured.append(figures[key])
        member = max(measured, key=lambda m: whole[m.member] * m.score**0.5)
        out[member.member] = True
        if not known[member.member] and not _enough(member, limits):
            continue
        owner = _given(owner, speakers, member.member)
        found.append(member)
        speakers = speakers.of(owner[speakers.row] == NOBODY)
    return found


def _given(owner: Ints, speakers: _Speakers, member: int) -> Ints:
    """Owners, with the classes that speak for one member given to it."""
    owner = owner.copy()
    owner[speakers.row[speakers.member == member]] = member
    return owner


def _enough(member: MarkFound, limits: Thresholds) -> bool:
    apart = member.score >= limits.share or member.alone >= limits.alone * member.expected_alone
    if not apart or member.found < limits.marks or member.score < limits.little:
        return False
    if member.classes < limits.classes:
        return (
            member.classes >= limits.few_classes
            and member.score >= limits.few_share
            and member.references >= limits.few_references
        )
    spread = member.references >= max(limits.references, member.found / limits.marks_a_reference)
    spread = spread or member.classes > max(limits.classes, member.found / limits.marks_a_class)
    return member.weight >= limits.weight and spread


def _best_of(speakers: _Speakers, members: Sequence[int], classes: int) -> Ints:
    """For every class the member among some that it speaks for most; of two alike, the one that more classes speak for."""
    owner = np.full(classes, NOBODY)
    if not members:
        return owner
    chosen = np.isin(speakers.member, members)
    row, member, weight = speakers.row[chosen], speakers.member[chosen], speakers.weight[chosen]
    support = np.bincount(member)
    order = np.lexsort((support[member], np.round(weight, 6), row))
    owner[row[order]] = member[order]  # of several values for one row, numpy keeps the last
    return owner


def _tied(speakers: _Speakers, members: Sequence[int], classes: int) -> npt.NDArray[np.bool_]:
    """The classes that speak for several of some members alike: siblings of one maker that say the same."""
    chosen = np.isin(speakers.member, members)
    row, weight = speakers.row[chosen], np.round(speakers.weight[chosen], 6)
    most = np.zeros(classes)
    np.maximum.at(most, row, weight)
    return np.bincount(row[weight >= most[row]], minlength=classes) > 1


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
    sure = np.bincount(pair, (kinds(mark) == MarkKind.STRING) & index.alone(looked.place[asked]), len(keys))
    total: Floats = np.bincount(pair, weight, len(keys)).astype(np.float64)
    row, member = keys // max(1, len(index.members)), keys % max(1, len(index.members))
    several = (strings >= limits.class_strings) | ((strings >= 1) & (others >= 1))
    good = several | (sure >= 1)
    row, member, sampled, total, several = row[good], member[good], sampled[good], total[good], several[good]
    every = np.zeros(len(row))
    for limit in np.unique(index.sampled_below[member]).tolist():  # few: most SDKs are not sampled
        mine = index.sampled_below[member] == limit
        counted = np.bincount(looked.rare_row[looked.rare_key < np.uint64(limit)], minlength=classes)
        every[mine] = counted[row[mine]]
    good = sampled >= np.where(several, limits.class_share, 1) * every
    return _Speakers(row, member, total, several).of(good)


def _measure(looked: Looked, index: MarkIndex, member: int, owner: Ints, speakers: _Speakers) -> MarkFound:
    """The figures of one SDK, given the classes that it owns."""
    mine = looked.of(member)
    inside = owner[looked.row[mine]] == member
    posting = np.unique(looked.posting[mine][inside])
    place = np.searchsorted(index.start, posting, "right") - 1
    about = index.members[member]
    bits = np.arange(len(about.releases), dtype=np.uint64)
    have = [int(np.count_nonzero(index.releases[posting] >> bit & np.uint64(1))) for bit in bits]
    of = about.sizes
    best = max(range(len(bits)), key=lambda n: (have[n], -of[n]))
    spoken = (speakers.member == member) & (owner[speakers.row] == member)
    return MarkFound(
        member,
        about.sdk,
        have[best],
        of[best],
        int(np.count_nonzero(kinds(index.mark[place]) == MarkKind.REFERENCE)),
        int(np.count_nonzero(spoken)),
        float(np.minimum(speakers.weight[spoken], DEFAULT.class_most).sum()),
        float(index.alone(place).mean()) if len(place) else 0.0,
        about.alone,
    )
