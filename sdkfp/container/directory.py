"""A directory, such as an unpacked app, as a container."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sdkfp.container.model import Container, ContainerKind, Entry, UnreadableError
from sdkfp.errors import ContainerError, LimitExceededError

__all__ = ["fill_directory", "open_regular"]


def fill_directory(container: Container, root: Path) -> None:
    """List the files below ``root``, sorted by name; links that leave it and special files are refused.

    Raises:
        ContainerError: there is no file.
        LimitExceededError: there are more files than the limits allow.
    """
    base = Path(os.path.realpath(root))
    found = sorted((_name(base, path), path, size) for path, size in _walk(container, base))
    entries = {name: Entry(container, name, size, size) for name, _, size in found}
    paths = {name: path for name, path, _ in found}
    if not entries:
        raise ContainerError(f"{container.location} is a directory without files that can be read")

    def read(entry: Entry, room: int) -> bytes:
        return _read(paths[entry.name], room)

    container.fill(ContainerKind.DIRECTORY, entries, read)


def _walk(container: Container, base: Path) -> list[tuple[Path, int]]:
    found: list[tuple[Path, int]] = []

    def unlistable(error: OSError) -> None:
        name = _name(base, Path(str(error.filename)))
        container.note("entry-unreadable", f"cannot be listed: {error.strerror}", name)

    for folder, folders, files in os.walk(base, onerror=unlistable):
        folders.sort()
        for file in [*files, *(name for name in folders if Path(folder, name).is_symlink())]:
            path = Path(folder, file)
            size = _examine(container, base, path)
            if size is not None:
                found.append((path, size))
                if len(found) > container.limits.max_entries:
                    raise LimitExceededError(f"{container.location} has more than {container.limits.max_entries} files")
    return found


def _examine(container: Container, base: Path, path: Path) -> int | None:
    """The size of a file that may be read; None for anything else."""
    name = _name(base, path)
    try:
        real = Path(os.path.realpath(path, strict=True))
        if path.is_symlink() and not real.is_relative_to(base):
            container.note("entry-outside", "is a link that leaves the directory", name)
            return None
        status = real.stat()
    except OSError as error:
        container.note("entry-unreadable", f"cannot be read: {error.strerror}", name)
        return None
    if stat.S_ISDIR(status.st_mode):  # a link to a directory inside: its files are listed in their own place
        return None
    if not stat.S_ISREG(status.st_mode):
        container.note("entry-special", "is neither a file nor a directory", name)
        return None
    return status.st_size


def _name(base: Path, path: Path) -> str:
    """As in a ZIP: relative, with slashes, bytes that are no text as visible escapes."""
    name = os.fsencode(os.path.relpath(path, base).replace(os.sep, "/"))
    return name.decode("utf-8", "backslashreplace")


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO | None]:
    """Open a file for reading; None for anything but a file. Never waits, as opening a pipe otherwise would.

    Raises:
        OSError: it cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        yield file if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None


def _read(path: Path, room: int) -> bytes:
    try:
        with open_regular(path) as file:
            if file is None:
                raise UnreadableError("entry-special", "is not a file any more")
            data = file.read(room + 1)
    except OSError as error:
        raise UnreadableError("entry-unreadable", f"cannot be read: {error.strerror}") from None
    if len(data) > room:
        raise UnreadableError("entry-too-large", "is too large")
    return data
