"""Read a ZIP as Android does: from the central directory, believing nothing else.

Sources: PKWARE's APPNOTE (the fields), and Android's ``system/libziparchive/zip_archive.cc`` (what counts): the last end
record of the file; sizes, method and offset from the central directory; name and extra length, which say where the data
begin, from the local header; the encryption bit is not looked at; names are UTF-8 whatever the flags say; CRCs are not
checked. Where Android refuses a whole file (bytes before the first or after the last record, a name used twice, a NUL in a
name) this reader goes on, because what an analyst holds need not be installable.
"""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from typing import NamedTuple

from sdkfp.container.inflate import inflate
from sdkfp.container.model import Container, Entry, Peeker, Reader, UnreadableError
from sdkfp.container.window import Window
from sdkfp.errors import LimitExceededError

__all__ = ["DEFLATED", "STORED", "Directory", "data_start", "find_directory", "read_entries", "zip_reader"]

STORED, DEFLATED = 0, 8

_END = struct.Struct("<4sHHHHIIH")
_END64_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_CENTRAL = struct.Struct("<4s6xH8xIIHHH8xI")
"""Signature, method, compressed and full size, lengths of name, extra and comment, offset of the local header."""
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL_SIGNATURE = b"PK\x01\x02"
_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF
_SEARCH = 1 << 20
"""Bytes at the end where the end record is looked for: the format allows 64 KiB, but files with more after it exist."""
_MAX_CANDIDATES = 64
_ENCRYPTED = 0x0001
_MAX_DIRECTORY = 64 << 20
"""Bytes of a central directory: room for several times the entries that the limits allow by default."""
_PLAIN_MAGIC = (b"dex\n", b"\x03\x00\x08\x00", b"\x02\x00\x0c\x00", b"\x7fELF", b"PK\x03\x04")
"""dex, binary XML, resource table, ELF, ZIP: what tampering hides behind a compression method that does not exist."""


class Directory(NamedTuple):
    """Where the central directory lies."""

    start: int
    end: int
    """Where the end record begins: no entry of the directory reaches beyond."""
    records: int
    """Entries as declared."""
    narrow: bool
    """The number of entries has 16 bits only: writers without zip64 let it overflow."""
    shift: int
    """Bytes put before the archive that its offsets do not count."""


def find_directory(window: Window) -> Directory | None:
    """Find the central directory; None when the file has no end record that leads to one."""
    floor, at, empty = max(0, len(window) - _SEARCH), len(window), None
    for _ in range(_MAX_CANDIDATES):
        at = window.rfind(b"PK\x05\x06", floor, at + 3)
        if at < 0:
            break
        found = _directory_at(window, at)
        if found is not None and found.records:
            return found
        # An end record of nothing is believed only when there is no other.
        empty = empty or found
    return empty


def _directory_at(window: Window, at: int) -> Directory | None:
    if at + _END.size > len(window):
        return None
    _, _, _, _, records, size, start, _ = _END.unpack_from(window.view, at)
    end, narrow = at, True
    if records == _MAX16 or _MAX32 in (size, start):
        wide = _directory64(window, at)
        if wide is not None:
            (records, size, start, end), narrow = wide, False
    if records == 0 and size == 0:
        return Directory(end, end, 0, narrow, 0)
    # The offset as it stands is what Android takes; the other place is right when bytes were put before the archive.
    for begin in (start, end - size):
        if begin <= end - _CENTRAL.size and window.starts_with(_CENTRAL_SIGNATURE, begin):
            return Directory(begin, end, records, narrow, begin - start)
    return None


def _directory64(window: Window, at: int) -> tuple[int, int, int, int] | None:
    """Entries, size and offset of the directory and where its zip64 end record begins; None without such a record."""
    locator = at - _END64_LOCATOR.size
    if not window.starts_with(b"PK\x06\x07", locator):
        return None
    _, _, offset, _ = _END64_LOCATOR.unpack_from(window.view, locator)
    # Right before the locator is where writers put the record, and where it still is after bytes were put before.
    for place in (offset, locator - _END64.size):
        if place <= locator - _END64.size and window.starts_with(b"PK\x06\x06", place):
            _, _, _, _, _, _, _, records, size, start = _END64.unpack_from(window.view, place)
            return records, size, start, place
    return None


def read_entries(container: Container, window: Window, directory: Directory) -> dict[str, Entry]:
    """The entries of the central directory by name; of entries with the same name the first.

    Raises:
        LimitExceededError: there are more entries than the limits allow.
    """
    entries: dict[str, Entry] = {}
    limit, seen, shift = container.limits.max_entries, 0, directory.shift
    data = window.read(directory.start, min(directory.end, directory.start + _MAX_DIRECTORY))
    at, fixed, unpack = 0, _CENTRAL.size, _CENTRAL.unpack_from
    while at + fixed <= len(data):
        signature, method, packed, size, name_length, extra_length, comment_length, offset = unpack(data, at)
        name_end = at + fixed + name_length
        if signature != _CENTRAL_SIGNATURE or name_end > len(data):
            break
        if seen == directory.records and not _overflowed(data, at, directory, limit):
            reason = f"declares {seen} entries and its directory has more; Android does not see the rest"
            container.note("entries-hidden", reason)
            break
        seen += 1
        if seen > limit:
            raise LimitExceededError(f"{container.location} has more than {limit} entries")
        name = data[at + fixed : name_end].decode("utf-8", "backslashreplace")
        at = name_end + extra_length
        if _MAX32 in (size, packed, offset):
            size, packed, offset = _zip64_extra(data[name_end:at], size, packed, offset)
        if name in entries:
            container.note("entry-duplicate", "stands in the archive more than once; only the first is read", name)
        else:
            entries[name] = Entry(container, name, size, packed, method, offset + shift)
        at += comment_length
    if seen < directory.records:
        reason = f"declares {directory.records} entries but its central directory holds {seen}"
        container.note("directory-truncated", reason)
    return entries


