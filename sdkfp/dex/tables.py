"""The tables of fixed-size items: types, prototypes, fields, methods and class definitions, and the lists they point to.

Every column is a view into the file, not a copy. Source: Android documents, "Dalvik executable format".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex.header import Report, Section

__all__ = ["NO_INDEX", "ClassTable", "FieldTable", "MethodTable", "Pairs", "ProtoTable", "read_table", "type_lists"]

NO_INDEX = 0xFFFFFFFF
MOST_TYPES = 0x10000
"""Instructions and tables name types and prototypes with 16 bits."""


@dataclass(frozen=True, slots=True)
class ProtoTable:
    """proto_id_item, one row a prototype."""

    shorty_idx: npt.NDArray[np.uint32]
    return_type_idx: npt.NDArray[np.uint32]
    parameters_off: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.shorty_idx)


@dataclass(frozen=True, slots=True)
class FieldTable:
    """field_id_item, one row a field that is mentioned."""

    class_idx: npt.NDArray[np.uint16]
    type_idx: npt.NDArray[np.uint16]
    name_idx: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.class_idx)


@dataclass(frozen=True, slots=True)
class MethodTable:
    """method_id_item, one row a method that is mentioned."""

    class_idx: npt.NDArray[np.uint16]
    proto_idx: npt.NDArray[np.uint16]
    name_idx: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.class_idx)


@dataclass(frozen=True, slots=True)
class ClassTable:
    """class_def_item, one row a class that is defined here."""

    type_idx: npt.NDArray[np.uint32]
    access_flags: npt.NDArray[np.uint32]
    superclass_idx: npt.NDArray[np.uint32]
    """:data:`NO_INDEX` where there is none."""
    interfaces_off: npt.NDArray[np.uint32]
    source_file_idx: npt.NDArray[np.uint32]
    """:data:`NO_INDEX` where there is none."""
    annotations_off: npt.NDArray[np.uint32]
    class_data_off: npt.NDArray[np.uint32]
    static_values_off: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.type_idx)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two columns: the row of a class definition and a type of its (superclass, interface)."""

    class_row: npt.NDArray[np.int64]
    type_idx: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.class_row)


def read_table(
    data: bytes, section: Section, dtype: npt.DTypeLike, name: str, report: Report, *, most: int | None = None
) -> npt.NDArray[Any]:
    """The items of one table, as far as they lie in the file.

    Args:
        dtype: little-endian type of one item.
        most: more items than this are not read.
    """
    kind = np.dtype(dtype)
    count = section.size
    room = max(0, len(data) - section.offset) // kind.itemsize
    if count and section.offset == 0:
        report(f"{name} should have {count} items, but has no place in the file.")
        count = 0
    if count > room:
        report(f"{name} should have {count} items, but the file has room for {room}.")
        count = room
    if most is not None and count > most:
        report(f"{name} has {count} items; only the first {most} are read.")
        count = most
    return np.frombuffer(data, kind, count, section.offset if count else 0)


def type_lists(
    data: bytes, offsets: npt.NDArray[np.uint32], most: int, report: Report
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The type_lists that rows of a table point to.

    Args:
        offsets: per row, bytes from the start of the file; 0 for an empty list.
        most: entries read for all rows together.

    Returns:
        Two columns: the row, and a type_idx of its list (not checked against the type table).
    """
    rows = np.flatnonzero(offsets)
    starts = offsets[rows].astype(np.int64)
    inside = starts <= len(data) - 4
    sizes = np.zeros(len(rows), np.int64)
    sizes[inside] = _gather(data, starts[inside], 4)
    good = inside & (starts + 4 + 2 * sizes <= len(data))
    if not good.all():
        report(f"Type lists that do not lie in the file: {np.count_nonzero(~good)}.")
        rows, starts, sizes = rows[good], starts[good], sizes[good]
    good = np.cumsum(sizes) <= most
    if not good.all():
        report(f"Type lists not read, because together they are longer than the file: {np.count_nonzero(~good)}.")
        rows, starts, sizes = rows[good], starts[good], sizes[good]
    before = np.cumsum(sizes) - sizes
    at = np.repeat(starts + 4 - 2 * before, sizes) + 2 * np.arange(int(sizes.sum()))
    return np.repeat(rows, sizes), _gather(data, at, 2)


def _gather(data: bytes, offsets: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.int64]:
    """Little-endian unsigned numbers at any, also unaligned, offsets."""
    raw = np.frombuffer(data, np.uint8)
    value = raw[offsets].astype(np.int64)
    for byte in range(1, width):
        value |= raw[offsets + byte].astype(np.int64) << (8 * byte)
    return value
