"""The header of a dex file, and the logical dex files of a container (version 041).

Source: Android documents, "Dalvik executable format", header_item and "DEX containers".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sdkfp.errors import DexError

__all__ = ["MOST_LOGICAL_FILES", "Header", "Report", "Section", "read_headers"]

Report = Callable[[str], None]
"""Takes one English sentence about something that lied but could be read around."""

VERSIONS = frozenset({"035", "036", "037", "038", "039", "040", "041"})
CONTAINER_VERSION = "041"
HEADER_SIZE = 0x70
CONTAINER_HEADER_SIZE = 0x78
ENDIAN_CONSTANT = 0x12345678
REVERSE_ENDIAN_CONSTANT = 0x78563412
LARGEST_FILE = 0xFFFFFFFF
MOST_LOGICAL_FILES = 128
"""Logical dex files read from one container; each holds up to 65,536 methods."""

_OTHER_MAGIC = {b"dey\n": "an optimised dex file (odex)", b"cdex": "a compact dex file", b"vdex": "a vdex file"}


@dataclass(frozen=True, slots=True)
class Section:
    """A table as the header gives it."""

    size: int
    """Number of items."""
    offset: int
    """Bytes from the start of the (physical) file; 0 where the table is empty."""


@dataclass(frozen=True, slots=True)
class Header:
    """header_item, with the names of the specification."""

    offset: int
    """Where this header stands in the physical file: 0, but for the later files of a container."""
    version: str
    checksum: int
    signature: bytes
    file_size: int
    header_size: int
    endian_tag: int
    string_ids: Section
    type_ids: Section
    proto_ids: Section
    field_ids: Section
    method_ids: Section
    class_defs: Section


def read_headers(data: bytes, report: Callable[[int, str], None]) -> list[Header]:
    """The headers of all logical dex files; one, but for containers.

    Args:
        report: takes the number of the logical file and a sentence about what is wrong with it.

    Raises:
        DexError: the data are no dex file that can be read at all.
    """
    if len(data) > LARGEST_FILE:
        raise DexError("the dex file is larger than its offsets of 32 bits can reach")
    first = _read_header(data, 0)
    headers = [first]
    if first.version < CONTAINER_VERSION:
        _check_single(first, len(data), partial(report, 0))
        return headers
    while True:
        header = headers[-1]
        number = len(headers) - 1
        _check_member(data, header, partial(report, number))
        start = header.offset + header.file_size
        if header.file_size < CONTAINER_HEADER_SIZE or start >= len(data):
            return headers
        if len(headers) == MOST_LOGICAL_FILES:
            report(number, f"The container holds more than {MOST_LOGICAL_FILES} dex files; the rest is not read.")
            return headers
        try:
            headers.append(_read_member(data, start))
        except DexError as error:
            report(number, f"What follows at byte {start} of the container cannot be read: {error}.")
            return headers


def _read_member(data: bytes, offset: int) -> Header:
    header = _read_header(data, offset)
    if header.version < CONTAINER_VERSION:
        raise DexError(f"it is a dex file of version {header.version}, which knows no containers")
    return header


def _read_header(data: bytes, offset: int) -> Header:
    magic = data[offset : offset + 8]
    if magic[:4] != b"dex\n":
        what = _OTHER_MAGIC.get(magic[:4])
        raise DexError(f"this is {what}, which is not read" if what else f"no dex file: it starts with {magic!r}")
    version = magic[4:7].decode("latin-1")
    if version not in VERSIONS or magic[7:] != b"\0":
        raise DexError(f"dex version {magic[4:]!r} is not known; 035 to 041 are")
    size = CONTAINER_HEADER_SIZE if version >= CONTAINER_VERSION else HEADER_SIZE
    if len(data) - offset < size:
        raise DexError(f"the dex file ends within its header: {len(data) - offset} of {size} bytes")
    checksum, signature, file_size, header_size, endian_tag = struct.unpack_from("<I20sIII", data, offset + 8)
    if endian_tag == REVERSE_ENDIAN_CONSTANT:
        raise DexError("big-endian dex files are not read")
    numbers = struct.unpack_from("<12I", data, offset + 0x38)
    sections = (Section(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True))
    return Header(offset, version, checksum, signature, file_size, header_size, endian_tag, *sections)


def _check_single(header: Header, size: int, report: Report) -> None:
    _check_common(header, HEADER_SIZE, report)
    if header.file_size < size:
        report(f"{size - header.file_size} bytes follow the end of the dex file that its header gives.")
    elif header.file_size > size:
        report(f"The header gives a file size of {header.file_size} bytes, but there are only {size}.")


def _check_member(data: bytes, header: Header, report: Report) -> None:
    _check_common(header, CONTAINER_HEADER_SIZE, report)
    container_size, header_offset = struct.unpack_from("<II", data, header.offset + HEADER_SIZE)
    if container_size != len(data):
        report(f"The header gives a container size of {container_size} bytes, but there are {len(data)}.")
    if header_offset != header.offset:
        report(f"The header says that it stands at byte {header_offset}, but it stands at byte {header.offset}.")
    if not CONTAINER_HEADER_SIZE <= header.file_size <= len(data) - header.offset:
        report(f"The header gives a file size of {header.file_size} bytes, which does not fit into the container.")


def _check_common(header: Header, header_size: int, report: Report) -> None:
    if header.header_size != header_size:
        report(f"The header gives a header size of {header.header_size} bytes instead of {header_size}.")
    if header.endian_tag != ENDIAN_CONSTANT:
        report(f"The header's endian_tag is {header.endian_tag:#010x}, which means nothing; read as little-endian.")
