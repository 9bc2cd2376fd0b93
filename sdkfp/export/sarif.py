"""The report as SARIF 2.1.0, for code scanning and editors. Results are facts with their places, not faults.

The same report gives the same bytes. Specification: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from sdkfp.export.claims import makes_claim
from sdkfp.export.text import visible

if TYPE_CHECKING:
    from sdkfp.behaviour import CollectsRecord, Reader, SiteRecord
    from sdkfp.report import EvidenceRecord, Report, SdkRecord

__all__ = ["RULES", "to_sarif"]

RULES: Mapping[str, tuple[str, str]] = {
    "sdk-inside": (
        "A third-party SDK is inside the app",
        "The app has code, libraries, components or files of this SDK. A fact, not a fault.",
    ),
    "sdk-suspected": (
        "Something of a third-party SDK is in the app",
        "There is a hint of this SDK, but not enough to say that it is inside. A fact, not a fault.",
    ),
    "declared": (
        "An SDK is declared to collect personal information",
        "The source named says that the SDK collects this type of personal information. A fact, not a fault.",
    ),
    "able-to-read": (
        "Code is able to read personal information",
        "Code of this party can read this type of personal information; whether, when and with what consent is not said.",
    ),
    "packer": (
        "Code of the app is hidden by a packer",
        "What was not found may still be there: a packer hides code from static analysis.",
    ),
}
"""Rule id → short and full description."""
_LONGEST = 1000
_MOST_LOCATIONS = 20
_DEEPEST = 16
"""Archives in archives; a name with more ``!`` than that is one name."""


def to_sarif(report: Report) -> bytes:
    """The report as SARIF 2.1.0 JSON."""
    artifacts = _Artifacts(report)
    results = list(_results(report, artifacts))
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(report)},
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {
                                "level": "warning",
                                "descriptor": {"id": visible(skipped.code)},
                                "message": _message(skipped.reason),
                                "locations": [artifacts.location(skipped.location)],
                            }
                            for skipped in report.not_examined
                        ],
                    }
                ],
                "artifacts": artifacts.listed,
                "results": results,
                "columnKind": "unicodeCodePoints",
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"


def _driver(report: Report) -> dict[str, Any]:
    return {
        "name": report.tool.name,
        "version": report.tool.version,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": short},
                "fullDescription": {"text": full},
                "defaultConfiguration": {"level": "warning" if rule == "packer" else "note"},
            }
            for rule, (short, full) in RULES.items()
        ],
        "properties": {
            "catalogVersion": report.tool.catalog.version,
            "catalogSha256": report.tool.catalog.sha256,
            "catalogSignatures": report.tool.catalog.signatures,
        },
    }


def _results(report: Report, artifacts: _Artifacts) -> Iterator[dict[str, Any]]:
    for sdk in report.sdks:
        rule = "sdk-inside" if sdk.certainty.value == "identified" else "sdk-suspected"
        version = f" {sdk.version.value}" if sdk.version and sdk.version.value else ""
        places = [artifacts.evidence(evidence) for evidence in sdk.evidence[:_MOST_LOCATIONS]]
        inside = "is inside" if rule == "sdk-inside" else "may be inside"
        said = f"{sdk.name.en}{version} {inside}: {sdk.evidence[0].feature if sdk.evidence else ''}"
        yield _result(rule, sdk.id, said, places, {"sdk": sdk.id, "categories": list(sdk.categories)})
        yield from _claims(sdk, artifacts)
    for about in report.reads or ():
        for reader in about.readers:
            if reader.kind != "sdk":
                name = "The app's own code" if reader.kind == "app" else f"Unattributed code ({reader.id})"
                yield _able(name, reader.id, about.type, reader, artifacts)
    for packer in report.unexplained.packers:
        places = [artifacts.location(evidence.location) for evidence in packer.evidence[:_MOST_LOCATIONS]]
        yield _result("packer", packer.id, f"The app is packed with {packer.name.en}.", places, {"packer": packer.id})


def _claims(sdk: SdkRecord, artifacts: _Artifacts) -> Iterator[dict[str, Any]]:
    whole = [artifacts.whole()]
    for claim in sdk.collects:
        if claim.claim == "declared":
            properties = {"sdk": sdk.id, "type": claim.type, "purpose": claim.purpose, "need": claim.need}
            said = (
                f"{sdk.name.en} is declared to collect {claim.type} for {claim.purpose}: {claim.source} ({claim.as_of})"
            )
            yield _result("declared", f"{sdk.id} {claim.type} {claim.purpose}", said, whole, properties)
        elif makes_claim(claim):
            yield _able(sdk.name.en, sdk.id, claim.type, claim, artifacts)


def _able(name: str, party: str, kind: str, found: CollectsRecord | Reader, artifacts: _Artifacts) -> dict[str, Any]:
    """That a party is able to read a type, with its first places."""
    uses = [(use, site) for use in found.reads for site in use.sites]
    said = f"{name} is able to read {kind}: {found.count} places"
    if found.permission_requested is False:
        said += "; the permission that this needs is not requested"
    properties = {"party": party, "type": kind, "grade": found.grade, "permissionRequested": found.permission_requested}
    places = [artifacts.site(site, use.read) for use, site in uses[:_MOST_LOCATIONS]]
    return _result("able-to-read", f"{party} {kind}", said, places, properties)


def _result(
    rule: str, subject: str, said: str, places: Iterable[Mapping[str, Any]], properties: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "ruleIndex": list(RULES).index(rule),
        "level": "warning" if rule == "packer" else "note",
        "message": _message(said),
        "locations": list(places),
        "partialFingerprints": {"sdkfp/v1": visible(f"{rule} {subject}", _LONGEST)},
        "properties": {
            key: visible(value, _LONGEST) if isinstance(value, str) else value for key, value in properties.items()
        },
    }


def _message(text: str) -> dict[str, str]:
    """Text in which nothing is a placeholder (``{0}``) or a link (``[text](target)``) of a SARIF message."""
    text = visible(text, _LONGEST).replace("{", "{{").replace("}", "}}")
    return {"text": text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")}


class _Artifacts:
    """The files: the app, and what lies in it, each once."""

    def __init__(self, report: Report) -> None:
        app = report.app
        whole: dict[str, Any] = {"location": {"uri": _uri(app.name)}, "roles": ["analysisTarget"]}
        if app.size is not None:
            whole["length"] = app.size
        if app.sha256 is not None:
            whole["hashes"] = {"sha-256": app.sha256}
        self._app = app.name
        self._index: dict[str, int] = {app.name: 0}
        self.listed: list[dict[str, Any]] = [whole]

    def whole(self) -> dict[str, Any]:
        """The app itself as a place."""
        return self.location(self._app)

    def location(self, text: str) -> dict[str, Any]:
        """A location of the report as a SARIF location."""
        index = self._add(text)
        return {"physicalLocation": {"artifactLocation": {**self.listed[index]["location"], "index": index}}}

    def evidence(self, evidence: EvidenceRecord) -> dict[str, Any]:
        """Where a piece of evidence is, and its name there."""
        name = visible(evidence.feature.partition(" ")[2], _LONGEST)
        kind = "type" if evidence.kind.value in ("class", "jni", "refers") else "resource"
        return {
            **self.location(evidence.location or self._app),
            "logicalLocations": [{"fullyQualifiedName": name, "kind": kind}],
            "message": _message(f"{evidence.feature}, by the clue {evidence.clue}, {evidence.count} met"),
        }

    def site(self, site: SiteRecord, read: str) -> dict[str, Any]:
        """A place in code, and what is read there."""
        place = {**self.location(site.location), "message": _message(read)}
        if site.class_name is not None:
            name = f"{site.class_name}.{site.method}" if site.method else site.class_name
            kind = "function" if site.method else "type"
            place["logicalLocations"] = [{"fullyQualifiedName": visible(name, _LONGEST), "kind": kind}]
        return place

    def _add(self, text: str) -> int:
        known = self._index.get(text)
        if known is not None:
            return known
        parent, _, entry = text.rpartition("!") if text.count("!") <= _DEEPEST else ("", "", text)
        above = self._add(parent or self._app)
        self._index[text] = len(self.listed)
        self.listed.append({"location": {"uri": "/" + _uri(entry)}, "parentIndex": above})
        return self._index[text]


def _uri(name: str) -> str:
    """A relative reference (RFC 3986) for a file name."""
    return quote(visible(name, _LONGEST)[:_LONGEST], safe="/-._~!$&'()*+,;=@") or "unnamed"
