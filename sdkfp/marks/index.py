"""All marks of a catalog as one index: sorted hashes, and for each the SDKs and releases that have it (CSR postings).

The index is kept in the user's cache directory under the hash of the files it was made from and is mapped into memory, so that
only the pages that an app's marks fall on are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from sdkfp import _cache
from sdkfp.errors import CatalogError
from sdkfp.marks.format import Marks, MarksError, Release, read_common, read_marks

if TYPE_CHECKING:
    import mmap
    from pathlib import Path

    import numpy.typing as npt

    from sdkfp.marks.hashing import Hashes

__all__ = ["COMMON", "MarkIndex", "Member", "build_index", "load_index"]

_MAGIC = b"sdkfp mark index 2\n"
_HEADER = 64
COMMON = "common.marks"
"""Name of the file of the marks that too many SDKs have."""


class Member(msgspec.Struct, frozen=True):
    """One SDK of the index."""

    sdk: str
    marks: int
    """Marks that are in the index, those that tell releases apart from beyond the sample too."""
    alone: float
    """The share of them that no other SDK has."""
    sampled_below: int
    releases: tuple[Release, ...]
    sizes: tuple[int, ...]
    """For each release, its marks that are in the index."""


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

    @cached_property
    def most_classes(self) -> npt.NDArray[np.int64]:
        """For every member how many classes it can have in an app: a quarter more than its largest releases had."""
        found = []
        for member in self.members:
            largest: dict[int, int] = {}
            for release in member.releases:
                largest[release.module] = max(release.classes, largest.get(release.module, 0))
            found.append(10 + sum(largest.values()) * 5 // 4)
        return np.array(found, np.int64)

    def find(self, marks: Hashes) -> npt.NDArray[np.int64]:
        """The row of each of some marks, or -1.

        Args:
            marks: ascending; sorted look-ups touch each page of the index once.
        """
        if not len(self.mark):
            return np.full(len(marks), -1)
        place = np.minimum(np.searchsorted(self.mark, marks), len(self.mark) - 1)
        return np.where(self.mark[place] == marks, place, -1)

    def postings(self, member: int) -> npt.NDArray[np.int64]:
        """The postings of one SDK."""
        return np.flatnonzero(self.sdk == member)

    def postings_at(self, places: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The postings of some rows of :attr:`mark`, one row after another, and how many each has."""
        begin = self.start[places].astype(np.int64)
        copies = self.start[places + 1].astype(np.int64) - begin
        before = np.cumsum(copies) - copies
        return np.repeat(begin - before, copies) + np.arange(int(copies.sum())), copies

    def alone(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """For some rows of :attr:`mark`, whether only one SDK has it."""
        found: npt.NDArray[np.bool_] = self.start[places + 1] == self.start[places] + 1
        return found


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
    copies = start[1:].astype(np.int64) - start[:-1]
    alone = np.repeat(copies == 1, copies)
    members = []
    for number, marks in enumerate(every):
        mine = sdk == number
        bits = releases[mine]
        sizes = tuple(int(np.count_nonzero(bits >> np.uint64(n) & np.uint64(1))) for n in range(len(marks.releases)))
        share = float(alone[mine].mean()) if len(bits) else 0.0
        members.append(Member(marks.sdk, len(bits), share, marks.sampled_below, marks.releases, sizes))
    return MarkIndex(members, _Columns(mark, start, sdk, releases))


def load_index(files: Iterable[Path], key: str | None = None) -> MarkIndex:
    """The index of some ``*.marks`` files; of two files of one name (of one SDK) the later counts.

    Args:
        files: in the order of the directories.
        key: hash over the files' content, under which the index is kept in the user's cache directory; ``None``: it is not kept.

    Raises:
        CatalogError: a file cannot be read, or is damaged.
    """
    index = None if key is None else _read_cache(key)
    if index is None:
        index = _join({path.name: path for path in files})
        if key is not None:
            _cache.write_plain(_cache_name(key), _encode(index))
    return index


def _join(files: Mapping[str, Path]) -> MarkIndex:
    learned, common = [], None
    for name, path in sorted(files.items()):
        try:
            data = path.read_bytes()
            if name == COMMON:
                common = read_common(data)
                continue
            marks = read_marks(data)
        except OSError as error:
            raise CatalogError(f"{path}: {error.strerror}") from None
        except MarksError as error:
            raise CatalogError(f"{path}: {error}") from None
        if name != f"{marks.sdk}.marks":
            raise CatalogError(f"{path}: these are the marks of {marks.sdk!r}")
        learned.append(marks)
    return build_index(learned, common)


class _Header(msgspec.Struct, frozen=True):
    members: tuple[Member, ...]
    marks: int
    postings: int


def _cache_name(key: str) -> str:
    return f"marks-{key[:32]}.index"


def _read_cache(key: str) -> MarkIndex | None:
    """The index out of the cache; ``None`` where there is none, or one that is not whole."""
    data = _cache.mapped(_cache_name(key))
    try:
        return None if data is None else _decode(data)
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
    sound = bool((start[1:] >= start[:-1]).all()) and int(start[-1]) == header.postings
    if not sound or (header.postings and int(sdk.max()) >= len(header.members)):
        raise ValueError("damaged")
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
