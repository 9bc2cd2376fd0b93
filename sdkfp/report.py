"""The report: one deterministic record, its JSON and its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sdkfp._version import __version__
from sdkfp.behaviour import (
    Behaviour,
    CollectsRecord,
    Comparison,
    Observed,
    PermissionUse,
    TypeReads,
    compare,
)
from sdkfp.catalog import Catalog
from sdkfp.coverage import Coverage
from sdkfp.coverage import Share as _Share
from sdkfp.errors import NotExamined, SdkfpError
from sdkfp.features import Grade, Kind
from sdkfp.graph import Graph, build
from sdkfp.identification import Certainty, Identification, Identified
from sdkfp.match import Evidence
from sdkfp.signature import Names, Signature
from sdkfp.vocabulary import Limit
from sdkfp.yara import StringHit

__all__ = ["SCHEMA", "AppInfo", "CollectsRecord", "Report", "ReportError", "build_report", "json_schema"]

SCHEMA = "urn:sdkfp:schema:report:1"
_MOST_PACKAGES = 30


class ReportError(SdkfpError):
    """A saved report cannot be read: not JSON, or of another schema version."""


class CatalogInfo(msgspec.Struct, frozen=True):
    """Which signatures the report was made with."""

    version: str
    sha256: str
    signatures: int


class ToolInfo(msgspec.Struct, frozen=True):
    """Which program made the report."""

    name: str
    version: str
    catalog: CatalogInfo


class PermissionRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A permission that the manifest requests."""

    name: str
    max_sdk_version: int | None = None


class CertificateRecord(msgspec.Struct, frozen=True, order=True):
    """The certificate of who signed the app, by the app's own word: the signatures are not verified."""

    sha256: str
    """Of the DER form."""
    sha1: str
    subject: str | None
    """As RFC 4514 writes it; null where the certificate cannot be read, as with the next two."""
    not_before: str | None
    not_after: str | None
    schemes: tuple[str, ...]
    """``v1`` (JAR signing), ``v2``, ``v3``, ``v3.1``."""
    locations: tuple[str, ...]
    """The packages, or files of v1 signatures, that name it."""


class CompilerRecord(msgspec.Struct, frozen=True, order=True):
    """A compiler that left its mark in the dex files."""

    compiler: str
    """``D8``, ``R8`` or ``L8``."""
    version: str | None
    mode: str | None
    """``debug`` or ``release``."""
    min_api: int | None
    r8_mode: str | None
    """``full`` or ``compatibility``; of R8 only."""
    locations: tuple[str, ...]


class EmbeddedRecord(msgspec.Struct, frozen=True, order=True):
    """Code that is not where installers look for it: a package in assets, a dex file or library under another name."""

    location: str
    kind: str
    """``apk``, ``jar``, ``dex``, ``so`` …"""


class AppInfo(msgspec.Struct, frozen=True):
    """The app that was examined."""

    name: str
    kind: str
    sha256: str | None
    size: int | None
    package: str | None
    version_name: str | None
    version_code: int | None
    min_sdk: int | None
    target_sdk: int | None
    permissions: tuple[PermissionRecord, ...]
    dex_files: int
    dex_bytes: int
    native_libraries: tuple[str, ...]
    abis: tuple[str, ...]
    certificates: tuple[CertificateRecord, ...] = ()
    toolchain: tuple[CompilerRecord, ...] = ()
    embedded: tuple[EmbeddedRecord, ...] = ()


class StringRecord(msgspec.Struct, frozen=True):
    """A string of a YARA rule, where it was found."""

    identifier: str
    """Its name in the rule, with the ``$``."""
    offset: int
    """Bytes from the start of the file; in the text notation of all features those from its start to the line."""
    excerpt: str
    """What was met, 200 bytes at most; bytes that are no printable text as ``\\x00``."""


class EvidenceRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What points to an SDK: the feature, where it is, and the clue of the signature that it met."""

    kind: Kind
    grade: Grade
    feature: str
    location: str
    clue: str
    strength: str
    count: int
    strings: tuple[StringRecord, ...] = ()
    """What a YARA rule met."""


class VersionBasisRecord(msgspec.Struct, frozen=True):
    """Where a version was read."""

    value: str
    feature: str


class VersionRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """The version, or the candidates where the clues disagree; every place where one was read."""

    value: str | None = None
    candidates: tuple[str, ...] = ()
    basis: tuple[VersionBasisRecord, ...] = ()
    by_marks: bool = False
    """No place says the version: of the known releases these fit the rename-proof marks best, and the others do not."""

    @property
    def text(self) -> str:
        """For a reader: the version or the candidates, after ``≈`` where only rename-proof marks tell."""
        return ("≈ " if self.by_marks else "") + (self.value or " | ".join(self.candidates))


class MarksRecord(msgspec.Struct, frozen=True):
    """The figures of an SDK that is known by rename-proof marks: strings and framework references in classes of any name."""

    found: int
    """Marks in the classes that they identify."""
    of: int
    """Marks that the release in question has."""
    references: int
    """References to the framework among those found."""
    classes: int
    """Classes that the marks identify."""


class SdkRecord(msgspec.Struct, frozen=True):
    """One SDK that is inside the app."""

    id: str
    name: Names
    organization: str | None
    categories: tuple[str, ...]
    certainty: Certainty
    version: VersionRecord | None
    purl: str | None
    classes: int
    dex_bytes: int
    evidence: tuple[EvidenceRecord, ...]
    marks: MarksRecord | None
    collects: tuple[CollectsRecord, ...]
    """What it is declared to collect, and what its code is able to read."""
    comparison: Comparison | None = None
    """``None`` where the catalog knows no declaration, or reads were not looked for."""


class ShareRecord(msgspec.Struct, frozen=True):
    """Classes, bytes of their code, and both as a share of the app's."""

    classes: int
    dex_bytes: int
    classes_share: float
    dex_bytes_share: float


