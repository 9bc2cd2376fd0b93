"""Where the tables of an ELF file lie: header, program headers, dynamic segment and hash tables, with their bounds checked.

The order of trust is that of Android's linker (bionic ``linker_phdr.cpp``, ``linker.cpp``): program headers, then the
dynamic segment. Section headers may be stripped or false; only the compiler's ``.comment``, which nothing else leads to,
is looked up in them. Layouts of the structures: System V ABI, chapters 4 and 5 (https://gabi.xinuos.com/).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from sdkfp.errors import ElfError

__all__ = [
    "PT_LOAD",
    "PT_NOTE",
    "SYMBOL_SIZE",
    "Layout",
    "Segment",
    "Unread",
    "read_comment",
    "read_layout",
    "table_text",
]

Unread: TypeAlias = list[tuple[str, str]]
"""(code, reason) of each part that could not be read."""

_LONGEST_PROGRAM_HEADERS = 65536
"""Bytes; bionic's limit (``linker_phdr.cpp``, ReadProgramHeaders)."""
_MOST_ENTRIES = 4096
_LONGEST_CHAIN = 256
"""Symbols with the same hash bucket, as linkers make them; a longer chain is followed too."""
_MOST_COMMENTS = 16
_LONGEST_COMMENT = 64 * 1024
_LONGEST_TOOL = 400

PT_LOAD, PT_DYNAMIC, PT_NOTE = 1, 2, 4
DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_SONAME = 1, 4, 5, 6, 10, 11, 14
_DT_GNU_HASH = 0x6FFFFEF5
_POINTERS = (3, DT_HASH, DT_STRTAB, 7, 17, 23, _DT_GNU_HASH, 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFE)
"""Dynamic tags whose value is the address of a table."""

HEADER = {32: struct.Struct("<16sHHIIIIIHHHHHH"), 64: struct.Struct("<16sHHIQQQIHHHHHH")}
PROGRAM_HEADER = {32: struct.Struct("<IIIIIIII"), 64: struct.Struct("<IIQQQQQQ")}
DYNAMIC = {32: struct.Struct("<II"), 64: struct.Struct("<QQ")}
_SECTION_HEADER = {32: struct.Struct("<IIIIIIIIII"), 64: struct.Struct("<IIQQQQIIQQ")}
SYMBOL_SIZE = {32: 16, 64: 24}


