"""Constants that code makes: what class initialisers put into static fields, and what methods without arguments return.

A version often stands in no initial value: ``static String VERSION = "1.2"`` is set by ``<clinit>``, ``getVersion()`` returns a
string, ``KotlinVersion(1, 9, 22)`` is an object. The straight-line beginning of such a method is followed with registers that hold
known values or nothing; no code is run, and the first branch ends it. An object stands for what it was made of: its text is
the constants that its constructor (or the static method that made it) was given, with blanks between.

Source: Android documents, "Dalvik bytecode" and "Instruction formats".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.dex.code import HEADER_SIZE
from sdkfp.dex.opcodes import WIDTHS
from sdkfp.dex.strings import decode_mutf8

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex.file import Dex

__all__ = ["computed_constants"]

_MOST_METHODS = 20_000
_MOST_INSTRUCTIONS = 4000
"""Of one method."""
_LONGEST_TEXT = 1000
_MOST_PARTS = 64
_BUILDER = b"Ljava/lang/StringBuilder;"


@dataclass(slots=True)
class _Object:
    """A new object, or what a static method gave, by the constants that it was made of."""

    type: bytes = b""
    parts: list[str] = field(default_factory=list)

    def text(self) -> str:
        return ("" if self.type == _BUILDER else " ").join(self.parts)[:_LONGEST_TEXT]


_Value = str | int | _Object


def computed_constants(dex: Dex, wanted: Collection[str] | None = None) -> tuple[list[str], list[str]]:
    """Names (``com.a.B.FIELD``, ``com.a.B.method()``) and values.

    Args:
        dex: the file.
        wanted: only these names; ``None`` for all whose class, field or method has ``version`` in its name.
    """
    names: list[str] = []
    values: list[str] = []
    for owner, name, value in _constants(dex, wanted):
        full = f"{owner}.{name}"
        if value and (full in wanted if wanted is not None else "version" in full.lower()):
            names.append(full)
            values.append(value)
    return names, values


def _constants(dex: Dex, wanted: Collection[str] | None) -> Iterator[tuple[str, str, str]]:
    """(class, field or method, value), more than are wanted."""
    code = dex.code
    for row in _code_rows(dex, wanted)[:_MOST_METHODS].tolist():
        owner, method = dex.class_names[int(code.owner[row])], int(code.method_idx[row])
        name = decode_mutf8(dex.string(int(dex.methods.name_idx[method])))
        run = _Run(dex, row)
        run.follow()
        if name == "<clinit>":
            yield from ((owner, decode_mutf8(dex.string(key)), value) for key, value in run.fields_of(owner))
        elif not isinstance(run.returned, (int, NoneType)):  # a number in place of an object is null
            yield owner, f"{name}()", _text(run.returned)


def _code_rows(dex: Dex, wanted: Collection[str] | None) -> npt.NDArray[np.int64]:
    """Rows of the code table that may hold something wanted: class initialisers, methods without arguments that return an object."""
    code = dex.code
    owners = None if wanted is None else {name.rpartition(".")[0] for name in wanted}
    classes = [row for row, name in enumerate(dex.class_names) if owners is None or name in owners]
    rows = np.flatnonzero(np.isin(code.owner, classes) & (code.method_idx < len(dex.methods)))
    texts, place = _method_names(dex, code.method_idx[rows])
    starts = np.array([text == b"<clinit>" for text in texts], np.bool_)[place]
    if wanted is None:
        named = np.array(["version" in name.lower() for name in dex.class_names], np.bool_)[code.owner[rows]]
        asked = named | np.array([b"version" in text.lower() for text in texts], np.bool_)[place]
        starts &= named | np.isin(code.owner[rows], _owners_of_versions(dex))
    else:
        members = {name.rpartition(".")[2] for name in wanted}
        asked = np.array([f"{decode_mutf8(text)}()" in members for text in texts], np.bool_)[place]
    starts[asked] |= _give_objects(dex, code.method_idx[rows[asked]])
    return rows[starts]


def _method_names(dex: Dex, methods: npt.NDArray[np.int64]) -> tuple[list[bytes], npt.NDArray[np.intp]]:
    """The distinct names of some methods, and for each method the place of its name among them."""
    distinct, place = np.unique(dex.methods.name_idx[methods], return_inverse=True)
    return dex.strings_at(distinct), place


def _owners_of_versions(dex: Dex) -> npt.NDArray[np.int64]:
    """Rows of the classes with a static field that has ``version`` in its name."""
    fields = dex.static_fields
    names = dex.strings_at(dex.fields.name_idx[fields.field_idx])
    return fields.owner[np.array([b"version" in name.lower() for name in names], np.bool_)]


def _give_objects(dex: Dex, methods: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether some methods take no arguments and return an object."""
    protos, place = np.unique(dex.methods.proto_idx[methods], return_inverse=True)
    good = protos < len(dex.protos)
    shorties = dex.strings_at(dex.protos.shorty_idx[protos[good]])
    good[good] = [shorty == b"L" for shorty in shorties]
    return good[place]