class PackageRecord(msgspec.Struct, frozen=True):
    """A package of code that nobody explains."""

    name: str
    classes: int
    dex_bytes: int


class MentionRecord(msgspec.Struct, frozen=True):
    """An SDK that code only mentions."""

    sdk: str
    references: int
    feature: str


class PackerEvidenceRecord(msgspec.Struct, frozen=True):
    """What points to a packer: the rule that matched and what it met."""

    rule: str
    location: str
    strings: tuple[StringRecord, ...]
    why: str
    source: str
    """A URL, or the package URL of an artifact, that shows the rule right."""


class PackerRecord(msgspec.Struct, frozen=True):
    """A packer or hardening shell: code of the app is hidden, and what was not found may still be there."""

    id: str
    name: Names
    vendor: str
    evidence: tuple[PackerEvidenceRecord, ...]


class OhpmRecord(msgspec.Struct, frozen=True, order=True):
    """A package of HarmonyOS (ohpm) that no signature knows."""

    name: str
    releases: tuple[str, ...]
    """Where they are recorded."""
    modules: int
    """Source modules of it in the byte code."""


class Unexplained(msgspec.Struct, frozen=True):
    """What the signatures account for and what not: an empty result must never look like a clean bill."""

    total: ShareRecord
    sdks: ShareRecord
    own: ShareRecord
    nobody: ShareRecord
    renamed: ShareRecord
    packages: tuple[PackageRecord, ...]
    packages_total: int
    mentioned: tuple[MentionRecord, ...]
    packers: tuple[PackerRecord, ...] = ()
    ohpm: tuple[OhpmRecord, ...] = ()


class NotExaminedRecord(msgspec.Struct, frozen=True, order=True):
    """A part of the input that was not read, and why."""

    location: str
    code: str
    reason: str


class Report(msgspec.Struct, frozen=True, rename={"schema_": "schema"}):
    """Everything that sdkfp says about one app. The same input and catalog give the same bytes."""

    schema_: str
    tool: ToolInfo
    app: AppInfo
    sdks: tuple[SdkRecord, ...]
    unexplained: Unexplained
    not_examined: tuple[NotExaminedRecord, ...]
    graph: Graph
    reads: tuple[TypeReads, ...] | None = None
    """By type of personal information, who is able to read it; ``None`` where reads were not looked for."""
    permissions: tuple[PermissionUse, ...] = ()
    """Who needs which permission, so far as reads need it."""
    legend: tuple[Limit, ...] = ()
    """What static evidence says about reads, and what it does not."""

    def to_json(self, *, indent: int = 2) -> bytes:
        """The report as UTF-8 JSON; ``indent=0`` gives one line."""
        data = msgspec.json.encode(self)
        return msgspec.json.format(data, indent=indent) if indent else data

    @classmethod
    def from_json(cls, data: bytes | str) -> Report:
        """Read a saved report.

        Raises:
            ReportError: the data are not a report of this schema version.
        """
        try:
            head = msgspec.json.decode(data, type=_Head)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReportError(f"not a report: {error}") from None
        if head.schema_ != SCHEMA:
            raise ReportError(
                f"this is a report of the schema {head.schema_[:100]!r}; this version of sdkfp reads {SCHEMA!r}"
            )
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReportError(f"not a report: {error}") from None


