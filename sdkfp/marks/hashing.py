"""The 64-bit hashes that marks are, and what becomes a mark.

A mark's two lowest bits say what it is (:class:`MarkKind`); the other 62 are XXH3. A reference to a framework method is
hashed from its class, its name and its shorty (Android documents, "Dalvik executable format", ShortyDescriptor), each by
itself, so that a whole dex file needs one hash per *string* and the rest is arithmetic on columns.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from xxhash import xxh3_64_intdigest

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint64]
    """A column of marks, or of the hashes that they are made from."""

__all__ = [
    "SHORTEST",
    "MarkKind",
    "hash_names",
    "hash_strings",
    "hierarchy_marks",
    "is_framework",
    "kinds",
    "reference_marks",
    "sample_key",
    "shorty",
]

SHORTEST = 5
"""Strings of fewer bytes say too little."""
LONG = 10
"""From so many bytes on a string is a strong mark."""
LONGEST = 4096
"""Bytes of a string that are hashed; the length is hashed too, so that a cut string is still itself."""

_FRAMEWORK = (
    b"Ljava/",
    b"Ljavax/crypto/",
    b"Ljavax/net/",
    b"Ljavax/security/",
    b"Ljavax/xml/",
    b"Ljavax/microedition/",
    b"Ldalvik/",
    b"Lorg/json/",
    b"Lorg/xml/sax/",
    b"Lorg/w3c/dom/",
    b"Lorg/xmlpull/",
    b"Landroid/",
)
_NOT_FRAMEWORK = (b"Landroid/support/", b"Landroid/arch/")
_KIND_BITS = np.uint64(3)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_PARTS = re.compile(r"\[*(?:L[^;]*;|[ZBCSIJFDV])")


class MarkKind(IntEnum):
    """What a mark was made from: the two lowest bits of its hash."""

    SHORT = 0
    """A string constant of 5 to 9 bytes."""
    STRING = 1
    """A string constant of 10 bytes or more."""
    REFERENCE = 2
    """A call of a framework method."""
    HIERARCHY = 3
    """A framework class that is extended, or interface that is implemented."""


def is_framework(descriptor: bytes) -> bool:
    """Whether a class descriptor (``Ljava/lang/String;``) names a class of the system, which no shrinker renames."""
    return descriptor.startswith(_FRAMEWORK) and not descriptor.startswith(_NOT_FRAMEWORK)


def hash_strings(strings: Iterable[bytes]) -> Hashes:
    """The marks of string constants in MUTF-8; those under :data:`SHORTEST` bytes give 0, which is no mark."""
    digest = xxh3_64_intdigest
    found = [
        0
        if len(text) < SHORTEST
        else digest(text) & -4 | (len(text) >= LONG)
        if len(text) <= LONGEST
        else digest(text[:LONGEST], len(text)) & -4 | 1
        for text in strings
    ]
    return np.array(found, np.uint64)


def hash_names(names: Iterable[bytes]) -> Hashes:
    """Hashes of the parts that references are made of: descriptors, names and shorties."""
    return np.array([xxh3_64_intdigest(name) for name in names], np.uint64)


def reference_marks(classes: Hashes, names: Hashes, shorties: Hashes) -> Hashes:
    """The marks of method references from the hashes of their parts, row by row."""
    mixed = _scramble(_scramble(_scramble(classes) + names) + shorties)
    return (mixed & ~_KIND_BITS) | np.uint64(MarkKind.REFERENCE)


def hierarchy_marks(classes: Hashes) -> Hashes:
    """The marks of framework superclasses and interfaces from the hashes of their descriptors."""
    return (_scramble(classes) & ~_KIND_BITS) | np.uint64(MarkKind.HIERARCHY)


def kinds(marks: Hashes) -> npt.NDArray[np.uint8]:
    """The :class:`MarkKind` of every mark."""
    return (marks & _KIND_BITS).astype(np.uint8)


def sample_key(marks: Hashes) -> Hashes:
    """The order in which marks are sampled: independent of the kind bits and of the order of the index."""
    return (marks >> np.uint64(2)) * np.uint64(0xD6E8FEB86659FD93)


def shorty(descriptor: str) -> bytes:
    """The shorty of a method descriptor: ``(ILjava/lang/String;[J)V`` → ``VILL``."""
    parameters, _, result = descriptor.partition(")")
    parts = [result, *_PARTS.findall(parameters[1:])]
    return "".join("L" if part[:1] in ("[", "L") else part[:1] for part in parts).encode("utf-8", "replace")


def _scramble(values: Hashes) -> Hashes:
    values = (values ^ (values >> np.uint64(32))) * _MIX
    return values ^ (values >> np.uint64(29))
