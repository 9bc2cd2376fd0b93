"""The files that a catalog is read from, and the hash over them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from sdkfp import _cache

__all__ = ["Sources", "hash_of"]

_SETTLED = 2_000_000_000
"""Nanoseconds since the last change of any file, from which on size and time of change are trusted to tell of the next one."""


class Sources:
    """The files of one directory of signatures."""

    def __init__(self, directory: Path, *, with_sdks: bool = True) -> None:
        self.directory = directory
        flat = not any((directory / name).is_dir() for name in ("sdks", "nursery", "organizations", "vocabulary"))
        homes = [directory] if flat else [directory / "sdks", directory / "nursery"]
        self.sdks = _files(homes[0]) if with_sdks else []
        self.nursery = [] if flat or not with_sdks else _files(homes[1])
        self.rules = [path for home in homes for path in _files(home, ".yar")] if with_sdks else []
        self.marks = [path for home in (*homes, directory) for path in _files(home, ".marks")] if with_sdks else []
        self.packers = [] if flat or not with_sdks else _files(directory / "packers", (".yaml", ".yar"))
        self.organizations = [] if flat else _files(directory / "organizations")
        self.vocabulary = [] if flat else _files(directory / "vocabulary")

    @property
    def files(self) -> list[Path]:
        """All of them."""
        return [
            *self.sdks,
            *self.nursery,
            *self.organizations,
            *self.vocabulary,
            *self.rules,
            *self.packers,
            *self.marks,
        ]


def hash_of(sources: Sequence[Sources], salt: str, *, cache: bool) -> str:
    """SHA-256 over the names and bytes of every file.

    Args:
        sources: the directories, in their order.
        salt: hashed too.
        cache: keep the answer in the user's cache directory, by the paths, sizes and times of change of the files: more than a
            thousand files are then not read again each time.
    """
    if not cache:
        return _hash_contents(sources, salt)
    name, newest = _stamp(sources, salt)
    known = _cache.read(name)
    if known is not None:
        return known.decode("ascii")
    found = _hash_contents(sources, salt)
    if newest < time.time_ns() - _SETTLED:  # a file that changes twice in one tick of the clock keeps its time
        _cache.write(name, found.encode("ascii"))
    return found


def _hash_contents(sources: Sequence[Sources], salt: str) -> str:
    digest = hashlib.sha256(f"{salt}\n".encode())
    for source in sources:
        for path in source.files:
            with contextlib.suppress(OSError):  # an unreadable file is reported when it is compiled
                data = path.read_bytes()
                digest.update(f"{path.parent.name}/{path.name} {len(data)}\n".encode("utf-8", "surrogateescape"))
                digest.update(data)
        digest.update(b"--\n")
    return digest.hexdigest()


def _stamp(sources: Sequence[Sources], salt: str) -> tuple[str, int]:
    """The name of the cache file, and the last time that any file changed (nanoseconds since 1970)."""
    digest = hashlib.sha256(f"{salt}\n".encode())
    newest = 0
    for source in sources:
        digest.update(os.fsencode(source.directory.absolute()) + b"\n")
        for path in source.files:
            with contextlib.suppress(OSError):
                stat = path.stat()
                about = f" {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}\n"
                digest.update(os.fsencode(path) + about.encode())
                newest = max(newest, stat.st_mtime_ns, stat.st_ctime_ns)
    return f"stamp-{digest.hexdigest()[:32]}", newest


def _files(directory: Path, suffix: str | tuple[str, ...] = ".yaml") -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            names = sorted(
                entry.name for entry in entries if entry.name.endswith(suffix) and not entry.name.startswith(".")
            )
    except FileNotFoundError:
        return []
    return [directory / name for name in names]
