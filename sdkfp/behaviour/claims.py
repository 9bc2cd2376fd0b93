"""The records of claims: who is able to read what, how that compares with declarations, and who needs which permission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from sdkfp.behaviour.records import Grade
from sdkfp.signature import Basis, Names, Need
from sdkfp.vocabulary import Limit, Weight

__all__ = [
    "Behaviour",
    "CollectsRecord",
    "Comparison",
    "PermissionUse",
    "ReadUse",
    "Reader",
    "SiteRecord",
    "TypeReads",
]


class SiteRecord(msgspec.Struct, frozen=True, omit_defaults=True, rename={"class_name": "class"}):
    """A place in the app; see :class:`sdkfp.behaviour.Site`."""

    location: str
    class_name: str | None = None
    method: str | None = None
    offset: int | None = None


class ReadUse(msgspec.Struct, frozen=True, omit_defaults=True):
    """One surface that is used, and what it needs."""

    read: str
    """``method Landroid/…;->getDeviceId``, as the vocabulary names it."""
    grade: Grade
    count: int
    """How many sites there are; ``sites`` holds the first of them."""
    sites: tuple[SiteRecord, ...]
    weight: Weight = Weight.READ
    permission_requested: bool | None = None
    """Whether the manifest requests what the read needs; without that it cannot succeed. ``None``: nothing is needed, or there
    is no manifest."""
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    more_with: tuple[str, ...] = ()
    since: int | None = None
    note: str | None = None


class CollectsRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One type of personal information and one claim about it."""

    type: str
    claim: Literal["declared", "able_to_read"]
    purpose: str | None = None
    need: Need | None = None
    basis: Basis | None = None
    source: str | None = None
    as_of: str | None = None
    versions: str | None = None
    """The range that the declaration is limited to."""
    version_in_range: bool | None = None
    """For a declaration with a range: true where the version of the SDK is in it, missing where the version is not known. A
    declaration for other versions is left out."""
    grade: Grade | None = None
    """The best grade of ``reads``."""
    weight: Weight | None = None
    """``support``: only reads that make no claim alone; they stand here because the type is declared."""
    count: int | None = None
    """Sites of the reads that make the claim."""
    permission_requested: bool | None = None
    """False: no read can succeed, because the manifest does not request what it needs."""
    reads: tuple[ReadUse, ...] = ()


class Comparison(msgspec.Struct, frozen=True):
    """Types that are declared against types that the SDK's code is able to read."""

    declared_and_able: tuple[str, ...]
    able_not_declared: tuple[str, ...]
    declared_not_found: tuple[str, ...]
    declared_in_required: tuple[str, ...]
    """Declared, and readable by an SDK inside that this one requires or bundles."""
    not_observable: tuple[str, ...]
    """Declared, but no code of the platform reads them; they come from users or from the app."""


class Reader(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is able to read a type."""

    kind: Literal["app", "sdk", "package"]
    id: str
    """``app``, the id of an SDK, or ``package:NAME`` of code that no signature accounts for (``package:*``: of the smaller ones)."""
    grade: Grade
    count: int
    permission_requested: bool | None = None
    reads: tuple[ReadUse, ...] = ()
    """For the app's own and unattributed code; those of an SDK are in its ``collects``."""


class TypeReads(msgspec.Struct, frozen=True):
    """One type of personal information over the whole app."""

    type: str
    name: Names
    sensitive: bool
    readers: tuple[Reader, ...]
    declared_by: tuple[str, ...]
    """SDKs inside."""


class PermissionUse(msgspec.Struct, frozen=True, omit_defaults=True):
    """A permission, and who needs it."""

    name: str
    requested: bool | None
    """``None`` without a manifest."""
    needed_by: tuple[str, ...]
    """Whose code has reads that need it, or give more with it; ids as in :class:`Reader`."""
    types: tuple[str, ...]
    """What these reads give."""
    code_found: bool | None = None
    """Whether code that needs it was found; missing for permissions that have uses which the vocabulary does not know."""
    brought_by: tuple[str, ...] = ()
    """SDKs inside whose own manifest is known to bring it."""


class Behaviour(msgspec.Struct, frozen=True):
    """The answer of :func:`compare`."""

    collects: Mapping[str, tuple[CollectsRecord, ...]]
    """By SDK: what it is declared to collect, and what its code is able to read."""
    comparisons: Mapping[str, Comparison]
    """By SDK; only those of which the catalog knows a declaration."""
    types: tuple[TypeReads, ...]
    permissions: tuple[PermissionUse, ...]
    legend: tuple[Limit, ...]
