"""The report as a CycloneDX 1.6 bill of materials in JSON.

The same report gives the same bytes: the serial number follows from the app's hash, and there is no time in it.
``docs/exports.md`` says what stands where. Specification: https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from sdkfp.export.claims import makes_claim, site_text
from sdkfp.export.text import safe_url, visible
from sdkfp.features import GRADE_OF_KIND, Grade, Kind
from sdkfp.graph import APP

if TYPE_CHECKING:
    from cyclonedx.model import ExternalReference, Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component
    from cyclonedx.model.component_evidence import AnalysisTechnique, ComponentEvidence, Identity
    from cyclonedx.model.contact import OrganizationalEntity
    from cyclonedx.model.service import Service
    from packageurl import PackageURL

    from sdkfp.catalog import Catalog
    from sdkfp.report import CollectsRecord, EvidenceRecord, Report, SdkRecord

__all__ = ["to_cyclonedx"]

_NAMESPACE = uuid.UUID("9b8f9f4e-6f0b-5d43-9a3f-0f6f1f0b7c55")
"""Of the serial numbers; made once."""
_SURE, _HINT = Decimal(1), Decimal("0.5")
"""The format wants a number for each method; these stand for the two words of a clue's strength and for nothing more."""
_IN_MANIFEST = frozenset(kind.value for kind in Kind if GRADE_OF_KIND[kind] is Grade.MANIFEST)
_USES = frozenset({"calls", "extends", "refers", "loads", "links", "declares", "requires", "bundles", "embeds"})


def to_cyclonedx(report: Report, catalog: Catalog | None = None) -> bytes:
    """The report as CycloneDX 1.6 JSON.

    Args:
        report: of one app; one without SDKs is fine.
        catalog: the names and addresses of the SDKs' makers; without it their ids stand there.
    """
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415 - slow to import, only this document needs it

    return JsonV1Dot6(_bom(report, catalog)).output_as_string(indent=2).encode() + b"\n"


def _bom(report: Report, catalog: Catalog | None) -> Bom:
    from cyclonedx.model.bom import Bom, BomMetaData  # noqa: PLC0415 - as above
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.model.tool import ToolRepository  # noqa: PLC0415

    tool = Component(
        name=report.tool.name,
        version=report.tool.version,
        type=ComponentType.APPLICATION,
        bom_ref="tool:sdkfp",
        properties=_properties(
            ("catalog.version", report.tool.catalog.version),
            ("catalog.sha256", report.tool.catalog.sha256),
            ("catalog.signatures", str(report.tool.catalog.signatures)),
        ),
    )
    makers = _Makers(catalog)
    services = {sdk.id: service for sdk in report.sdks if (service := _service(sdk, makers)) is not None}
    metadata = BomMetaData(component=_app(report), tools=ToolRepository(components=[tool]), properties=_summary(report))
    # The library writes none then, and would else write the time of day.
    metadata.timestamp = None  # type: ignore[assignment]
    components = {**{sdk.id: _component(sdk, makers) for sdk in report.sdks}, **_libraries(report)}
    bom = Bom(
        serial_number=uuid.uuid5(_NAMESPACE, f"{report.app.sha256} {report.app.name} {report.tool.catalog.sha256}"),
        metadata=metadata,
        components=components.values(),
        services=services.values(),
    )
    _depend(bom, report, components, services)
    return bom


def _app(report: Report) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType  # noqa: PLC0415 - as above
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415

    app = report.app
    return Component(
        name=visible(app.package or app.name),
        version=visible(app.version_name) if app.version_name else None,
        type=ComponentType.APPLICATION,
        bom_ref=APP,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=app.sha256)] if app.sha256 else [],
        properties=_properties(
            ("file", app.name),
            ("kind", app.kind),
            ("version_code", None if app.version_code is None else str(app.version_code)),
            ("target_sdk", None if app.target_sdk is None else str(app.target_sdk)),
            *(("permission", permission.name) for permission in app.permissions),
        ),
    )