class _Head(msgspec.Struct, rename={"schema_": "schema"}):
    schema_: str


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the report."""
    schema: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(msgspec.json.schema(Report))
    )  # tuples become lists
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, "title": "sdkfp report", **schema}


RuleStrings = Mapping[tuple[str, str], tuple[StringHit, ...]]
"""The strings met, by (rule as ``namespace/rule``, location)."""


def build_report(
    app: AppInfo,
    identified: Identified,
    not_examined: Iterable[NotExamined],
    catalog: Catalog,
    *,
    rule_strings: RuleStrings | None = None,
    ohpm: Iterable[OhpmRecord] = (),
    graph: Graph | None = None,
    behaviour: Behaviour | None = None,
) -> Report:
    """Join what was found into the report.

    Args:
        app: what was examined.
        identified: the SDKs.
        not_examined: what could not be read.
        catalog: the signatures.
        rule_strings: of every YARA rule that matched.
        ohpm: the packages of HarmonyOS that no signature knows.
        graph: of the app; without it that of what was identified.
        behaviour: what code is able to read; without it only what is declared is reported.
    """
    strings = rule_strings or {}
    known = behaviour or compare(Observed(), identified, catalog, None)
    return Report(
        schema_=SCHEMA,
        tool=ToolInfo("sdkfp", __version__, CatalogInfo(catalog.version, catalog.sha256, len(catalog))),
        app=app,
        sdks=tuple(_sdk(found, strings, known.collects[found.signature.id], behaviour) for found in identified.sdks),
        unexplained=_unexplained(identified, _packers(catalog, strings), tuple(ohpm)),
        not_examined=tuple(sorted(NotExaminedRecord(n.location, n.code, n.reason) for n in set(not_examined))),
        graph=build(identified) if graph is None else graph,
        reads=None if behaviour is None else behaviour.types,
        permissions=() if behaviour is None else behaviour.permissions,
        legend=() if behaviour is None else behaviour.legend,
    )


def _sdk(
    found: Identification, strings: RuleStrings, collects: tuple[CollectsRecord, ...], behaviour: Behaviour | None
) -> SdkRecord:
    signature: Signature = found.signature
    version = found.version
    return SdkRecord(
        id=signature.id,
        name=signature.name,
        organization=signature.organization,
        categories=signature.categories,
        certainty=found.certainty,
        version=None
        if version is None
        else VersionRecord(
            version.value,
            version.candidates if len(version.candidates) > 1 or version.value is None else (),
            tuple(VersionBasisRecord(basis.value, basis.feature.format()) for basis in version.basis),
            by_marks=not version.basis,
        ),
        purl=_versioned(signature.purl, version.value if version else None),
        classes=found.classes,
        dex_bytes=found.dex_bytes,
        evidence=tuple(_evidence(evidence, strings) for evidence in found.evidence),
        marks=None
        if found.marks is None or not found.marks.found
        else MarksRecord(found.marks.found, found.marks.of, found.marks.references, found.marks.classes),
        collects=collects,
        comparison=None if behaviour is None else behaviour.comparisons.get(signature.id),
    )


def _versioned(purl: str | None, version: str | None) -> str | None:
    if purl is None or version is None or not version.isascii():
        return purl
    from urllib.parse import quote  # noqa: PLC0415 - a version came from the app and may hold anything

    return f"{purl}@{quote(version, safe='.-_~')}"


def _evidence(evidence: Evidence, strings: RuleStrings) -> EvidenceRecord:
    return EvidenceRecord(
        kind=evidence.feature.kind,
        grade=evidence.grade,
        feature=evidence.feature.format(with_location=False),
        location=evidence.feature.location,
        clue=str(evidence.clue),
        strength=evidence.clue.strength.value,
        count=evidence.count,
        strings=_strings(strings.get((evidence.feature.name, evidence.feature.location), ()))
        if evidence.feature.kind is Kind.YARA
        else (),
    )


def _strings(hits: Iterable[StringHit]) -> tuple[StringRecord, ...]:
    return tuple(StringRecord(hit.identifier, hit.offset, _text(hit.excerpt)) for hit in hits)


def _text(excerpt: bytes) -> str:
    text = excerpt.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _packers(catalog: Catalog, strings: RuleStrings) -> tuple[PackerRecord, ...]:
    found: dict[str, list[PackerEvidenceRecord]] = {}
    for (name, location), hits in sorted(strings.items(), key=lambda item: item[0]):
        namespace, _, rule = name.partition("/")
        packer = catalog.packers.get(namespace)
        if packer is not None:
            reason = next(known for known in packer.rules if known.name == rule)
            row = PackerEvidenceRecord(rule, location, _strings(hits), reason.why, reason.source)
            found.setdefault(namespace, []).append(row)
    packers = [(catalog.packers[packer], rows) for packer, rows in found.items()]
    return tuple(PackerRecord(p.id, Names(p.name_en, p.name_zh), p.vendor, tuple(rows)) for p, rows in packers)


def _unexplained(
    identified: Identified, packers: tuple[PackerRecord, ...], ohpm: tuple[OhpmRecord, ...]
) -> Unexplained:
    coverage: Coverage = identified.coverage

    def share(part: _Share) -> ShareRecord:
        total = coverage.total
        return ShareRecord(
            part.classes, part.dex_bytes, _ratio(part.classes, total.classes), _ratio(part.dex_bytes, total.dex_bytes)
        )

    return Unexplained(
        total=share(coverage.total),
        sdks=share(coverage.sdks),
        own=share(coverage.own),
        nobody=share(coverage.nobody),
        renamed=share(coverage.renamed),
        packages=tuple(PackageRecord(n, s.classes, s.dex_bytes) for n, s in coverage.packages[:_MOST_PACKAGES]),
        packages_total=len(coverage.packages),
        mentioned=tuple(MentionRecord(m.sdk, m.references, m.feature.format()) for m in identified.mentioned),
        packers=packers,
        ohpm=ohpm,
    )


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
