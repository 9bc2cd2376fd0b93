"""Write Ark byte code with records of chosen names; header fields can lie."""

from __future__ import annotations

import struct
from collections.abc import Sequence

__all__ = ["abc_file"]


def abc_file(
    names: Sequence[str],
    *,
    magic: bytes = b"PANDA\0\0\0",
    version: tuple[int, int, int, int] = (12, 0, 6, 0),
    size: int | None = None,
    count: int | None = None,
    index: int | None = None,
    offsets: Sequence[int] | None = None,
) -> bytes:
    """A file whose classes have these names (``L`` and ``;`` are added); ``count``, ``index``, ``offsets`` override."""
    body = bytearray()
    places = []
    start = 8 + 4 + 4 + 11 * 4
    for name in names:
        places.append(start + len(body))
        text = f"L{name};".encode()
        length = len(text) << 1 | 1
        while length >= 0x80:
            body.append(length & 0x7F | 0x80)
            length >>= 7
        body.append(length)
        body += text + b"\0" + bytes(7)  # reserved, access_flags, num_fields, num_methods of a Class
    table = start + len(body)
    rows = places if offsets is None else list(offsets)
    whole = bytes(body) + struct.pack(f"<{len(rows)}I", *rows)
    fields = [0, 0, len(names) if count is None else count, table if index is None else index, 0, 0, 0, 0, 0, 0]
    true = start + len(whole)
    head = magic + struct.pack("<I4BI", 0, *version, true if size is None else size) + struct.pack("<10I", *fields)
    return head + whole
