"""A read-only run of bytes in memory or in a mapped file: what a container is read from."""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from mmap import PAGESIZE, mmap

if sys.platform == "linux":
    from mmap import MADV_DONTNEED

__all__ = ["Window"]

_STEP = 1 << 20
"""Bytes."""


class Window:
    """A part of bytes or of a mapped file, without copying it.

    It owns the mapped file when it is the outermost window; closing it then closes the file.
    """

    __slots__ = ("_base", "_owner", "_raw", "view")

    def __init__(self, raw: bytes | bytearray | mmap, begin: int = 0, end: int | None = None) -> None:
        whole = memoryview(raw)
        self._raw = raw
        self._owner = begin == 0 and end is None
        self._base = begin
        self.view = whole if self._owner else whole[begin:end]
        """The bytes, for ``struct`` and for the decompressors; release what is sliced off it before :meth:`close`."""
        if not self._owner:
            whole.release()

    def __len__(self) -> int:
        return len(self.view)

    def read(self, begin: int, end: int) -> bytes:
        """A copy of the bytes from ``begin`` to before ``end``."""
        with self.view[begin:end] as part:
            return bytes(part)

    def starts_with(self, magic: bytes, at: int = 0) -> bool:
        return at >= 0 and self.read(at, at + len(magic)) == magic

    def sha256(self) -> str:
        """Of all bytes, hexadecimal."""
        digest = hashlib.sha256()
        for begin in range(0, len(self), _STEP):
            with self.view[begin : begin + _STEP] as part:
                digest.update(part)
            self.let_go(begin, begin + _STEP)
        return digest.hexdigest()

    def let_go(self, begin: int, end: int) -> None:
        """Take what was read of a mapped file out of the process again; the system still has it, and gives it back when asked.

        Little is kept, since that costs more than it frees.
        """
        end = min(end, len(self))
        if end - begin >= _STEP and isinstance(self._raw, mmap) and sys.platform == "linux":
            first = (self._base + begin) // PAGESIZE * PAGESIZE
            self._raw.madvise(MADV_DONTNEED, first, self._base + end - first)

    def rfind(self, needle: bytes, begin: int, end: int) -> int:
        """The last place of ``needle`` that lies wholly between ``begin`` and ``end``; -1 if there is none."""
        found = self._raw.rfind(needle, self._base + begin, self._base + min(end, len(self)))
        return -1 if found < 0 else found - self._base

    def part(self, begin: int, end: int) -> Window:
        """A window into this one; it must be closed before this one."""
        return Window(self._raw, self._base + begin, self._base + min(end, len(self)))

    def close(self) -> None:
        self.view.release()
        if self._owner and isinstance(self._raw, mmap):
            # Where somebody still holds a window into it, the file is closed when that goes.
            with suppress(BufferError):
                self._raw.close()
        self._raw = b""
