"""Look up single resources in ``resources.arsc`` (``ResTable_*`` in ``ResourceTypes.h``) without reading the whole table."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator

from sdkfp.manifest.strings import StringPool
from sdkfp.manifest.tree import Type, Value

__all__ = ["ResourceTable"]

_CHUNK = struct.Struct("<HHI")
_TYPE = struct.Struct("<BBHII")
_STRING_POOL, _PACKAGE, _TYPE_CHUNK = 0x0001, 0x0200, 0x0201
_SPARSE, _OFFSET16 = 0x01, 0x02
_COMPLEX, _COMPACT = 0x0001, 0x0008
_NO_ENTRY = 0xFFFFFFFF
_MAX_CHUNKS = 100_000
"""Chunks of a package: types times configurations; the largest apps have some thousands."""


class ResourceTable:
    """The simple values (strings, numbers, booleans, references) of a resource table."""

    def __init__(self, data: bytes) -> None:
        """Find the chunks. What is malformed is left out; a table of which nothing can be read has no resources."""
        self._data = data
        self._pool = StringPool(b"", 0, 0)
        self._types: dict[int, list[int]] = {}
        """Package id × 256 + type id → where its type chunks begin, those of the default configuration first."""
        for kind, at, header_size, end in self._chunks(0 if len(data) < 12 else struct.unpack_from("<H", data, 2)[0]):
            if kind == _STRING_POOL and not len(self._pool):
                self._pool = StringPool(data, at, end - at)
            elif kind == _PACKAGE and header_size >= 12:
                self._package(at, header_size, end)

    def _chunks(self, at: int, end: int | None = None) -> Iterator[tuple[int, int, int, int]]:
        """Type, begin, header size and end of the chunks from ``at``."""
        end = len(self._data) if end is None else end
        for _ in range(_MAX_CHUNKS):
            if at < _CHUNK.size or at + _CHUNK.size > end:
                return
            kind, header_size, size = _CHUNK.unpack_from(self._data, at)
            if header_size < _CHUNK.size or size < header_size or at + size > end:
                return
            yield kind, at, header_size, at + size
            at += size

    def _package(self, at: int, header_size: int, end: int) -> None:
        (package,) = struct.unpack_from("<I", self._data, at + 8)
        for kind, chunk, chunk_header, chunk_end in self._chunks(at + header_size, end):
            if kind != _TYPE_CHUNK or chunk_header < 24 or chunk_end - chunk < 24:
                continue
            found = self._types.setdefault((package & 0xFF) << 8 | self._data[chunk + 8], [])
            found.insert(0, chunk) if self._is_default(chunk, chunk_header) else found.append(chunk)

    def _is_default(self, chunk: int, header_size: int) -> bool:
        """Whether all fields of the configuration (after its size) are zero: it fits every device."""
        return not any(self._data[chunk + 24 : chunk + header_size])

    def get(self, number: int) -> Value | None:
        """The value of a resource id (0xPPTTEEEE) in the default configuration, or in the first that has it.

        None when there is none, or when it is not a simple value. A reference is given as it is.
        """
        for chunk in self._types.get(number >> 16 & 0xFFFF, ()):
            try:
                value = self._entry(chunk, number & 0xFFFF)
            except struct.error:  # an offset that lies
                continue
            if value is not None:
                return value
        return None

    def _entry(self, chunk: int, index: int) -> Value | None:
        _, header_size, size = _CHUNK.unpack_from(self._data, chunk)
        _, flags, _, count, start = _TYPE.unpack_from(self._data, chunk + _CHUNK.size)
        offset = self._offset(chunk + header_size, index, count, flags)
        if offset is None or start + offset + 8 > size:
            return None
        at = chunk + start + offset
        entry_size, entry_flags, key = struct.unpack_from("<HHI", self._data, at)
        if entry_flags & _COMPACT:  # the data stand in place of the key, their type in the flags
            return self._value(entry_flags >> 8, key)
        if entry_flags & _COMPLEX:
            return None
        kind, number = struct.unpack_from("<3xBI", self._data, at + entry_size)
        return self._value(kind, number)

    def _offset(self, table: int, index: int, count: int, flags: int) -> int | None:
        if flags & _SPARSE:
            pairs = _Sparse(self._data, table, min(count, (len(self._data) - table) // 4))
            place = bisect_left(pairs, index)
            return pairs.offset(place) if place < len(pairs) and pairs[place] == index else None
        if index >= count:
            return None
        if flags & _OFFSET16:
            (short,) = struct.unpack_from("<H", self._data, table + 2 * index)
            return None if short == 0xFFFF else 4 * int(short)
        (offset,) = struct.unpack_from("<I", self._data, table + 4 * index)
        return None if offset == _NO_ENTRY else int(offset)

    def _value(self, kind: int, number: int) -> Value:
        return Value(kind, number, self._pool.get(number) if kind == Type.STRING else None)


class _Sparse:
    """The index of a sparse type chunk: entry numbers, ascending, each with a quarter of its offset."""

    def __init__(self, data: bytes, at: int, count: int) -> None:
        self._data, self._at, self._count = data, at, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> int:
        return int(struct.unpack_from("<H", self._data, self._at + 4 * place)[0])

    def offset(self, place: int) -> int:
        return 4 * int(struct.unpack_from("<H", self._data, self._at + 4 * place + 2)[0])