def _summary(report: Report) -> list[Property]:
    """What the signatures account for, and what was not read: a short list must not look like a complete one."""
    cover = report.unexplained
    shares = (("sdks", cover.sdks), ("own", cover.own), ("nobody", cover.nobody), ("renamed", cover.renamed))
    return _properties(
        ("classes", str(cover.total.classes)),
        *((f"classes_share.{word}", str(share.classes_share)) for word, share in shares),
        *(("not_examined", f"{skipped.location}: {skipped.code}: {skipped.reason}") for skipped in report.not_examined),
    )


def _component(sdk: SdkRecord, makers: _Makers) -> Component:
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as above

    version = sdk.version
    return Component(
        name=visible(sdk.name.en),
        version=visible(version.value) if version and version.value else None,
        type=ComponentType.LIBRARY,
        bom_ref=sdk.id,
        supplier=makers.entity(sdk.organization),
        purl=_purl(sdk.purl),
        external_references=makers.references(sdk.organization),
        evidence=_evidence(sdk),
        properties=_properties(
            ("certainty", sdk.certainty.value),
            ("name.zh", sdk.name.zh),
            *(("category", category) for category in sdk.categories),
            *(("version.candidate", candidate) for candidate in (version.candidates if version else ())),
            ("classes", str(sdk.classes)),
            ("dex_bytes", str(sdk.dex_bytes)),
        ),
    )


def _evidence(sdk: SdkRecord) -> ComponentEvidence:
    """Name, version and package URL with the methods that led to them, and every place where something was met."""
    from cyclonedx.model.component_evidence import (  # noqa: PLC0415 - as above
        ComponentEvidence,
        Identity,
        IdentityField,
        Method,
        Occurrence,
    )

    methods = {
        (_technique(evidence), evidence.clue, evidence.strength)
        for evidence in sdk.evidence
        if evidence.grade is not Grade.MENTIONED
    }
    by_clues = [
        Method(technique=technique, confidence=_SURE if strength == "sure" else _HINT, value=visible(clue))
        for technique, clue, strength in methods
    ]
    identities: list[Identity] = [
        Identity(field=IdentityField.NAME, concluded_value=visible(sdk.name.en), methods=by_clues)
    ]
    purl = _purl(sdk.purl)
    if purl is not None:
        identities.append(Identity(field=IdentityField.PURL, concluded_value=purl.to_string()))
    if sdk.version is not None and sdk.version.value:
        read = [
            Method(
                technique=_technique_of(basis.feature.partition(" ")[0]), confidence=_SURE, value=visible(basis.feature)
            )
            for basis in sdk.version.basis
            if basis.value == sdk.version.value
        ]
        identities.append(
            Identity(field=IdentityField.VERSION, concluded_value=visible(sdk.version.value), methods=read)
        )
    return ComponentEvidence(
        identity=identities,
        occurrences=[
            Occurrence(
                bom_ref=f"{sdk.id}/{number}",
                location=visible(evidence.location) or "?",
                symbol=visible(evidence.feature),
                additional_context=visible(f"{evidence.grade.value}; clue {evidence.clue}; {evidence.count} met"),
            )
            for number, evidence in enumerate(sdk.evidence)
        ],
    )


def _technique(evidence: EvidenceRecord) -> AnalysisTechnique:
    from cyclonedx.model.component_evidence import AnalysisTechnique  # noqa: PLC0415 - as above

    return AnalysisTechnique.AST_FINGERPRINT if evidence.grade is Grade.LEARNED else _technique_of(evidence.kind)


def _technique_of(kind: str) -> AnalysisTechnique:
    from cyclonedx.model.component_evidence import AnalysisTechnique  # noqa: PLC0415 - as above

    if kind in (Kind.FILE, Kind.LIBRARY):
        return AnalysisTechnique.FILENAME
    return AnalysisTechnique.MANIFEST_ANALYSIS if kind in _IN_MANIFEST else AnalysisTechnique.BINARY_ANALYSIS


def _libraries(report: Report) -> dict[str, Component]:
    """The native libraries by the ids of their nodes."""
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as above

    ids = [node.id for node in report.graph.nodes if node.kind == "library"]
    return {
        node: Component(name=visible(node.partition(":")[2]), type=ComponentType.FILE, bom_ref=f"library:{number}")
        for number, node in enumerate(ids)
    }


