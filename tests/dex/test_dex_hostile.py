"""Dex files that lie: each lie by itself. Reading goes on around it, says so, and takes bounded time."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support.dexcode import uleb128
from support.dexread import check_everything
from support.dexwriter import (
    ConstString,
    DexWriter,
    Encoded,
    FieldAccess,
    Invoke,
    Method,
    NewInstance,
    Raw,
    StaticField,
    build_container,
)

from sdkfp.dex import Dex, open_dexes
from sdkfp.errors import DexError

if TYPE_CHECKING:
    from collections.abc import Callable

# Where the header has the size of a table; the offset follows.
STRING_IDS, TYPE_IDS, PROTO_IDS, FIELD_IDS, METHOD_IDS, CLASS_DEFS = range(0x38, 0x68, 8)
TABLES = (STRING_IDS, TYPE_IDS, PROTO_IDS, FIELD_IDS, METHOD_IDS, CLASS_DEFS)
STRING = "Ljava/lang/String;"
SECONDS = 5.0
"""What reading a hostile file of some hundred kilobytes may take on a busy machine."""


def sample() -> bytes:
    return (
        DexWriter()
        .add_class("com.example.A", interfaces=["java.lang.Runnable"])
        .add_class(
            "com.example.B",
            superclass="com.example.A",
            static_strings={"VERSION": "1.2"},
            methods=[
                Method(
                    "m",
                    f"({STRING})V",
                    [ConstString(0, "text"), Invoke("static", "a.b.C", "d"), NewInstance(0, "a.b.C")],
                ),
                Method("n", code=[FieldAccess("sget-object", 0, "a.b.C", "f", STRING)]),
            ],
        )
        .build()
    )


def number(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")


def patched(data: bytes, *changes: tuple[int, int]) -> bytes:
    """The data with 32-bit numbers put at some offsets."""
    out = bytearray(data)
    for offset, value in changes:
        struct.pack_into("<I", out, offset, value)
    return bytes(out)


def class_def(data: bytes, row: int, column: int) -> int:
    """Where a number of a class definition stands."""
    return number(data, CLASS_DEFS + 4) + 32 * row + 4 * column


def read(data: bytes) -> Dex:
    (dex,) = open_dexes(data)
    return dex


def read_in_time(data: bytes) -> Dex:
    start = time.perf_counter()
    dex = read(data)
    check_everything(dex)
    assert time.perf_counter() - start < SECONDS
    return dex


def expect_problem(data: bytes, words: str) -> Dex:
    dex = read_in_time(data)
    assert any(words in problem for problem in dex.problems), dex.problems
    return dex


# ---- what is no dex file


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no dex file"),
        (b"PK\x03\x04" + bytes(200), "no dex file"),
        (b"dey\n036\0" + bytes(200), "odex"),
        (b"cdex001\0" + bytes(200), "compact"),
        (b"dex\n034\0" + bytes(200), "not known"),
        (b"dex\n042\0" + bytes(200), "not known"),
        (b"dex\n0350" + bytes(200), "not known"),
        (b"dex\n035\0" + bytes(0x60), "within its header"),
        (b"dex\n041\0" + bytes(0x68), "within its header"),
        (patched(sample(), (0x28, 0x78563412)), "big-endian"),
    ],
)
def test_refused(data: bytes, words: str) -> None:
    with pytest.raises(DexError, match=words):
        open_dexes(data)


# ---- the header


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (sample() + b"payload", "7 bytes follow the end"),
        (patched(sample(), (0x20, 1 << 30)), "file size of 1073741824"),
        (patched(sample(), (0x24, 0)), "header size of 0"),
        (patched(sample(), (0x28, 0)), "endian_tag"),
    ],
)
def test_header_lies_are_read_around(data: bytes, words: str) -> None:
    dex = expect_problem(data, words)
    assert dex.class_names == ["com.example.A", "com.example.B"]
    assert dex.static_string_constants() == (["com.example.B.VERSION"], ["1.2"])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("size", [0x7FFFFFFF, 0xFFFFFFFF, 100_000])
def test_table_larger_than_the_file(table: int, size: int) -> None:
    expect_problem(patched(sample(), (table, size)), "but the file has room for")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("offset", [0xFFFFFFFF, 0x7FFFFFF0, 0])
def test_table_outside_the_file(table: int, offset: int) -> None:
    expect_problem(patched(sample(), (table + 4, offset)), "should have")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("offset", [0x0, 0x1, 0x71, 0x133])
def test_table_at_another_place(table: int, offset: int) -> None:
    """Overlapping and unaligned tables hold nonsense, but nothing breaks."""
    read_in_time(patched(sample(), (table + 4, offset)))


@pytest.mark.parametrize("end", [0x70, 0x80, 0x140, 0x200, 0x280, -40, -1])
def test_truncated_file(end: int) -> None:
    dex = read_in_time(sample()[:end])
    assert dex.problems


# ---- strings and types


def strings_moved(order: Callable[[int], list[int]], gap: bytes) -> bytes:
    """The sample with its string data behind the end of the file, in another order and with gaps between."""
    data = sample()
    out, table, count = bytearray(data), number(data, STRING_IDS + 4), number(data, STRING_IDS)
    for index in order(count):
        start = number(data, table + 4 * index)
        out += gap
        struct.pack_into("<I", out, table + 4 * index, len(out))
        out += data[start : data.index(b"\0", start + 1) + 1]
    return bytes(out)


@pytest.mark.parametrize("gap", [b"", b"gap", b"\0\0"])
@pytest.mark.parametrize(
    "order", [lambda n: list(range(n)), lambda n: list(range(n))[::-1], lambda n: [*range(1, n), 0]]
)
def test_string_data_in_any_order_and_with_gaps(gap: bytes, order: Callable[[int], list[int]]) -> None:
    dex = read_in_time(strings_moved(order, gap))
    proper = read(sample())
    assert dex.strings == proper.strings
    assert dex.class_names == proper.class_names
    assert not any("trings" in problem for problem in dex.problems)


def test_string_data_outside_the_file() -> None:
    data = sample()
    table = number(data, STRING_IDS + 4)
    dex = expect_problem(patched(data, (table, 0xFFFFFFFF), (table + 4, len(data))), "lie outside the file")
    assert dex.strings[:2] == [b"?", b"?"]
    assert dex.strings[2:] == read(data).strings[2:]


def test_string_without_an_end() -> None:
    data = sample() + b"\x05endless"
    dex = expect_problem(patched(data, (number(data, STRING_IDS + 4), len(data) - 8)), "overlap or do not end")
    assert dex.string(0) == b"?"


def test_string_with_an_endless_length() -> None:
    data = sample() + b"\xff" * 20 + b"a\0"
    assert read_in_time(patched(data, (number(data, STRING_IDS + 4), len(data) - 22))).string(0).endswith(b"a")


def test_strings_within_strings_are_read() -> None:
    """A string may be the tail of another one; compilers do not do that, packers could."""
    data = sample()
    table, tail = number(data, STRING_IDS + 4), number(sample(), number(sample(), STRING_IDS + 4) + 4 * 5)
    proper = read(data).strings
    dex = expect_problem(patched(data, (table, tail + 2)), "overlap")
    assert dex.strings[0] == proper[5][2:]
    assert dex.strings[1:] == proper[1:]


def test_one_long_string_named_by_everything() -> None:
    """65,536 types whose descriptor is the same 100 kB: 6.5 GB, if each were a copy."""
    long_name = b"L" + b"a" * 100_000 + b";"
    head = sample()
    types = struct.pack("<65536I", *[0] * 65_536)
    data = head + types + uleb128(len(long_name)) + long_name + b"\0"
    data = patched(
        data,
        (TYPE_IDS, 65_536),
        (TYPE_IDS + 4, len(head)),
        (number(head, STRING_IDS + 4), len(head) + len(types)),
    )
    dex = read_in_time(data)
    assert len(dex.type_descriptors) == 65_536
    assert dex.type_descriptors[7] is dex.type_descriptors[65_535]


def test_overlapping_long_strings_are_bounded() -> None:
    """60,000 strings, each one byte shorter than the one before, all up to the same end: 1.8 GB together."""
    head, count = sample(), 60_000
    body = b"\x01" + b"L" * (count + 10) + b"\0"
    offsets = struct.pack(f"<{count}I", *range(len(head) + 4 * count, len(head) + 5 * count))
    types = struct.pack(f"<{count}I", *range(count))
    data = patched(
        head + offsets + body + types,
        (STRING_IDS, count),
        (STRING_IDS + 4, len(head)),
        (TYPE_IDS, count),
        (TYPE_IDS + 4, len(head) + len(offsets) + len(body)),
    )
    dex = expect_problem(data, "overlap")
    assert sum(map(len, dex.strings)) < 2 * len(data)


def test_types_and_classes_that_name_nothing() -> None:
    data = sample()
    names = read(data).class_names
    dex = expect_problem(patched(data, (class_def(data, 0, 0), 0xFFFF)), "not in the type table")
    assert dex.class_names == ["?", *names[1:]]
    dex = expect_problem(patched(data, (number(data, TYPE_IDS + 4), 0xFFFFFF)), "outside the string table")
    assert dex.type_descriptors[0] == b"?"


def test_class_definition_of_something_that_is_no_class() -> None:
    data = sample()
    primitive = read(data).type_descriptors.index(b"V")
    assert read_in_time(patched(data, (class_def(data, 0, 0), primitive))).class_names[0] == "V"


def test_more_types_than_16_bits_can_name() -> None:
    data = sample()
    data += bytes(4 * 70_000)
    data = patched(data, (TYPE_IDS, 70_000), (TYPE_IDS + 4, len(data) - 4 * 70_000))
    assert len(expect_problem(data, "only the first 65536").type_descriptors) == 65_536


# ---- superclasses, interfaces, prototypes


def test_superclass_and_interfaces_outside_the_type_table() -> None:
    data = sample()
    dex = expect_problem(patched(data, (class_def(data, 1, 2), 0xFFFE)), "Superclasses or interfaces")
    assert dex.superclasses.class_row.tolist() == [0]
    lists = number(data, class_def(data, 0, 3))
    dex = expect_problem(patched(data, (lists + 4, 0xFFFF)), "Superclasses or interfaces")
    assert len(dex.interfaces) == 0


@pytest.mark.parametrize("offset", [0xFFFFFFFF, 0xFFFFFFFE, 100_000])
def test_interfaces_outside_the_file(offset: int) -> None:
    data = sample()
    expect_problem(patched(data, (class_def(data, 0, 3), offset)), "Type lists that do not lie in the file: 1")


def test_interface_list_longer_than_the_file() -> None:
    data = sample()
    expect_problem(
        patched(data, (number(data, class_def(data, 0, 3)), 0xFFFFFFFF)), "Type lists that do not lie in the file: 1"
    )


def test_one_long_interface_list_for_all_classes() -> None:
    """20,000 classes with the same 100,000 interfaces."""
    data = many_classes(
        sample(), 20_000, lambda at: (0, 1, 0, at, 0, 0, 0, 0), struct.pack("<I", 100_000) + bytes(200_000)
    )
    dex = expect_problem(data, "together they are longer than the file")
    assert len(dex.interfaces) <= len(data)


@pytest.mark.parametrize("offset", [0xFFFFFFFF, 0xFFFFFFF0])
def test_parameters_outside_the_file(offset: int) -> None:
    data = sample()
    protos = number(data, PROTO_IDS + 4)
    rows = number(data, PROTO_IDS)
    dex = expect_problem(patched(data, *((protos + 12 * row + 8, offset) for row in range(rows))), "Parameter lists")
    assert "Lcom/example/B;->m(?)V" in [dex.method_reference(index) for index in range(len(dex.methods))]


def test_long_names_in_many_references_are_bounded() -> None:
    """65,536 methods whose class, name and prototype are long: 13 GB of text, if each were made."""
    long_name = b"L" + b"a" * 100_000 + b";"
    head = sample()
    methods = bytes(8 * 65_536)
    data = head + methods + uleb128(len(long_name)) + long_name + b"\0"
    data = patched(
        data,
        (METHOD_IDS, 65_536),
        (METHOD_IDS + 4, len(head)),
        (number(head, STRING_IDS + 4), len(head) + len(methods)),
    )
    dex = read(data)
    total = sum(len(dex.method_reference(index)) for index in range(65_536))
    assert total < 10 * len(data)
    assert any("longer than the file can hold" in problem for problem in dex.problems)


# ---- class data


def many_classes(head: bytes, count: int, row: Callable[[int], tuple[int, ...]], tail: bytes) -> bytes:
    """A file with other class definitions: ``row`` gets the offset of ``tail``, which follows them."""
    at = len(head) + 32 * count
    table = struct.pack("<8I", *row(at)) * count
    return patched(head + table + tail, (CLASS_DEFS, count), (CLASS_DEFS + 4, len(head)))


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


# ---- containers


def container() -> bytes:
    return build_container([DexWriter("041").add_class(f"com.example.C{number}") for number in range(3)])


@pytest.mark.parametrize(
    ("place", "value", "words", "count"),
    [
        (0x70, 5, "container size of 5", 3),
        (0x74, 99, "stands at byte 99", 3),
        (0x20, 0, "does not fit into the container", 1),
        (0x20, 0xFFFFFFFF, "does not fit into the container", 1),
        (0x20, 0x90, "cannot be read", 1),
    ],
)
def test_container_that_lies(place: int, value: int, words: str, count: int) -> None:
    dexes = open_dexes(patched(container(), (place, value)))
    assert len(dexes) == count
    for dex in dexes:
        check_everything(dex)
    assert any(words in problem for problem in dexes[0].problems)
    assert dexes[0].class_names == ["com.example.C0"]


def test_container_of_headers_only() -> None:
    """Thousands of headers that all point at the same tables."""
    data = bytearray(container())
    first = bytes(data[:0x78])
    step = struct.pack("<I", 0x78)
    data += (first[:0x20] + step + first[0x24:]) * 3_000
    start = time.perf_counter()
    dexes = open_dexes(bytes(data))
    for dex in dexes:
        check_everything(dex)
    assert time.perf_counter() - start < 2 * SECONDS
    assert len(dexes) == 128
    assert any("holds more than" in problem for problem in dexes[-1].problems)


def test_older_dex_file_within_a_container() -> None:
    data = container() + sample()
    dexes = open_dexes(data)
    assert len(dexes) == 3
    assert any("knows no containers" in problem for problem in dexes[2].problems)
