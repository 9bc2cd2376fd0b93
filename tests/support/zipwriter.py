"""Write ZIP files, sound ones and ones whose headers lie: every header field can be overridden by its name."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["DEFLATED", "STORED", "Member", "build_zip", "deflate"]

STORED, DEFLATED = 0, 8
_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True)
class Member:
    """One entry. ``central`` and ``local`` override fields of the two headers (see ``_fields``), ``None`` omits a header."""

    name: str | bytes
    data: bytes = b""
    method: int = DEFLATED
    payload: bytes | None = None
    """What is written in place of the (compressed) data."""
    central: Mapping[str, int] | None = field(default_factory=dict)
    local: Mapping[str, int] | None = field(default_factory=dict)
    local_name: bytes | None = None
    extra: bytes = b""
    """The extra field of the central header."""
    local_extra: bytes = b""
    comment: bytes = b""

    @property
    def raw_name(self) -> bytes:
        return self.name.encode() if isinstance(self.name, str) else self.name


def deflate(data: bytes, level: int = 6) -> bytes:
    """The raw deflate stream of some data."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


def build_zip(
    members: Mapping[str, bytes] | Iterable[Member],
    *,
    prepend: bytes = b"",
    count_prepended: bool = False,
    before_directory: bytes = b"",
    comment: bytes = b"",
    append: bytes = b"",
    zip64: bool = False,
    end: Mapping[str, int] | None = None,
) -> bytes:
    """A ZIP file.

    Args:
        members: contents by name, or members with knobs.
        prepend: bytes before the first local header; the offsets count them only with ``count_prepended``.
        before_directory: bytes between the entries and the central directory, where APK signatures lie.
        append: bytes after the end record and its comment.
        zip64: write a zip64 end record, and 64-bit extra fields in all central headers.
        end: overrides of fields of the end record: records, size, offset, comment_length.
    """
    rows = [Member(name, data) for name, data in members.items()] if isinstance(members, Mapping) else list(members)
    base = len(prepend) if count_prepended else 0
    body, central, records = bytearray(), bytearray(), 0
    for member in rows:
        fields = _fields(member, base + len(body))
        if member.local is not None:
            body += _local(member, {**fields, **member.local})
        if member.central is not None:
            central += _central(member, {**fields, **member.central}, zip64=zip64)
            records += 1
    body += before_directory
    offset = base + len(body)
    tail = _end64(records, len(central), offset, base + len(body) + len(central)) if zip64 else b""
    last = {"records": records, "size": len(central), "offset": offset, "comment_length": len(comment)}
    if zip64:
        last |= {"records": _MAX16, "size": _MAX32, "offset": _MAX32}
    last |= end or {}
    tail += struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, last["records"] & _MAX16, last["records"] & _MAX16,
        last["size"], last["offset"], last["comment_length"],
    )  # fmt: skip
    return b"".join((prepend, bytes(body), bytes(central), tail, comment, append))


def _payload(member: Member) -> bytes:
    if member.payload is not None:
        return member.payload
    return deflate(member.data) if member.method == DEFLATED else member.data


def _fields(member: Member, offset: int) -> dict[str, int]:
    return {
        "version": 20,
        "flags": 0,
        "method": member.method,
        "crc": zlib.crc32(member.data),
        "compressed_size": len(_payload(member)),
        "size": len(member.data),
        "name_length": len(member.raw_name),
        "comment_length": len(member.comment),
        "offset": offset,
    }


def _local(member: Member, fields: Mapping[str, int]) -> bytes:
    name = member.raw_name if member.local_name is None else member.local_name
    name_length = len(name) if member.local is None else member.local.get("name_length", len(name))
    header = struct.pack(
        "<4sHHHHHIIIHH", b"PK\x03\x04", fields["version"], fields["flags"], fields["method"], 0, 0x21,
        fields["crc"], fields["compressed_size"], fields["size"], name_length,
        fields.get("extra_length", len(member.local_extra)),
    )  # fmt: skip
    return header + name + member.local_extra + _payload(member)


def _central(member: Member, fields: Mapping[str, int], *, zip64: bool) -> bytes:
    extra, size, packed, offset = member.extra, fields["size"], fields["compressed_size"], fields["offset"]
    if zip64:
        extra += struct.pack("<HHQQQ", 1, 24, size, packed, offset)
        size = packed = offset = _MAX32
    header = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, fields["version"], fields["flags"], fields["method"], 0, 0x21,
        fields["crc"], packed, size, fields["name_length"], fields.get("extra_length", len(extra)),
        fields["comment_length"], 0, 0, 0, offset,
    )  # fmt: skip
    return header + member.raw_name + extra + member.comment


def _end64(records: int, size: int, offset: int, place: int) -> bytes:
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, records, records, size, offset)
    return record + struct.pack("<4sIQI", b"PK\x06\x07", 0, place, 1)
