"""Gzipped tar archives: the static libraries of HarmonyOS (HAR), and any other."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

from sdkfp.container.inflate import gunzip
from sdkfp.container.model import Container, ContainerKind, Entry, UnreadableError
from sdkfp.container.window import Window
from sdkfp.errors import ContainerError, LimitExceededError

__all__ = ["fill_tar"]

_HAR_MARKS = ("package/oh-package.json5", "package/oh-package.json", "package/src/main/module.json")
_ERRORS = (tarfile.TarError, ValueError, OverflowError, EOFError, OSError, RecursionError)
"""What ``tarfile`` raises on malformed archives."""


def fill_tar(container: Container, packed: Window) -> None:
    """List the files of a gzipped tar. It is inflated as a whole and kept in memory until the container is closed.

    Raises:
        ContainerError: it is neither gzip nor tar, or has no file.
        LimitExceededError: it is larger than the limits allow.
    """
    window = container.inflated = _inflated(container, packed)
    entries = _entries(container, window)
    if not entries:
        raise ContainerError(f"{container.location} is gzip, but not a tar archive with files")

    def read(entry: Entry, room: int) -> bytes:
        if entry.offset + entry.size > len(window):
            raise UnreadableError("entry-malformed", "ends outside the file")
        if entry.size > room:
            raise UnreadableError("entry-too-large", "is too large")
        return window.read(entry.offset, entry.offset + entry.size)

    kind = ContainerKind.HAR if any(name in entries for name in _HAR_MARKS) else ContainerKind.TAR
    container.fill(kind, entries, read)


def _inflated(container: Container, packed: Window) -> Window:
    room = min(container.limits.max_entry_bytes, container.budget.left)
    try:
        window = Window(gunzip(packed, room))
    except UnreadableError as error:
        if error.code == "entry-too-large":
            raise LimitExceededError(f"{container.location} is larger than {room} bytes when inflated") from None
        raise ContainerError(f"{container.location} {error.reason}") from None
    container.budget.left -= len(window)
    return window


def _entries(container: Container, window: Window) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for member in _members(container, window):
        name = member.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        if not member.isreg() or member.issparse():
            container.note("entry-special", "is neither a file nor a directory", name)
        elif name in entries:
            container.note("entry-duplicate", "stands in the archive more than once; only the first is read", name)
        else:
            entries[name] = Entry(container, name, member.size, member.size, offset=member.offset_data, paid=True)
    return entries


def _members(container: Container, window: Window) -> Iterator[tarfile.TarInfo]:
    """What the archive lists except directories, up to the first header that cannot be read."""
    try:
        with tarfile.open(fileobj=_File(window), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= container.limits.max_entries:
                    raise LimitExceededError(f"{container.location} has more than {number} entries")
                if not member.isdir():
                    yield member
    except _ERRORS as error:
        container.note("directory-truncated", f"cannot be read to its end: {error}")


class _File(io.RawIOBase):
    """A window as the file that ``tarfile`` wants."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._window)}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = len(self._window) if size < 0 else min(len(self._window), self._at + size)
        data = self._window.read(self._at, end) if self._at < end else b""
        self._at += len(data)
        return data
