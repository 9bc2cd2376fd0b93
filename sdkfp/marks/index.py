"""All marks of a catalog as one index: sorted hashes, and for each the SDKs and releases that have it (CSR postings).

The index is kept in the user's cache directory under the hash of the files it was made from and is mapped into memory, so that
only the pages that an app's marks fall on are read.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from sdkfp.errors import CatalogError
from sdkfp.marks.format import Marks, MarksError, Release, read_common, read_marks

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.marks.hashing import Hashes

__all__ = ["MarkIndex", "Member", "build_index", "load_index"]

_MAGIC = b"sdkfp mark index 1\n"
_HEADER = 64
_COMMON = "common.marks"


class Member(msgspec.Struct, frozen=True):
    """One SDK of the index."""

    sdk: str
    marks: int
    """Marks that are in the index, those that tell releases apart from beyond the sample too."""
    sampled_below: int
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class _Columns:
    mark: Hashes
    start: npt.NDArray[np.uint32]
    sdk: npt.NDArray[np.uint16]
    releases: npt.NDArray[np.uint64]


class MarkIndex:
    """Look-ups of marks."""

    def __init__(self, members: Sequence[Member], columns: _Columns) -> None:
        """Use :func:`build_index` or :func:`load_index`."""
        self.members = tuple(members)
        """By SDK id; :attr:`sdk` counts in it."""
        self.mark = columns.mark
        """Every mark, ascending, each once."""
        self.start = columns.start
        """Where the postings of each mark begin, and one more; a common mark has none."""
        self.sdk = columns.sdk
        """Of each posting: the SDK that has the mark."""
        self.releases = columns.releases
        """Of each posting: the releases that have it, bit *n* for release *n* of the member."""

    def __len__(self) -> int:
        return len(self.mark)

    @property
    def nbytes(self) -> int:
        """Bytes of the columns."""
        return sum(column.nbytes for column in (self.mark, self.start, self.sdk, self.releases))

    @cached_property
    def sampled_below(self) -> npt.NDArray[np.uint64]:
        """:attr:`Member.sampled_below` of every member."""
        return np.array([member.sampled_below for member in self.members], np.uint64)

    def find(self, marks: Hashes) -> npt.NDArray[np.int64]:
        """The row of each of some marks, or -1.

        Args:
            marks: ascending; sorted look-ups touch each page of the index once.
        """
        if not len(self.mark):
            return np.full(len(marks), -1)
        place = np.minimum(np.searchsorted(self.mark, marks), len(self.mark) - 1)
        return np.where(self.mark[place] == marks, place, -1)

    def marks_of(self, member: int) -> tuple[Hashes, npt.NDArray[np.uint64]]:
        """The marks of one SDK, and the releases that have them."""
        postings = np.flatnonzero(self.sdk == member)
        return self.mark[np.searchsorted(self.start, postings, "right") - 1], self.releases[postings]


def build_index(learned: Iterable[Marks], common: Hashes | None = None) -> MarkIndex:
    """Join the marks of many SDKs.

    Args:
        common: marks that say nothing; see :func:`sdkfp.marks.learn.common_marks`.
    """
    every = sorted(learned, key=lambda marks: marks.sdk)
    common = np.zeros(0, np.uint64) if common is None else common
    hashes = np.concatenate([np.zeros(0, np.uint64), *(marks.marks for marks in every)])
    sdk = np.repeat(np.arange(len(every)), [len(marks.marks) for marks in every]).astype(np.uint16)
    releases = np.concatenate([np.zeros(0, np.uint64), *(marks.releases_of for marks in every)])
    if len(common):
        rare = ~np.isin(hashes, common)
        hashes, sdk, releases = hashes[rare], sdk[rare], releases[rare]
    order = np.lexsort((sdk, hashes))
    hashes, sdk, releases = hashes[order], sdk[order], releases[order]
    mark = np.unique(np.concatenate((hashes, common)))
    start = np.searchsorted(hashes, np.append(mark, np.uint64(0xFFFFFFFFFFFFFFFF)), "left").astype(np.uint32)
    start[-1] = len(hashes)
    count = np.bincount(sdk, minlength=len(every)).tolist()
    members = [
        Member(marks.sdk, number, marks.sampled_below, marks.releases)
        for marks, number in zip(every, count, strict=True)
    ]
    return MarkIndex(members, _Columns(mark, start, sdk, releases))


def load_index(directories: Iterable[str | os.PathLike[str]], *, cache: bool = True) -> MarkIndex:
    """The index of the ``*.marks`` files of some directories; of two files for one SDK the later counts.

    Args:
        directories: each is looked through, its folder ``sdks`` too.
        cache: keep the joined index in the user's cache directory.

    Raises:
        CatalogError: a file is damaged.
    """
    files: dict[str, Path] = {}
    for directory in map(Path, directories):
        for folder in (directory, directory / "sdks"):
            files |= {path.name: path for path in sorted(folder.glob("*.marks"))}
    contents = {}
    digest = hashlib.sha256(_MAGIC)
    for name, path in sorted(files.items()):
        try:
            contents[name] = path.read_bytes()
        except OSError as error:
            raise CatalogError(f"{path}: {error.strerror}") from None
        digest.update(f"{name} {len(contents[name])}\n".encode("utf-8", "surrogateescape") + contents[name])
    key = digest.hexdigest()
    index = _read_cache(key) if cache else None
    if index is None:
        index = _join(contents, files)
        if cache:
            _write_cache(key, index)
    return index


def _join(contents: dict[str, bytes], files: dict[str, Path]) -> MarkIndex:
    learned, common = [], None
    for name, data in contents.items():
        try:
            if name == _COMMON:
                common = read_common(data)
                continue
            marks = read_marks(data)
        except MarksError as error:
            raise CatalogError(f"{files[name]}: {error}") from None
        if name != f"{marks.sdk}.marks":
            raise CatalogError(f"{files[name]}: these are the marks of {marks.sdk!r}")
        learned.append(marks)
    return build_index(learned, common)


class _Header(msgspec.Struct, frozen=True):
    members: tuple[Member, ...]
    marks: int
    postings: int


def _cache_path(key: str) -> Path:
    import platformdirs  # noqa: PLC0415 - only where a cache is used

    return Path(platformdirs.user_cache_dir("sdkfp")) / f"marks-{key}.index"


def _read_cache(key: str) -> MarkIndex | None:
    """The index out of the cache; ``None`` where there is none, or one that is not whole."""
    try:
        with _cache_path(key).open("rb") as file:
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
    try:
        return _decode(data)
    except (ValueError, msgspec.DecodeError):
        return None


def _decode(data: mmap.mmap | bytes) -> MarkIndex:
    if data[: len(_MAGIC)] != _MAGIC:
        raise ValueError("another format")
    size = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 8], "little")
    begin = len(_MAGIC) + 8
    header = msgspec.msgpack.decode(data[begin : begin + size], type=_Header)
    at = -(-(begin + size) // _HEADER) * _HEADER
    mark = np.frombuffer(data, "<u8", header.marks, at)
    releases = np.frombuffer(data, "<u8", header.postings, at + mark.nbytes)
    start = np.frombuffer(data, "<u4", header.marks + 1, at + mark.nbytes + releases.nbytes)
    sdk = np.frombuffer(data, "<u2", header.postings, at + mark.nbytes + releases.nbytes + start.nbytes)
    if at + mark.nbytes + releases.nbytes + start.nbytes + sdk.nbytes != len(data):
        raise ValueError("not whole")
    return MarkIndex(header.members, _Columns(mark, start, sdk, releases))


def _encode(index: MarkIndex) -> bytes:
    header = msgspec.msgpack.encode(_Header(index.members, len(index.mark), len(index.sdk)))
    head = _MAGIC + len(header).to_bytes(8, "little") + header
    head += bytes(-len(head) % _HEADER)
    columns = (
        index.mark.astype("<u8"),
        index.releases.astype("<u8"),
        index.start.astype("<u4"),
        index.sdk.astype("<u2"),
    )
    return head + b"".join(column.tobytes() for column in columns)


def _write_cache(key: str, index: MarkIndex) -> None:
    """Put the index into the cache; a cache that cannot be written is no error."""
    path = _cache_path(key)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".marks-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_encode(index))
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
