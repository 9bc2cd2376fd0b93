"""Reads that a constant decides: settings keys, URIs, properties, paths, commands, and members named by reflection.

A method is looked at when it holds a constant of the vocabulary, or calls something that takes one. What it calls and where
the arguments come from (:mod:`sdkfp.behaviour.flow`) gives the grade.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sdkfp.behaviour.flow import MethodCode, MethodIndex, Value
from sdkfp.behaviour.records import Grade
from sdkfp.dex import decode_mutf8, java_name
from sdkfp.surfaces import NOTHING, Members, Surfaces
from sdkfp.vocabulary import CONSTANT_KINDS, Read, ReadKind

if TYPE_CHECKING:
    from sdkfp.behaviour.resolving import Resolved
    from sdkfp.dex import Dex, References

__all__ = ["ConstantReads", "Helper", "Hit"]

LONGEST_METHOD = 200_000
"""Code units; the Java language allows fewer than 65,536 bytes of code for a method."""
MOST_FIELDS = 10_000
"""Stores into static fields that are followed in one file."""
_STATIC_GETS = range(0x60, 0x67)
_SPUT_OBJECT = 0x69
_HELPED = frozenset((ReadKind.SETTING, ReadKind.URI, ReadKind.PROPERTY, ReadKind.COMMAND))
"""Kinds whose carriers are followed into a method of the app; a path is opened in too many ways for that."""
_PARAMETER = re.compile(r"\[*(?:L[^;]+;|[ZBSCIJFD])")
_TEXT = frozenset(("Ljava/lang/String;", "[Ljava/lang/String;", "Ljava/lang/CharSequence;", "Ljava/lang/Object;"))
_HOLDERS = _TEXT | {"Landroid/net/Uri;", "Landroid/content/Intent;"}
"""Types of parameters that can hold a text of the vocabulary."""
_NUMBERS = frozenset("IJSB")


class Hit(NamedTuple):
    """One read at one instruction."""

    read: int
    """Position in ``Reads.items``."""
    grade: Grade
    row: int
    """Row of ``dex.code``."""
    position: int
    """Of the instruction, in code units of the file."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A method of the app that hands a parameter on to a carrier."""

    kinds: frozenset[ReadKind]
    grade: Grade
    word: int | None
    """Registers before the parameter; ``None`` where any parameter may be the one."""


@dataclass(slots=True)
class _Row:
    """What is going on in one method. An instruction is named by its position in the file."""

    row: int
    constants: list[tuple[int, int]]
    """(position, read) of the constants."""
    hits: dict[tuple[int, int], Grade] = field(default_factory=dict)
    """Grade by (position, read)."""

    def hit(self, position: int, read: int, grade: Grade) -> None:
        known = self.hits.get((position, read))
        if known is None or _ORDER[grade] < _ORDER[known]:
            self.hits[position, read] = grade

    def reached(self) -> set[int]:
        """Reads that have a hit."""
        return {read for _, read in self.hits}


_ORDER = {grade: place for place, grade in enumerate(Grade)}


