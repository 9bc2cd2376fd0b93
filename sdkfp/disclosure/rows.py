"""One record for each SDK of a report: what a list of third-party SDKs needs to say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sdkfp.identification import Certainty
from sdkfp.signature import Names, Need
from sdkfp.vocabulary import Weight

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sdkfp.catalog import Catalog
    from sdkfp.report import Report, SdkRecord

__all__ = ["LIBRARY_CATEGORIES", "DisclosedType", "DisclosureRow", "disclosed_types", "disclosure_rows", "is_library"]

LIBRARY_CATEGORIES = frozenset(
    {"base_library", "ui", "testing", "networking", "image_loading", "storage", "cross_platform", "game_engine"}
)
_TECHNICAL = "App info and performance"
_MOST_PACKAGES = 6


class DisclosedType(msgspec.Struct, frozen=True):
    """One type of personal information of one SDK."""

    type: str
    declared: bool
    """A source of the catalog says that the SDK collects it."""
    able_to_read: bool
    """The app has code of the SDK that is able to read it, and requests what that needs."""
    need: Need | None
    purposes: tuple[str, ...]
    sources: tuple[str, ...]


class DisclosureRow(msgspec.Struct, frozen=True):
    """What is known of one SDK. ``None`` and empty are gaps: no source is known."""

    sdk: str
    name: Names
    certainty: Certainty
    version: str | None
    packages: tuple[str, ...]
    """Package names that were met in the app, or names of native libraries."""
    developer: Names | None
    categories: tuple[str, ...]
    purposes: tuple[str, ...]
    types: tuple[DisclosedType, ...]
    permissions: tuple[str, ...]
    """Requested by the app, and needed by reads of this SDK or known to be brought by it."""
    collects_itself: bool
    """The SDK's own code in the app collects: a declaration says so, or the code is able to."""
    privacy_policy: str | None
    website: str | None
    library: bool
    """See :func:`is_library`."""


def is_library(sdk: SdkRecord, catalog: Catalog) -> bool:
    """A base library about which no declaration is known, and whose code is able to read technical information at most."""
    if not sdk.categories or not LIBRARY_CATEGORIES.issuperset(sdk.categories):
        return False
    known = catalog.vocabulary.types
    return all(
        kind.type in known and (known[kind.type].google_play or "").startswith(_TECHNICAL) and not kind.declared
        for kind in disclosed_types(sdk, catalog)
    )


def disclosure_rows(report: Report, catalog: Catalog) -> tuple[DisclosureRow, ...]:
    """A record for each SDK of a report, those with declarations first.

    Args:
        report: of an app.
        catalog: developers, their privacy policies and web sites.
    """
    permissions: dict[str, list[str]] = {}
    for use in report.permissions:
        if use.requested:
            for sdk in dict.fromkeys((*use.needed_by, *use.brought_by)):
                permissions.setdefault(sdk, []).append(use.name)
    rows = [_row(sdk, tuple(permissions.get(sdk.id, ())), catalog) for sdk in report.sdks]
    return tuple(sorted(rows, key=_order))


def _order(row: DisclosureRow) -> tuple[bool, bool, bool, bool, str]:
    declared = any(kind.declared for kind in row.types)
    return row.library, not declared, LIBRARY_CATEGORIES.issuperset(row.categories), not row.types, row.sdk


def _row(sdk: SdkRecord, permissions: tuple[str, ...], catalog: Catalog) -> DisclosureRow:
    organization = catalog.organizations.get(sdk.organization or "")
    signature = catalog.signatures.get(sdk.id)
    types = disclosed_types(sdk, catalog)
    named = tuple(
        dict.fromkeys(
            evidence.feature.partition(" ")[2] for evidence in sdk.evidence if evidence.kind.value == "permission"
        )
    )
    return DisclosureRow(
        sdk=sdk.id,
        name=sdk.name,
        certainty=sdk.certainty,
        version=sdk.version.value if sdk.version else None,
        packages=_packages(sdk),
        developer=organization.name if organization else Names(sdk.organization) if sdk.organization else None,
        categories=sdk.categories,
        purposes=tuple(dict.fromkeys(purpose for kind in types for purpose in kind.purposes)),
        types=types,
        permissions=tuple(dict.fromkeys((*permissions, *named))),
        collects_itself=bool(types),
        privacy_policy=organization.privacy_policy if organization else None,
        website=(signature.website if signature else None) or (organization.website if organization else None),
        library=is_library(sdk, catalog),
    )


def disclosed_types(sdk: SdkRecord, catalog: Catalog) -> tuple[DisclosedType, ...]:
    """The types that an SDK is declared to collect or able to read, in the order of the vocabulary."""
    order = {word: position for position, word in enumerate(catalog.vocabulary.types)}
    found = []
    for name in sorted({claim.type for claim in sdk.collects}, key=lambda name: (order.get(name, len(order)), name)):
        claims = [claim for claim in sdk.collects if claim.type == name]
        declared = [claim for claim in claims if claim.claim == "declared"]
        able = any(
            claim.claim == "able_to_read"
            and claim.weight is not Weight.SUPPORT
            and claim.permission_requested is not False
            for claim in claims
        )
        if declared or able:
            needs = [claim.need for claim in declared if claim.need is not None]
            purposes = dict.fromkeys(claim.purpose for claim in declared if claim.purpose)
            sources = dict.fromkeys(claim.source for claim in declared if claim.source)
            need = min(needs, key=list(Need).index) if needs else None
            found.append(DisclosedType(name, bool(declared), able, need, tuple(purposes), tuple(sources)))
    return tuple(found)


def _packages(sdk: SdkRecord) -> tuple[str, ...]:
    """The packages of the clues that were met; without any the native libraries; of a package and one below it the upper."""
    clues = [evidence.clue.partition(" ") for evidence in sdk.evidence]
    names = {
        name.removesuffix(".") if name.endswith(".") else name.rpartition(".")[0]
        for kind, _, name in clues
        if kind in ("class", "jni")
    }
    tops = sorted(name for name in names if name and not _below(name, names))
    libraries = sorted(
        {evidence.feature.partition(" ")[2] for evidence in sdk.evidence if evidence.kind.value == "library"}
    )
    return tuple((tops or libraries)[:_MOST_PACKAGES])


def _below(name: str, names: Iterable[str]) -> bool:
    return any(name.startswith(f"{other}.") for other in names)
