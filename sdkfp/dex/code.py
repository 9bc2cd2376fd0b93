"""code_item: the instructions of all methods, decoded exactly and together.

An instruction's width follows from its first code unit, so all methods are walked at once: one step of the walk is one
numpy operation over every method that is not finished. What is left of the few longest methods is walked one by one.
Source: Android documents, "Dalvik executable format" (code_item) and "Dalvik bytecode".
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sdkfp.dex.opcodes import CONST_STRING_JUMBO, KIND, LONGEST_INSTRUCTION, WIDTH, WIDTHS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

    from sdkfp.dex.classdata import EncodedMethods
    from sdkfp.dex.header import Report

    Ints = npt.NDArray[np.int64]
    Units = npt.NDArray[np.uint16]

__all__ = [
    "CodeTable",
    "Instructions",
    "References",
    "joined",
    "read_code",
    "read_instructions",
    "readable_rows",
    "references",
    "walk_method",
]

_Number = TypeVar("_Number", np.int32, np.uint8)

HEADER_SIZE = 16
"""Bytes of a code_item before its instructions."""
FEW = 16
"""With fewer unfinished methods than this, walking one by one is faster."""
STEPS = 8
"""Steps of the common walk before finished methods are taken out."""
WINDOW = 1 << 19
"""Code units of the file whose methods are walked together."""
PAYLOADS = frozenset((0x0100, 0x0200, 0x0300))
"""First code units of the payloads of switches and of fill-array-data."""
BLOCK = 1 << 15
"""Code units whose widths are looked up at once, so that the look-up stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class CodeTable:
    """The methods that have code, in the order of :class:`sdkfp.dex.classdata.EncodedMethods`."""

    owner: Ints
    """Row of the class definition."""
    method_idx: Ints
    code_off: Ints
    """Bytes from the start of the file. Several methods may share one code item."""
    registers_size: Ints
    insns_size: Ints
    """Code units of the instructions, as far as they lie in the file."""
    size: Ints
    """Bytes of the code item: header, instructions and try_items, but without the list of catch handlers."""

    def __len__(self) -> int:
        return len(self.owner)


@dataclass(frozen=True, slots=True)
class Instructions:
    """Instructions of some methods (payloads are instructions too); those of one method stand together and ascend."""

    units: Units
    """The whole (physical) file as 16-bit code units."""
    position: npt.NDArray[np.int32]
    """Where the instruction begins, in ``units``."""
    row: npt.NDArray[np.int32]
    """The row of :class:`CodeTable` that the instruction belongs to."""
    opcode: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.position)


@dataclass(frozen=True, slots=True)
class References:
    """Instructions that name a string, type, field or method."""

    row: npt.NDArray[np.int32]
    """Row of :class:`CodeTable`."""
    position: npt.NDArray[np.int32]
    """Where the instruction begins, in :attr:`Instructions.units`."""
    opcode: npt.NDArray[np.uint8]
    index: npt.NDArray[np.int32]
    """string_idx, type_idx, field_idx or method_idx; always within its table."""

    def __len__(self) -> int:
        return len(self.row)


