"""Broken and hostile libraries: a typed error or a record of what was not read, in bounded time and memory."""

from __future__ import annotations

import struct
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.elfwriter import BASE, Note, SharedObject, Symbol, write

from sdkfp.elf import library_features, read_library
from sdkfp.errors import ElfError

PLAIN = SharedObject(
    needed=("libc.so",),
    symbols=(Symbol("puts", defined=False), Symbol("JNI_OnLoad"), Symbol("Java_com_vendor_x_Native_start")),
    notes=(Note(b"GNU", 3, bytes(20)),),
    data=b"com/vendor/x/Native\0libvendor 1.2.3\0",
    comment=b"clang version 12.0.8\0",
)
GNU_HASH = 0x6FFFFEF5


def patched(offset: int, form: str, *values: int) -> bytes:
    data = bytearray(write(PLAIN))
    struct.pack_into(form, data, offset, *values)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an ELF file: it starts with b''"),
        (b"PK\x03\x04" + bytes(100), "not an ELF file: it starts with b'PK\\x03\\x04'"),
        (b"\x7fELF", "the ELF header is cut short or of an unknown class"),
        (write(PLAIN)[:63], "the ELF header is cut short or of an unknown class"),
        (patched(4, "<B", 3), "the ELF header is cut short or of an unknown class"),
        (patched(5, "<B", 2), "not little-endian, as every Android ABI is"),
        (patched(16, "<H", 1), "ELF type 1 is neither a shared object nor an executable"),
        (patched(54, "<H", 32), "a program header of 32 bytes is not of this class"),
        (patched(56, "<H", 0), "the program headers are missing, absurdly many or outside the file"),
        (patched(56, "<H", 0xFFFF), "the program headers are missing, absurdly many or outside the file"),
        (patched(32, "<Q", 1 << 63), "the program headers are missing, absurdly many or outside the file"),
        (write(PLAIN)[:100], "the program headers are missing, absurdly many or outside the file"),
    ],
)
def test_what_is_no_readable_elf_is_an_error(data: bytes, message: str) -> None:
    with pytest.raises(ElfError) as error:
        read_library(data)
    assert str(error.value) == message


def made(**changes: object) -> SharedObject:
    return SharedObject(**{**PLAIN.__dict__, **changes})


@pytest.mark.parametrize(
    ("library", "codes"),
    [
        (made(without=frozenset({5})), ["elf-no-dynamic"]),
        (made(without=frozenset({6})), ["elf-no-dynamic"]),
        (made(dynamic={5: 1 << 40}), ["elf-table-outside"]),
        (made(dynamic={6: 1 << 40}, hashes=frozenset({"sysv"})), ["elf-table-outside"]),
        (made(dynamic={10: 1 << 40}), ["elf-table-outside"]),
    ],
)
def test_tables_that_lie_outside_are_recorded(library: SharedObject, codes: list[str]) -> None:
    found = read_library(write(library))
    assert [code for code, _ in found.unread] == codes
    assert [record.code for record in found.not_examined("a.apk!lib/x86/a.so")] == codes
    assert found.named_classes == ("com.vendor.x.Native",)


def test_a_file_cut_short_keeps_what_is_left_of_it() -> None:
    data = write(made(sections="stripped", data=b"com/vendor/x/Native\0" + bytes(1000), hashes=frozenset({"gnu"})))
    library = read_library(data[:-900])
    assert ("elf-truncated", "a segment of the library reaches beyond the end of the file") in library.unread
    assert library.named_classes == ("com.vendor.x.Native",)


@pytest.mark.parametrize(
    ("tag", "table"),
    [
        (4, struct.pack("<II", 1, 0xFFFFFFFF)),
        (4, struct.pack("<II", 0xFFFFFFFF, 4)),
        (GNU_HASH, struct.pack("<IIII", 0xFFFFFFFF, 1, 1, 0)),
        (GNU_HASH, struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 0)),
        (GNU_HASH, struct.pack("<IIIIQI", 1, 1, 1, 0, 0, 0xFFFFFFFF)),
        (GNU_HASH, struct.pack("<IIIIQI", 1, 1, 1, 0, 0, 1) + bytes(64)),
    ],
)
def test_hash_tables_with_absurd_counts_are_not_believed(tag: int, table: bytes) -> None:
    """The other tables then bound the symbols, so that none is lost."""
    plain = write(made(data=table, notes=(), hashes=frozenset()))
    place = plain.rindex(b"\0" + table) + 1
    name = "gnu" if tag == GNU_HASH else "sysv"
    library = read_library(write(made(data=table, notes=(), hashes=frozenset({name}), dynamic={tag: BASE + place})))
    library_without = read_library(plain)
    assert set(library.exported) >= {"JNI_OnLoad", "Java_com_vendor_x_Native_start"}
    assert set(library.exported) == set(library_without.exported)


def test_notes_with_absurd_sizes_do_no_harm() -> None:
    data = bytearray(write(PLAIN))
    place = data.index(struct.pack("<III", 4, 20, 3))
    struct.pack_into("<II", data, place, 0xFFFFFFF0, 0xFFFFFFF0)
    library = read_library(bytes(data))
    assert (library.build_id, library.has_jni_onload) == (None, True)


def test_overlapping_names_cannot_fill_the_memory() -> None:
    """Every symbol names the same megabytes: together more than a terabyte."""
    names = b"a" * 4_000_000
    data = bytearray(write(made(symbols=[Symbol(names), *(Symbol("x") for _ in range(100_000))], notes=())))
    for row in range(1, 100_002):
        struct.pack_into("<I", data, 64 + 2 * 56 + 24 * row, 1 + row % 1000)
    raw = bytes(data)
    tracemalloc.start()
    library = read_library(raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [code for code, _ in library.unread] == ["elf-too-many-symbols"]
    assert peak < 100_000_000


def test_segments_that_overlap_are_searched_once() -> None:
    """A thousand segments map the same megabytes."""
    body = write(made(data=b"com/vendor/x/Native\0" + b"1.2/3.4\0" * 500_000, notes=()))
    load, count = body[64 : 64 + 56], 1000
    moved = body + load * count + body[64 + 56 : 64 + 112]
    data = bytearray(moved)
    struct.pack_into("<Q", data, 32, len(body))
    struct.pack_into("<H", data, 56, count + 1)
    start = time.process_time()
    library = read_library(bytes(data))
    assert time.process_time() - start < 5
    assert library.named_classes == ("com.vendor.x.Native",)
    assert "elf-too-many-strings" in [code for code, _ in library.unread]


def test_strings_made_to_be_slow_cost_little() -> None:
    line = b"a" * 150 + b"1.1\0"
    start = time.process_time()
    library = read_library(write(made(data=line * 100_000)))
    assert time.process_time() - start < 5
    assert library.version_strings == ()


@settings(max_examples=300, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(
    bits=st.sampled_from((32, 64)),
    changes=st.lists(st.tuples(st.integers(0, 1200), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12),
    length=st.integers(0, 1300),
)
def test_a_changed_library_is_read_or_refused(bits: int, changes: list[tuple[int, bytes]], length: int) -> None:
    data = bytearray(write(made(bits=bits)))
    for number, piece in changes:
        place = number % len(data)
        data[place : place + len(piece)] = piece
    raw = bytes(data[:length]) if length < 200 else bytes(data)
    try:
        library = read_library(raw)
    except ElfError:
        return
    library_features(library, "a.so", "a.apk!lib/x86/a.so").format()
    assert all(code.startswith("elf-") for code, _ in library.unread)
