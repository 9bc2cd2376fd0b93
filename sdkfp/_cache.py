"""Files in the user's cache directory: whole and unharmed, or as if they were not there."""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import tempfile
from pathlib import Path

__all__ = ["mapped", "read", "write", "write_plain"]

_MAGIC = b"sdkfp cache\n"


def read(name: str) -> bytes | None:
    """What was written under a name; ``None`` where there is nothing, or nothing whole."""
    try:
        data = _path(name).read_bytes()
    except OSError:
        return None
    head = len(_MAGIC) + 32
    sound = data[: len(_MAGIC)] == _MAGIC and hashlib.sha256(data[head:]).digest() == data[len(_MAGIC) : head]
    return data[head:] if sound else None


def mapped(name: str) -> mmap.mmap | None:
    """A file of :func:`write_plain`, mapped into memory; ``None`` where there is none. Its content is the caller's to check."""
    try:
        with _path(name).open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # no file, or an empty one
        return None


def write(name: str, body: bytes) -> None:
    """Write with a checksum: see :func:`write_plain`."""
    write_plain(name, _MAGIC + hashlib.sha256(body).digest() + body)


def write_plain(name: str, data: bytes) -> None:
    """Write to a file of its own, then rename: other processes see the old file or the whole new one."""
    temporary: str | None = None
    try:
        path = _path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except OSError:  # a cache that cannot be written costs time, nothing else
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def _path(name: str) -> Path:
    import platformdirs  # noqa: PLC0415 - not needed where the cache is off

    root = os.environ.get("SDKFP_CACHE_DIR")
    return (Path(root) if root else platformdirs.user_cache_path("sdkfp", appauthor=False)) / name
