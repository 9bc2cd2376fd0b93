"""The words of privacy policies: the records of ``signatures/vocabulary/policy.yaml``.

:mod:`sdkfp.policy_words_reader` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

__all__ = ["Column", "PolicyWords", "WiderWords"]


class Column(str, Enum):
    """What a column of a list of SDKs holds; the value is the key that ``policy.yaml`` uses."""

    NAME = "name"
    PACKAGE = "package"
    DEVELOPER = "developer"
    PURPOSE = "purpose"
    TYPES = "types"
    PERMISSIONS = "permissions"
    MANNER = "manner"
    POLICY = "policy"


class WiderWords(msgspec.Struct, frozen=True):
    """Words that name several types of personal information at once."""

    words: tuple[str, ...]
    covers: tuple[str, ...]
    """Types."""


class PolicyWords(msgspec.Struct, frozen=True):
    """What policies call types of personal information and the columns of their lists."""

    types: Mapping[str, tuple[str, ...]] = {}
    wider: tuple[WiderWords, ...] = ()
    ignored: tuple[str, ...] = ()
    """Phrases that hold a word of a type and mean something else."""
    columns: Mapping[Column, tuple[str, ...]] = {}

    def joined(self, other: PolicyWords) -> PolicyWords:
        """These words and those of another file, which is read later."""
        types = {
            word: (*self.types.get(word, ()), *other.types.get(word, ())) for word in {**self.types, **other.types}
        }
        columns = {
            column: (*self.columns.get(column, ()), *other.columns.get(column, ()))
            for column in Column
            if column in self.columns or column in other.columns
        }
        return PolicyWords(types, (*self.wider, *other.wider), (*self.ignored, *other.ignored), columns)