def _text(value: _Value) -> str:
    return value.text() if isinstance(value, _Object) else str(value)[:_LONGEST_TEXT]


class _Run:
    """Follows one method from its beginning to its first branch or its end."""

    def __init__(self, dex: Dex, row: int) -> None:
        self._dex = dex
        self._units = np.frombuffer(dex.data, "<u2", len(dex.data) // 2)
        start = (int(dex.code.code_off[row]) + HEADER_SIZE) // 2
        self._at, self._end = start, start + int(dex.code.insns_size[row])
        self._registers: dict[int, _Value] = {}
        self._fields: dict[int, _Value] = {}
        self._result: _Value | None = None
        self.returned: _Value | None = None

    def fields_of(self, owner: str) -> Iterator[tuple[int, str]]:
        """(string_idx of the name, value) of the static fields of a class that objects were put into; a number there is null."""
        dex = self._dex
        for index, value in self._fields.items():
            type_idx = int(dex.fields.class_idx[index])
            descriptor = dex.type_descriptors[type_idx] if type_idx < len(dex.type_descriptors) else b""
            if not isinstance(value, int) and descriptor == f"L{owner.replace('.', '/')};".encode():
                yield int(dex.fields.name_idx[index]), _text(value)

    def follow(self) -> None:
        for _ in range(_MOST_INSTRUCTIONS):
            if self._at >= self._end:
                return
            first = int(self._units[self._at])
            width = WIDTHS[first & 0xFF]
            if self._at + width > self._end or not self._step(first & 0xFF, first >> 8):
                return
            self._at += width

    def _unit(self, number: int) -> int:
        return int(self._units[self._at + number])

    def _put(self, register: int, value: _Value | None) -> None:
        if value is None:
            self._registers.pop(register, None)
        else:
            self._registers[register] = value

    def _step(self, opcode: int, high: int) -> bool:
        """Follow one instruction; False where the straight line ends."""
        if opcode in _ENDS:
            self.returned = self._registers.get(high) if opcode == _RETURN_OBJECT else None
            return False
        if opcode in _MOVES:
            self._move(opcode, high)
        elif opcode in _RESULTS:
            self._put(high, self._result)
        elif opcode in _CONSTANTS:
            self._constant(opcode, high)
        elif opcode in _STATIC_FIELDS:
            self._static_field(opcode, high)
        elif opcode in _CALLS:
            self._result = self._call(opcode, high)
        elif opcode == _NEW_INSTANCE:
            types = self._dex.type_descriptors
            self._put(high, _Object(types[self._unit(1)]) if self._unit(1) < len(types) else None)
        elif opcode not in _NO_RESULT:  # one of these registers is where the result goes
            self._put(high, None)
            self._put(high & 0xF, None)
            self._result = None
        return True

    def _static_field(self, opcode: int, high: int) -> None:
        index = self._unit(1)
        if opcode < _FIRST_SPUT:
            self._put(high, self._fields.get(index))
            return
        value = self._registers.get(high)
        if value is None or index >= len(self._dex.fields):
            self._fields.pop(index, None)
        else:
            self._fields[index] = value

    def _move(self, opcode: int, high: int) -> None:
        kind = (opcode - 1) % 3
        target, source = ((high & 0xF, high >> 4), (high, self._unit(1) if kind else 0), (0, 0))[kind]
        if kind == 2:  # move/16
            target, source = self._unit(1), self._unit(2)
        self._put(target, self._registers.get(source))

    def _constant(self, opcode: int, high: int) -> None:
        if opcode == 0x12:
            self._put(high & 0xF, _signed(high >> 4, 4))
        elif opcode in (0x13, 0x16):
            self._put(high, _signed(self._unit(1), 16))
        elif opcode in (0x14, 0x17):
            self._put(high, _signed(self._unit(1) | self._unit(2) << 16, 32))
        elif opcode == 0x15:
            self._put(high, _signed(self._unit(1) << 16, 32))
        elif opcode in (0x1A, 0x1B):
            index = self._unit(1) | (self._unit(2) << 16 if opcode == 0x1B else 0)
            self._put(high, decode_mutf8(self._dex.string(index)[:_LONGEST_TEXT]))
        else:
            self._put(high, None)

    def _call(self, opcode: int, high: int) -> _Value | None:
        """The result, where it is made of known values only."""
        dex = self._dex
        count = high if opcode >= 0x74 else high >> 4
        if opcode >= 0x74:
            registers = list(range(self._unit(2), self._unit(2) + min(count, _MOST_PARTS)))
        else:
            registers = [self._unit(2) >> shift & 0xF for shift in (0, 4, 8, 12)][: min(count, 4)]
            registers += [high & 0xF] if count >= 5 else []
        values = [self._registers.get(register) for register in registers]
        index = self._unit(1)
        name = dex.string(int(dex.methods.name_idx[index])) if index < len(dex.methods) else b""
        if opcode in (0x71, 0x77):  # invoke-static
            known = [_text(value) for value in values if value is not None]
            return _Object(b"", known) if known and len(known) == len(values) else None
        receiver, arguments = (values[0], values[1:]) if values else (None, [])
        if isinstance(receiver, _Object):
            return self._on_object(receiver, name, arguments)
        return receiver if isinstance(receiver, str) and not arguments and name in _SAME_TEXT else None

    def _on_object(self, receiver: _Object, name: bytes, arguments: list[_Value | None]) -> _Value | None:
        """A call on an object that was made here: what is put into it becomes a part of it."""
        if name in _GROWING:
            known = [_text(value) for value in arguments if value is not None]
            if len(known) < len(arguments):
                receiver.parts = []
                self._forget(receiver)
                return None
            receiver.parts = [*receiver.parts, *known][:_MOST_PARTS]
            return receiver
        return receiver.text() if name in _SAME_TEXT and not arguments else None

    def _forget(self, lost: _Object) -> None:
        """An object into which something unknown went is unknown itself."""
        for table in (self._registers, self._fields):
            for key in [key for key, value in table.items() if value is lost]:
                del table[key]


_RETURN_OBJECT, _NEW_INSTANCE, _FIRST_SPUT = 0x11, 0x22, 0x67
_MOVES, _RESULTS, _CONSTANTS = range(0x01, 0x0A), range(0x0A, 0x0D), range(0x12, 0x1C)
_STATIC_FIELDS = range(0x60, 0x6E)
_CALLS = frozenset({*range(0x6E, 0x73), *range(0x74, 0x79)})
_ENDS = frozenset({0x0E, 0x0F, 0x10, 0x11, 0x27, *range(0x28, 0x2D), *range(0x32, 0x3E)})
"""Returns, throw, goto, switches and branches."""
_NO_RESULT = frozenset({0x00, 0x1D, 0x1E, 0x1F, 0x26, *range(0x4B, 0x52), *range(0x59, 0x60)})
"""nop, monitors, check-cast, fill-array-data, aput and iput."""
_GROWING = frozenset({b"<init>", b"append", b"put", b"add"})
_SAME_TEXT = frozenset({b"toString", b"intern", b"trim"})


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
