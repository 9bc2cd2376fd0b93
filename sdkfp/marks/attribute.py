"""Give classes without marks of their own to the SDK that they belong to: by who uses them, and by their package.

A class that is used (called, extended, made, its fields read) by the classes of one SDK, and by hardly anything else, is that
SDK's. Users of whom nothing is known count against it: in an app with much code that the index does not have, one known user among
many would draw all of that code to its SDK. An app's classes use an SDK, but an SDK does not use the app's: so users count, and
what a class uses does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex import Dex

    Ints = npt.NDArray[np.int64]

__all__ = ["OTHER", "Uses", "class_uses", "spread"]

UNKNOWN = -1
OTHER = -2
"""Owner of a class that is known to be nobody's of the index: the app's own code."""
ROUNDS = 6
USERS_SHARE = 0.9
"""Of a class's users, those of one SDK, from which on it is that SDK's."""
PACKAGE_SHARE = 0.9
PACKAGE_LEAST = 3
PACKAGE_KNOWN = 0.3


@dataclass(frozen=True, slots=True)
class Uses:
    """(class, class that it uses) pairs, each once, no class with itself."""

    user: Ints
    used: Ints


def class_uses(dexes: Sequence[Dex], asked: npt.NDArray[np.bool_]) -> Uses:
    """Which class of the app uses which: calls, field accesses, instances and casts, superclass and interfaces.

    Args:
        dexes: of the app.
        asked: for every class of all of them, whether its users are wanted.
    """
    rows: dict[bytes, int] = {}
    first = 0
    for dex in dexes:
        types = dex.type_descriptors
        for row, index in enumerate(dex.classes.type_idx.tolist(), first):
            if index < len(types):
                rows.setdefault(types[index], row if asked[row] else -1)
        first += len(dex.classes)
    pairs, first = [np.zeros(0, np.int64)], 0
    for dex in dexes:
        place = np.array([*(rows.get(name, -1) for name in dex.type_descriptors), -1], np.int64)
        for user, types_used in _type_uses(dex):
            used = place[np.minimum(types_used, len(place) - 1)]
            good = (used >= 0) & (used != user + first)
            pairs.append(np.unique((user[good] + first) << np.int64(32) | used[good]))
        first += len(dex.classes)
    keys = np.unique(np.concatenate(pairs))
    return Uses(keys >> np.int64(32), keys & np.int64(0xFFFFFFFF))


def _type_uses(dex: Dex) -> list[tuple[Ints, Ints]]:
    owner = dex.code.owner
    calls, fields, types = dex.calls(), dex.field_accesses(), dex.type_uses()
    return [
        (owner[calls.row], dex.methods.class_idx[calls.index].astype(np.int64)),
        (owner[fields.row], dex.fields.class_idx[fields.index].astype(np.int64)),
        (owner[types.row], types.index.astype(np.int64)),
        (dex.superclasses.class_row, dex.superclasses.type_idx),
        (dex.interfaces.class_row, dex.interfaces.type_idx),
    ]


def spread(owner: Ints, uses: Uses, packages: Ints, most: Ints) -> Ints:
    """Owners of more classes.

    Args:
        owner: for every class its member of the index, :data:`UNKNOWN` or :data:`OTHER`.
        uses: which class uses which.
        packages: for every class a number that stands for its package.
        most: for every member of the index, how many classes it can have. One that would get more shows that a class was
            wrongly taken for its own, with all that it uses: then it keeps only what it had.
    """
    spreading = np.ones(len(most), np.bool_)
    while True:
        found = _rounds(owner, uses, packages, spreading)
        over = spreading & (np.bincount(found[found >= 0], minlength=len(most)) > most)
        if not over.any():
            return found
        spreading &= ~over


def _rounds(owner: Ints, uses: Uses, packages: Ints, spreading: npt.NDArray[np.bool_]) -> Ints:
    owner = owner.copy()
    for _ in range(ROUNDS):
        before = int(np.count_nonzero(owner == UNKNOWN))
        _by_package(owner, packages, spreading)
        _by_users(owner, uses, spreading)
        if int(np.count_nonzero(owner == UNKNOWN)) == before:
            break
    return owner


def _by_users(owner: Ints, uses: Uses, spreading: npt.NDArray[np.bool_]) -> None:
    members = len(spreading)
    of_open = owner[uses.used] == UNKNOWN
    users = np.bincount(uses.used[of_open], minlength=len(owner))
    by = of_open & (owner[uses.user] >= 0)
    keys, count = np.unique(uses.used[by] * members + owner[uses.user[by]], return_counts=True)
    row, member = keys // max(1, members), keys % max(1, members)
    good = (count >= USERS_SHARE * users[row]) & spreading[member]
    owner[row[good]] = member[good]


def _by_package(owner: Ints, packages: Ints, spreading: npt.NDArray[np.bool_]) -> None:
    members = len(spreading)
    known = owner >= 0
    total = np.bincount(packages)
    decided = np.bincount(packages[owner != UNKNOWN], minlength=len(total))
    keys, count = np.unique(packages[known] * members + owner[known], return_counts=True)
    package, member = keys // max(1, members), keys % max(1, members)
    good = spreading[member] & (count >= PACKAGE_LEAST) & (count >= PACKAGE_SHARE * decided[package])
    good &= count >= PACKAGE_KNOWN * total[package]
    given = np.full(len(total), UNKNOWN)
    given[package[good]] = member[good]
    rest = owner == UNKNOWN
    owner[rest] = given[packages[rest]]