class Segment(NamedTuple):
    """One program header; offset and size are cut to what lies in the file."""

    kind: int
    flags: int
    offset: int
    address: int
    size: int
    align: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tables lie in the file. A table is (offset, size) in bytes, (0, 0) where there is none."""

    data: bytes
    bits: int
    machine: int
    segments: tuple[Segment, ...]
    soname: int | None
    """Index into the string table."""
    needed: tuple[int, ...]
    """The same."""
    strings: tuple[int, int]
    symbols: tuple[int, int]
    unread: tuple[tuple[str, str], ...]


def read_layout(data: bytes) -> Layout:
    """Find the tables.

    Raises:
        ElfError: the data is not ELF, or header or program headers are malformed.
    """
    if data[:4] != b"\x7fELF":
        raise ElfError(f"not an ELF file: it starts with {bytes(data[:4])!r}")
    bits = {1: 32, 2: 64}.get(data[4]) if len(data) >= 16 else None
    if bits is None or len(data) < HEADER[bits].size:
        raise ElfError("the ELF header is cut short or of an unknown class")
    if data[5] != 1:
        raise ElfError("not little-endian, as every Android ABI is")
    _, kind, machine, _, _, start, _, _, _, entry_size, count, _, _, _ = HEADER[bits].unpack_from(data)
    if kind not in (2, 3):
        raise ElfError(f"ELF type {kind} is neither a shared object nor an executable")
    if entry_size != PROGRAM_HEADER[bits].size:
        raise ElfError(f"a program header of {entry_size} bytes is not of this class")
    unread: Unread = []
    segments = _segments(data, bits, start, count, unread)
    values, needed = _dynamic(data, bits, segments, unread)
    strings = _table(segments, values.get(DT_STRTAB), values.get(DT_STRSZ, 0), "DT_STRTAB", unread)
    symbols = (0, 0)
    if DT_SYMTAB in values and strings[1]:
        length = _symbol_count(data, bits, segments, values) * SYMBOL_SIZE[bits]
        symbols = _table(segments, values[DT_SYMTAB], length, "DT_SYMTAB", unread)
    return Layout(data, bits, machine, segments, values.get(DT_SONAME), needed, strings, symbols, tuple(unread))


def _segments(data: bytes, bits: int, start: int, count: int, unread: Unread) -> tuple[Segment, ...]:
    form = PROGRAM_HEADER[bits]
    length = count * form.size
    if not 0 < length <= _LONGEST_PROGRAM_HEADERS or start + length > len(data):
        raise ElfError("the program headers are missing, absurdly many or outside the file")
    segments, short = [], False
    for row in form.iter_unpack(data[start : start + length]):
        if bits == 64:
            kind, flags, offset, address, _, size, _, align = row
        else:
            kind, offset, address, _, size, _, flags, align = row
        present = max(0, min(size, len(data) - offset))
        short = short or (kind == PT_LOAD and present < size)
        segments.append(Segment(kind, flags, min(offset, len(data)), address, present, align))
    if short:
        unread.append(("elf-truncated", "a segment of the library reaches beyond the end of the file"))
    return tuple(segments)


def _locate(segments: Iterable[Segment], address: int) -> tuple[int, int]:
    """Where an address lies in the file, and how many bytes its segment has from there; (0, 0) where it has none."""
    for segment in segments:
        if segment.kind == PT_LOAD and segment.address <= address < segment.address + segment.size:
            into = address - segment.address
            return segment.offset + into, segment.size - into
    return 0, 0


def _dynamic(
    data: bytes, bits: int, segments: tuple[Segment, ...], unread: Unread
) -> tuple[Mapping[int, int], tuple[int, ...]]:
    """The last value of each dynamic tag, and the indexes of all DT_NEEDED."""
    segment = next((found for found in segments if found.kind == PT_DYNAMIC), None)
    if segment is None:
        unread.append(("elf-no-dynamic", "the library has no dynamic segment, so its symbols are not known"))
        return {}, ()
    offset, room = _locate(segments, segment.address)  # as the linker finds it; the offset in the header may lie
    if not room:
        offset, room = segment.offset, segment.size
    form = DYNAMIC[bits]
    length = min(room, _MOST_ENTRIES * form.size) // form.size * form.size
    values: dict[int, int] = {}
    needed: list[int] = []
    for tag, value in form.iter_unpack(data[offset : offset + length]):
        if tag == 0:
            break
        if tag == DT_NEEDED:
            needed.append(value)
        else:
            values[tag] = value
    if DT_STRTAB not in values or DT_SYMTAB not in values:
        unread.append(("elf-no-dynamic", "the dynamic segment of the library names no string or symbol table"))
    return values, tuple(needed)


def _table(segments: tuple[Segment, ...], address: int | None, size: int, name: str, unread: Unread) -> tuple[int, int]:
    if address is None:
        return 0, 0
    offset, room = _locate(segments, address)
    if size > room:
        unread.append(("elf-table-outside", f"{name} of the library lies outside its segment or reaches beyond it"))
    return offset, min(size, room)


def _symbol_count(data: bytes, bits: int, segments: tuple[Segment, ...], values: Mapping[int, int]) -> int:
    """How many dynamic symbols there are: what the hash tables say; failing those, what fits before the next table."""
    count = 0
    if _DT_GNU_HASH in values:
        count = _gnu_hash_count(data, bits, *_locate(segments, values[_DT_GNU_HASH]))
    if DT_HASH in values:
        count = max(count, _hash_count(data, *_locate(segments, values[DT_HASH])))
    if count:
        return count
    start = values[DT_SYMTAB]
    _, room = _locate(segments, start)
    following = (values[tag] - start for tag in _POINTERS if tag in values)
    return min((distance for distance in following if 0 < distance < room), default=room) // SYMBOL_SIZE[bits]


def _hash_count(data: bytes, offset: int, room: int) -> int:
    """``nchain`` of DT_HASH, which equals the number of symbols; 0 if the table does not fit its segment."""
    if room < 8:
        return 0
    buckets, chains = struct.unpack_from("<II", data, offset)
    return int(chains) if 8 + 4 * (buckets + chains) <= room else 0


def _gnu_hash_count(data: bytes, bits: int, offset: int, room: int) -> int:
    """The end of the last chain of DT_GNU_HASH; 0 if the table does not fit its segment."""
    if room < 16:
        return 0
    buckets, first, bloom, _ = struct.unpack_from("<IIII", data, offset)
    head = 16 + bloom * bits // 8
    if head + 4 * buckets > room:
        return 0
    last = int(np.frombuffer(data, "<u4", buckets, offset + head).max(initial=0))
    if last < first:
        return int(first)
    chain = head + 4 * buckets + 4 * (last - first)
    if chain + 4 > room:
        return 0
    entries = np.frombuffer(data, "<u4", (room - chain) // 4, offset + chain)
    for length in (_LONGEST_CHAIN, len(entries)):  # behind the table lies the rest of the segment
        ends = entries[:length] & 1
        found = int(ends.argmax())
        if ends[found]:
            return last + found + 1
    return 0


def table_text(layout: Layout, index: int | None) -> str:
    """A string of the string table; empty where the index is none or lies outside."""
    offset, size = layout.strings
    if index is None or index >= size:
        return ""
    end = layout.data.find(b"\0", offset + index, offset + size)
    return layout.data[offset + index : end].decode("utf-8", "backslashreplace") if end >= 0 else ""


def read_comment(layout: Layout) -> tuple[str, ...]:
    """The strings of the section ``.comment``: the compilers and linkers; empty if no section header leads there."""
    data, form = layout.data, _SECTION_HEADER[layout.bits]
    row = HEADER[layout.bits].unpack_from(data)
    start, entry_size, count, names_index = row[6], row[11], row[12], row[13]
    if entry_size != form.size or not names_index < count or start + count * form.size > len(data):
        return ()
    sections = list(form.iter_unpack(data[start : start + count * form.size]))
    names = sections[names_index][4]
    for name, kind, _, _, offset, size, *_ in sections:
        if kind == 1 and data[names + name : names + name + 9] == b".comment\0":
            strings = data[offset : offset + min(size, _LONGEST_COMMENT)].split(b"\0")
            return tuple(
                dict.fromkeys(text[:_LONGEST_TOOL].decode("utf-8", "backslashreplace") for text in strings if text)
            )[:_MOST_COMMENTS]
    return ()
