"""Ark byte code of HarmonyOS (``ets/modules.abc``): the names of the records that a file defines.

A record is a source module; its name says which package, and often which release of it, the module comes from (see
:mod:`sdkfp.ohpm`). Header, class index and names are read, nothing else.

Source: OpenHarmony documents, "Ark Bytecode File Format": Header, ClassIndex, Class, String.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from sdkfp.errors import SdkfpError

__all__ = ["AbcError", "AbcFile", "is_abc", "read_abc"]

_MAGIC = b"PANDA\0\0\0"
_HEADER = struct.Struct("<8sI4sIIIII")
"""Magic, checksum, version, file_size, foreign_off, foreign_size, num_classes, class_idx_off."""
_MOST_CLASSES = 500_000
_LONGEST_NAME = 1024


class AbcError(SdkfpError):
    """It is no Ark byte code, or malformed so far that no name can be read from it."""


@dataclass(frozen=True, slots=True)
class AbcFile:
    """What was read."""

    version: str
    """Of the byte code: ``12.0.6.0``."""
    records: tuple[str, ...]
    """The names of the records without ``L`` and ``;``, in the order of the index; those of the compiler's own are left out."""
    problems: tuple[str, ...]
    """One sentence for each kind of damage that was read around."""


def is_abc(name: str) -> bool:
    """Whether an entry of a package is byte code, by its name."""
    return name.endswith(".abc")


def read_abc(data: bytes) -> AbcFile:
    """Read the names of the records.

    Raises:
        AbcError: it is not such a file, or its class index lies outside.
    """
    if not data.startswith(_MAGIC):
        raise AbcError(f"not Ark byte code: it starts with {data[:5]!r}")
    if len(data) < _HEADER.size:
        raise AbcError("the header is cut short")
    _, _, version, size, _, _, count, index = _HEADER.unpack_from(data)
    problems: dict[str, None] = {}
    if size > len(data):
        problems[f"The header declares {size} bytes and the file has {len(data)}."] = None
    present = max(0, (len(data) - index) // 4) if index < len(data) else 0
    if count and not present:
        raise AbcError("the index of classes lies outside the file")
    if count > min(present, _MOST_CLASSES):
        problems[f"The header declares {count} classes; {min(present, _MOST_CLASSES)} are read."] = None
    count = min(count, present, _MOST_CLASSES)
    names: dict[str, None] = {}
    budget = 2 * len(data)  # names of a proper file do not overlap
    # Of no classes the index may be anywhere.
    for offset in struct.unpack_from(f"<{count}I", data, index if count else 0):
        name = _name(data, offset) if budget > 0 else None
        if name is None:
            problems["Names of classes lie outside the file, do not end or are longer than names are."] = None
            continue
        budget -= len(name)
        if not name.startswith("_"):  # records of the compiler: scope names, annotations, module requests
            names[name] = None
    return AbcFile(".".join(map(str, version)), tuple(names), tuple(problems))


def _name(data: bytes, offset: int) -> str | None:
    """The name of the class at an offset; ``None`` where there is none."""
    start = offset
    while start < min(len(data), offset + 5) and data[start] >= 0x80:  # the length in UTF-16 units is passed over
        start += 1
    start += 1
    end = data.find(b"\0", start, start + _LONGEST_NAME)
    if offset < _HEADER.size or end < 0:
        return None
    text = data[start:end].decode("utf-8", "replace")
    return text[1:-1] if text.startswith("L") and text.endswith(";") else text
