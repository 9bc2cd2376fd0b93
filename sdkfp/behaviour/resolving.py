"""Where the surfaces of the vocabulary stand in the tables of dex files.

What the vocabulary names is looked up once for each file; from then on everything is numbers: method_idx, field_idx,
string_idx.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.surfaces import NOTHING, Members, Surfaces

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex import Dex

    Ints = npt.NDArray[np.int64]

__all__ = ["ReadLists", "Resolved", "methods_named", "resolve"]

_MOST_STRINGS = 4096
"""Strings of one file that are taken for one beginning."""
_NONE: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class ReadLists:
    """For every row of a table some reads: those of a row are ``reads[start[row]:start[row + 1]]``."""

    start: Ints
    reads: Ints

    @classmethod
    def of(cls, rows: Mapping[int, Sequence[int]], size: int) -> ReadLists:
        """From the reads of the rows that have some."""
        ordered = sorted(rows)
        counts = np.zeros(size, np.int64)
        counts[ordered] = [len(rows[row]) for row in ordered]
        start = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        return cls(start, np.array([read for row in ordered for read in rows[row]], np.int64))

    def expand(self, index: npt.NDArray[np.signedinteger]) -> tuple[Ints, Ints]:
        """For a column of rows: the places in it that have reads, once for each read, and these reads."""
        every = np.diff(self.start)
        places = np.flatnonzero((every > 0)[index])  # few
        counts = every[index[places]]
        before = np.cumsum(counts) - counts
        at = np.repeat(self.start[index[places]] - before, counts) + np.arange(int(counts.sum()))
        return np.repeat(places, counts), self.reads[at]


@dataclass(slots=True)
class Resolved:
    """The vocabulary in the numbers of one dex file."""

    methods: dict[int, Members] = field(default_factory=dict)
    """By method_idx."""
    fields: dict[int, Members] = field(default_factory=dict)
    """By field_idx."""
    strings: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Reads by string_idx."""


def resolve(dexes: Sequence[Dex], surfaces: Surfaces, report: Callable[[int, str], None]) -> list[Resolved]:
    """Look the vocabulary up in all dex files of an app.

    A member counts on the class that has it, on the framework's subclasses that the vocabulary names, and on classes of the
    app below those; but not where such a class defines the method itself.

    Args:
        dexes: the files; a class and its superclass may stand in different ones.
        surfaces: the vocabulary.
        report: takes the number of a file and what was not read in it.
    """
    hierarchies = [_Hierarchy.of(dex) for dex in dexes]
    inherits = _descendants(hierarchies, surfaces.bases)
    found = []
    own: set[str] = set()
    inherited: list[list[int]] = []
    for number, (dex, hierarchy) in enumerate(zip(dexes, hierarchies, strict=True)):
        resolved = Resolved(strings=_strings(dex, surfaces, number, report))
        for index, members in _members_of(dex.methods.class_idx, dex.methods.name_idx, dex, hierarchy, surfaces):
            resolved.methods[index] = members
        for index, members in _members_of(dex.fields.class_idx, dex.fields.name_idx, dex, hierarchy, surfaces):
            resolved.fields[index] = members
        candidates = list(_inherited(dex, hierarchy, surfaces, inherits))
        defined = np.isin(np.array([index for index, _ in candidates], np.int64), dex.encoded_methods.method_idx)
        for (index, members), is_defined in zip(candidates, defined.tolist(), strict=True):
            if is_defined:
                own.add(dex.method_reference(index))
                members = Members(overridden=members.overridden)  # noqa: PLW2901 - the rest is the superclass's
            resolved.methods[index] = members
        inherited.append(
            [index for (index, _), is_defined in zip(candidates, defined.tolist(), strict=True) if not is_defined]
        )
        found.append(resolved)
    if own:
        for dex, resolved, indices in zip(dexes, found, inherited, strict=True):
            for index in indices:
                if dex.method_reference(index) in own:  # defined in another file
                    del resolved.methods[index]
    return found


def methods_named(dex: Dex, references: Collection[str]) -> Iterator[tuple[int, str]]:
    """(method_idx, whole reference) of those of some methods that the file mentions."""
    parts = [reference.partition("->") for reference in references]
    owners = {owner.encode() for owner, _, _ in parts}
    names = {rest.partition("(")[0].encode() for _, _, rest in parts}
    types = [number for number, descriptor in enumerate(dex.type_descriptors) if descriptor in owners]
    rows = np.flatnonzero(np.isin(dex.methods.class_idx, types))
    for index, name in zip(rows.tolist(), dex.strings_at(dex.methods.name_idx[rows]), strict=True):
        if name in names and (reference := dex.method_reference(index)) in references:
            yield index, reference


# ---- classes


@dataclass(frozen=True, slots=True)
class _Hierarchy:
    """Who extends or implements whom in one dex file, sorted by the parent."""

    types: Sequence[bytes]
    numbers: Mapping[bytes, int]
    parents: Ints
    children: Ints

    @classmethod
    def of(cls, dex: Dex) -> _Hierarchy:
        types = dex.type_descriptors
        pairs = (dex.superclasses, dex.interfaces)
        rows = np.concatenate([each.class_row for each in pairs])
        parents = np.concatenate([each.type_idx for each in pairs])
        children = dex.classes.type_idx[rows].astype(np.int64)
        good = children < len(types)
        order = np.argsort(parents[good], kind="stable")
        numbers = {name: number for number, name in enumerate(types)}
        return cls(types, numbers, parents[good][order], children[good][order])

    def children_of(self, parent: bytes) -> list[bytes]:
        number = self.numbers.get(parent)
        if number is None:
            return []
        first, last = np.searchsorted(self.parents, (number, number + 1)).tolist()
        return [self.types[child] for child in self.children[first:last].tolist()]


