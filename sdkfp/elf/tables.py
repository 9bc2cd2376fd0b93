"""Dynamic symbols and notes: decoded by LIEF and, where LIEF refuses or yields nothing, by pyelftools.

Symbol names that are plain (ASCII, ended, within the string table, as compilers write them) are cut out of the table in one go:
LIEF and pyelftools make an object of every symbol, which costs ten times as much and more than all else that is read. They decide
about every table that is not plain, and about the notes.

Neither sees the file as it came. The tables that :mod:`sdkfp.elf.layout` has found and checked are copied into a small ELF
image without sections, with one hash table that says how many symbols there are. So absurd counts and false offsets never
reach native code, and reading costs what the tables weigh, not what the file weighs.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sdkfp.elf.layout import (
    DT_HASH,
    DT_STRSZ,
    DT_STRTAB,
    DT_SYMENT,
    DT_SYMTAB,
    DYNAMIC,
    HEADER,
    PROGRAM_HEADER,
    PT_DYNAMIC,
    PT_LOAD,
    PT_NOTE,
    SYMBOL_SIZE,
    Layout,
    Unread,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AndroidIdent", "Tables", "android_ident", "read_tables"]

MOST_SYMBOLS = 400_000
"""Dynamic symbols read at most; the largest library seen in public packages has 66,000."""
_LONGEST_NAMES = 128 * 1024 * 1024
"""Bytes of all symbol names together: names may overlap, so they can be far longer than the table they lie in."""
_MOST_NOTES = 16
_LONGEST_NOTES = 64 * 1024
_ALIGNMENT = 8

_OUTSIDE = (1, 2, 10)
"""STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE: the bindings that other objects can see."""
_NOTE_TYPES = {"NT_GNU_ABI_TAG": 1, "NT_GNU_BUILD_ID": 3}
"""pyelftools names the types of notes as if every note were GNU's."""


class AndroidIdent(NamedTuple):
    """``.note.android.ident``: what the NDK's start files leave in a library (bionic ``libc/arch-common/bionic/crtbrand.S``)."""

    api_level: int
    """The Android API level that the library was built for."""
    ndk_version: str | None
    """For example ``r24``; ``None`` in libraries of older NDKs."""
    ndk_build: str | None


class Tables(NamedTuple):
    """What the two readers give."""

    exported: tuple[str, ...]
    """Defined global and weak symbols, each once."""
    imported: tuple[str, ...]
    """Undefined symbols, each once."""
    jni: tuple[str, ...]
    """The exported symbols that begin with ``Java_``."""
    notes: Mapping[tuple[str, int], bytes]
    """Description of each note by owner and type."""


def read_tables(layout: Layout, unread: Unread) -> Tables:
    """Decode symbols and notes; what cannot be decoded is added to ``unread``."""
    count = layout.symbols[1] // SYMBOL_SIZE[layout.bits]
    if count > MOST_SYMBOLS or (places := _locate_names(layout)).total > _LONGEST_NAMES:
        unread.append(("elf-too-many-symbols", f"the names of {count} dynamic symbols are more than is read"))
        return Tables((), (), (), {})
    names = _plain_names(layout, places)
    decoded = _decode(_image(layout, with_symbols=names is None), 0 if names else count)
    if decoded is None:
        what = "notes" if names else "symbols"
        unread.append(("elf-tables-unreadable", f"the {what} of the library could not be decoded"))
        decoded = _Decoded([""] * count, {})
    names = names or decoded.names
    defined, outside = _bindings(layout)
    exported = defined & outside
    # Most libraries have no JNI name among their thousands of symbols: the first letter is looked at first.
    initials = np.frombuffer(layout.data, np.uint8, *reversed(layout.strings))[_within(places, layout)]
    jni = [names[row] for row in np.flatnonzero(exported & (initials == ord("J"))).tolist()]
    return Tables(
        tuple(dict.fromkeys(filter(None, compress(names, exported.tolist())))),
        tuple(dict.fromkeys(filter(None, compress(names, (~defined).tolist())))),
        tuple(dict.fromkeys(name for name in jni if name.startswith("Java_"))),
        decoded.notes,
    )


