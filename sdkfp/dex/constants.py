"""The initial string values of static fields: constants that a compiler did not inline away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sdkfp.dex.strings import decode_mutf8
from sdkfp.dex.values import ValueReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from sdkfp.dex.classdata import EncodedFields
    from sdkfp.dex.header import Report
    from sdkfp.dex.names import TextBudget
    from sdkfp.dex.strings import StringTable

__all__ = ["static_strings", "texts"]


def static_strings(
    data: bytes,
    rows: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.uint32],
    fields: EncodedFields,
    field_count: int,
    string_count: int,
    limit: int,
    report: Report,
) -> list[tuple[int, int, int]]:
    """(class row, field_idx, string_idx) of the static fields whose initial value is a string.

    Args:
        rows: rows of class definitions.
        offsets: for each of them, where its encoded_array_item stands.
        fields: the static fields of all classes; the values of an array belong to them in their order.
        field_count: size of the field table; more results than that are not given.
        string_count: size of the string table.
        limit: values read for all classes together.
    """
    reader = ValueReader(data, limit)
    begin = np.searchsorted(fields.owner, rows).tolist()
    end = np.searchsorted(fields.owner, rows, "right").tolist()
    field_idx = fields.field_idx
    known: dict[tuple[int, int], list[tuple[int, int]]] = {}
    found: list[tuple[int, int, int]] = []
    broken = outside = 0
    for row, offset, first, last in zip(rows.tolist(), offsets.tolist(), begin, end, strict=True):
        key = (offset, last - first)
        if key not in known:
            known[key], whole = reader.strings(*key)
            broken += not whole
        if len(found) > field_count:
            report("There are more initial values of static fields than fields; some are not read.")
            break
        for place, string_idx in known[key]:
            if string_idx < string_count:
                found.append((row, int(field_idx[first + place]), string_idx))
            else:
                outside += 1
    if broken:
        report(f"Lists of initial values of static fields that cannot be read to their end: {broken}.")
    if outside:
        report(f"Initial values of static fields that are strings outside the string table: {outside}.")
    return found


def texts(
    found: list[tuple[int, int, int]],
    class_names: list[str],
    name_idx: npt.NDArray[np.uint32],
    strings: StringTable,
    budget: TextBudget,
) -> Iterator[tuple[str, str]]:
    """Name (``com.a.B.FIELD``) and value of each, as long as the budget lasts."""
    if not found:
        return
    rows, fields, values = (np.array(column, np.int64) for column in zip(*found, strict=True))
    decoded: dict[bytes, str] = {}
    for row, name, value in zip(rows.tolist(), strings.read(name_idx[fields]), strings.read(values), strict=True):
        if not budget.spend(len(class_names[row]) + len(name) + len(value)):
            return
        text = decoded.get(value)
        if text is None:
            text = decoded[value] = decode_mutf8(value)
        yield f"{class_names[row]}.{decode_mutf8(name)}", text
