"""From what the user names (files, directories, globs, lists, URLs) to a stream of inputs, and the way to the bytes of one."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from sdkfp.batch.errors import BatchError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["SUFFIXES", "InputError", "Listed", "hash_input", "list_inputs", "local_file", "read_list"]

SUFFIXES = frozenset(
    (".apk", ".xapk", ".apks", ".apkm", ".aab", ".hap", ".hsp", ".app", ".har", ".aar", ".jar", ".zip", "")
)
"""Files in a directory that are taken for apps: with these suffixes, or with none, as collections name files by their hash."""
_MAGIC = frozenset("*?[")
_BLOCK = 1 << 20


class InputError(Exception):
    """An input cannot be read; ``code`` is ``input-missing`` or ``input-unreadable``."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Listed:
    """One input."""

    path: str
    """Absolute, or a URL."""
    size: int | None
    """Bytes."""
    stamp: str
    """What changes when the content does: time of the last change, or the tag of an object store; empty where there is none."""
    code: str | None = None
    """Why it cannot be an input, for example of a broken link; see :class:`InputError`."""
    reason: str | None = None


def list_inputs(places: Iterable[str]) -> Iterator[Listed]:
    """Every input that the places name, as a stream.

    Args:
        places: files, directories (with everything below them), globs (``**`` for any depth), and URLs of the same.

    Raises:
        BatchError: a URL's protocol is not known, or its place cannot be listed.
    """
    for place in places:
        if "://" in place:
            yield from _remote(place)
        else:
            yield from _local(place)


def read_list(lines: Iterable[str]) -> Iterator[str]:
    """The places that a list names, one a line; empty lines are left out."""
    return (line.rstrip("\r\n") for line in lines if line.strip())


def _local(place: str) -> Iterator[Listed]:
    if os.path.lexists(place):
        yield from _below(place) if Path(place).is_dir() else [_file(place)]
    elif not _MAGIC & set(place):
        yield _file(place)
    else:
        found = False
        for path in glob.iglob(place, recursive=True):  # noqa: PTH207 - pathlib has no patterns that begin at the root
            found = True
            if "**" not in place:
                yield from _below(path) if Path(path).is_dir() else [_file(path)]
            elif not Path(path).is_dir():  # what is below a directory meets the pattern itself
                yield _file(path)
        if not found:
            yield Listed(place, None, "", "input-missing", "no file meets this pattern")


def _below(directory: str) -> Iterator[Listed]:
    """Apps below a directory, one after the other as the system has them: a directory may hold millions."""
    folders = [directory]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif not entry.name.startswith(".") and Path(entry.name).suffix.lower() in SUFFIXES:
                        yield _file(entry.path)
        except OSError as error:
            failure = _failure(error)
            yield Listed(folder, None, "", failure.code, f"the directory cannot be listed: {failure.reason}")


def _file(path: str) -> Listed:
    absolute = os.path.abspath(path)  # noqa: PTH100 - keeps links as they are
    try:
        absolute.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(absolute).decode("utf-8", "backslashreplace")
        return Listed(shown, None, "", "input-unreadable", "its name is not UTF-8")
    try:
        status = os.stat(absolute)  # noqa: PTH116 - millions of them
    except OSError as error:
        failure = _failure(error)
        return Listed(absolute, None, "", failure.code, failure.reason)
    if not stat.S_ISREG(status.st_mode):
        what = "a link to a directory, which is not followed" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        return Listed(absolute, None, "", "input-unreadable", f"it is {what}")
    return Listed(absolute, status.st_size, f"{status.st_mtime_ns:x}")


def _failure(error: OSError) -> InputError:
    missing = error.errno in (errno.ENOENT, errno.ENOTDIR) or isinstance(error, FileNotFoundError)
    return InputError(
        "input-missing" if missing else "input-unreadable", error.strerror or str(error) or type(error).__name__
    )


def _file_system(url: str) -> tuple[AbstractFileSystem, str]:
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra
    except ImportError:
        raise BatchError("inputs by URL need the package fsspec: install sdkfp with the extra 'batch'") from None
    try:
        system, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise BatchError(f"{url} cannot be listed: {error}") from None
    return system, path


def _remote(url: str) -> Iterator[Listed]:
    system, path = _file_system(url)
    try:
        if _MAGIC & set(path):
            found = system.glob(path, detail=True)
            rows = [row for row in found.values() if row.get("type") != "directory"]
        elif system.isdir(path):
            found = system.find(path, detail=True)
            rows = [row for row in found.values() if Path(row["name"]).suffix.lower() in SUFFIXES]
        else:
            rows = [system.info(path)]
    except FileNotFoundError:
        rows = []
    except Exception as error:
        raise BatchError(f"{url} cannot be listed: {type(error).__name__}: {error}") from None
    if not rows:
        yield Listed(url, None, "", "input-missing", "there is nothing at this address")
    for row in sorted(rows, key=lambda row: str(row["name"])):
        yield Listed(system.unstrip_protocol(row["name"]), row.get("size"), _stamp(row))


def _stamp(row: dict[str, Any]) -> str:
    for key in ("ETag", "etag", "md5Hash", "checksum", "mtime", "LastModified", "last_modified", "updated", "modified"):
        if row.get(key):
            return f"{key}={row[key]}"
    return ""


@contextlib.contextmanager
def local_file(path: str) -> Iterator[Path]:
    """An input as a file of this machine: itself, or a copy of what a URL names, removed afterwards.

    Raises:
        InputError: it cannot be read.
    """
    if "://" not in path:
        yield Path(path)
        return
    system, remote = _file_system(path)
    with tempfile.TemporaryDirectory(prefix="sdkfp-") as folder:
        target = Path(folder) / (remote.rstrip("/").rpartition("/")[2] or "input")
        try:
            system.get_file(remote, str(target))
        except OSError as error:
            raise _failure(error) from None
        except Exception as error:  # what a file system of somebody else raises is not known
            raise InputError("input-unreadable", f"{type(error).__name__}: {error}") from None
        yield target


def hash_input(path: str) -> str:
    """SHA-256 of an input's bytes, in hexadecimal.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with _opened(path) as file:
            digest = hashlib.sha256()
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise _failure(error) from None
    except InputError:
        raise
    except Exception as error:
        if "://" in path:
            raise InputError("input-unreadable", f"{type(error).__name__}: {error}") from None
        raise
    return digest.hexdigest()


def _opened(path: str) -> contextlib.AbstractContextManager[BinaryIO]:
    if "://" not in path:
        return Path(path).open("rb")
    system, remote = _file_system(path)
    opened: contextlib.AbstractContextManager[BinaryIO] = system.open(remote, "rb")
    return opened
