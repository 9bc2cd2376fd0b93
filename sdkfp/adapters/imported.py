"""What every foreign list is read into, and how it is read safely."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sdkfp.errors import CatalogError
from sdkfp.features import Kind
from sdkfp.signature import Clue, Names, Signature

__all__ = [
    "CATEGORY",
    "CATEGORY_NAME",
    "ImportedEntry",
    "ImportedList",
    "Source",
    "class_clues",
    "digest",
    "parse_json",
    "read_bytes",
]

CATEGORY = "imported"
"""The category of entries whose list says nothing that the vocabulary has a word for."""
CATEGORY_NAME = Names("From another list", "来自其他列表")
Source = str | os.PathLike[str] | bytes
"""A path, or the bytes of the file."""
_MOST_BYTES = 64 << 20
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w$]*(?:\.[\w$]+)+\.?")


@dataclass(frozen=True, slots=True)
class ImportedEntry:
    """One SDK of a foreign list."""

    id: str
    name: str
    clues: tuple[Clue, ...]
    categories: tuple[str, ...] = ()
    website: str | None = None

    def signature(self, clues: tuple[Clue, ...], path: str) -> Signature:
        """As a signature that is suspected at most."""
        return Signature(
            id=self.id,
            name=Names(self.name),
            categories=self.categories or (CATEGORY,),
            clues=clues,
            website=self.website,
            nursery=True,
            path=path,
        )


@dataclass(frozen=True, slots=True)
class ImportedList:
    """A foreign list, read."""

    title: str
    path: str
    """Of the file, for messages."""
    sha256: str
    entries: tuple[ImportedEntry, ...]
    left_out: int
    """Rules that have no plain form here, such as regular expressions."""
    licence: str
    """What the user should know before using the list, in one English sentence."""
    category: str = CATEGORY
    category_name: Names = CATEGORY_NAME

    def signatures(self, is_known: Callable[[Clue], bool]) -> tuple[list[Signature], int]:
        """The entries as signatures, without the clues that a catalog has already.

        Returns:
            The signatures, and how many clues were left to the catalog.
        """
        found, known = [], 0
        for entry in self.entries:
            clues = tuple(clue for clue in entry.clues if not is_known(clue))
            known += len(entry.clues) - len(clues)
            if clues:
                found.append(entry.signature(clues, self.path))
        return found, known

    def notice(self, entries: int, known: int) -> str:
        """What the user is told."""
        return (
            f"{self.title} from {self.path}: {entries} entries are looked for beside the signatures of sdkfp and reported as "
            f"suspected at most; {known} of its clues are left to those signatures, {self.left_out} rules have no plain form "
            f"and are left out. {self.licence}"
        )


def read_bytes(source: Source) -> tuple[bytes, str]:
    """The bytes of a list and its path for messages.

    Raises:
        CatalogError: it cannot be read or is too large.
    """
    if isinstance(source, bytes):
        data, label = source, "the given data"
    else:
        label = os.fspath(source)
        try:
            with Path(source).open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise CatalogError(f"{label} cannot be read: {error.strerror or error}") from None
    if len(data) > _MOST_BYTES:
        raise CatalogError(f"{label} is larger than {_MOST_BYTES} bytes")
    return data, label


def parse_json(data: bytes, label: str) -> object:
    """The JSON of a list.

    Raises:
        CatalogError: it is none.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise CatalogError(f"{label} is not JSON") from None


def digest(data: bytes) -> str:
    """SHA-256, for the hash of the catalog that the list becomes a part of."""
    return hashlib.sha256(data).hexdigest()


def class_clues(name: str) -> tuple[Clue, ...]:
    """The clues for a package or class name of a foreign list, which often does not say which of the two it is."""
    plain = name.replace("\\.", ".").replace("\\$", "$").replace("/", ".").removesuffix("*").strip()
    if not _PLAIN_NAME.fullmatch(plain):
        return ()
    prefix = Clue(Kind.CLASS, f"{plain.rstrip('.')}.")
    return (prefix,) if plain.endswith(".") else (prefix, Clue(Kind.CLASS, plain))
