"""The string pool of binary XML and resource tables (``ResStringPool_header`` in ``ResourceTypes.h``)."""

from __future__ import annotations

import struct

__all__ = ["StringPool"]

_HEADER = struct.Struct("<HHIIIIII")
_UTF8 = 1 << 8


class StringPool:
    """Strings by index, decoded when asked for. An index or offset that lies gives None."""

    __slots__ = ("_cache", "_count", "_data", "_end", "_offsets", "_strings", "_utf8")

    def __init__(self, data: bytes | memoryview, at: int, size: int) -> None:
        """Read the header of the pool in ``data[at : at + size]``; a header that does not fit makes an empty pool."""
        self._data = data
        self._end = min(len(data), at + size)
        self._cache: dict[int, str | None] = {}
        self._count = self._offsets = self._strings = 0
        self._utf8 = False
        if at + _HEADER.size <= self._end:
            _, header_size, _, count, _, flags, start, _ = _HEADER.unpack_from(data, at)
            self._offsets = at + header_size
            self._strings = at + start
            # Android's reader, too, lets the number of strings be larger than what lies before the first string.
            self._count = min(count, max(0, self._end - self._offsets) // 4)
            self._utf8 = bool(flags & _UTF8)

    def __len__(self) -> int:
        return self._count

    def get(self, index: int) -> str | None:
        """The string of that index."""
        try:
            return self._cache[index]
        except KeyError:
            text = self._cache[index] = self._decode(index) if index < self._count else None
            return text

    def _decode(self, index: int) -> str | None:
        (offset,) = struct.unpack_from("<I", self._data, self._offsets + 4 * index)
        at = self._strings + offset
        if at + 2 > self._end:
            return None
        if self._utf8:
            _, at = self._length8(at)  # in UTF-16 units; not needed
            length, at = self._length8(at)
            if at + length > self._end:
                return None
            return bytes(self._data[at : at + length]).decode("utf-8", "replace")
        length, at = self._length16(at)
        if at + 2 * length > self._end:
            return None
        return bytes(self._data[at : at + 2 * length]).decode("utf-16-le", "replace")

    def _length8(self, at: int) -> tuple[int, int]:
        """A length of one byte, or of two when the top bit is set."""
        if at + 1 < self._end and self._data[at] & 0x80:
            return (self._data[at] & 0x7F) << 8 | self._data[at + 1], at + 2
        return (self._data[at] if at < self._end else 0), at + 1

    def _length16(self, at: int) -> tuple[int, int]:
        """A length of two bytes, or of four when the top bit is set."""
        (length,) = struct.unpack_from("<H", self._data, at)
        if length & 0x8000 and at + 4 <= self._end:
            (low,) = struct.unpack_from("<H", self._data, at + 2)
            return (length & 0x7FFF) << 16 | low, at + 4
        return length, at + 2
