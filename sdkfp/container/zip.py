"""Read a ZIP as Android does: from the central directory, believing nothing else.

Sources: PKWARE's APPNOTE (the fields), and Android's ``system/libziparchive/zip_archive.cc`` (what counts): the last end
record of the file; sizes, method and offset from the central directory; name and extra length, which give where the data
begin, from the local header; the encryption bit is not looked at; names are UTF-8 whatever the flags say; CRCs are not
checked. Where Android refuses a whole file (bytes before the first or after the last record, names used twice, names with
NUL) this reader goes on, because what an analyst holds need not be installable.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from sdkfp.container.inflate import inflate
from sdkfp.container.model import Buffer, Container, Entry, Loader, UnreadableError
from sdkfp.errors import ContainerError, LimitExceededError

__all__ = ["find_directory", "read_entries", "zip_loader"]

_END = struct.Struct("<4sHHHHIIH")
_END64_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL_SIGNATURE = 0x02014B50
_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF
_SEARCH = 1 << 20
"""Bytes at the end in which the end record is looked for; the format allows 64 KiB, appended bytes are met in practice."""
_MAX_CANDIDATES = 64
_STORED, _DEFLATED = 0, 8
_PLAIN_MAGIC = (b"dex\n", b"\x03\x00\x08\x00", b"\x02\x00\x0c\x00", b"\x7fELF", b"PK\x03\x04")
"""dex, binary XML, resource table, ELF, ZIP: what tampering hides behind a compression method that does not exist."""


class Directory(NamedTuple):
    """Where the central directory lies."""

    start: int
    end: int
    """Where the end record begins: no entry of the directory reaches beyond."""
    count: int
    """Entries as declared."""
    count_bits: int
    """Width of the count field: writers without zip64 let it overflow."""
    shift: int
    """Bytes put before the archive that its offsets do not count."""


def find_directory(data: Buffer) -> Directory | None:
    """Find the central directory; None when the file has no end record that leads to one."""
    floor, at = max(0, len(data) - _SEARCH), len(data)
    for _ in range(_MAX_CANDIDATES):
        at = data.rfind(b"PK\x05\x06", floor, at + 3 if at < len(data) else at)
        if at < 0:
            return None
        found = _directory_at(data, at) if at + _END.size <= len(data) else None
        if found is not None:
            return found
    return None


def _directory_at(data: Buffer, at: int) -> Directory | None:
    _, _, _, _, count, size, start, _ = _END.unpack_from(data, at)
    bits, end = 16, at
    if (count == _MAX16 or _MAX32 in (size, start)) and at >= _END64_LOCATOR.size:
        wide = _directory64(data, at)
        if wide is not None:
            (count, size, start, end), bits = wide, 64
    if count == 0 and size == 0:
        return Directory(end, end, 0, bits, 0)
    # The offset as it stands is what Android takes; before it come bytes that the writer did not know of.
    for begin in (start, end - size):
        if 0 <= begin <= end - _CENTRAL.size and data[begin : begin + 4] == b"PK\x01\x02":
            return Directory(begin, end, count, bits, begin - start)
    return None


def _directory64(data: Buffer, at: int) -> tuple[int, int, int, int] | None:
    """Entries, size and offset of the directory and where its zip64 end record begins; None without such a record."""
    signature, _, offset, _ = _END64_LOCATOR.unpack_from(data, at - _END64_LOCATOR.size)
    if signature != b"PK\x06\x07":
        return None
    # Right before the locator is where writers put the record, and where it still is after bytes were put before.
    for place in (offset, at - _END64_LOCATOR.size - _END64.size):
        if 0 <= place <= at - _END64.size and data[place : place + 4] == b"PK\x06\x06":
            _, _, _, _, _, _, _, count, size, start = _END64.unpack_from(data, place)
            return count, size, start, place
    return None


def read_entries(container: Container, data: Buffer, directory: Directory) -> dict[str, Entry]:
    """The entries of the central directory by name; of entries with the same name the first.

    Raises:
        LimitExceededError: there are more entries than the limits allow.
    """
    entries: dict[str, Entry] = {}
    limit, unpack, fixed = container.limits.max_entries, _CENTRAL.unpack_from, _CENTRAL.size
    at, end, shift = directory.start, directory.end - fixed, directory.shift
    seen = 0
    while at <= end:
        row = unpack(data, at)
        name_end = at + fixed + row[10]
        if row[0] != _CENTRAL_SIGNATURE or name_end > directory.end:
            break
        if seen == directory.count and not _overflowed(directory, data, at):
            container.note(
                "entries-hidden",
                f"{container.location} declares {seen} entries and its central directory goes on after them;"
                " Android does not see the rest",
            )
            break
        seen += 1
        if seen > limit:
            raise LimitExceededError(f"{container.location} has more than {limit} entries")
        raw = data[at + fixed : name_end]
        size, packed, offset = row[9], row[8], row[16]
        if _MAX32 in (size, packed, offset):
            size, packed, offset = _zip64_extra(data[name_end : name_end + row[11]], size, packed, offset)
        name = raw.decode("utf-8", "backslashreplace")
        if name in entries:
            container.note(
                "entry-duplicate", f"{container.location} has more than one entry {name[:200]!r}; only the first is read", name
            )
        else:
            entries[name] = Entry(container, name, size, packed, row[4], offset + shift)
        at = name_end + row[11] + row[12]
    if seen < directory.count:
        container.note(
            "directory-truncated",
            f"{container.location} declares {directory.count} entries but its central directory holds {seen}",
        )
    return entries


def _overflowed(directory: Directory, data: Buffer, at: int) -> bool:
    """Whether the count is short because 16 bits were too few (then the rest is a multiple of 65,536 entries)."""
    rest = 0
    while directory.count_bits == 16 and at <= directory.end - _CENTRAL.size:
        row = _CENTRAL.unpack_from(data, at)
        if row[0] != _CENTRAL_SIGNATURE:
            break
        rest += 1
        at += _CENTRAL.size + row[10] + row[11] + row[12]
    return rest > 0 and rest % 65536 == 0


def _zip64_extra(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The 64-bit fields of the extra field 0x0001, in place of those that hold 0xFFFFFFFF."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        at += 4
        if tag == 1:
            body = extra[at : at + length]
            wide = iter(struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
            # Some writers give all three fields whichever of them are needed.
            every = len(body) >= 24
            size, packed, offset = (
                next(wide, value) if every or value == _MAX32 else value for value in (size, packed, offset)
            )
            break
        at += length
    return size, packed, offset


def zip_loader(data: Buffer) -> Loader:
    """The function that reads entries of this ZIP."""

    def load(entry: Entry, room: int) -> bytes:
        header = entry.offset
        if header < 0 or header + _LOCAL.size > len(data):
            raise UnreadableError("entry-malformed", "has its local header outside the file")
        local = _LOCAL.unpack_from(data, header)
        if local[0] != b"PK\x03\x04":
            raise UnreadableError("entry-malformed", "has no local header where the central directory points")
        begin = header + _LOCAL.size + local[9] + local[10]
        if begin > len(data):
            raise UnreadableError("entry-malformed", "has its data outside the file")
        encrypted = bool(local[2] & 1)
        try:
            return _unpack(data, entry, begin, room)
        except UnreadableError as error:
            if encrypted and error.code == "entry-malformed":
                raise UnreadableError("entry-encrypted", "is encrypted") from None
            raise

    return load


def _unpack(data: Buffer, entry: Entry, begin: int, room: int) -> bytes:
    if entry.method == _DEFLATED:
        return inflate(data, begin, entry.compressed_size, entry.size, room)
    if entry.method == _STORED or entry.compressed_size == entry.size:
        return _stored(data, entry, begin, room)
    # A method that does not exist: packers set it to stop analysts. Android's asset reader takes everything that is not
    # deflated for stored; other readers of the same file inflate it. The bytes decide.
    try:
        return inflate(data, begin, entry.compressed_size, entry.size, room, strict=True)
    except UnreadableError as error:
        if error.code == "entry-too-large":
            raise
    if data[begin : begin + 4].startswith(_PLAIN_MAGIC):
        return _stored(data, entry, begin, room)
    raise UnreadableError("entry-method", f"has the unknown compression method {entry.method}")


def _stored(data: Buffer, entry: Entry, begin: int, room: int) -> bytes:
    if entry.size > room:
        raise UnreadableError("entry-too-large", "is too large")
    if begin + entry.size > len(data):
        raise UnreadableError("entry-malformed", f"ends outside the file ({entry.size} bytes declared)")
    if entry.method == _STORED and entry.compressed_size == entry.size + 12:
        raise UnreadableError("entry-encrypted", "is encrypted")  # ZipCrypto puts 12 bytes before the data
    return data[begin : begin + entry.size]


def no_zip(name: str, data: Buffer) -> ContainerError:
    """The error for a file that is no container: says whether it is a cut ZIP or something else."""
    if data[:4] == b"PK\x03\x04":
        return ContainerError(f"{name} is a truncated ZIP: it has no central directory")
    return ContainerError(f"{name} is not a package: neither ZIP, nor dex, nor ELF")
