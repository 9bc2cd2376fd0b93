"""The file ``<id>.marks``: compact, and the same bytes for the same artifacts.

A line ``sdkfp marks 1``, a line of JSON (:class:`_Header`), then little-endian columns: the marks ascending (8 bytes each),
the distinct sets of releases (8 bytes each, bit *n* for release *n*), and for every mark the number of its set (1 byte, or 2
where there are more than 256 sets).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from sdkfp.errors import SdkfpError

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.marks.hashing import Hashes

__all__ = [
    "MOST_RELEASES",
    "Marks",
    "MarksError",
    "Release",
    "read_common",
    "read_marks",
    "write_common",
    "write_marks",
]

MOST_RELEASES = 64
"""Releases of one SDK: as many as a set has bits."""
_MAGIC = b"sdkfp marks 1\n"
_COMMON_MAGIC = b"sdkfp common marks 1\n"
_MOST_BYTES = 4 << 20
_MOST_HEADER = 1 << 16


class MarksError(SdkfpError):
    """A file of marks is damaged or of another format."""


class Release(msgspec.Struct, frozen=True):
    """One release that marks were learned from."""

    version: str
    """Empty where it is not known: the file came out of another package, such as an app."""
    module: int
    """Releases with the same number are of one module of the SDK; only those are alternatives to each other."""
    sha256: tuple[str, ...]
    """Of its artifacts, sorted."""
    classes: int
    """Classes of the SDK in them."""
    marks: int
    """Marks that were learned, before the file was capped."""


class _Header(msgspec.Struct, frozen=True):
    sdk: str
    marks: int
    sets: int
    sampled_below: int
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one SDK."""

    sdk: str
    releases: tuple[Release, ...]
    """By version, the oldest first."""
    sampled_below: int
    """Of the marks whose sample key is smaller, all are here; of the others only some that tell releases apart."""
    marks: Hashes
    """Ascending, each once."""
    releases_of: npt.NDArray[np.uint64]
    """For each mark the releases that have it, bit *n* for release *n*."""


def write_marks(marks: Marks) -> bytes:
    """The bytes of a ``.marks`` file."""
    sets, number = np.unique(marks.releases_of, return_inverse=True)
    header = _Header(marks.sdk, len(marks.marks), len(sets), marks.sampled_below, marks.releases)
    small = len(sets) <= 256
    parts = (
        marks.marks.astype("<u8").tobytes(),
        sets.astype("<u8").tobytes(),
        number.astype("u1" if small else "<u2").tobytes(),
    )
    return b"".join((_MAGIC, msgspec.json.encode(header), b"\n", *parts))


def read_marks(data: bytes) -> Marks:
    """Read a ``.marks`` file.

    Raises:
        MarksError: it is no such file, of another format, or damaged.
    """
    if not data.startswith(_MAGIC) or len(data) > _MOST_BYTES:
        raise MarksError("not a file of marks of format 1")
    end = data.find(b"\n", len(_MAGIC), len(_MAGIC) + _MOST_HEADER)
    try:
        header = msgspec.json.decode(data[len(_MAGIC) : max(end, 0)], type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MarksError(f"the header of the marks cannot be read: {error}") from None
    width = 1 if header.sets <= 256 else 2
    body = memoryview(data)[end + 1 :]
    if min(header.marks, header.sets) < 0 or len(body) != 8 * (header.marks + header.sets) + width * header.marks:
        raise MarksError(f"{header.sdk}: the marks are not as many as the header says")
    if not 0 < len(header.releases) <= MOST_RELEASES or not 0 <= header.sampled_below < 1 << 64:
        raise MarksError(f"{header.sdk}: the header of the marks is wrong")
    marks = np.frombuffer(body, "<u8", header.marks)
    sets = np.frombuffer(body, "<u8", header.sets, 8 * header.marks)
    number = np.frombuffer(body, "u1" if width == 1 else "<u2", header.marks, 8 * (header.marks + header.sets))
    if (marks[1:] <= marks[:-1]).any() or (len(number) and int(number.max()) >= header.sets):
        raise MarksError(f"{header.sdk}: the marks are damaged")
    return Marks(header.sdk, header.releases, header.sampled_below, marks, sets[number])


def write_common(marks: Hashes) -> bytes:
    """The bytes of ``common.marks``: what too many SDKs have."""
    return _COMMON_MAGIC + marks.astype("<u8").tobytes()


def read_common(data: bytes) -> Hashes:
    """Read ``common.marks``; ascending.

    Raises:
        MarksError: it is no such file, or damaged.
    """
    body = memoryview(data)[len(_COMMON_MAGIC) :]
    if not data.startswith(_COMMON_MAGIC) or len(body) % 8 or len(data) > _MOST_BYTES:
        raise MarksError("not a file of common marks of format 1")
    marks = np.frombuffer(body, "<u8")
    if (marks[1:] <= marks[:-1]).any():
        raise MarksError("the common marks are damaged")
    return marks