def _overflowed(data: bytes, at: int, directory: Directory, limit: int) -> bool:
    """Whether 16 bits were too few for the number of entries: then the rest is a multiple of 65,536."""
    rest = 0
    while directory.narrow and at + _CENTRAL.size <= len(data) and rest <= limit:
        signature, _, _, _, *lengths, _ = _CENTRAL.unpack_from(data, at)
        if signature != _CENTRAL_SIGNATURE:
            break
        rest += 1
        at += _CENTRAL.size + sum(lengths)
    return rest > limit or (rest > 0 and rest % 65536 == 0)


def _zip64_extra(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The 64-bit fields of the extra field 0x0001 in place of those that hold 0xFFFFFFFF."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        at += 4
        if tag == 1:
            body = extra[at : at + length]
            wide = iter(struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
            # Some writers give all three fields whichever of them are needed.
            every = len(body) >= 24
            fields = (size, packed, offset)
            size, packed, offset = (next(wide, field) if every or field == _MAX32 else field for field in fields)
            break
        at += length
    return size, packed, offset


def zip_reader(window: Window, shift: int) -> Reader:
    """The function that reads entries of this ZIP; for ``shift`` see :class:`Directory`."""

    def read(entry: Entry, room: int) -> bytes:
        begin, local = _local_header(window, entry, shift)
        try:
            return _unpack(window, entry, begin, room)
        except UnreadableError as error:
            if error.code != "entry-malformed":
                raise
            encrypted = local[2] & _ENCRYPTED
            if entry.method == DEFLATED and local[7] not in (0, entry.compressed_size):
                # The central directory counts; where it leads to nothing the local header may be right.
                with suppress(UnreadableError):
                    return inflate(window, begin, local[7], local[8], room, strict=True)
            raise UnreadableError("entry-encrypted", "is encrypted") if encrypted else error from None
        finally:
            window.let_go(begin, begin + entry.compressed_size)

    return read


def zip_peeker(window: Window, shift: int) -> Peeker:
    """The function that reads the first bytes of entries of this ZIP."""

    def peek(entry: Entry, count: int) -> bytes:
        try:
            begin, _ = _local_header(window, entry, shift)
        except UnreadableError:
            return b""
        # A deflate block with codes of its own begins with at most 330 bytes of them (RFC 1951, 3.2.7).
        packed = window.read(begin, begin + min(entry.compressed_size, 400 + 2 * count))
        if entry.method == STORED:
            return packed[:count]
        try:
            return zlib.decompressobj(-15).decompress(packed, count)
        except zlib.error:
            return packed[:count]

    return peek


def data_start(window: Window, entry: Entry, shift: int) -> int:
    """Where an entry's data begin.

    Raises:
        UnreadableError: there is no local header.
    """
    return _local_header(window, entry, shift)[0]


def _local_header(window: Window, entry: Entry, shift: int) -> tuple[int, tuple[int, ...]]:
    """Where an entry's data begin, and the fields of its local header."""
    # The second place is for a wrong offset of the directory beside right offsets of the entries.
    for header in (entry.offset, entry.offset - shift):
        if header + _LOCAL.size <= len(window) and window.starts_with(b"PK\x03\x04", header):
            local = _LOCAL.unpack_from(window.view, header)
            begin = header + _LOCAL.size + local[9] + local[10]
            if begin <= len(window):
                return begin, local
    raise UnreadableError("entry-malformed", "has no local header where the central directory points")


def _unpack(window: Window, entry: Entry, begin: int, room: int) -> bytes:
    if entry.method == DEFLATED:
        return inflate(window, begin, entry.compressed_size, entry.size, room)
    if entry.method == STORED or entry.compressed_size == entry.size:
        return _stored(window, entry, begin, room)
    # A method that does not exist: packers set it to stop analysts. Android's asset reader takes everything that is not
    # deflated for stored, other readers of the same file inflate it. The bytes decide.
    try:
        return inflate(window, begin, entry.compressed_size, entry.size, room, strict=True)
    except UnreadableError as error:
        if error.code == "entry-too-large":
            raise
    if window.read(begin, begin + 4).startswith(_PLAIN_MAGIC):
        return _stored(window, entry, begin, room)
    raise UnreadableError("entry-method", f"has the unknown compression method {entry.method}")


def _stored(window: Window, entry: Entry, begin: int, room: int) -> bytes:
    if begin + entry.size > len(window):
        raise UnreadableError("entry-malformed", f"ends outside the file: {entry.size} bytes are declared")
    if entry.method == STORED and entry.compressed_size == entry.size + 12:
        raise UnreadableError("entry-encrypted", "is encrypted")  # ZipCrypto puts 12 bytes before the data
    if entry.size > room:
        raise UnreadableError("entry-too-large", "is too large")
    return window.read(begin, begin + entry.size)
