"""Dex files whose class data, code or values lie: reading goes on around it, says so, and takes bounded time."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support.dexcode import uleb128
from support.dexpatch import (
    CLASS_DEFS,
    STRING,
    class_def,
    expect_problem,
    many_classes,
    number,
    patched,
    read_in_time,
    sample,
)
from support.dexwriter import DexWriter, Encoded, Method, Raw, StaticField

if TYPE_CHECKING:
    from collections.abc import Callable


# ---- class data


def with_class_data(body: bytes) -> bytes:
    """The sample, with other class data for its second class."""
    data = sample()
    return patched(data + body, (class_def(data, 1, 6), len(data)))


@pytest.mark.parametrize("offset", [0xFFFFFFFF, 0x7FFFFFFF, 5_000])
def test_class_data_outside_the_file(offset: int) -> None:
    data = sample()
    dex = expect_problem(patched(data, (class_def(data, 1, 6), offset)), "class data lie outside the file: 1")
    assert len(dex.code) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x01",
        b"\xff\xff\xff\xff\x0f" * 4,
        b"\0\0\0\xff\xff\xff\xff\x0f",
        b"\0\0\0\x05" + b"\x80" * 50,
        b"\xff" * 100,
        b"\0\0\x02\0" + b"\0\1\0",
    ],
)
def test_class_data_that_promise_more_than_there_is(body: bytes) -> None:
    dex = read_in_time(with_class_data(body))
    assert any("class data" in problem for problem in dex.problems)
    assert len(dex.encoded_methods) == 0


def test_class_data_with_long_numbers() -> None:
    """Numbers with more bytes than needed are right; five bytes are the most, as Android reads them."""
    one = b"\x81\x80\x80\x80\x00"
    dex = read_in_time(with_class_data(b"\x80\x00\x80\x80\x00" + one + b"\0" + one + b"\x09\0"))
    assert dex.encoded_methods.method_idx.tolist() == [1]
    over_long = b"\x81\x80\x80\x80\x80"  # the fifth byte ends the number, whatever it says
    dex = read_in_time(with_class_data(b"\0\0" + over_long + b"\0" + over_long + b"\x09\0"))
    assert dex.encoded_methods.method_idx.tolist() == [1]


def test_class_data_that_begin_in_the_middle_of_others() -> None:
    data = sample()
    body = b"\x80\x00\0\0\0\0\0\0"  # at 0: four zeros, the first in two bytes; at 1: again four zeros
    at = len(data)
    data = patched(
        data + body, (class_def(data, 0, 6), at), (class_def(data, 1, 6), at + 1), (class_def(data, 1, 7), 0)
    )
    dex = read_in_time(data)
    assert dex.problems == ("8 bytes follow the end of the dex file that its header gives.",)


def test_methods_outside_the_method_table() -> None:
    dex = expect_problem(
        with_class_data(b"\0\0\x02\0" + b"\0\x09\0" + b"\xff\xff\x03\x09\0"), "not in the method table: 1"
    )
    assert dex.encoded_methods.method_idx.tolist() == [0]


def test_fields_outside_the_field_table() -> None:
    dex = expect_problem(with_class_data(b"\x02\0\0\0" + b"\0\x09" + b"\xff\xff\x03\x09"), "not in the field table: 1")
    assert dex.static_fields.field_idx.tolist() == [0]


def test_large_class_data_shared_by_all_classes() -> None:
    """65,536 classes, each with the same 50,000 methods."""
    body = b"\0\0" + uleb128(50_000) + b"\0" + b"\0\x09\0" * 50_000
    data = many_classes(sample(), 65_536, lambda at: (0, 1, 0, 0, 0, 0, at, 0), body)
    dex = expect_problem(data, "more than the file can hold")
    assert 50_000 <= len(dex.encoded_methods) <= len(data)


def test_class_data_that_overlap_all_over() -> None:
    """30,000 classes, each with class data that begin one byte later and go on to the end."""
    count, head = 30_000, sample()
    at = len(head) + 32 * count
    table = b"".join(struct.pack("<8I", 0, 1, 0, 0, 0, 0, at + row, 0) for row in range(count))
    body = b"\x81\x81\x81\x01" * 20_000
    data = patched(head + table + body, (CLASS_DEFS, count), (CLASS_DEFS + 4, len(head)))
    read_in_time(data)


# ---- code


def one_method(code_off: Callable[[int], int], body: bytes = b"") -> bytes:
    """The sample with one method, whose code stands at a place reckoned from where ``body`` begins."""
    data = sample()
    data += bytes(-len(data) % 4)
    target = code_off(len(data))
    return patched(
        data + body + b"\0\0\x01\0" + b"\0\x09" + uleb128(target), (class_def(data, 1, 6), len(data) + len(body))
    )


def code_item(units: list[int], *, size: int | None = None, tries: int = 0) -> bytes:
    count = len(units) if size is None else size
    return struct.pack(f"<4HII{len(units)}H", 1, 0, 0, tries, 0, count, *units)


@pytest.mark.parametrize("offset", [0xFFFFFFFF, 0xFFFFFFF0, 1 << 20, 0x71])
def test_code_outside_the_file_or_unaligned(offset: int) -> None:
    dex = expect_problem(one_method(lambda _: offset), "code does not lie in the file: 1")
    assert len(dex.code) == 0


def test_code_longer_than_the_file() -> None:
    body = code_item([0x000E], size=0xFFFFFFFF)
    dex = expect_problem(one_method(lambda at: at, body), "go on behind the end of the file")
    assert dex.instructions.opcode[0] == 0x0E


@pytest.mark.parametrize(
    "units",
    [
        [0x000E, 0x006E],
        [0x000E, 0x006E, 0x0000],
        [0x000E, 0x0018, 0, 0, 0],
        [0x000E, 0x0100],
        [0x000E, 0x0100, 0xFFFF, 0, 0],
        [0x000E, 0x0200, 0x0001, 0, 0],
        [0x000E, 0x0300, 0x0004, 0xFFFF, 0xFFFF],
        [0x000E, 0x0300, 0xFFFF, 0xFFFF, 0xFFFF],
    ],
)
@pytest.mark.parametrize("copies", [1, 40])
def test_last_instruction_goes_on_behind_the_method(units: list[int], copies: int) -> None:
    methods = [Method(f"m{number}", code=[Raw(tuple(units))]) for number in range(copies)]
    dex = expect_problem(DexWriter().add_class("A", methods=methods).build(), f"goes on behind their end: {copies}.")
    assert dex.instructions.opcode.tolist() == [0x0E] * copies


def test_only_instruction_is_cut() -> None:
    methods = [Method(f"m{number}", code=[Raw((0x006E,)) if number % 2 else Raw((0x0100, 5))]) for number in range(80)]
    dex = expect_problem(DexWriter().add_class("A", methods=methods).build(), "goes on behind their end: 80.")
    assert len(dex.instructions) == 0


def test_code_items_within_each_other() -> None:
    """Both are read in full, the inner one also as part of the outer one."""
    inner = code_item([0x000E])
    inner_units = list(struct.unpack(f"<{len(inner) // 2}H", inner))
    outer = code_item([0x0013, 0x0000, *inner_units, 0x000E])
    data = sample()
    data += bytes(-len(data) % 4)
    at = len(data)
    body = b"\0\0\x02\0" + b"\0\x09" + uleb128(at) + b"\x01\x09" + uleb128(at + 20)
    dex = read_in_time(patched(data + outer + body, (class_def(data, 1, 6), at + len(outer))))
    rows = dex.instructions.row
    assert dex.instructions.opcode[rows == 1].tolist() == [0x0E]
    assert dex.instructions.opcode[rows == 0].tolist()[:2] == [0x13, 0x01]
    assert np.count_nonzero(rows == 0) > 5


def test_code_shared_by_methods_belongs_to_each() -> None:
    data = sample()
    data += bytes(-len(data) % 4)
    at = len(data)
    code = code_item([0x0071, 0, 0, 0x000E])
    body = b"\0\0\x03\0" + b"\0\x09" + uleb128(at) + (b"\x01\x09" + uleb128(at)) * 2
    dex = read_in_time(patched(data + code + body, (class_def(data, 1, 6), at + len(code))))
    assert dex.instructions.row.tolist() == [0, 0, 1, 1, 2, 2]
    assert dex.calls().row.tolist() == [0, 1, 2]
    assert dex.class_code_bytes.tolist() == [0, 24]


def test_large_code_shared_by_all_methods() -> None:
    """50,000 methods with the same 200,000 instructions."""
    head = sample()
    head += bytes(-len(head) % 4)
    code = code_item([0] * 200_000)
    body = b"\0\0" + uleb128(50_000) + b"\0" + (b"\0\x09" + uleb128(len(head))) * 50_000
    data = patched(head + code + body, (class_def(head, 1, 6), len(head) + len(code)))
    dex = expect_problem(data, "more than the file can hold")
    assert len(dex.instructions) <= len(data)


def test_many_code_items_that_overlap() -> None:
    """20,000 code items, each beginning a unit later, whose sizes reach to the end."""
    head = sample()
    head += bytes(-len(head) % 4)
    at = len(head)
    numbers = [b"\0\0", uleb128(20_000), b"\0", *(b"\0\x09" + uleb128(at + 2 * row) for row in range(20_000))]
    data = patched(head + b"\x01\x00" * 60_000 + b"".join(numbers), (class_def(head, 1, 6), at + 120_000))
    read_in_time(data)


def test_instructions_that_name_nothing() -> None:
    units = (0x001A, 0xFFFF, 0x001B, 0xFFFF, 0xFFFF, 0x001C, 0xFFFF, 0x0060, 0xFFFF, 0x0071, 0xFFFF, 0, 0x000E)
    dex = read_in_time(DexWriter().add_class("A", methods=[Method("m", code=[Raw(units)])]).build())
    for name, uses in (
        ("string", dex.string_constants()),
        ("type", dex.type_uses()),
        ("field", dex.field_accesses()),
        ("method", dex.calls()),
    ):
        assert len(uses) == 0
        assert any(f"name a {name} that is not in its table" in problem for problem in dex.problems)


# ---- static values


@pytest.mark.parametrize(
    "value",
    [
        b"\x97\0\0\0\0\0",  # a string index of five bytes
        b"\x01\0",  # no such type
        b"\x1c\xff\xff\xff\xff\x0f",  # an array of four thousand million values
        b"\x1d\0\xff\xff\xff\xff\x0f",  # the same as an annotation
        b"\x1c\x01" * 5_000,  # arrays in arrays
        b"\x1d\x00\x01\x00" * 5_000,  # annotations in annotations
        b"\x3e",  # null with an argument
    ],
)
def test_static_values_that_are_none(value: bytes) -> None:
    fields = [
        StaticField("a", STRING, "good"),
        StaticField("b", STRING, Encoded(value)),
        StaticField("c", STRING, "lost"),
    ]
    dex = expect_problem(DexWriter().add_class("A", static_fields=fields).build(), "cannot be read to their end: 1")
    assert dex.static_string_constants() == (["A.a"], ["good"])


@pytest.mark.parametrize("offset", [0xFFFFFFFF, 100_000])
def test_static_values_outside_the_file(offset: int) -> None:
    data = sample()
    expect_problem(patched(data, (class_def(data, 1, 7), offset)), "cannot be read to their end: 1")


def test_static_string_outside_the_string_table() -> None:
    fields = [StaticField("a", STRING, Encoded(b"\x77\xff\xff\xff\xff")), StaticField("b", STRING, "good")]
    dex = expect_problem(DexWriter().add_class("A", static_fields=fields).build(), "strings outside the string table")
    assert dex.static_string_constants() == (["A.b"], ["good"])


def test_more_values_than_fields() -> None:
    data = DexWriter().add_class("A", static_strings={"a": "x", "b": "y"}).build()
    at = number(data, class_def(data, 0, 7))
    dex = expect_problem(data[:at] + b"\x03" + data[at + 1 :], "cannot be read to their end: 1")
    assert dex.static_string_constants() == (["A.a", "A.b"], ["x", "y"])


def test_one_array_of_values_for_all_classes() -> None:
    """60,000 classes that share 20,000 static fields and values."""
    head = sample()
    fields = b"".join((uleb128(20_000), b"\0\0\0", b"\0\x09" * 20_000))
    values = uleb128(20_000) + b"\x17\0" * 20_000
    data = many_classes(head, 60_000, lambda at: (0, 1, 0, 0, 0, 0, at, at + len(fields)), fields + values)
    dex = read_in_time(data)
    assert len(dex.static_string_values()) == 20_000
    assert any("more initial values" in problem for problem in dex.problems)
