"""Reports → what came, went, changed and came back. Pure; knows reports only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdkfp.diff.model import SCHEMA, Aspect, Change, Diff, DiffError, ReportInfo, Step, What
from sdkfp.vocabulary import Weight

if TYPE_CHECKING:
    from sdkfp.behaviour import CollectsRecord, Reader
    from sdkfp.report import Report, SdkRecord
    from sdkfp.signature import Names

__all__ = ["compare"]

_Key = tuple[Aspect, str, str | None]
"""Aspect, subject, party."""
_ASPECTS: Sequence[Aspect] = ("sdk", "version", "certainty", "read", "declared", "permission")
_WHATS: Sequence[What] = ("came_back", "came", "changed", "went")


@dataclass(frozen=True, slots=True)
class _Fact:
    """Something that holds in one report."""

    value: str | None = None
    """What may change while the fact stays."""
    evidence: str | None = None
    name: Names | None = None


def compare(reports: Sequence[Report]) -> Diff:
    """Compare two reports, or a series of them in the order of the versions.

    Raises:
        DiffError: fewer than two reports.
    """
    if len(reports) < 2:
        raise DiffError("two reports at least are needed for a comparison")
    facts = [dict(_facts(report)) for report in reports]
    steps = []
    for new in range(1, len(reports)):
        changes = list(_changes(facts, new, reads=_have_reads(reports, new)))
        changes += _versions(reports[new - 1], reports[new])
        steps.append(Step(new - 1, new, tuple(sorted(changes, key=_order))))
    return Diff(SCHEMA, tuple(_info(report) for report in reports), tuple(_notes(reports)), tuple(steps))


def _info(report: Report) -> ReportInfo:
    app = report.app
    return ReportInfo(app.name, app.package, app.version_name, app.version_code, app.sha256, report.tool.catalog.sha256)


def _notes(reports: Sequence[Report]) -> Iterator[str]:
    if len({report.app.package for report in reports}) > 1:
        yield "another-package"
    if len({report.tool.catalog.sha256 for report in reports}) > 1:
        yield "another-catalog"
    if any(report.reads is None for report in reports):
        yield "reads-not-looked-for"
    if any(report.unexplained.packers for report in reports):
        yield "code-hidden"


def _have_reads(reports: Sequence[Report], new: int) -> bool:
    return reports[new].reads is not None and reports[new - 1].reads is not None


# ---- facts of one report


def _facts(report: Report) -> Iterator[tuple[_Key, _Fact]]:
    names = {about.type: about.name for about in report.reads or ()}
    for sdk in report.sdks:
        first = sdk.evidence[0] if sdk.evidence else None
        evidence = f"{first.feature} @ {first.location}" if first is not None else None
        yield ("sdk", sdk.id, None), _Fact(None, evidence, sdk.name)
        yield ("certainty", sdk.id, None), _Fact(sdk.certainty.value, None, sdk.name)
        yield from _claims(sdk, names)
    for about in report.reads or ():
        for reader in about.readers:
            if reader.kind != "sdk":
                yield ("read", about.type, reader.id), _read(reader, about.name)
    for permission in report.app.permissions:
        limit = permission.max_sdk_version
        yield ("permission", permission.name, None), _Fact(None if limit is None else f"maxSdkVersion {limit}")


def _claims(sdk: SdkRecord, names: Mapping[str, Names]) -> Iterator[tuple[_Key, _Fact]]:
    purposes: dict[str, dict[str, str]] = {}
    for claim in sdk.collects:
        if claim.claim == "declared":
            purposes.setdefault(claim.type, {})[claim.purpose or ""] = claim.source or ""
        elif claim.weight is not Weight.SUPPORT:
            yield ("read", claim.type, sdk.id), _read(claim, names.get(claim.type))
    for subject, found in purposes.items():
        source = next(iter(found.values())) or None
        yield ("declared", subject, sdk.id), _Fact(", ".join(sorted(found)), source, names.get(subject))


def _read(found: CollectsRecord | Reader, name: Names | None) -> _Fact:
    value = "without_permission" if found.permission_requested is False else "possible"
    for use in found.reads:
        for site in use.sites:
            place = ".".join(part for part in (site.class_name, site.method) if part)
            return _Fact(value, f"{use.read} in {place} @ {site.location}", name)
    return _Fact(value, None, name)


# ---- differences


def _changes(facts: Sequence[Mapping[_Key, _Fact]], new: int, *, reads: bool) -> Iterator[Change]:
    before, after = facts[new - 1], facts[new]
    readable = {subject for aspect, subject, _ in before if aspect == "read"}
    for key in before.keys() | after.keys():
        aspect, subject, party = key
        if aspect == "read" and not reads:
            continue
        old, current = before.get(key), after.get(key)
        if old is not None and current is not None:
            if old.value != current.value:
                yield Change(aspect, "changed", subject, party, old.value, current.value, name=current.name)
        elif current is not None and aspect != "certainty":
            last = next((place for place in range(new - 2, -1, -1) if key in facts[place]), None)
            yield Change(
                aspect,
                "came" if last is None else "came_back",
                subject,
                party,
                new=current.value if aspect != "sdk" else after["certainty", subject, None].value,
                first_in_app=aspect == "read" and subject not in readable,
                evidence=current.evidence,
                last_seen=last,
                name=current.name,
            )
        elif old is not None and aspect != "certainty":
            yield Change(aspect, "went", subject, party, old=old.value, name=old.name)


def _versions(old: Report, new: Report) -> Iterator[Change]:
    """SDKs whose version is another one: what was known of it before, and what is now, have nothing in common."""
    before = {sdk.id: _candidates(sdk) for sdk in old.sdks}
    for sdk in new.sdks:
        known, now = before.get(sdk.id, ()), _candidates(sdk)
        if known and now and set(known).isdisjoint(now):
            yield Change("version", "changed", sdk.id, None, " | ".join(known), " | ".join(now), name=sdk.name)


def _candidates(sdk: SdkRecord) -> tuple[str, ...]:
    if sdk.version is None:
        return ()
    return (sdk.version.value,) if sdk.version.value else sdk.version.candidates


def _order(change: Change) -> tuple[int, int, str, str]:
    return _ASPECTS.index(change.aspect), _WHATS.index(change.what), change.subject, change.party or ""
