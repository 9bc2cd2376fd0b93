"""Asks a dex file for everything that it offers, and checks what every column promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex import Dex

__all__ = ["check_everything"]

MOST_NAMES = 2000
"""Method and field references made per file; the rest is more of the same."""


def check_everything(dex: Dex) -> None:
    """Read every column; fail where one breaks its promise (lengths in step, indices within their tables)."""
    types, classes = len(dex.type_descriptors), len(dex.classes)
    assert len(dex.class_names) == classes
    assert dex.string_count == len(dex.strings) == len(dex.strings_at(np.arange(len(dex.strings))))
    for name in (*dex.class_names, *dex.referenced_class_names):
        name.encode("utf-8")
    for pairs in (dex.superclasses, dex.interfaces):
        _within(pairs.class_row, classes)
        _within(pairs.type_idx, types)
    _within(dex.static_fields.owner, classes)
    _within(dex.static_fields.field_idx, len(dex.fields))
    _within(dex.encoded_methods.owner, classes)
    _within(dex.encoded_methods.method_idx, len(dex.methods))
    _check_code(dex)
    for uses, size in (
        (dex.calls(), len(dex.methods)),
        (dex.string_constants(), len(dex.strings)),
        (dex.field_accesses(), len(dex.fields)),
        (dex.type_uses(), types),
    ):
        assert len(uses.row) == len(uses.position) == len(uses.opcode) == len(uses.index)
        _within(uses.row, len(dex.code))
        _within(uses.index, size)
    for index in range(min(MOST_NAMES, len(dex.methods))):
        assert "->" in dex.method_reference(index) or dex.method_reference(index) == "?"
    for index in range(min(MOST_NAMES, len(dex.fields))):
        assert "->" in dex.field_reference(index) or dex.field_reference(index) == "?"
    for row, field_idx, string_idx in dex.static_string_values():
        assert row < classes
        assert field_idx < len(dex.fields)
        assert string_idx < len(dex.strings)
    names, values = dex.static_string_constants()
    assert len(names) == len(values)
    dex.verify()
    assert all(problem.endswith(".") for problem in dex.problems)
    assert len(dex.problems) < 50


def _check_code(dex: Dex) -> None:
    code, instructions = dex.code, dex.instructions
    _within(code.owner, len(dex.classes))
    assert (code.code_off + code.size <= len(dex.data)).all()
    assert (code.code_off + 16 + 2 * code.insns_size <= len(dex.data)).all()
    assert len(dex.class_code_bytes) == len(dex.classes)
    assert len(instructions.position) == len(instructions.row) == len(instructions.opcode)
    _within(instructions.row, len(code))
    begin = code.code_off[instructions.row] // 2 + 8
    assert (instructions.position >= begin).all()
    assert (instructions.position < begin + code.insns_size[instructions.row]).all()
    same = np.diff(instructions.row) == 0
    assert (np.diff(instructions.position)[same] > 0).all()
    assert np.count_nonzero(~same) + 1 == len(np.unique(instructions.row)) or not len(instructions)


def _within(column: npt.NDArray[np.integer], size: int) -> None:
    assert ((column >= 0) & (column < size)).all()
