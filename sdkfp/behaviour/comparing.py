"""From what was observed and what is declared to claims, and the comparison of both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from sdkfp.behaviour.claims import (
    Behaviour,
    CollectsRecord,
    Comparison,
    PermissionUse,
    Reader,
    ReadUse,
    SiteRecord,
    TypeReads,
)
from sdkfp.behaviour.records import OWN, PACKAGE, Finding, Grade, Observed, Owner, Site
from sdkfp.catalog import Catalog
from sdkfp.features import Kind
from sdkfp.identification import Identification, Identified
from sdkfp.signature import Claim
from sdkfp.versions import in_range
from sdkfp.vocabulary import Read, Reads, Weight

__all__ = ["compare"]

_GRADES = tuple(Grade)


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
    for finding in sorted(observed.findings, key=lambda finding: not _is_strong(finding)):  # what makes the claim first
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


def _party(owner: Owner) -> str:
    """The id of an owner, as the graph has it."""
    return f"{PACKAGE}*" if owner is None else "app" if owner == OWN else owner


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
                count=_count(findings),
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


def _count(findings: Sequence[Finding]) -> int:
    """Sites of those findings that make the claim, if any."""
    return sum(finding.count for finding in [each for each in findings if _is_strong(each)] or findings)


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
    party = _party(owner)
    kind: Literal["app", "sdk", "package"] = (
        "package" if party.startswith(PACKAGE) else "app" if owner == OWN else "sdk"
    )
    return Reader(
        kind,
        party,
        _best(findings),
        _count(findings),
        _requested(uses),
        () if kind == "sdk" else uses,
    )


def _permissions(
    findings: Iterable[Finding],
    identified: Identified,
    reads: Reads,
    requested: Collection[str] | None,
    order: Mapping[str, int],
) -> tuple[PermissionUse, ...]:
    """Requested permissions and those that are needed; those of the first types first."""
    asked = set(requested or ())
    needed: dict[str, dict[str, set[str]]] = {}
    for finding in findings:
        if finding.grade is not Grade.STRING:
            read = finding.read
            for name in _worth_naming(read, None if requested is None else asked):
                needed.setdefault(name, {}).setdefault(_party(finding.owner), set()).add(read.type)
    brought: dict[str, list[str]] = {}
    for sdk in identified.sdks:
        for evidence in sdk.evidence:
            if evidence.feature.kind is Kind.PERMISSION:
                brought.setdefault(evidence.feature.name, []).append(sdk.signature.id)
    result = []
    for name in asked | set(needed):
        parties = needed.get(name, {})
        types = sorted({each for found in parties.values() for each in found}, key=order.__getitem__)
        is_known = name in reads.watched and requested is not None
        result.append(
            PermissionUse(
                name,
                None if requested is None else name in asked,
                tuple(sorted(parties, key=lambda party: (party.startswith(PACKAGE), party != "app", party))),
                tuple(types),
                bool(parties) if is_known else None,
                tuple(dict.fromkeys(brought.get(name, ()))),
            )
        )
    last = len(order)
    return tuple(
        sorted(result, key=lambda p: (not p.requested, min((order[t] for t in p.types), default=last), p.name))
    )


def _worth_naming(read: Read, asked: Collection[str] | None) -> Iterable[str]:
    """The permissions of a read: what it needs; of alternatives and of what only gives more, those that are requested, if any."""
    if asked is None:
        return dict.fromkeys((*read.all_of, *read.any_of, *read.more_with))
    alternatives = [name for name in read.any_of if name in asked] or read.any_of
    return dict.fromkeys((*read.all_of, *alternatives, *(name for name in read.more_with if name in asked)))
