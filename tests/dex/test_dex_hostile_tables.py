"""Dex files whose header, tables, strings or containers lie: reading goes on around it, says so, and takes bounded time."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import pytest
from support.dexcode import uleb128
from support.dexpatch import (
    METHOD_IDS,
    PROTO_IDS,
    SECONDS,
    STRING_IDS,
    TABLES,
    TYPE_IDS,
    class_def,
    expect_problem,
    many_classes,
    number,
    patched,
    read,
    read_in_time,
    sample,
)
from support.dexread import check_everything
from support.dexwriter import DexWriter, build_container

from sdkfp.dex import open_dexes
from sdkfp.errors import DexError

if TYPE_CHECKING:
    from collections.abc import Callable


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


def test_strings_that_all_begin_inside_their_own_index() -> None:
    """Every name is empty then; classes without a name must not pass for classes of the app."""
    data = sample()
    table, count = number(data, STRING_IDS + 4), number(data, STRING_IDS)
    dex = expect_problem(patched(data, *((table + 4 * row, table) for row in range(count))), "that are no classes")
    assert dex.class_names == ["", ""]
