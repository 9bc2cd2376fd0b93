"""From what was observed and what is declared to claims: who is able to read what, and how that compares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from sdkfp.behaviour.records import OWN, Finding, Grade, Observed, Owner, Site
from sdkfp.catalog import Catalog
from sdkfp.features import Kind
from sdkfp.identification import Identification, Identified
from sdkfp.signature import Basis, Claim, Names, Need
from sdkfp.versions import in_range
from sdkfp.vocabulary import Limit, Read, Reads, Weight

__all__ = [
    "Behaviour",
    "CollectsRecord",
    "Comparison",
    "PermissionUse",
    "ReadUse",
    "Reader",
    "SiteRecord",
    "TypeReads",
    "compare",
]

_GRADES = tuple(Grade)


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
    """Sites of all ``reads``."""
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

    kind: Literal["app", "sdk", "unattributed"]
    id: str | None
    """The SDK."""
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
    requested: bool
    needed_by: tuple[str, ...]
    """SDK ids, ``app`` and ``unattributed``: whose code has reads that need it, or give more with it."""
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


def compare(
    observed: Observed, identified: Identified, catalog: Catalog, requested: Collection[str] | None
) -> Behaviour:
    """Put what was observed beside what is declared.

    Args:
        observed: from :func:`sdkfp.behaviour.observe`.
        identified: the SDKs inside.
        catalog: with their declarations.
        requested: the permissions that the manifest requests; ``None`` without a manifest.
    """
    order = _type_order(catalog)
    found: dict[Owner, dict[str, list[Finding]]] = {}
    for finding in observed.findings:
        found.setdefault(finding.owner, {}).setdefault(finding.read.type, []).append(finding)
    inside = {sdk.signature.id: sdk for sdk in identified.sdks}
    declared = {sdk: tuple(_declared(identification)) for sdk, identification in inside.items()}
    collects, comparisons = {}, {}
    for sdk in inside:
        able = list(_able(found.get(sdk, {}), {claim.type for claim in declared[sdk]}, requested))
        collects[sdk] = tuple(sorted((*declared[sdk], *able), key=lambda c: (order[c.type], c.claim, c.need or "")))
        if declared[sdk]:
            comparisons[sdk] = _comparison(sdk, found, declared[sdk], able, inside, catalog, order)
    return Behaviour(
        collects,
        comparisons,
        _types(found, declared, catalog, order, requested),
        _permissions(observed.findings, identified, catalog.vocabulary.reads, requested, order),
        catalog.vocabulary.regulations.limits,
    )


def _type_order(catalog: Catalog) -> dict[str, int]:
    """What people and regulators ask about first, then what is sensitive, then the rest in the order of the vocabulary."""
    types = catalog.vocabulary.types
    first = [name for name in catalog.vocabulary.reads.first if name in types]
    names = dict.fromkeys((*first, *(name for name, each in types.items() if each.sensitive), *types))
    return {name: place for place, name in enumerate(names)}


# ---- declared


def _declared(identification: Identification) -> Iterable[CollectsRecord]:
    """The declarations that hold for the version inside, or may hold."""
    version = identification.version
    candidates = () if version is None else (version.value,) if version.value else version.candidates
    for claim in identification.signature.collects:
        met = _meets(claim, candidates)
        if met is not False:
            yield CollectsRecord(
                claim.type,
                "declared",
                claim.purpose,
                claim.need,
                claim.basis,
                claim.source,
                claim.as_of,
                claim.versions,
                met,
            )


def _meets(claim: Claim, candidates: Sequence[str]) -> bool | None:
    if claim.versions is None or not candidates:
        return None
    met = {in_range(version, claim.versions) for version in candidates}
    return met.pop() if len(met) == 1 else None


# ---- able to read


def _able(
    by_type: Mapping[str, Sequence[Finding]], declared: Collection[str], requested: Collection[str] | None
) -> Iterable[CollectsRecord]:
    for name, findings in by_type.items():
        strong = _makes_claim(findings)
        if strong or name in declared:
            uses = tuple(_use(finding, requested) for finding in findings)
            yield CollectsRecord(
                name,
                "able_to_read",
                grade=_best(findings),
                weight=Weight.READ if strong else Weight.SUPPORT,
                count=sum(finding.count for finding in findings),
                permission_requested=_requested(uses),
                reads=uses,
            )


def _makes_claim(findings: Iterable[Finding]) -> bool:
    return any(_is_strong(finding) for finding in findings)


def _is_strong(finding: Finding) -> bool:
    return finding.read.weight is Weight.READ and finding.grade is not Grade.STRING


def _best(findings: Sequence[Finding]) -> Grade:
    """The best grade of those that make the claim, if any."""
    strong = [finding for finding in findings if _is_strong(finding)] or findings
    return min((finding.grade for finding in strong), key=_GRADES.index)


def _use(finding: Finding, requested: Collection[str] | None) -> ReadUse:
    read = finding.read
    return ReadUse(
        str(read),
        finding.grade,
        finding.count,
        tuple(_site(site) for site in finding.sites),
        read.weight,
        _is_requested(read, requested),
        read.all_of,
        read.any_of,
        read.more_with,
        read.since,
        read.note,
    )


def _site(site: Site) -> SiteRecord:
    return SiteRecord(site.location, site.class_name, site.method, site.offset)


def _is_requested(read: Read, requested: Collection[str] | None) -> bool | None:
    if requested is None or not (read.all_of or read.any_of):
        return None
    return set(read.all_of) <= set(requested) and (not read.any_of or not set(read.any_of).isdisjoint(requested))


def _requested(uses: Sequence[ReadUse]) -> bool | None:
    """Whether one read at least can succeed; reads that make the claim count before those that only support it."""
    strong = [use for use in uses if use.weight is Weight.READ and use.grade is not Grade.STRING] or uses
    if any(use.permission_requested is None for use in strong):
        return None
    return any(use.permission_requested for use in strong)


# ---- the comparison


def _comparison(
    sdk: str,
    found: Mapping[Owner, Mapping[str, Sequence[Finding]]],
    declarations: Iterable[CollectsRecord],
    able: Iterable[CollectsRecord],
    inside: Collection[str],
    catalog: Catalog,
    order: Mapping[str, int],
) -> Comparison:
    declared = {claim.type for claim in declarations}
    readable = {claim.type for claim in able}
    strong = {claim.type for claim in able if claim.weight is Weight.READ}
    elsewhere = {name for other in _required(sdk, catalog) if other in inside for name in found.get(other, {})}
    unobservable = {name for name in declared - readable if not catalog.vocabulary.types[name].observable}
    missing = declared - readable - unobservable

    def ordered(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=order.__getitem__))

    return Comparison(
        declared_and_able=ordered(declared & readable),
        able_not_declared=ordered(strong - declared),
        declared_not_found=ordered(missing - elsewhere),
        declared_in_required=ordered(missing & elsewhere),
        not_observable=ordered(unobservable),
    )


def _required(sdk: str, catalog: Catalog) -> set[str]:
    """What an SDK requires or bundles, directly or not."""
    known: set[str] = set()
    waiting = [sdk]
    while waiting:
        signature = catalog[waiting.pop()]
        for other in (*signature.requires, *signature.bundles):
            if other not in known and other in catalog:
                known.add(other)
                waiting.append(other)
    return known - {sdk}


# ---- over the whole app


def _types(
    found: Mapping[Owner, Mapping[str, Sequence[Finding]]],
    declared: Mapping[str, Sequence[CollectsRecord]],
    catalog: Catalog,
    order: Mapping[str, int],
    requested: Collection[str] | None,
) -> tuple[TypeReads, ...]:
    result = []
    for name in order:
        readers = [
            _reader(owner, by_type[name], requested)
            for owner, by_type in found.items()
            if name in by_type and _makes_claim(by_type[name])
        ]
        declared_by = tuple(sdk for sdk, claims in declared.items() if any(claim.type == name for claim in claims))
        if readers or declared_by:
            vocabulary = catalog.vocabulary.types[name]
            result.append(TypeReads(name, vocabulary.name, vocabulary.sensitive, tuple(readers), declared_by))
    return tuple(result)


def _reader(owner: Owner, findings: Sequence[Finding], requested: Collection[str] | None) -> Reader:
    uses = tuple(_use(finding, requested) for finding in findings)
    return Reader(
        "unattributed" if owner is None else "app" if owner == OWN else "sdk",
        owner or None,
        _best(findings),
        sum(finding.count for finding in findings),
        _requested(uses),
        () if owner else uses,
    )


def _permissions(
    findings: Iterable[Finding],
    identified: Identified,
    reads: Reads,
    requested: Collection[str] | None,
    order: Mapping[str, int],
) -> tuple[PermissionUse, ...]:
    """Requested permissions and those that are needed; those of the first types first."""
    needed: dict[str, dict[str, set[str]]] = {}
    for finding in findings:
        if finding.grade is not Grade.STRING:
            read = finding.read
            party = "unattributed" if finding.owner is None else finding.owner or "app"
            for name in (*read.all_of, *read.any_of, *read.more_with):
                needed.setdefault(name, {}).setdefault(party, set()).add(read.type)
    brought: dict[str, list[str]] = {}
    for sdk in identified.sdks:
        for evidence in sdk.evidence:
            if evidence.feature.kind is Kind.PERMISSION:
                brought.setdefault(evidence.feature.name, []).append(sdk.signature.id)
    asked = set(requested or ())
    result = []
    for name in asked | set(needed):
        parties = needed.get(name, {})
        types = sorted({each for found in parties.values() for each in found}, key=order.__getitem__)
        is_known = name in reads.watched and requested is not None
        result.append(
            PermissionUse(
                name,
                name in asked,
                tuple(sorted(parties, key=lambda party: (party == "unattributed", party != "app", party))),
                tuple(types),
                bool(parties) if is_known else None,
                tuple(dict.fromkeys(brought.get(name, ()))),
            )
        )
    last = len(order)
    return tuple(
        sorted(result, key=lambda p: (not p.requested, min((order[t] for t in p.types), default=last), p.name))
    )
