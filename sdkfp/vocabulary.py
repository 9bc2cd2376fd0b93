"""What code can read: the framework's surfaces, the personal information behind them, and the rules of regulators.

The records of ``signatures/vocabulary/reads.yaml`` and ``rules.yaml``; :mod:`sdkfp.vocabulary_reader` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import msgspec

__all__ = ["CONSTANT_KINDS", "Limit", "Names", "Origin", "Read", "ReadKind", "Reads", "Rule", "Rules", "Weight"]

_Key = TypeVar("_Key")


class Names(msgspec.Struct, frozen=True):
    """A name in English and, where there is one, in Chinese."""

    en: str
    zh: str | None = None


class ReadKind(str, Enum):
    """The kind of a surface; the value is the key that ``reads.yaml`` uses."""

    METHOD = "method"
    """A framework method that is called: ``Landroid/telephony/TelephonyManager;->getDeviceId``, any parameters."""
    OVERRIDE = "override"
    """A method that the framework calls and a class of the app defines; its class extends or implements the named one."""
    FIELD = "field"
    """A field that is read: ``Landroid/os/Build;->SERIAL``."""
    URI = "uri"
    """A content URI (``content://sms`` covers what lies below it), or the framework's field that holds one."""
    SETTING = "setting"
    """A key of the system's settings."""
    PROPERTY = "property"
    """A system property."""
    PATH = "path"
    """A file of the system."""
    COMMAND = "command"
    """The beginning of a shell command."""
    ACTION = "action"
    """An intent action: sent, waited for in code, or filtered for by a component of the manifest."""
    COMPONENT = "component"
    """A package or a component of another app that is bound, started or asked for."""
    INTERFACE = "interface"
    """The descriptor of a binder interface."""
    IMPORT = "import"
    """A function that a native library imports."""


CONSTANT_KINDS = (
    ReadKind.URI,
    ReadKind.SETTING,
    ReadKind.PROPERTY,
    ReadKind.PATH,
    ReadKind.COMMAND,
    ReadKind.ACTION,
    ReadKind.COMPONENT,
    ReadKind.INTERFACE,
)
"""Kinds that are a constant; a carrier method of the kind must take it."""


class Weight(str, Enum):
    """What a surface says by itself."""

    READ = "read"
    """Who uses it is able to read the type."""
    SUPPORT = "support"
    """It goes with reading the type, but has other uses or gives little: it never makes a claim alone."""


class Origin(msgspec.Struct, frozen=True):
    """Where facts of the vocabulary were read: a document (``url``) or a file that was examined (``purl``)."""

    says: str
    url: str | None = None
    purl: str | None = None


class Read(msgspec.Struct, frozen=True):
    """One surface: what it gives, and what an ordinary app needs for it."""

    kind: ReadKind
    name: str
    type: str
    """Personal-information type."""
    weight: Weight = Weight.READ
    constants: tuple[str, ...] = ()
    """For a method: one of these strings must be an argument."""
    numbers: tuple[int, ...] = ()
    """For a method: one of these numbers must be an argument."""
    all_of: tuple[str, ...] = ()
    """Permissions that are all needed."""
    any_of: tuple[str, ...] = ()
    """Permissions of which one is enough (which one may depend on the API level)."""
    more_with: tuple[str, ...] = ()
    """Permissions without which only a part is given."""
    since: int | None = None
    """First API level."""
    note: str | None = None
    sources: tuple[str, ...] = ()
    """Keys of :attr:`Reads.origins`."""

    def __str__(self) -> str:
        arguments = [*self.constants, *map(str, self.numbers)]
        return f"{self.kind.value} {self.name}" + (f" with {' or '.join(arguments)}" if arguments else "")


class Reads(msgspec.Struct, frozen=True):
    """The vocabulary of reads."""

    items: tuple[Read, ...] = ()
    carriers: Mapping[ReadKind, tuple[str, ...]] = {}
    """For each constant kind, the methods that take such a constant."""
    natives: Mapping[ReadKind, tuple[str, ...]] = {}
    """For ``property``, ``path`` and ``command``, the imported functions with which native code reads them."""
    passes: tuple[str, ...] = ()
    """Methods that hand an argument on in their result, such as ``Uri.parse``."""
    subclasses: Mapping[str, tuple[str, ...]] = {}
    """The framework's own subclasses (descriptors) whose methods count as the superclass's."""
    first: tuple[str, ...] = ()
    """Types that come first in reports, most sensitive first."""
    watched: tuple[str, ...] = ()
    """Permissions whose uses are all in the vocabulary; of others it cannot be said that no code needs them."""
    origins: Mapping[str, Origin] = {}

    def joined(self, other: Reads) -> Reads:
        """These reads and those of another file, which is read later."""
        return Reads(
            items=tuple(dict.fromkeys((*self.items, *other.items))),
            carriers=_merged(self.carriers, other.carriers),
            natives=_merged(self.natives, other.natives),
            passes=tuple(dict.fromkeys((*self.passes, *other.passes))),
            subclasses=_merged(self.subclasses, other.subclasses),
            first=other.first or self.first,
            watched=tuple(dict.fromkeys((*self.watched, *other.watched))),
            origins={**self.origins, **other.origins},
        )


def _merged(one: Mapping[_Key, tuple[str, ...]], other: Mapping[_Key, tuple[str, ...]]) -> dict[_Key, tuple[str, ...]]:
    return {key: tuple(dict.fromkeys((*one.get(key, ()), *other.get(key, ())))) for key in (*one, *other)}


class Rule(msgspec.Struct, frozen=True):
    """One problem that a regulator names, and what an examination of the package can say about it."""

    id: str
    document: str
    """Key of :attr:`Rules.documents`."""
    name: Names
    shows: Names
    """What static evidence can say."""
    cannot: Names
    """What it cannot."""
    unconfirmed: bool = False
    """The wording was read second-hand only."""


class Limit(msgspec.Struct, frozen=True):
    """One thing that static evidence does not tell."""

    id: str
    text: Names


class Rules(msgspec.Struct, frozen=True):
    """The vocabulary of rules."""

    documents: Mapping[str, Names] = {}
    rules: Mapping[str, Rule] = {}
    limits: tuple[Limit, ...] = ()
    """The legend of every report about reads."""

    def joined(self, other: Rules) -> Rules:
        """These rules and those of another file, which is read later."""
        limits = {limit.id: limit for limit in (*self.limits, *other.limits)}
        return Rules({**self.documents, **other.documents}, {**self.rules, **other.rules}, tuple(limits.values()))