def _descendants(files: Sequence[_Hierarchy], roots: Iterable[bytes]) -> dict[bytes, frozenset[bytes]]:
    """For every class of the app that is below some of the roots, which; the roots themselves are left out."""
    known: dict[bytes, frozenset[bytes]] = {root: frozenset((root,)) for root in roots}
    names = frozenset(known)
    waiting = deque(known)
    while waiting:
        parent = waiting.popleft()
        for file in files:
            for child in file.children_of(parent):
                found = known.get(child, _NONE) | known[parent]
                if len(found) > len(known.get(child, _NONE)):
                    known[child] = found
                    waiting.append(child)
    return {name: found for name, found in known.items() if name not in names}


# ---- members


def _members_of(
    class_idx: npt.NDArray[np.uint16],
    name_idx: npt.NDArray[np.uint32],
    dex: Dex,
    hierarchy: _Hierarchy,
    surfaces: Surfaces,
) -> Iterator[tuple[int, Members]]:
    """Members of the framework's own classes."""
    wanted = {hierarchy.numbers[owner]: bases for owner, bases in surfaces.bases.items() if owner in hierarchy.numbers}
    rows = _rows_of(class_idx, wanted, len(hierarchy.types))
    for row, owner, name in zip(rows.tolist(), class_idx[rows].tolist(), dex.strings_at(name_idx[rows]), strict=True):
        members = _named(wanted[owner], name, surfaces)
        if members is not NOTHING:
            yield row, members


def _inherited(
    dex: Dex, hierarchy: _Hierarchy, surfaces: Surfaces, inherits: Mapping[bytes, frozenset[bytes]]
) -> Iterator[tuple[int, Members]]:
    """Methods of the app's classes that have the names of the framework's."""
    wanted: dict[int, tuple[bytes, ...]] = {}
    for owner, roots in inherits.items():
        number = hierarchy.numbers.get(owner)
        if number is not None:
            wanted[number] = tuple(dict.fromkeys(base for root in sorted(roots) for base in surfaces.bases[root]))
    methods = dex.methods
    rows = _rows_of(methods.class_idx, wanted, len(hierarchy.types))
    names = {
        name
        for base in {base for bases in wanted.values() for base in bases}
        for name in surfaces.classes.get(base, ())
    }
    known: dict[int, bytes] = {}
    numbers = {index: name for name in names for index in _equal(dex, name, known)}
    rows = rows[np.isin(methods.name_idx[rows], list(numbers))]
    for row, owner_idx, name_idx in zip(
        rows.tolist(), methods.class_idx[rows].tolist(), methods.name_idx[rows].tolist(), strict=True
    ):
        members = _named(wanted[owner_idx], numbers[name_idx], surfaces)
        if members is not NOTHING and numbers[name_idx] != b"<init>":
            yield row, members


def _rows_of(class_idx: npt.NDArray[np.uint16], wanted: Mapping[int, object], types: int) -> Ints:
    table = np.zeros(max(types, 0x10000), np.bool_)
    table[list(wanted)] = True
    return np.flatnonzero(table[class_idx])


def _named(bases: Iterable[bytes], name: bytes, surfaces: Surfaces) -> Members:
    members = NOTHING
    for base in bases:
        found = surfaces.classes.get(base, {}).get(name)
        if found is not None:
            members = found if members is NOTHING else members.joined(found)
    return members


# ---- strings: a proper file has them sorted by their UTF-16 code units, and Android refuses any other


def _strings(
    dex: Dex, surfaces: Surfaces, number: int, report: Callable[[int, str], None]
) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    known: dict[int, bytes] = {}
    for text, reads in surfaces.constants.items():
        for index in _equal(dex, text, known):
            found[index] = (*found.get(index, ()), *reads)
    for beginning, reads in surfaces.beginnings.items():
        first = _place(dex, beginning, known)
        for index in range(first, dex.string_count):
            text = dex.string(index)
            if not text.startswith(beginning):
                break
            if index - first >= _MOST_STRINGS:
                report(
                    number,
                    f"Only the first {_MOST_STRINGS} strings that begin with {beginning.decode()} are looked at.",
                )
                break
            if surfaces.meets(text, beginning):
                found[index] = (*found.get(index, ()), *reads)
    return found


def _equal(dex: Dex, text: bytes, known: dict[int, bytes]) -> Iterator[int]:
    index = _place(dex, text, known)
    if index < dex.string_count and dex.string(index) == text:
        yield index


def _place(dex: Dex, text: bytes, known: dict[int, bytes]) -> int:
    """Where a text stands or would stand; the strings looked at are kept, as searches for other texts begin with the same."""

    def in_order(index: int) -> bytes:
        found = known.get(index)
        if found is None:
            found = known[index] = dex.string(index).replace(b"\xc0\x80", b"\0")
        return found

    return bisect_left(range(dex.string_count), text, key=in_order)
