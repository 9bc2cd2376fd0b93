"""class_data_item: the fields and methods that each class defines.

All items are decoded as columns of unsigned LEB128 numbers, without a loop over classes. What does not fit that (an item
that begins within a number of its neighbour, numbers longer than five bytes) is read number by number, as Android does.
Source: Android documents, "Dalvik executable format", class_data_item, encoded_field, encoded_method.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex.header import Report

    Ints = npt.NDArray[np.int64]

__all__ = ["ClassData", "EncodedFields", "EncodedMethods", "encoded_methods", "read_class_data", "static_fields"]

WINDOW = 1 << 18
"""Bytes of the file in which the begins of items are looked at together."""
ROOM = 1 << 15
"""Bytes after the begin of the last item of a window that are decoded too."""
LONGEST_ULEB128 = 5


@dataclass(frozen=True, slots=True)
class ClassData:
    """All class_data_items as numbers; the rows are the classes that have one that can be read."""

    values: npt.NDArray[np.uint32]
    """The unsigned LEB128 numbers of all items."""
    class_row: Ints
    head: Ints
    """Where in ``values`` the item begins, with its four counts."""
    counts: Ints
    """Shape (classes, 4): static fields, instance fields, direct methods, virtual methods."""


@dataclass(frozen=True, slots=True)
class EncodedFields:
    """encoded_field, in the order of the classes and their lists."""

    owner: Ints
    """Row of the class definition."""
    field_idx: Ints
    access_flags: Ints

    def __len__(self) -> int:
        return len(self.owner)


@dataclass(frozen=True, slots=True)
class EncodedMethods:
    """encoded_method, in the order of the classes; of each class first the direct, then the virtual methods."""

    owner: Ints
    """Row of the class definition."""
    method_idx: Ints
    access_flags: Ints
    code_off: Ints
    """Bytes from the start of the file to the code_item; 0 for abstract and native methods."""

    def __len__(self) -> int:
        return len(self.owner)


@dataclass(frozen=True, slots=True)
class _Items:
    """Items at sorted, distinct offsets. ``size`` is the count of numbers, 0 where the item cannot be read."""

    values: npt.NDArray[np.uint32]
    head: Ints
    size: Ints


def read_class_data(data: bytes, offsets: npt.NDArray[np.uint32], limit: int, report: Report) -> ClassData:
    """The class data of all classes.

    Args:
        offsets: per class definition, bytes from the start of the file; 0 for a class without class data.
        limit: numbers read for all classes together; a proper file has fewer than bytes.
    """
    rows = np.flatnonzero(offsets)
    inside = offsets[rows] < len(data)
    if not inside.all():
        report(f"Classes whose class data lie outside the file: {np.count_nonzero(~inside)}.")
        rows = rows[inside]
    distinct, place = np.unique(offsets[rows].astype(np.int64), return_inverse=True)
    items = _read_items(data, distinct, limit)
    readable = items.size[place] > 0
    if not readable.all():
        report(f"Classes whose class data run out of the file: {np.count_nonzero(~readable)}.")
        rows, place = rows[readable], place[readable]
    allowed = np.cumsum(items.size[place]) <= limit
    if not allowed.all():
        report(f"Classes not read, because class data are more than the file can hold: {np.count_nonzero(~allowed)}.")
        rows, place = rows[allowed], place[allowed]
    head = items.head[place]
    counts = items.values[head[:, None] + np.arange(4)].astype(np.int64) if len(head) else np.zeros((0, 4), np.int64)
    return ClassData(items.values, rows.astype(np.int64), head, counts)


def _read_items(data: bytes, offsets: Ints, limit: int) -> _Items:
    parts: list[npt.NDArray[np.uint32]] = []
    head, size = np.zeros(len(offsets), np.int64), np.zeros(len(offsets), np.int64)
    known = first = 0
    while first < len(offsets):
        start = int(offsets[first])
        last = int(np.searchsorted(offsets, start + WINDOW))
        end = min(len(data), int(offsets[last - 1]) + ROOM)
        window = _read_window(data, start, end, offsets[first:last])
        parts.append(window.values)
        head[first:last] = window.head + known
        size[first:last] = window.size
        known += len(window.values)
        first = last
    slow_limit = limit // 3  # an encoded_method is three numbers, and has a method_id of eight bytes besides
    for row in np.flatnonzero(size == 0).tolist():
        numbers, whole = _read_slowly(data, int(offsets[row]), slow_limit)
        slow_limit -= len(numbers)
        if whole:
            parts.append(np.array(numbers, np.uint32))
            head[row], size[row] = known, len(numbers)
            known += len(numbers)
    return _Items(np.concatenate(parts) if parts else np.zeros(0, np.uint32), head, size)


def _read_window(data: bytes, start: int, end: int, offsets: Ints) -> _Items:
    """Decode all numbers between two places, and find the items that begin there."""
    region = np.frombuffer(data, np.uint8, end - start, start)
    ends = np.flatnonzero(region < 0x80)
    if not len(ends):
        return _Items(np.zeros(0, np.uint32), np.zeros_like(offsets), np.zeros_like(offsets))
    starts = np.concatenate(([0], ends[:-1] + 1))
    length = ends - starts + 1
    values = (region[starts] & 0x7F).astype(np.uint32)
    for byte in range(1, LONGEST_ULEB128):
        longer = np.flatnonzero(length > byte)
        if not len(longer):
            break
        values[longer] |= (region[starts[longer] + byte] & 0x7F).astype(np.uint32) << np.uint32(7 * byte)
    too_long = np.flatnonzero(length > LONGEST_ULEB128)
    head = np.searchsorted(starts, offsets - start)
    good = np.flatnonzero(head + 4 <= len(values))
    good = good[starts[head[good]] == offsets[good] - start]
    at = head[good]
    size = (
        4 + 2 * (values[at].astype(np.int64) + values[at + 1]) + 3 * (values[at + 2].astype(np.int64) + values[at + 3])
    )
    fits = at + size <= len(values)
    fits[fits] = np.searchsorted(too_long, at[fits]) == np.searchsorted(too_long, at[fits] + size[fits])
    sizes = np.zeros_like(offsets)
    sizes[good[fits]] = size[fits]
    return _Items(values, head, sizes)


def _read_slowly(data: bytes, at: int, limit: int) -> tuple[list[int], bool]:
    """The numbers of one item, and whether it is whole: it does not run out of the file or over the limit."""
    numbers: list[int] = []
    wanted = 4
    while len(numbers) < wanted:
        value = 0
        for shift in range(0, 7 * LONGEST_ULEB128, 7):
            if at >= len(data):
                return numbers, False
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        numbers.append(value & 0xFFFFFFFF)
        if len(numbers) == 4:
            wanted = 4 + 2 * (numbers[0] + numbers[1]) + 3 * (numbers[2] + numbers[3])
            if wanted > limit or wanted - 4 > len(data) - at:
                return numbers, False
    return numbers, True


def _lists(values: npt.NDArray[np.uint32], start: Ints, count: Ints, width: int) -> tuple[Ints, Ints]:
    """Lists of rows whose first number is the difference to the row before.

    Args:
        start: per list, where in ``values`` its first row is.
        count: per list, the number of rows.
        width: numbers in a row.

    Returns:
        For every row, the running sum of the first number and where in ``values`` the row is.
    """
    before = np.cumsum(count) - count
    index = np.repeat(start - width * before, count) + width * np.arange(int(count.sum()))
    running = np.cumsum(values[index], dtype=np.int64)
    base = np.zeros(len(count), np.int64)
    some = np.flatnonzero(count)
    base[some] = running[before[some]] - values[index[before[some]]]
    return running - np.repeat(base, count), index


def static_fields(class_data: ClassData, field_count: int, report: Report) -> EncodedFields:
    """The static fields of all classes; those with an index outside the field table are left out."""
    count = class_data.counts[:, 0]
    field_idx, index = _lists(class_data.values, class_data.head + 4, count, 2)
    found = EncodedFields(
        np.repeat(class_data.class_row, count), field_idx, class_data.values[index + 1].astype(np.int64)
    )
    good = field_idx < field_count
    if good.all():
        return found
    report(f"Fields of class data that are not in the field table: {np.count_nonzero(~good)}.")
    return EncodedFields(found.owner[good], found.field_idx[good], found.access_flags[good])


def encoded_methods(class_data: ClassData, method_count: int, report: Report) -> EncodedMethods:
    """The methods of all classes; those with an index outside the method table are left out."""
    counts = class_data.counts
    direct = class_data.head + 4 + 2 * (counts[:, 0] + counts[:, 1])
    start = np.stack((direct, direct + 3 * counts[:, 2]), axis=1).ravel()
    count = counts[:, 2:].ravel()
    method_idx, index = _lists(class_data.values, start, count, 3)
    found = EncodedMethods(
        np.repeat(class_data.class_row, counts[:, 2] + counts[:, 3]),
        method_idx,
        class_data.values[index + 1].astype(np.int64),
        class_data.values[index + 2].astype(np.int64),
    )
    good = method_idx < method_count
    if good.all():
        return found
    report(f"Methods of class data that are not in the method table: {np.count_nonzero(~good)}.")
    return EncodedMethods(found.owner[good], found.method_idx[good], found.access_flags[good], found.code_off[good])
