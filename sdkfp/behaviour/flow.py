"""Where the value of an argument comes from, inside one method.

The way back follows the instructions as they stand before each other. That is one way on which the code can run, so what is
found on it does reach the call. Where the way ends at a jump, the only definition of the register in the method counts.
Source of the formats: Android documents, "Dalvik bytecode" and "Instruction formats".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex import Dex

__all__ = ["INVOKE", "Budget", "MethodCode", "MethodIndex", "Value"]

LONGEST_WAY = 400
"""Instructions that are followed back for one argument."""
DEEPEST = 6
"""Calls that hand an argument on, one inside the other."""
MOST_ARGUMENTS = 5
"""Arguments of such a call that are followed."""

_SMALL, _BYTE, _WORD = 1, 2, 3
"""Where the destination register stands: bits 8 to 11, bits 8 to 15, or the next code unit."""
_DESTINATIONS = (
    ((0x01, 0x01), (0x04, 0x04), (0x07, 0x07), (0x12, 0x12), (0x20, 0x21), (0x23, 0x23), (0x52, 0x58), (0x7B, 0x8F),
     (0xB0, 0xD7)),
    ((0x02, 0x02), (0x05, 0x05), (0x08, 0x08), (0x0A, 0x0D), (0x13, 0x1C), (0x22, 0x22), (0x2D, 0x31), (0x44, 0x4A),
     (0x60, 0x66), (0x90, 0xAF), (0xD8, 0xE2), (0xFE, 0xFF)),
    ((0x03, 0x03), (0x06, 0x06), (0x09, 0x09)),
)  # fmt: skip
_DESTINATION = np.zeros(256, np.uint8)
INVOKE = np.zeros(256, np.bool_)
"""By opcode: the calls whose second code unit is a method_idx and whose arguments are read here."""
for _place, _ranges in enumerate(_DESTINATIONS, 1):
    for _first, _last in _ranges:
        _DESTINATION[_first : _last + 1] = _place
INVOKE[0x6E:0x73] = INVOKE[0x74:0x79] = True
_DESTINATION.flags.writeable = INVOKE.flags.writeable = False

_LEAVES = frozenset((0x0E, 0x0F, 0x10, 0x11, 0x27, 0x28, 0x29, 0x2A))
"""Return, throw and goto: the instruction after them is reached by a jump only."""
_MOVES = {0x01: 1, 0x04: 1, 0x07: 1, 0x02: 2, 0x05: 2, 0x08: 2, 0x03: 3, 0x06: 3, 0x09: 3}
_STATIC = frozenset((0x71, 0x77))


class Budget:
    """Bounds the work of all traces in an app."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Count some steps."""
        self._left -= steps

    @property
    def exhausted(self) -> bool:
        """Whether the steps are used up; from then on nothing is known of any value."""
        return self._left <= 0


class Value(NamedTuple):
    """What is known of a value."""

    kind: Literal["string", "type", "field", "number", "parameter"]
    """A string constant, a class object, what a static field holds, an integer, or a parameter of the method."""
    number: int
    """string_idx, type_idx, field_idx, the number itself, or how many registers stand before the parameter."""


class MethodIndex:
    """The instructions of single methods of a dex file."""

    def __init__(self, dex: Dex, passes: Container[int], budget: Budget) -> None:
        """
        Args:
            dex: the file.
            passes: method_idx of the methods that hand an argument on in their result.
            budget: for the traces in all methods.
        """
        self._dex, self._passes, self._budget = dex, passes, budget

    def size(self, rows: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.int64]:
        """How many code units the instructions of some rows of ``dex.code`` take."""
        found: npt.NDArray[np.int64] = self._dex.code.insns_size[rows]
        return found

    def method(self, row: int) -> MethodCode:
        """The instructions of one row of ``dex.code``."""
        found = self._dex.instructions_of(row)
        begin = int(self._dex.code.code_off[row]) // 2
        inputs = int(found.units[begin + 1])
        return MethodCode(
            found.units,
            found.position,
            found.opcode,
            (int(self._dex.code.registers_size[row]), inputs, begin + 8),
            self._passes,
            self._budget,
        )


