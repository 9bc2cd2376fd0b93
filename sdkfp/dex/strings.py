"""The string table, MUTF-8 and the names that descriptors stand for.

Source: Android documents, "Dalvik executable format", string_data_item, "MUTF-8 encoding" and "TypeDescriptor semantics".
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from sdkfp.dex.header import Report

__all__ = ["UNREADABLE", "StringTable", "decode_mutf8", "java_name", "java_names"]

UNREADABLE = b"?"
"""Stands for a string that cannot be read; no descriptor and no simple name may hold a question mark."""

PLAIN_LIMIT = 1 << 24
"""Bytes of descriptors that are turned into names in one go; a dex file has at most some megabytes of them."""

_MOST_OF_PREFIX = 1000
"""Strings with one beginning that are read at most."""

_SURROGATE_PAIR = re.compile(rb"\xed([\xa0-\xaf])([\x80-\xbf])\xed([\xb0-\xbf])([\x80-\xbf])")


class StringTable:
    """The strings of a dex file as raw MUTF-8, read when asked for.

    A string ends at its NUL; the length that stands before it (in UTF-16 code units) is passed over, as Android does.
    Strings of a proper file do not overlap, so the work for all of them is bounded by the file. Strings that do overlap
    are read too, until together they are as long as the file; from then on they are :data:`UNREADABLE`.
    """

    def __init__(self, data: bytes, offsets: npt.NDArray[np.uint32], report: Report) -> None:
        self._data = data
        self._offsets = offsets
        self._report = report
        self._overlapping: dict[int, bytes] = {}
        self._budget = len(data)

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, index: int) -> bytes:
        """One string; :data:`UNREADABLE` (and reported) where there is none of that index."""
        data = self._data
        if 0 <= index < len(self):
            offset = int(self._offsets[index])
            if offset < len(data) and data[offset] < 0x80:
                end = data.find(b"\0", offset + 1, int(self._limits[index]))
                if end >= 0:
                    return data[offset + 1 : end]
        return self.read([index])[0]

    @cached_property
    def all(self) -> list[bytes]:
        """Every string, by index."""
        return self._split() or self.read(np.arange(len(self), dtype=np.int64))

    def read(self, indices: npt.NDArray[np.integer] | Sequence[int]) -> list[bytes]:
        """The strings of some indices; :data:`UNREADABLE` (and reported) where there is none."""
        wanted = np.asarray(indices, np.int64)
        good = (wanted >= 0) & (wanted < len(self))
        if not good.all():
            self._report("References to strings are outside the string table.")
            return _fill(good, self.read(wanted[good]))
        offsets = self._offsets[wanted].astype(np.int64)
        good = offsets < len(self._data)
        if not good.all():
            self._report("The data of strings lie outside the file.")
            return _fill(good, self._read(wanted[good].tolist(), offsets[good]))
        return self._read(wanted.tolist(), offsets)

    def starting_with(self, prefix: bytes) -> list[bytes]:
        """The strings that begin so, in the order of the table: looked for where a table in order, as the format wants it, has them.

        Of a table that is out of order some may be missed.
        """
        first = bisect_left(range(len(self)), prefix, key=lambda index: _in_order(self[index]))
        found = []
        for index in range(first, min(len(self), first + _MOST_OF_PREFIX)):
            text = self[index]
            if not text.startswith(prefix):
                break
            found.append(text)
        return found

    def _read(self, indices: list[int], offsets: npt.NDArray[np.int64]) -> list[bytes]:
        data = self._data
        starts = self._after_length(offsets)
        ends = list(map(data.find, repeat(b"\0"), starts, self._limits[indices].tolist()))
        if sum(ends) - sum(starts) > len(data):  # the same long strings again and again
            known = {index: (start, end) for index, start, end in zip(indices, starts, ends, strict=True)}
            found = self._slice(list(known), *map(list, zip(*known.values(), strict=True)))
            by_index = dict(zip(known, found, strict=True))
            return [by_index[index] for index in indices]
        return self._slice(indices, starts, ends)

    def _slice(self, indices: list[int], starts: list[int], ends: list[int]) -> list[bytes]:
        data = self._data
        found = [data[start:end] for start, end in zip(starts, ends, strict=True) if end >= 0]
        if len(found) == len(ends):
            return found
        rest = iter(found)
        return [
            next(rest) if end >= 0 else self._read_overlapping(index, start)
            for index, start, end in zip(indices, starts, ends, strict=True)
        ]

    def _after_length(self, offsets: npt.NDArray[np.int64]) -> list[int]:
        """Where the strings begin: behind the unsigned LEB128 (one byte for strings shorter than 128)."""
        starts = offsets + 1
        raw = np.frombuffer(self._data, np.uint8)
        rows = np.flatnonzero(raw[offsets] >= 0x80)
        for _ in range(4):
            if not len(rows):
                break
            rows = rows[starts[rows] < len(raw)]
            longer = raw[starts[rows]] >= 0x80
            starts[rows] += 1
            rows = rows[longer]
        result: list[int] = starts.tolist()
        return result

    @cached_property
    def _limits(self) -> npt.NDArray[np.int64]:
        """For every string where the next one begins: where it must have ended."""
        offsets = np.minimum(self._offsets, len(self._data)).astype(np.int64)
        if len(offsets) and bool((offsets[1:] > offsets[:-1]).all()):
            return np.append(offsets[1:], len(self._data))
        distinct = np.unique(offsets)
        following = np.append(distinct[1:], len(self._data))
        return following[np.searchsorted(distinct, offsets)]

    def _read_overlapping(self, index: int, start: int) -> bytes:
        known = self._overlapping.get(index)
        if known is None:
            end = self._data.find(b"\0", start, start + self._budget)
            known = self._data[start:end] if end >= 0 else UNREADABLE
            self._budget = max(0, self._budget - (len(known) if end >= 0 else len(self._data)))
            self._overlapping[index] = known
            self._report("Strings overlap or do not end.")
        return known

    def _split(self) -> list[bytes] | None:
        """All strings by one split, where their data lie in one piece and in order, as compilers write them."""
        data, offsets, count = self._data, self._offsets.astype(np.int64), len(self)
        if not count or offsets[-1] >= len(data) or not bool((offsets[1:] - offsets[:-1] >= 2).all()):
            return None
        raw = np.frombuffer(data, np.uint8)
        first = raw[offsets]
        empty = int(np.count_nonzero(first == 0))
        start, end = int(offsets[0]), data.find(b"\0", self._after_length(offsets[-1:])[0])
        # Each string has one NUL behind it; the length of an empty string is a NUL too.
        if raw[offsets[1:] - 1].any() or end < 0 or data.count(b"\0", start, end + 1) != count + empty:
            return None
        if empty > 1 or (empty == 1 and first[0] != 0):
            return None
        parts = data[start + empty : end].split(b"\0")
        strings = [part[1:] for part in parts]
        for index in np.flatnonzero(first >= 0x80).tolist():
            part = parts[index]
            length = next((at for at, byte in enumerate(part[:4], 1) if byte < 0x80), 5)
            strings[index] = part[length:]
        return strings


def _fill(good: npt.NDArray[np.bool_], found: list[bytes]) -> list[bytes]:
    rest = iter(found)
    return [next(rest) if is_good else UNREADABLE for is_good in good.tolist()]


def _in_order(raw: bytes) -> bytes:
    """MUTF-8 so that bytes sort as the UTF-16 code units do, which is the order of the table: all but U+0000 do already."""
    return raw.replace(b"\xc0\x80", b"\0")


def decode_mutf8(raw: bytes) -> str:
    """Modified UTF-8 as text. Never fails: what cannot be decoded, lone surrogates too, becomes U+FFFD."""
    if raw.isascii():
        return raw.decode("ascii")
    if b"\xc0\x80" in raw:
        raw = raw.replace(b"\xc0\x80", b"\0")
    if b"\xed" in raw:
        raw = _SURROGATE_PAIR.sub(_join_pair, raw)
    return raw.decode("utf-8", "replace")


def _join_pair(pair: re.Match[bytes]) -> bytes:
    a, b, c, d = (ord(part) & 0x3F for part in pair.groups())
    return chr(0x10000 + ((a & 0x0F) << 16 | b << 10 | (c & 0x0F) << 6 | d)).encode()


def java_name(descriptor: bytes) -> str:
    """``Lcom/a/B$C;`` → ``com.a.B$C``; anything that is no class descriptor stays as it is."""
    if descriptor.startswith(b"L") and descriptor.endswith(b";"):
        return decode_mutf8(descriptor[1:-1]).replace("/", ".")
    return decode_mutf8(descriptor)


def java_names(descriptors: Iterable[bytes]) -> list[str]:
    """:func:`java_name` of many descriptors, in one go where all are plain."""
    descriptors = list(descriptors)
    if sum(map(len, descriptors)) <= PLAIN_LIMIT:
        joined = b"\0".join(descriptors)
        if joined.startswith(b"L") and joined.endswith(b";") and joined.isascii():
            names = joined[1:-1].decode("ascii").replace("/", ".").split(";\0L")
            if len(names) == len(descriptors):
                return names
    known = {descriptor: java_name(descriptor) for descriptor in dict.fromkeys(descriptors)}
    return [known[descriptor] for descriptor in descriptors]
