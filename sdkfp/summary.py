"""What a catalog has: counts, for people who decide whether to rely on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from sdkfp.catalog import Catalog

__all__ = ["CatalogSummary", "summarize"]


class CatalogSummary(msgspec.Struct, frozen=True):
    """Counts of signatures; a signature with two categories counts in both."""

    version: str
    sha256: str
    signatures: int
    proven: int
    """Those that may identify."""
    nursery: int
    """Those that are suspected at most."""
    verified: int
    """Checked against a vendor's artifact, whose hash is recorded."""
    verified_in_several_versions: int
    with_version_rule: int
    with_sourced_behaviours: int
    """With claims about what the SDK collects, each with its source and date."""
    claims: int
    organizations: int
    rules: int
    """YARA rules of signatures and packers."""
    packers: int
    categories: Mapping[str, int]
    countries: Mapping[str, int]
    """By the ISO 3166 code of the organization's country; ``""`` where it is not known."""
    makers: Mapping[str, int]
    """By the id of the organization; those without one are left out."""


def summarize(catalog: Catalog) -> CatalogSummary:
    """Count."""
    every = list(catalog)
    several = sum(len({artifact.version or artifact.sha256 for artifact in s.artifacts}) > 1 for s in every)
    makers = Counter(signature.organization for signature in every if signature.organization is not None)
    countries = Counter(_country(catalog, signature.organization) for signature in every)
    return CatalogSummary(
        version=catalog.version,
        sha256=catalog.sha256,
        signatures=len(every),
        proven=sum(not signature.nursery for signature in every),
        nursery=sum(signature.nursery for signature in every),
        verified=sum(bool(signature.artifacts) for signature in every),
        verified_in_several_versions=several,
        with_version_rule=sum(bool(signature.version) for signature in every),
        with_sourced_behaviours=sum(bool(signature.collects) for signature in every),
        claims=sum(len(signature.collects) for signature in every),
        organizations=len(catalog.organizations),
        rules=sum(len(catalog.rules.names(target)) for target in catalog.rules.targets),
        packers=len(catalog.packers),
        categories=_ordered(Counter(word for signature in every for word in signature.categories).items()),
        countries=_ordered(countries.items()),
        makers=_ordered(makers.items()),
    )


def _country(catalog: Catalog, organization: str | None) -> str:
    maker = catalog.organizations.get(organization or "")
    return (maker.country if maker else None) or ""


def _ordered(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict(sorted(counts, key=lambda row: (-row[1], row[0])))