class ConstantReads:
    """The reads by constant of one dex file."""

    def __init__(self, dex: Dex, surfaces: Surfaces, resolved: Resolved, index: MethodIndex) -> None:
        self._dex, self._surfaces, self._resolved, self._index = dex, surfaces, resolved, index
        self._items: Sequence[Read] = surfaces.reads.items
        self._parameters: dict[int, list[tuple[int, str]]] = {}
        self.helpers: dict[str, Helper] = {}
        """Helpers that are defined here, by method reference; filled by :meth:`rows`."""
        self._rows: list[_Row] = []
        self._held: dict[int, tuple[int, ...]] = {}
        """Reads of the constants that static fields of the app hold, by field_idx."""

    def find(self) -> int:
        """Look at every method that may matter; how many were too long for that."""
        constants = self._constants()
        self._hold(constants)
        for row, position, index in _chosen(self._dex.field_accesses(), self._held, _STATIC_GETS):
            constants.setdefault(row, []).extend((position, read) for read in self._held[index])
        calls = self._calls(constants)
        rows = np.array(sorted({*constants, *calls}), np.int64)
        too_long = 0
        for row, size in zip(rows.tolist(), self._index.size(rows).tolist(), strict=True):
            found = _Row(row, constants.get(row, []))
            if row in calls and size > LONGEST_METHOD:
                too_long += 1
            elif row in calls:
                code = self._index.method(row)
                self._carried(found, code, calls[row])
                self._reflected(found, code, calls[row])
            if found.constants or found.hits:
                self._rows.append(found)
        return too_long

    def finish(self, helpers: Mapping[int, Helper]) -> Iterator[Hit]:
        """The hits.

        Args:
            helpers: of the whole app, by method_idx in this file.
        """
        calls = self._calls_of(helpers) if helpers else {}
        for found in self._rows:
            if found.constants and found.row in calls:
                self._helped(found, self._index.method(found.row), calls[found.row], helpers)
            reached = found.reached()
            for position, read in found.constants:
                if read not in reached and self._items[read].kind in CONSTANT_KINDS:
                    found.hit(position, read, Grade.STRING)
            for (position, read), grade in found.hits.items():
                yield Hit(read, grade, found.row, position)

    def _constants(self) -> dict[int, list[tuple[int, int]]]:
        """(position, read) of the constants of the vocabulary, by row."""
        uris = {index: members.uris for index, members in self._resolved.fields.items() if members.uris}
        found: dict[int, list[tuple[int, int]]] = {}
        for uses, reads, opcodes in (
            (self._dex.string_constants(), self._resolved.strings, ()),
            (self._dex.field_accesses(), uris, _STATIC_GETS),
        ):
            for row, position, index in _chosen(uses, reads, opcodes):
                found.setdefault(row, []).extend((position, read) for read in reads[index])
        return found

    def _hold(self, constants: Mapping[int, object]) -> None:
        """Find the static fields that methods with constants put these into."""
        uses = self._dex.field_accesses()
        places = np.flatnonzero((uses.opcode == _SPUT_OBJECT) & np.isin(uses.row, list(constants)))[:MOST_FIELDS]
        long = self._index.size(uses.row[places]) > LONGEST_METHOD
        stores: dict[int, list[int]] = {}
        for place in places[~long].tolist():
            stores.setdefault(int(uses.row[place]), []).append(place)
        for row, found in stores.items():
            code = self._index.method(row)
            for place in found:
                reads = self._reads_of(code.stored(int(uses.position[place])))
                if reads:
                    index = int(uses.index[place])
                    self._held[index] = tuple(dict.fromkeys((*self._held.get(index, ()), *reads)))

    def _calls(self, constants: Container[int]) -> dict[int, list[tuple[int, int]]]:
        """(position, method_idx) of the calls that an argument decides, by row; of carriers only where that can matter."""
        methods = {i: m for i, m in self._resolved.methods.items() if m.carries or m.by_argument or m.lookup}
        anywhere = {index for index, members in methods.items() if _is_decided_anywhere(members)}
        found: dict[int, list[tuple[int, int]]] = {}
        for row, position, index in _chosen(self._dex.calls(), methods, ()):
            if index in anywhere or row in constants:
                found.setdefault(row, []).append((position, index))
        return found

    def _calls_of(self, methods: Collection[int]) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = {}
        for row, position, index in _chosen(self._dex.calls(), methods, ()):
            found.setdefault(row, []).append((position, index))
        return found

    # ---- calls

    def _carried(self, found: _Row, code: MethodCode, calls: Iterable[tuple[int, int]]) -> None:
        """Calls of carriers, and of methods that read one thing or another by their argument."""
        undecided: list[tuple[int, Members]] = []
        for position, index in calls:
            members = self._resolved.methods[index]
            decided = True
            for word, kind in self._arguments(code, position, index):
                if kind in _NUMBERS and members.by_argument:
                    self._number(found, position, members, code.argument(position, word))
                elif kind in _HOLDERS and not members.lookup:
                    decided &= self._text(found, position, members, code.argument(position, word))
            if not decided:
                undecided.append((position, members))
        if not undecided:
            return
        reached = found.reached()
        for position, members in undecided:
            for _, read in found.constants:
                if read not in reached and self._takes(members, read):
                    found.hit(position, read, Grade.SAME_METHOD)

    def _text(self, found: _Row, position: int, members: Members, value: Value | None) -> bool:
        """Note what a text argument says; whether it is known."""
        if value is None:
            return False
        if value.kind == "parameter":
            self._note_helper(found.row, members, value.number)
            return True
        reads = self._reads_of(value)
        grade = Grade.INDIRECT if value.kind == "field" and value.number in self._held else Grade.CALL
        for read in reads:
            if self._takes(members, read):
                found.hit(position, read, grade)
        return bool(reads) or value.kind != "field"  # what a field of the app holds is not known

    def _number(self, found: _Row, position: int, members: Members, value: Value | None) -> None:
        if value is not None and value.kind == "number":
            for read in members.by_argument:
                if value.number in self._items[read].numbers:
                    found.hit(position, read, Grade.CALL)

    def _takes(self, members: Members, read: int) -> bool:
        return read in members.by_argument or self._items[read].kind in members.carries

    def _note_helper(self, row: int, members: Members, word: int) -> None:
        kinds = frozenset(members.carries) & _HELPED
        if kinds:
            reference = self._dex.method_reference(int(self._dex.code.method_idx[row]))
            known = self.helpers.get(reference)
            self.helpers[reference] = Helper(kinds, Grade.INDIRECT, word) if known is None else known

    def _helped(
        self, found: _Row, code: MethodCode, calls: Iterable[tuple[int, int]], helpers: Mapping[int, Helper]
    ) -> None:
        """Calls of helpers."""
        for position, index in calls:
            helper = helpers[index]
            words = range(code.argument_count(position)) if helper.word is None else (helper.word,)
            for word in words:
                for read in self._reads_of(code.argument(position, word)):
                    if self._items[read].kind in helper.kinds:
                        found.hit(position, read, helper.grade)

    def _reads_of(self, value: Value | None) -> tuple[int, ...]:
        """The reads of a constant."""
        if value is not None and value.kind == "string":
            return self._resolved.strings.get(value.number, ())
        if value is not None and value.kind == "field":
            return self._resolved.fields.get(value.number, NOTHING).uris or self._held.get(value.number, ())
        return ()

    def _arguments(self, code: MethodCode, position: int, index: int) -> Iterator[tuple[int, str]]:
        """(registers before it, type) of the parameters of a call."""
        known = self._parameters.get(index)
        if known is None:
            known = self._parameters[index] = list(_parameters(self._dex.method_reference(index)))
        receiver = 0 if code.is_static(position) else 1
        for word, kind in known:
            yield word + receiver, kind

    # ---- reflection

    def _reflected(self, found: _Row, code: MethodCode, calls: Iterable[tuple[int, int]]) -> None:
        """Members that are looked up by their name, of a class that is named in the same method."""
        classes: list[Mapping[str, Members]] | None = None
        for position, index in calls:
            value = code.argument(position, 1) if self._resolved.methods[index].lookup else None
            if value is None or value.kind != "string":
                continue
            name = decode_mutf8(self._dex.string(value.number))
            if name not in self._surfaces.names:
                continue
            if classes is None:
                classes = list(self._named_classes(code))
            for names in classes:
                members = names.get(name)
                if members is not None:
                    self._reflect(found, position, members)

    def _reflect(self, found: _Row, position: int, members: Members) -> None:
        for read in (*members.plain, *members.fields):
            found.hit(position, read, Grade.REFLECTION)
        for _, read in found.constants:
            if self._takes(members, read):
                found.hit(position, read, Grade.REFLECTION)
        kinds = frozenset(members.carries) & _HELPED
        reference = self._dex.method_reference(int(self._dex.code.method_idx[found.row]))
        if kinds and any(kind in _TEXT for _, kind in _parameters(reference)):
            self.helpers[reference] = Helper(kinds, Grade.REFLECTION, None)

    def _named_classes(self, code: MethodCode) -> Iterator[Mapping[str, Members]]:
        """The members of the classes that a method names: by strings, class constants, casts and checks."""
        names = {decode_mutf8(self._dex.string(index)) for index in code.strings()}
        types = code.named_types()
        descriptors = self._dex.type_descriptors
        names |= {java_name(descriptors[index]) for index in types if index < len(descriptors)}
        for name in sorted(names):
            members = self._surfaces.by_name.get(name)
            if members is not None:
                yield members


def _is_decided_anywhere(members: Members) -> bool:
    """Whether a call of it matters also in a method that has no constant of the vocabulary."""
    return bool(members.by_argument or members.lookup or not _HELPED.isdisjoint(members.carries))


def _parameters(reference: str) -> Iterator[tuple[int, str]]:
    """(registers before it, type) of the parameters in a method reference, the receiver left out."""
    word = 0
    for kind in _PARAMETER.findall(reference.partition("(")[2].rpartition(")")[0]):
        yield word, kind
        word += 2 if kind in ("J", "D") else 1


def _chosen(uses: References, chosen: Collection[int], opcodes: Collection[int]) -> Iterator[tuple[int, int, int]]:
    """(row, position, index) of the uses of some indices, by some opcodes or by any."""
    if chosen and len(uses):
        table = np.zeros(max(int(uses.index.max()), *chosen) + 1, np.bool_)
        table[list(chosen)] = True
        places = np.flatnonzero(table[uses.index])
        if opcodes:
            places = places[np.isin(uses.opcode[places], list(opcodes))]
        columns = (uses.row[places], uses.position[places], uses.index[places])
        yield from zip(*(column.tolist() for column in columns), strict=True)