def _decode(image: bytes, count: int) -> _Decoded | None:
    """What the first reader says that finds as many symbols as there are, and names among them."""
    for read in (_read_with_lief, _read_with_pyelftools):
        found = read(image)
        # The first symbol never has a name.
        if found is not None and (not count or len(found.names) == count) and (any(found.names) or count < 2):
            return found
    return None


class _Names(NamedTuple):
    """Where the names of the symbols lie in the string table."""

    starts: NDArray[np.intp]
    """For every symbol."""
    zeros: NDArray[np.intp]
    """Where each string of the table ends; the last may be its end."""
    strings: NDArray[np.intp]
    """For every symbol the number of the string that its name is, or ends."""

    @property
    def total(self) -> int:
        """Bytes of all names together."""
        return int((self.zeros[self.strings] - self.starts).sum())


def _locate_names(layout: Layout) -> _Names:
    offset, size = layout.strings
    start, length = layout.symbols
    row = SYMBOL_SIZE[layout.bits]
    starts = np.frombuffer(layout.data, "<u4", length // row * row // 4, start).reshape(-1, row // 4)[:, 0]
    starts = np.minimum(starts.astype(np.intp), size)  # an offset beyond the table names nothing
    zeros = np.append(np.flatnonzero(np.frombuffer(layout.data, np.uint8, size, offset) == 0), size)
    return _Names(starts, zeros, np.searchsorted(zeros, starts))


def _within(names: _Names, layout: Layout) -> NDArray[np.intp]:
    """Where the names start; the last byte of the table for those beyond it."""
    return np.minimum(names.starts, layout.strings[1] - 1)


def _plain_names(layout: Layout, names: _Names) -> list[str] | None:
    """The name of every symbol; ``None`` where the table is not plain."""
    offset, size = layout.strings
    raw = layout.data[offset : offset + size]
    if not raw.isascii() or raw[-1:] != b"\0" or (len(names.starts) and int(names.starts.max()) >= size):
        return None
    text, ends = raw.decode("ascii"), names.zeros[names.strings]
    if len(names.zeros) > 2 * len(names.starts):  # most strings are no names
        return [text[start:end] for start, end in zip(names.starts.tolist(), ends.tolist(), strict=True)]
    found = list(map(text.split("\0").__getitem__, names.strings.tolist()))
    beginnings = np.concatenate(([0], names.zeros[:-1] + 1))[names.strings]
    for number in np.flatnonzero(beginnings != names.starts).tolist():  # the name is the end of a longer one
        found[number] = text[names.starts[number] : ends[number]]
    return found


def _bindings(layout: Layout) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For every symbol whether it is defined here, and whether other objects can see it."""
    start, length = layout.symbols
    size = SYMBOL_SIZE[layout.bits]
    info, section = (4, 6) if layout.bits == 64 else (12, 14)
    row = np.dtype(
        {"names": ["info", "section"], "formats": ["u1", "<u2"], "offsets": [info, section], "itemsize": size}
    )
    rows = np.frombuffer(layout.data, row, length // size, start)
    binding = rows["info"] >> 4
    return rows["section"] != 0, np.logical_or.reduce([binding == outside for outside in _OUTSIDE])


def android_ident(description: bytes) -> AndroidIdent | None:
    """Read the note: the API level, then 64 bytes each for the NDK's version and build number."""
    if len(description) < 4:
        return None
    words = [description[start : start + 64].split(b"\0")[0].decode("ascii", "backslashreplace") for start in (4, 68)]
    return AndroidIdent(int.from_bytes(description[:4], "little"), words[0] or None, words[1] or None)


def _image(layout: Layout, *, with_symbols: bool) -> bytes:
    """The tables as an ELF file of its own, in which every address is its own offset."""
    bits, data = layout.bits, layout.data
    tables = (layout.symbols, layout.strings) if with_symbols else ((0, 0), (0, 0))
    symbols, strings = (data[offset : offset + size] for offset, size in tables)
    count = len(symbols) // SYMBOL_SIZE[bits]
    hash_table = struct.pack("<III", 1, count, 0) + bytes(4 * count)
    notes = [found for found in layout.segments if found.kind == PT_NOTE and 0 < found.size <= _LONGEST_NOTES]
    notes = notes[:_MOST_NOTES]
    note_bytes = [data[note.offset : note.offset + note.size] for note in notes]
    parts = [bytes(6 * DYNAMIC[bits].size), symbols, strings, hash_table, *note_bytes]

    offsets = [_aligned(HEADER[bits].size + PROGRAM_HEADER[bits].size * (2 + len(notes)))]
    for part in parts:
        offsets.append(_aligned(offsets[-1] + len(part)))
    end = offsets.pop()
    entries = (
        (DT_SYMTAB, offsets[1]),
        (DT_STRTAB, offsets[2]),
        (DT_HASH, offsets[3]),
        (DT_STRSZ, len(strings)),
        (DT_SYMENT, SYMBOL_SIZE[bits]),
        (0, 0),
    )
    parts[0] = b"".join(DYNAMIC[bits].pack(*entry) for entry in entries)

    headers = [(PT_LOAD, 0, end, 4096), (PT_DYNAMIC, offsets[0], len(parts[0]), _ALIGNMENT)]
    headers += [
        (PT_NOTE, start, note.size, 8 if note.align == 8 else 4) for start, note in zip(offsets[4:], notes, strict=True)
    ]
    image = bytearray(end)
    position, size = HEADER[bits].size, PROGRAM_HEADER[bits].size
    head = (data[:16], 3, layout.machine, 1, 0, position, 0, 0, position, size, len(headers), 0, 0, 0)
    HEADER[bits].pack_into(image, 0, *head)
    for number, (kind, start, length, align) in enumerate(headers):
        place = (start, start, start, length, length)
        row = (kind, 6, *place, align) if bits == 64 else (kind, *place, 6, align)
        PROGRAM_HEADER[bits].pack_into(image, position + number * size, *row)
    for start, part in zip(offsets, parts, strict=True):
        image[start : start + len(part)] = part
    return bytes(image)


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT


class _Decoded(NamedTuple):
    """What a reader gives."""

    names: list[str]
    """Of every symbol, in the order of the table."""
    notes: Mapping[tuple[str, int], bytes]


def _read_with_lief(image: bytes) -> _Decoded | None:
    import lief  # noqa: PLC0415 - slow to load, and most packages hold no native library

    config = lief.ELF.ParserConfig()
    config.parse_relocations = False
    config.parse_symbol_versions = False
    config.parse_symtab_symbols = False
    config.parse_overlay = False
    config.count_mtd = lief.ELF.ParserConfig.DYNSYM_COUNT.HASH
    try:
        with lief.logging.level_scope(lief.logging.LEVEL.OFF):
            binary = lief.ELF.parse(image, config)
        if binary is None:
            return None
        names = [symbol.name for symbol in binary.dynamic_symbols]
        notes = {(_plain(note.name), int(note.original_type)): bytes(note.description) for note in binary.notes}
    except Exception:  # whatever a native reader throws on hostile input, the second opinion decides
        return None
    return _Decoded([name if type(name) is str else _plain(name) for name in names], notes)


def _read_with_pyelftools(image: bytes) -> _Decoded | None:
    from elftools.elf.dynamic import DynamicSegment  # noqa: PLC0415 - only where LIEF fails
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415
    from elftools.elf.segments import NoteSegment  # noqa: PLC0415

    names: list[str] = []
    notes: dict[tuple[str, int], bytes] = {}
    try:
        for segment in ELFFile(io.BytesIO(image)).iter_segments():
            if isinstance(segment, DynamicSegment):
                names = [_plain(symbol.name) for symbol in segment.iter_symbols()]
            elif isinstance(segment, NoteSegment):
                for note in segment.iter_notes():
                    kind = _NOTE_TYPES.get(note["n_type"]) or int(note["n_type"])
                    notes[_plain(note["n_name"]), kind] = bytes(note["n_descdata"])
    except Exception:  # construct and struct throw many kinds on malformed input
        return None
    return _Decoded(names, notes)


def _plain(name: str | bytes) -> str:
    return name if isinstance(name, str) else bytes(name).decode("utf-8", "backslashreplace")
