"""A small writer of ELF shared objects, good enough for readelf, with the lies that tests want.

Layout of the file: header, program headers, tables, read-only data, dynamic segment, then (if wanted) ``.comment`` and
section headers. One PT_LOAD maps everything before the sections at :data:`BASE`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["BASE", "GLOBAL", "LOCAL", "WEAK", "Note", "SharedObject", "Symbol", "gnu_hash", "write"]

BASE = 0x1000
"""Address of the first byte of the file."""
LOCAL, GLOBAL, WEAK = 0, 1, 2

_PT_LOAD, _PT_DYNAMIC, _PT_NOTE = 1, 2, 4
_HEADER = {32: struct.Struct("<16sHHIIIIIHHHHHH"), 64: struct.Struct("<16sHHIQQQIHHHHHH")}
_PROGRAM_HEADER = {32: struct.Struct("<IIIIIIII"), 64: struct.Struct("<IIQQQQQQ")}
_SECTION_HEADER = {32: struct.Struct("<IIIIIIIIII"), 64: struct.Struct("<IIQQQQIIQQ")}
_DYNAMIC = {32: struct.Struct("<II"), 64: struct.Struct("<QQ")}
_SYMBOL_SIZE = {32: 16, 64: 24}


@dataclass(frozen=True)
class Symbol:
    """One dynamic symbol."""

    name: str | bytes
    defined: bool = True
    binding: int = GLOBAL


@dataclass(frozen=True)
class Note:
    """One note, each in a segment of its own."""

    owner: bytes
    kind: int
    description: bytes


@dataclass(frozen=True)
class SharedObject:
    """What to write."""

    bits: Literal[32, 64] = 64
    machine: int = 183
    soname: str | None = "libtest.so"
    needed: Sequence[str] = ()
    symbols: Sequence[Symbol] = ()
    hashes: frozenset[str] = frozenset({"gnu", "sysv"})
    notes: Sequence[Note] = ()
    data: bytes = b""
    """Read-only data; a NUL goes before it."""
    comment: bytes | None = None
    sections: Literal["true", "stripped", "false"] = "true"
    """``false``: section headers whose ``.dynsym`` and ``.dynstr`` lie elsewhere."""
    dynamic: Mapping[int, int] = field(default_factory=dict)
    """Dynamic entries to set or to replace, by tag."""
    without: frozenset[int] = frozenset()
    """Dynamic entries to leave out, by tag."""


def write(library: SharedObject) -> bytes:
    """The bytes of the file."""
    bits = library.bits
    ordered = sorted(library.symbols, key=lambda symbol: symbol.defined)
    first = 1 + sum(not symbol.defined for symbol in ordered)
    names = _Strings()
    symbols = bytes(_SYMBOL_SIZE[bits]) + b"".join(_symbol(bits, symbol, names.add(symbol.name)) for symbol in ordered)
    entries = [(1, names.add(name)) for name in library.needed]
    if library.soname is not None:
        entries.append((14, names.add(library.soname)))
    notes = [_note(note) for note in library.notes]
    count = 2 + len(notes)

    body = _Body(_HEADER[bits].size + count * _PROGRAM_HEADER[bits].size)
    body.place(".dynsym", symbols)
    body.place(".gnu.hash", _gnu_hash_table(bits, ordered[first - 1 :], first))
    body.place(".hash", struct.pack("<III", 1, 1 + len(ordered), 0) + bytes(4 * (1 + len(ordered))))
    body.place(".dynstr", bytes(names.table))
    spans = [(_PT_NOTE, *body.place(".note", note)) for note in notes]
    body.place(".rodata", b"\0" + library.data)
    at = {name: offset + BASE for name, (offset, _) in body.places.items()}
    values = {5: at[".dynstr"], 6: at[".dynsym"], 10: len(names.table), 11: _SYMBOL_SIZE[bits]}
    values |= {4: at[".hash"]} if "sysv" in library.hashes else {}
    values |= {0x6FFFFEF5: at[".gnu.hash"]} if "gnu" in library.hashes else {}
    entries += [(tag, value) for tag, value in {**values, **library.dynamic}.items() if tag not in library.without]
    dynamic = b"".join(_DYNAMIC[bits].pack(*entry) for entry in (*entries, (0, 0)))
    spans.insert(0, (_PT_DYNAMIC, *body.place(".dynamic", dynamic)))
    spans.insert(0, (_PT_LOAD, 0, len(body.bytes)))

    for number, (kind, offset, size) in enumerate(spans):
        place = (offset, offset + BASE, 0, size, size)
        align = 4 if kind == _PT_NOTE else 8
        row = (kind, 4, *place, align) if bits == 64 else (kind, *place, 4, align)
        form = _PROGRAM_HEADER[bits]
        form.pack_into(body.bytes, _HEADER[bits].size + number * form.size, *row)
    _finish(library, body, count)
    return bytes(body.bytes)


class _Strings:
    """A string table."""

    def __init__(self) -> None:
        self.table = bytearray(1)

    def add(self, name: str | bytes) -> int:
        at = len(self.table)
        self.table += (name.encode() if isinstance(name, str) else name) + b"\0"
        return at


class _Body:
    """The file as it grows, and where its pieces lie."""

    def __init__(self, size: int) -> None:
        self.bytes = bytearray(size)
        self.places: dict[str, tuple[int, int]] = {}

    def place(self, name: str, piece: bytes) -> tuple[int, int]:
        self.bytes.extend(bytes(-len(self.bytes) % 8))
        self.places[name] = len(self.bytes), len(piece)
        self.bytes.extend(piece)
        return self.places[name]


def _symbol(bits: int, symbol: Symbol, name: int) -> bytes:
    info, place, value = symbol.binding << 4 | 2, 1 if symbol.defined else 0, BASE if symbol.defined else 0
    if bits == 64:
        return struct.pack("<IBBHQQ", name, info, 0, place, value, 0)
    return struct.pack("<IIIBBH", name, value, 0, info, 0, place)


def _note(note: Note) -> bytes:
    owner = note.owner + b"\0"
    head = struct.pack("<III", len(owner), len(note.description), note.kind)
    return head + owner + bytes(-len(owner) % 4) + note.description + bytes(-len(note.description) % 4)


def gnu_hash(name: bytes) -> int:
    """The hash of DT_GNU_HASH."""
    value = 5381
    for byte in name:
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


def _gnu_hash_table(bits: int, defined: Sequence[Symbol], first: int) -> bytes:
    """One bucket that holds every defined symbol."""
    hashes = [gnu_hash(s.name.encode() if isinstance(s.name, str) else s.name) & ~1 for s in defined]
    if hashes:
        hashes[-1] |= 1
    bucket = first if hashes else 0
    return (
        struct.pack("<IIII", 1, first, 1, 0)
        + b"\xff" * (bits // 8)
        + struct.pack(f"<{1 + len(hashes)}I", bucket, *hashes)
    )


def _finish(library: SharedObject, body: _Body, count: int) -> None:
    """Write the sections behind the mapped part, and the header."""
    bits, places = library.bits, body.places
    names = _Strings()
    rows: list[tuple[int, ...]] = []
    if library.sections != "stripped":
        if library.comment is not None:
            body.place(".comment", library.comment)
        shift = 0 if library.sections == "true" else 16
        strings_index = 2
        rows.append((0,) * 10)
        for name, kind, link, entry_size in (
            (".dynsym", 11, strings_index, _SYMBOL_SIZE[bits]),
            (".dynstr", 3, 0, 0),
            (".dynamic", 6, strings_index, _DYNAMIC[bits].size),
            (".comment", 1, 0, 0),
        ):
            if name in places:
                offset, size = places[name]
                lies = shift and name != ".comment"
                place = (offset + shift, size - shift) if lies else (offset, size)
                address = 0 if name == ".comment" else offset + BASE
                rows.append((names.add(name), kind, 2, address, *place, link, 1 if kind == 11 else 0, 8, entry_size))
        label = names.add(".shstrtab")
        offset, size = body.place(".shstrtab", bytes(names.table))
        rows.append((label, 3, 0, 0, offset, size, 0, 0, 1, 0))
    start, _ = body.place("sections", b"".join(_SECTION_HEADER[bits].pack(*row) for row in rows)) if rows else (0, 0)
    ident = b"\x7fELF" + bytes((2 if bits == 64 else 1, 1, 1)) + bytes(9)
    sizes = (
        _HEADER[bits].size,
        _PROGRAM_HEADER[bits].size,
        count,
        _SECTION_HEADER[bits].size,
        len(rows),
        max(len(rows) - 1, 0),
    )
    _HEADER[bits].pack_into(body.bytes, 0, ident, 3, library.machine, 1, 0, _HEADER[bits].size, start, 0, *sizes)