class MethodCode:
    """The instructions of one method. Inside, an instruction is named by its place in their order."""

    def __init__(
        self,
        units: npt.NDArray[np.uint16],
        position: npt.NDArray[np.int32],
        opcode: npt.NDArray[np.uint8],
        frame: tuple[int, int, int],
        passes: Container[int],
        budget: Budget,
    ) -> None:
        self._units, self._positions, self._opcodes = units, position, opcode
        self._passes, self._budget = passes, budget
        self._registers, inputs, self.begin = frame
        self._first_input = self._registers - inputs

    @cached_property
    def position(self) -> Sequence[int]:
        """Where the instructions begin, in code units of the file."""
        positions: Sequence[int] = self._positions.tolist()
        return positions

    @cached_property
    def opcode(self) -> Sequence[int]:
        """The opcodes of the instructions."""
        opcodes: Sequence[int] = self._opcodes.tolist()
        return opcodes

    def strings(self) -> list[int]:
        """The string_idx of the string constants."""
        return [
            self._string(place) for place in np.flatnonzero((self._opcodes == 0x1A) | (self._opcodes == 0x1B)).tolist()
        ]

    def named_types(self) -> set[int]:
        """The type_idx of class constants and of casts."""
        places = np.flatnonzero((self._opcodes == 0x1C) | (self._opcodes == 0x1F))
        return set(self._units[self._positions[places].astype(np.int64) + 1].tolist())

    # ---- calls, by the position of the instruction in the file

    def is_static(self, call: int) -> bool:
        """Whether a call has no receiver."""
        return int(self._units[call]) & 0xFF in _STATIC

    def argument_count(self, call: int) -> int:
        """How many registers a call hands over."""
        return len(self._arguments(call))

    def argument(self, call: int, word: int) -> Value | None:
        """Where the value in one of the registers comes from that a call hands over, the receiver's being the first."""
        registers = self._arguments(call)
        return self._trace(bisect_left(self.position, call), registers[word], 0) if word < len(registers) else None

    def stored(self, store: int) -> Value | None:
        """Where the value comes from that a store into a static field puts there, by the position of the instruction."""
        return self._trace(bisect_left(self.position, store), int(self._units[store]) >> 8, 0)

    def _arguments(self, call: int) -> Sequence[int]:
        first, third = int(self._units[call]), int(self._units[call + 2])
        if first & 0xFF >= 0x74:
            return range(third, third + (first >> 8))
        registers = (third & 15, third >> 4 & 15, third >> 8 & 15, third >> 12, first >> 8 & 15)
        return registers[: min(first >> 12, 5)]

    def _trace(self, place: int, register: int, depth: int) -> Value | None:
        """Where the value comes from that a register holds before an instruction; ``None`` where that is not known."""
        if self._budget.exhausted:
            return None
        for steps in range(LONGEST_WAY):
            if place == 0:
                self._budget.spend(steps + 1)
                return self._parameter(register)
            place -= 1
            if self.opcode[place] in _LEAVES:
                self._budget.spend(steps + 1)
                return self._only_definition(register, depth)
            if self._destination(place) == register:
                source = self._moved(place)
                if source is None:
                    self._budget.spend(steps + 1)
                    return self._value(place, depth)
                register = source
        self._budget.spend(LONGEST_WAY)
        return None

    def _parameter(self, register: int) -> Value | None:
        if self._first_input <= register < self._registers:
            return Value("parameter", register - self._first_input)
        return None

    def _destination(self, place: int) -> int:
        where = _DESTINATION_OF[self.opcode[place]]
        if not where:
            return -1
        at = self.position[place]
        if where == _WORD:
            return int(self._units[at + 1])
        return int(self._units[at]) >> 8 & (15 if where == _SMALL else 255)

    def _moved(self, place: int) -> int | None:
        """The register that a move copies."""
        form = _MOVES.get(self.opcode[place])
        if form is None:
            return None
        at = self.position[place]
        if form == 1:
            return int(self._units[at]) >> 12
        return int(self._units[at + form - 1])

    def _only_definition(self, register: int, depth: int) -> Value | None:
        """The value of a register that is set at one place of the method only, or never."""
        places = self._definitions.get(register, ())
        if not places:
            return self._parameter(register)
        if len(places) != 1 or self._parameter(register) is not None or depth >= DEEPEST:
            return None
        source = self._moved(places[0])
        return self._value(places[0], depth) if source is None else self._only_definition(source, depth + 1)

    @cached_property
    def _definitions(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for place in range(len(self.opcode)):
            register = self._destination(place)
            if register >= 0:
                found.setdefault(register, []).append(place)
        return found

    def _value(self, place: int, depth: int) -> Value | None:
        opcode, at = self.opcode[place], self.position[place]
        if opcode in (0x1A, 0x1B):
            return Value("string", self._string(place))
        if opcode == 0x1C:
            return Value("type", int(self._units[at + 1]))
        if 0x60 <= opcode <= 0x66:
            return Value("field", int(self._units[at + 1]))
        if 0x12 <= opcode <= 0x15:
            return Value("number", self._number(opcode, at))
        if opcode == 0x0C and place:
            return self._passed(place - 1, depth)
        return None

    def _string(self, place: int) -> int:
        at = int(self._positions[place])
        index = int(self._units[at + 1])
        return index | int(self._units[at + 2]) << 16 if self._opcodes[place] == 0x1B else index

    def _number(self, opcode: int, at: int) -> int:
        first = int(self._units[at])
        if opcode == 0x12:
            number, bits = first >> 12, 4
        elif opcode == 0x14:
            number, bits = int(self._units[at + 1]) | int(self._units[at + 2]) << 16, 32
        else:
            number, bits = int(self._units[at + 1]), 16
        number -= (number >> bits - 1) << bits
        return number << 16 if opcode == 0x15 else number

    def _passed(self, call: int, depth: int) -> Value | None:
        """The constant that a call hands on in its result."""
        at = self.position[call]
        if not INVOKE[self.opcode[call]] or int(self._units[at + 1]) not in self._passes or depth >= DEEPEST:
            return None
        for register in self._arguments(at)[:MOST_ARGUMENTS]:
            found = self._trace(call, register, depth + 1)
            if found is not None:
                return found
        return None


_DESTINATION_OF: Sequence[int] = _DESTINATION.tolist()