def _service(sdk: SdkRecord, makers: _Makers) -> Service | None:
    """What an SDK does with personal information, as the data flows of a service of its maker."""
    from cyclonedx.model import DataClassification, DataFlow  # noqa: PLC0415 - as above
    from cyclonedx.model.service import Service  # noqa: PLC0415

    claims = [claim for claim in sdk.collects if makes_claim(claim)]
    if not claims:
        return None
    return Service(
        name=visible(f"{sdk.name.en}: personal information"),
        bom_ref=f"service:{sdk.id}",
        provider=makers.entity(sdk.organization),
        data=[
            DataClassification(
                flow=DataFlow.INBOUND if claim.claim == "declared" else DataFlow.UNKNOWN,
                classification=visible(claim.type),
            )
            for claim in claims
        ],
        properties=_properties(*((claim.claim, _claim(claim)) for claim in claims)),
    )


def _claim(claim: CollectsRecord) -> str:
    """A claim with what it rests on: the source of a declaration, or the first place in the code."""
    if claim.claim == "declared":
        words = [claim.type, claim.purpose, claim.need, claim.basis, claim.source, claim.as_of]
    else:
        words = [claim.type, claim.grade, f"{claim.count} sites", *(str(use.read) for use in claim.reads[:1])]
        words += [place for use in claim.reads[:1] for place in map(site_text, use.sites[:1])]
        if claim.permission_requested is False:
            words.append("the permission it needs is not requested")
    return "; ".join(str(getattr(word, "value", word)) for word in words if word is not None)


def _depend(bom: Bom, report: Report, components: Mapping[str, Component], services: Mapping[str, Service]) -> None:
    """Who depends on whom, from the graph. What nothing was seen to use depends from the app, which has it inside."""
    from cyclonedx.model.bom_ref import BomRef  # noqa: PLC0415 - as above
    from cyclonedx.model.dependency import Dependency  # noqa: PLC0415

    kinds = {node.id: node.kind for node in report.graph.nodes}
    found: dict[str, set[str]] = {APP: set(), **{node: set() for node in components}}
    for edge in report.graph.edges:
        source = APP if kinds.get(edge.source) == "package" else edge.source
        inside = edge.type == "embeds" and source == APP
        if edge.type in _USES and not inside and source in found and edge.target in components:
            found[source].add(edge.target)
    used = {target for source, targets in found.items() for target in targets if source != target}
    found[APP] |= components.keys() - used
    refs = {node: component.bom_ref for node, component in components.items()}
    refs[APP] = BomRef(APP)
    bom.dependencies = [
        Dependency(refs[source], [Dependency(refs[target]) for target in targets]) for source, targets in found.items()
    ]
    for sdk, service in services.items():
        bom.register_dependency(components[sdk], [service])


class _Makers:
    """Organizations as suppliers."""

    def __init__(self, catalog: Catalog | None) -> None:
        self._organizations = catalog.organizations if catalog is not None else {}

    def entity(self, organization: str | None) -> OrganizationalEntity | None:
        from cyclonedx.model import XsUri  # noqa: PLC0415 - as above
        from cyclonedx.model.contact import OrganizationalEntity  # noqa: PLC0415

        if organization is None:
            return None
        known = self._organizations.get(organization)
        website = safe_url(known.website) if known is not None else None
        name = known.name.en if known is not None else organization
        return OrganizationalEntity(name=visible(name), urls=[XsUri(website)] if website else [])

    def references(self, organization: str | None) -> list[ExternalReference]:
        from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri  # noqa: PLC0415 - as above

        known = self._organizations.get(organization or "")
        policy = safe_url(known.privacy_policy) if known is not None else None
        if policy is None:
            return []
        return [ExternalReference(type=ExternalReferenceType.OTHER, url=XsUri(policy), comment="privacy policy")]


def _purl(text: str | None) -> PackageURL | None:
    from packageurl import PackageURL  # noqa: PLC0415 - as above

    try:
        return PackageURL.from_string(text) if text else None
    except ValueError:
        return None


def _properties(*pairs: tuple[str, str | None]) -> list[Property]:
    from cyclonedx.model import Property  # noqa: PLC0415 - as above

    return [Property(name=f"sdkfp:{name}", value=visible(value)) for name, value in pairs if value is not None]
