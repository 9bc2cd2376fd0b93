"""From what the caller has (a path, bytes, a stream) to an opened container."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import BinaryIO

from sdkfp.container.detect import kind_of_zip, part_names
from sdkfp.container.directory import fill_directory, open_regular
from sdkfp.container.model import Container, ContainerKind, Entry, EntryError, Limits, Reader, UnreadableError
from sdkfp.container.tar import fill_tar
from sdkfp.container.window import Window
from sdkfp.container.zip import STORED, Directory, data_start, find_directory, read_entries, zip_peeker, zip_reader
from sdkfp.errors import ContainerError, LimitExceededError

__all__ = ["open_container"]

_DEFAULT_LIMITS = Limits()
_UNNAMED = "input"
_BARE = ((b"dex\n", ContainerKind.DEX), (b"\x7fELF", ContainerKind.SO))


def open_container(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO,
    *,
    name: str | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> Container:
    """Open a package of any kind as named entries. Nothing is unpacked to disk.

    The content decides what it is, not the file's name. Files are mapped into memory and stay open until the container
    is closed; a stream is read to its end.

    Args:
        source: a path to a file or directory, the bytes of a file, or a stream that gives bytes.
        name: the label to use in locations; the default is the file's name.
        limits: how much it may cost.

    Raises:
        ContainerError: it is missing, empty, unreadable, special, or not a package.
        LimitExceededError: it is larger than the limits allow.
    """
    if isinstance(source, (str, os.PathLike)):
        return _open_path(Path(source), name, limits)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _open_window(Window(bytes(source)), name or _UNNAMED, limits)
    label = name or _stream_name(source)
    return _open_window(Window(_drain(source, label, limits.max_total_bytes)), label, limits)


def _open_path(path: Path, name: str | None, limits: Limits) -> Container:
    label = name or path.absolute().name or str(path)
    try:
        if path.is_dir():
            container = Container(label, None, limits)
            fill_directory(container, path)
            return container
        window = Window(_map(path, label))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ContainerError(f"{label} cannot be opened: {reason}") from None
    return _open_window(window, label, limits)


def _map(path: Path, label: str) -> mmap.mmap:
    with open_regular(path) as file:
        if file is None:
            raise ContainerError(f"{label} is neither a file nor a directory")
        if os.fstat(file.fileno()).st_size == 0:
            raise ContainerError(f"{label} is empty")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _drain(stream: BinaryIO, label: str, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        try:
            part = stream.read(1 << 20)
        except (OSError, ValueError) as error:  # ValueError: closed
            raise ContainerError(f"{label} cannot be read: {error}") from None
        if not isinstance(part, bytes):
            raise ContainerError(f"{label} is not a stream of bytes")
        if not part:
            return b"".join(parts)
        size += len(part)
        if size > most:
            raise LimitExceededError(f"{label} is larger than {most} bytes")
        parts.append(part)


def _stream_name(stream: BinaryIO) -> str:
    name = getattr(stream, "name", None)
    return (Path(name).name or _UNNAMED) if isinstance(name, str) else _UNNAMED


def _open_window(window: Window, name: str, limits: Limits, parent: Container | None = None) -> Container:
    try:
        container = Container(name, window, limits, parent=parent)
        _fill(container, window)
    except BaseException:
        window.close()
        raise
    return container


def _fill(container: Container, window: Window) -> None:
    if not len(window):
        raise ContainerError(f"{container.location} is empty")
    bare = next((kind for magic, kind in _BARE if window.starts_with(magic)), None)
    directory = find_directory(window)
    if directory is not None:
        _fill_zip(container, window, directory)
        # A dex file or a library may have a ZIP behind it: it is the app only if the ZIP is one.
        if bare is None or container.kind is ContainerKind.APK:
            return
        container.forget_notes()
    if bare is not None:
        size = len(window)
        container.fill(bare, {"": Entry(container, "", size, size)}, _whole(window))
    elif window.starts_with(b"\x1f\x8b\x08"):
        fill_tar(container, window)
    elif window.starts_with(b"PK\x03\x04"):
        raise ContainerError(f"{container.location} is a truncated ZIP: it has no central directory")
    else:
        raise ContainerError(f"{container.location} is not a package: neither ZIP, nor gzipped tar, nor dex, nor ELF")


def _fill_zip(container: Container, window: Window, directory: Directory) -> None:
    entries = read_entries(container, window, directory)

    def open_parts() -> tuple[tuple[str, Container], ...]:
        found = ((name, _open_part(container, window, directory.shift, name)) for name in part_names(container))
        return tuple((name, part) for name, part in found if part is not None)

    container.fill(
        ContainerKind.ZIP, entries, zip_reader(window, directory.shift), open_parts, zip_peeker(window, directory.shift)
    )
    container.directory_start = directory.start
    container.kind = kind_of_zip(container)
    before = min((entry.offset for entry in entries.values()), default=0)
    if before > 0 and not window.starts_with(b"PK\x03\x04"):
        container.note("bytes-before-archive", f"begins with {before} bytes that belong to no entry of the ZIP")


def _open_part(container: Container, window: Window, shift: int, name: str) -> Container | None:
    entry = container.entries[name]
    if container.depth >= container.limits.max_depth:
        container.note("part-too-deep", f"lies more than {container.limits.max_depth} containers deep", name)
        return None
    try:
        if entry.method == STORED and entry.compressed_size == entry.size > 0:
            # Large packages are stored in bundles: they are read where they are, not copied.
            begin = data_start(window, entry, shift)
            inner = window.part(begin, begin + entry.size)
        else:
            inner = Window(entry.read())
        return _open_window(inner, name, container.limits, container)
    except (EntryError, UnreadableError):
        entry_error = "cannot be read"
    except ContainerError as error:
        entry_error = f"cannot be opened: {error}"
    container.note("part-unreadable", entry_error, name)
    return None


def _whole(window: Window) -> Reader:
    def read(entry: Entry, room: int) -> bytes:
        if entry.size > room:
            raise UnreadableError("entry-too-large", "is too large")
        return window.read(0, len(window))

    return read
