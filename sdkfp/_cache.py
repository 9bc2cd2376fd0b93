"""Files in the user's cache directory: whole and unharmed, or as if they were not there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

__all__ = ["read", "write"]

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


def write(name: str, body: bytes) -> None:
    """Write to a file of its own, then rename: other processes see the old file or the whole new one."""
    temporary: str | None = None
    try:
        path = _path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(body).digest() + body)
        Path(temporary).replace(path)
    except OSError:  # a cache that cannot be written costs time, nothing else
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def _path(name: str) -> Path:
    import platformdirs  # noqa: PLC0415 - not needed where the cache is off

    root = os.environ.get("SDKFP_CACHE_DIR")
    return (Path(root) if root else platformdirs.user_cache_path("sdkfp", appauthor=False)) / name
