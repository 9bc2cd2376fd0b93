"""Which releases of an SDK its marks in an app allow.

A mark that a release does not have speaks against that release, strongly; a mark that it has and the app lacks speaks against it
weakly, for a shrinker may have taken it out. The answer is the set of releases that the marks cannot tell apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.marks.hashing import MarkKind, kinds, sample_key

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.marks.index import MarkIndex
    from sdkfp.marks.match import Looked

__all__ = ["VersionSet", "releases_allowed"]

AGAINST = 3.0
"""What one mark that a release lacks counts against it (the logarithm of how unlikely it is)."""
ABSENT = 0.35
"""What a mark that the app lacks counts, as a part of what it would if marks vanished one by one and not class by class."""
MARGIN = 4.0
"""Releases this close to the best are not told apart."""
STRANGE = 0.05
"""Share of the strings in the SDK's classes that no known release has, from which on the release is none of the known ones."""
CONTRADICTED = 0.6
"""Share of the telling marks that even the best release lacks, from which on it is none of the known ones (and at least 3)."""
FEWEST = 5
"""Marks that it takes to say anything."""
ENOUGH_KNOWN = 3
"""Releases that have to be known before some of them are said to be the app's: of one or two, one always fits best."""


@dataclass(frozen=True, slots=True)
class VersionSet:
    """The releases that the marks allow."""

    releases: tuple[str, ...]
    """The oldest first; never empty."""
    near: bool
    """The code has strings that no known release has: the release may be another, near these."""
    against: int
    """Marks in the app that the best of the releases lacks."""
    telling: int
    """Marks in the app that not all releases known have."""
    known: int
    """Releases that these were chosen from."""
    unnamed: bool
    """Among those allowed is one that was learned without its version."""

    @property
    def tells(self) -> bool:
        """Whether the marks tell the release at all: several are known, some do not fit, and the code is not of another one."""
        return self.known >= ENOUGH_KNOWN and len(self.releases) < self.known and not (self.near or self.unnamed)


def releases_allowed(looked: Looked, index: MarkIndex, member: int, inside: npt.NDArray[np.bool_]) -> VersionSet | None:
    """The releases of one SDK that its classes allow; ``None`` where there are too few marks to say anything.

    Args:
        looked: the marks of the app.
        index: of all marks.
        member: the SDK.
        inside: for every class of the app, whether it is the SDK's.
    """
    about = index.members[member]
    mine = looked.of(member)
    present = np.unique(looked.posting[mine][inside[looked.row[mine]]])
    postings = index.postings(member)
    bits = index.releases[postings]
    seen = np.isin(postings, present, assume_unique=True)
    if int(seen.sum()) < FEWEST:
        return None
    has = np.array([(bits >> np.uint64(number)) & np.uint64(1) for number in range(len(about.releases))], np.bool_)
    modules = np.array([release.module for release in about.releases])
    support = [int((has[modules == module].any(axis=0) & seen).sum()) for module in range(int(modules.max()) + 1)]
    chosen = np.flatnonzero(modules == int(np.argmax(support)))
    has = has[chosen]
    any_has, all_have = has.any(axis=0), has.all(axis=0)
    present_in = (has & seen).sum(axis=1)
    against = (~has & (seen & any_has)).sum(axis=1)
    missing = (has & ~seen & ~all_have).sum(axis=1)
    kept = min(0.97, float((present_in / np.maximum(1, has.sum(axis=1))).max()))
    score = -AGAINST * against + ABSENT * missing * math.log1p(-kept)
    best = int(np.argmax(score))
    known = {about.releases[row].version for row in chosen.tolist()} - {""}
    allowed = [about.releases[row].version for row in chosen[score >= score[best] - MARGIN].tolist()]
    names = tuple(dict.fromkeys(version for version in allowed if version))
    telling, lacking = int((seen & any_has & ~all_have).sum()), int(against[best])
    near = _strange(looked, index, member, inside) >= STRANGE or lacking >= max(3, CONTRADICTED * telling)
    return VersionSet(names, near, lacking, telling, len(known), "" in allowed)


def _strange(looked: Looked, index: MarkIndex, member: int, inside: npt.NDArray[np.bool_]) -> float:
    """The share of the strings in the SDK's classes that it has in no release."""
    limit = index.sampled_below[member]
    total = int(np.count_nonzero(inside[looked.rare_row] & (looked.rare_key < limit)))
    mine = looked.of(member)
    mark = index.mark[looked.place[mine][inside[looked.row[mine]]]]
    known = int(np.count_nonzero((kinds(mark) <= MarkKind.STRING) & (sample_key(mark) < limit)))
    return 1 - known / total if total else 0.0
