"""The report's record: its schema, its determinism, and reading it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.catalogs import catalog_of

import sdkfp
from sdkfp import FeatureSet, Report, ReportError
from sdkfp.errors import NotExamined
from sdkfp.identification import identify
from sdkfp.report import AppInfo, PermissionRecord, build_report

SCHEMA_FILE = Path(sdkfp.__file__).parent / "schema" / "report-1.json"
INFO = AppInfo(
    name="a.apk",
    kind="apk",
    sha256="0" * 64,
    size=1,
    package="com.example.app",
    version_name="1",
    version_code=1,
    min_sdk=21,
    target_sdk=34,
    permissions=(PermissionRecord("android.permission.INTERNET"), PermissionRecord("p", 28)),
    dex_files=1,
    dex_bytes=10,
    native_libraries=("libx.so",),
    abis=("arm64-v8a",),
)
LISTING = """\
class com.vendor.sdk.A @ a.apk!classes.dex
class com.base.sdk.B @ a.apk!classes.dex
constant com.vendor.sdk.A.VERSION="1.2" @ a.apk!classes.dex
property vendor.properties.version=1.3 @ a.apk!vendor.properties
refers org.other.lib.C @ a.apk!classes.dex
"""
SIGNATURES = {
    "vendor": """
        purl: pkg:maven/com.vendor/sdk
        clues: [{class: com.vendor.sdk.}]
        version: [{constant: com.vendor.sdk.A.VERSION}, {property: vendor.properties.version}]
        requires: [base, other]
        collects:
          - {type: oaid, purpose: push, need: required, basis: vendor_docs, source: 'https://vendor.example/p', as_of: 2026-01-01}
    """,
    "base": "clues: [{class: com.base.sdk.}]",
    "other": "clues: [{class: org.other.lib.}]",
}


@pytest.fixture
def report(tmp_path: Path) -> Report:
    catalog = catalog_of(tmp_path, SIGNATURES)
    skipped = [NotExamined("a.apk!z.dex", "dex-malformed", "why"), NotExamined("a.apk!b.dex", "dex-malformed", "why")]
    return build_report(INFO, identify(FeatureSet.parse(LISTING), catalog), skipped, catalog)


def test_the_committed_schema_is_that_of_the_records() -> None:
    committed = json.loads(SCHEMA_FILE.read_text("utf-8"))
    assert _in_one_order(committed) == _in_one_order(sdkfp.json_schema()), (
        "run: sdkfp schema > sdkfp/schema/report-1.json"
    )


def _in_one_order(schema: Any) -> Any:
    """A schema whose alternatives do not stand in the order that one version of msgspec gives them."""
    if isinstance(schema, dict):
        found = {key: _in_one_order(value) for key, value in schema.items()}
        return found | {"anyOf": sorted(found["anyOf"], key=json.dumps)} if "anyOf" in found else found
    return [_in_one_order(item) for item in schema] if isinstance(schema, list) else schema


def test_a_report_keeps_to_the_schema_and_reads_back(report: Report) -> None:
    data = report.to_json()
    jsonschema.Draft202012Validator(sdkfp.json_schema()).validate(json.loads(data))
    assert Report.from_json(data) == report
    assert Report.from_json(data).to_json() == data
    assert json.loads(report.to_json(indent=0)) == json.loads(data)


def test_what_the_report_says(report: Report) -> None:
    data = json.loads(report.to_json())
    top = ["schema", "tool", "app", "sdks", "unexplained", "not_examined", "graph", "reads", "permissions", "legend"]
    assert list(data) == top
    assert data["reads"] is None  # nobody looked
    base, vendor = data["sdks"]
    assert (base["id"], vendor["id"]) == ("base", "vendor")
    assert vendor["version"]["value"] == "1.2"
    assert vendor["version"]["candidates"] == ["1.2", "1.3"]
    assert vendor["purl"] == "pkg:maven/com.vendor/sdk@1.2"
    assert vendor["evidence"][0] == {
        "kind": "class",
        "grade": "defined",
        "feature": "class com.vendor.sdk.A",
        "location": "a.apk!classes.dex",
        "clue": "class com.vendor.sdk.",
        "strength": "sure",
        "count": 1,
    }
    assert [(c["type"], c["claim"]) for c in vendor["collects"]] == [("oaid", "declared")]
    assert [m["sdk"] for m in data["unexplained"]["mentioned"]] == ["other"]
    assert [n["location"] for n in data["not_examined"]] == ["a.apk!b.dex", "a.apk!z.dex"]
    assert [(e["source"], e["type"], e["target"]) for e in data["graph"]["edges"]] == [
        ("app", "embeds", "base"),
        ("app", "embeds", "vendor"),
        ("vendor", "requires", "base"),
    ]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"not json", b"\xff", b'{"schema": 1}', b'{"schema": "urn:sdkfp:schema:report:1"}']
)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(ReportError, match="not a report"):
        Report.from_json(data)


def test_a_report_of_another_schema_says_so() -> None:
    with pytest.raises(ReportError, match=r"'urn:sdkfp:schema:report:9'; this version of sdkfp reads"):
        Report.from_json(b'{"schema": "urn:sdkfp:schema:report:9"}')
