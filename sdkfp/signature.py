"""Signatures: one YAML file is one SDK. The records; :mod:`sdkfp.signature_reader` reads them.

The format is described in ``docs/signatures.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from sdkfp.features import FeatureSet, Kind
from sdkfp.policy_words import PolicyWords
from sdkfp.vocabulary import Names, Reads, Rules

__all__ = [
    "Artifact",
    "Basis",
    "Claim",
    "Clue",
    "Example",
    "Names",
    "Need",
    "Organization",
    "PersonalInformation",
    "Signature",
    "Source",
    "Strength",
    "VersionRule",
    "Vocabulary",
]

CLASS_KINDS = (Kind.CLASS, Kind.JNI)
"""Kinds whose clue may be a package prefix (trailing dot)."""
GLOB_KINDS = (Kind.LIBRARY, Kind.SONAME, Kind.FILE, Kind.PACKAGE)
"""Kinds whose clue may hold ``*``."""
CLUE_KINDS = (
    Kind.CLASS,
    Kind.LIBRARY,
    Kind.SONAME,
    Kind.SYMBOL,
    Kind.JNI,
    Kind.ACTIVITY,
    Kind.SERVICE,
    Kind.RECEIVER,
    Kind.PROVIDER,
    Kind.PERMISSION,
    Kind.METADATA,
    Kind.ACTION,
    Kind.FILE,
    Kind.PROPERTY,
    Kind.PACKAGE,
    Kind.YARA,
)
VERSION_KINDS = (Kind.CONSTANT, Kind.PROPERTY, Kind.METADATA, Kind.LIBRARY, Kind.FILE, Kind.PACKAGE, Kind.YARA)


class Strength(str, Enum):
    """How much one clue says."""

    SURE = "sure"
    """Nobody else's code has it."""
    HINT = "hint"
    """Typical, but others may have it too."""


class Need(str, Enum):
    """The vendor's own split of what it collects."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    EXTENDED = "extended"


class Basis(str, Enum):
    """Where a claim about collection was read."""

    VENDOR_DOCS = "vendor_docs"
    VENDOR_CODE = "vendor_code"
    FRAMEWORK_DOCS = "framework_docs"
    APP_DISCLOSURE = "app_disclosure"


class Clue(msgspec.Struct, frozen=True):
    """One thing that points to an SDK."""

    kind: Kind
    name: str
    strength: Strength = Strength.SURE
    why: str | None = None

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


class VersionRule(msgspec.Struct, frozen=True):
    """Where the version of an SDK stands."""

    kind: Kind
    name: str
    pattern: str = "(.+)"


class Claim(msgspec.Struct, frozen=True):
    """What an SDK is declared to collect, with its source."""

    type: str
    purpose: str
    need: Need
    basis: Basis
    source: str
    as_of: str
    versions: str | None = None


class Artifact(msgspec.Struct, frozen=True):
    """A vendor's file that the facts were read from."""

    purl: str
    sha256: str
    version: str | None = None
    path: str | None = None


class Source(msgspec.Struct, frozen=True):
    """A document that facts were read from."""

    url: str
    as_of: str
    says: str


class Example(msgspec.Struct, frozen=True):
    """A feature listing with the answer that it must give."""

    features: str
    origin: str | None = None
    why: str | None = None
    version: str | None = None
    line: int = 0

    def feature_set(self) -> FeatureSet:
        """The listing, read."""
        return FeatureSet.parse(self.features)


class Signature(msgspec.Struct, frozen=True):
    """One SDK: what points to it, what it is declared to collect, and the proof of both."""

    id: str
    name: Names
    categories: tuple[str, ...]
    clues: tuple[Clue, ...]
    aliases: tuple[str, ...] = ()
    organization: str | None = None
    purl: str | None = None
    website: str | None = None
    exceptions: tuple[Clue, ...] = ()
    version: tuple[VersionRule, ...] = ()
    requires: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()
    collects: tuple[Claim, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    sources: tuple[Source, ...] = ()
    match: tuple[Example, ...] = ()
    miss: tuple[Example, ...] = ()
    nursery: bool = False
    path: str = ""


class Organization(msgspec.Struct, frozen=True):
    """Who makes SDKs."""

    id: str
    name: Names
    country: str | None = None
    website: str | None = None
    privacy_policy: str | None = None
    aliases: tuple[str, ...] = ()
    """What policies call all of its SDKs together."""


class PersonalInformation(msgspec.Struct, frozen=True):
    """A type of personal information, with the keys of regulators and stores."""

    id: str
    name: Names
    gbt35273: str
    sensitive: bool
    observable: bool
    taf077: tuple[str, ...] = ()
    google_play: str | None = None
    apple: str | None = None


class Vocabulary(msgspec.Struct, frozen=True):
    """The closed words that signatures use."""

    categories: Mapping[str, Names]
    purposes: Mapping[str, Names]
    types: Mapping[str, PersonalInformation]
    reads: Reads = Reads()
    """What code can read, and what that gives."""
    regulations: Rules = Rules()
    """What regulators ask about, and what static evidence can say about it."""
    policy: PolicyWords = PolicyWords()
    """What privacy policies call types and the columns of their lists."""