def read_code(data: bytes, methods: EncodedMethods, report: Report) -> CodeTable:
    """The code items of the methods that have one; those that do not lie in the file are left out."""
    rows = np.flatnonzero(methods.code_off)
    offsets = methods.code_off[rows]
    good = (offsets % 2 == 0) & (offsets <= len(data) - HEADER_SIZE)
    if not good.all():
        report(f"Methods whose code does not lie in the file: {np.count_nonzero(~good)}.")
        rows, offsets = rows[good], offsets[good]
    units = np.frombuffer(data, "<u2", len(data) // 2)
    at = offsets // 2
    insns = units[at + 6].astype(np.int64) | units[at + 7].astype(np.int64) << 16
    room = len(units) - at - HEADER_SIZE // 2
    if (insns > room).any():
        report(f"Methods whose instructions go on behind the end of the file: {np.count_nonzero(insns > room)}.")
        insns = np.minimum(insns, room)
    tries = units[at + 3].astype(np.int64)
    size = HEADER_SIZE + 2 * insns + np.where(tries > 0, 8 * tries + 2 * (insns & 1), 0)
    return CodeTable(
        methods.owner[rows],
        methods.method_idx[rows],
        offsets,
        units[at].astype(np.int64),
        insns,
        np.minimum(size, len(data) - offsets),
    )


def readable_rows(code: CodeTable, limit: int, report: Report) -> Ints:
    """The rows with instructions, in the order of their place in the file.

    Args:
        limit: code units in all methods together; the methods after that are left out and reported.
    """
    rows = np.flatnonzero(code.insns_size)
    within = np.cumsum(code.insns_size[rows]) <= limit
    if not within.all():
        report(f"Methods not read, because instructions are more than the file can hold: {np.count_nonzero(~within)}.")
        rows = rows[within]
    return rows[np.argsort(code.code_off[rows], kind="stable")]


def read_instructions(data: bytes, code: CodeTable, rows: Ints, report: Report) -> Iterator[Instructions]:
    """The instructions of some methods, about a megabyte of the file at a time: decoded they are larger than in the file.

    Args:
        rows: some of :func:`readable_rows`, in its order.
    """
    units = np.frombuffer(data, "<u2", len(data) // 2)
    begin = code.code_off[rows] // 2 + HEADER_SIZE // 2
    first = cut = 0
    while first < len(rows):
        last = int(np.searchsorted(begin, begin[first] + WINDOW))
        found, broken = _read_window(units, code, rows[first:last], begin[first:last])
        yield found
        cut += broken
        first = last
    if cut:
        report(f"Code items whose last instruction goes on behind their end: {cut}.")


def _read_window(units: Units, code: CodeTable, rows: Ints, begin: Ints) -> tuple[Instructions, int]:
    """The instructions of some methods, and how many of their code items were cut."""
    distinct = np.diff(begin, prepend=-1) != 0
    item = np.cumsum(distinct) - 1
    walk = _walk_all(units, begin[distinct], (begin + code.insns_size[rows])[distinct])
    position, count = walk.position, walk.count[item]
    if not distinct.all() or not walk.in_order:
        before = np.cumsum(count) - count
        position = position[np.repeat(walk.first[item] - before, count) + np.arange(int(count.sum()))]
    row = np.repeat(rows.astype(np.int32), count)
    return Instructions(units, position, row, units[position].astype(np.uint8)), walk.cut


def joined(data: bytes, parts: Iterable[Instructions]) -> Instructions:
    """All parts as one."""
    none = np.zeros(0, np.int32)
    columns = zip(
        (none, none, np.zeros(0, np.uint8)), *((part.position, part.row, part.opcode) for part in parts), strict=True
    )
    return Instructions(np.frombuffer(data, "<u2", len(data) // 2), *map(np.concatenate, columns))


def references(
    instructions: Iterable[Instructions], sizes: Mapping[Kind, int], report: Report
) -> dict[Kind, References]:
    """The instructions that name something, by what they name; those with an index outside its table are left out.

    Args:
        instructions: of a file, part by part.
        sizes: of the tables.
    """
    # Buffers that grow where they are: what many small arrays leave behind is not given back to the system.
    columns = {kind: (bytearray(), bytearray(), bytearray(), bytearray()) for kind in sizes}
    wrong = dict.fromkeys(sizes, 0)
    for part in instructions:
        kinds = KIND[part.opcode]
        for kind, size in sizes.items():
            rows = np.flatnonzero(kinds == kind)
            found = _of_kind(part, kind, rows, size)
            wrong[kind] += len(rows) - len(found)
            row, position, opcode, index = columns[kind]
            row.extend(found.row.data)
            position.extend(found.position.data)
            opcode.extend(found.opcode.data)
            index.extend(found.index.data)
    for kind, number in wrong.items():
        if number:
            report(f"Instructions that name a {kind.name.lower()} that is not in its table: {number}.")
    return {
        kind: References(
            _column(row, np.int32), _column(position, np.int32), _column(opcode, np.uint8), _column(index, np.int32)
        )
        for kind, (row, position, opcode, index) in columns.items()
    }


def _column(buffer: bytearray, dtype: type[_Number]) -> npt.NDArray[_Number]:
    return np.frombuffer(buffer, dtype) if buffer else np.zeros(0, dtype)


def _of_kind(part: Instructions, kind: Kind, rows: npt.NDArray[np.intp], size: int) -> References:
    position, opcode = part.position[rows], part.opcode[rows]
    index = part.units[position + 1].astype(np.uint32)
    if kind == Kind.STRING:
        jumbo = np.flatnonzero(opcode == CONST_STRING_JUMBO)
        index[jumbo] |= part.units[position[jumbo] + 2].astype(np.uint32) << np.uint32(16)
    good = index < size
    if not good.all():
        rows, position, opcode, index = rows[good], position[good], opcode[good], index[good]
    return References(part.row[rows], position, opcode, index.astype(np.int32))


@dataclass(frozen=True, slots=True)
class _Walk:
    """The instructions of some code items."""

    position: npt.NDArray[np.int32]
    first: Ints
    """Where in ``position`` the instructions of each item begin."""
    count: Ints
    """Instructions of each item."""
    cut: int
    """Items whose last instruction is not whole; it is left out."""
    in_order: bool
    """The items stand in ``position`` one after another, with nothing between."""


def _walk_all(units: Units, begin: Ints, end: Ints) -> _Walk:
    """Walk code items (sorted by begin, distinct): together where nothing overlaps, else one by one."""
    alone = np.ones(len(begin), np.bool_)
    reach = begin[1:] - HEADER_SIZE // 2
    alone[1:] &= np.maximum.accumulate(end)[:-1] <= reach
    alone[:-1] &= end[:-1] <= reach
    position, count_alone, cut = _walk_together(units, begin[alone], end[alone])
    first, count = np.zeros(len(begin), np.int64), np.zeros(len(begin), np.int64)
    count[alone], first[alone] = count_alone, np.cumsum(count_alone) - count_alone
    if alone.all():
        return _Walk(position, first, count, cut, in_order=True)
    parts, known = [position], len(position)
    for item in np.flatnonzero(~alone).tolist():
        found, whole = _walk_one(units, int(begin[item]), int(end[item]))
        first[item], count[item] = known, len(found)
        known += len(found)
        cut += not whole
        parts.append(found)
    return _Walk(np.concatenate(parts), first, count, cut, in_order=False)


def _walk_together(units: Units, begin: Ints, end: Ints) -> tuple[npt.NDArray[np.int32], Ints, int]:
    """Positions of the instructions of disjoint code items, how many each has, and how many items were cut."""
    if not len(begin):
        return np.zeros(0, np.int32), np.zeros(0, np.int64), 0
    low, size = int(begin[0]), int(end[-1] - begin[0])
    begin, end, window = begin - low, end - low, units[low : low + size]
    inside = _inside(begin, end)
    width = _widths(window, size + LONGEST_INSTRUCTION)
    payload = _payloads(window)
    payload = payload[inside[payload]]
    room = end[np.searchsorted(begin, payload, "right") - 1] - payload
    needed = _payload_widths(window, payload)
    width[payload] = np.minimum(needed, room)
    width[:size] *= inside  # a walk that leaves its method stands still: between two methods lies a header
    mark = np.zeros(size + LONGEST_INSTRUCTION, np.bool_)
    at = begin.copy()
    while len(at) > FEW:
        for _ in range(STEPS):
            mark[at] = True
            at += width.take(at, mode="clip")
        at = at[width.take(at, mode="clip") > 0]
    stop = end[np.searchsorted(begin, at, "right") - 1]
    cut = 0
    for first, last in zip(at.tolist(), stop.tolist(), strict=True):
        found, whole = _walk_one(window, first, last)
        mark[found] = True
        cut += not whole
    mark = mark[:size]
    mark &= inside
    too_long = payload[needed > room]
    cut += int(np.count_nonzero(mark[too_long]))
    mark[too_long] = False
    position = np.flatnonzero(mark)
    count = np.diff(np.searchsorted(position, begin), append=len(position))
    last_of = (np.cumsum(count) - 1)[count > 0]
    over = position[last_of] + width[position[last_of]] > end[count > 0]
    if over.any():
        cut += int(np.count_nonzero(over))
        position = np.delete(position, last_of[over])
        count[np.flatnonzero(count)[over]] -= 1
    position += low
    return position.astype(np.int32), count, cut


def _walk_one(units: Units, at: int, stop: int) -> tuple[npt.NDArray[np.int32], bool]:
    """Positions of the instructions of one code item from ``at`` on; and whether the last one is whole (else left out)."""
    found = array("i")
    while at < stop:
        start = at
        window = units[start : min(stop, start + BLOCK)].tolist()
        end = start + len(window)
        while at < end:
            found.append(at)
            unit = window[at - start]
            at += WIDTHS[unit & 0xFF] if unit not in PAYLOADS else _payload_width(units, at)
    whole = at <= stop
    if not whole:
        found.pop()
    return np.frombuffer(found, np.int32) if found else np.zeros(0, np.int32), whole


def walk_method(units: Units, code: CodeTable, row: int) -> npt.NDArray[np.int32]:
    """Positions of the instructions of one method."""
    begin = (int(code.code_off[row]) + HEADER_SIZE) // 2
    return _walk_one(units, begin, begin + int(code.insns_size[row]))[0]


def _inside(begin: Ints, end: Ints) -> npt.NDArray[np.bool_]:
    """For every code unit up to the last end, whether it lies in one of the disjoint items (the first begins at 0)."""
    edges = np.stack((begin, end), axis=1).ravel()
    return np.repeat(np.tile(np.array([True, False]), len(begin))[:-1], np.diff(edges))


def _widths(window: Units, size: int) -> npt.NDArray[np.int32]:
    """For every code unit, the width of the instruction that would begin there, payloads aside; zeros up to ``size``."""
    opcode = window.view(np.uint8)[::2]
    width = np.zeros(size, np.int32)
    for start in range(0, len(opcode), BLOCK):
        block = opcode[start : start + BLOCK]
        np.take(WIDTH, block, out=width[start : start + len(block)], mode="clip")
    return width


def _payloads(window: Units) -> Ints:
    """Code units that would be the ident of a payload (:data:`PAYLOADS`)."""
    return np.flatnonzero(((window & 0xFCFF) == 0) & (window != 0))


def _payload_widths(window: Units, at: Ints) -> Ints:
    """Code units of the payloads at some places; more than there are where the payload is not whole."""
    ident = window.take(at)
    first = window.take(at + 1, mode="clip").astype(np.int64)
    second = window.take(at + 2, mode="clip") | window.take(at + 3, mode="clip").astype(np.int64) << 16
    switches = [ident == 0x0100, ident == 0x0200]
    width: Ints = np.select(switches, [first * 2 + 4, first * 4 + 2], (first * second + 1) // 2 + 4)
    return width


def _payload_width(units: Units, at: int) -> int:
    """As :func:`_payload_widths`, of one."""
    ident, first, second, third = (int(units[min(at + number, len(units) - 1)]) for number in range(4))
    if ident == 0x0300:
        return (first * (second | third << 16) + 1) // 2 + 4
    return first * 2 + 4 if ident == 0x0100 else first * 4 + 2
