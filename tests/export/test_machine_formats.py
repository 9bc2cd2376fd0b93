"""CycloneDX, CSV and SARIF: what stands in them, that others can read them, and hostile names."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from support import graphapp
from support.catalogs import write_signatures
from support.reports import EVIL, hostile, made_report, without_sdks
from typer.testing import CliRunner

import sdkfp
from sdkfp import Catalog, Report
from sdkfp.cli import app
from sdkfp.export.csv_table import COLUMNS, to_csv
from sdkfp.export.cyclonedx import to_cyclonedx
from sdkfp.export.sarif import RULES, to_sarif

FORMATS: tuple[Callable[[Report], bytes], ...] = (to_cyclonedx, to_csv, to_sarif)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return made_report(tmp_path_factory.mktemp("signatures"))


def bom_of(report: Report, catalog: Catalog | None = None) -> dict[str, Any]:
    """The bill of materials, after the library's own validation against the schema."""
    data = to_cyclonedx(report, catalog)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(data.decode()) is None
    bom: dict[str, Any] = json.loads(data)
    return bom


def table_of(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(report).decode("utf-8-sig"), newline="")))


def run_of(report: Report) -> dict[str, Any]:
    """The one run of a SARIF log, after looking at all that the specification demands of what is used."""
    log = json.loads(to_sarif(report))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    artifacts = run["artifacts"]
    for number, artifact in enumerate(artifacts):
        assert artifact.get("parentIndex", -1) < number
        assert urlsplit(artifact["location"]["uri"]).scheme == ""
    notes = run["invocations"][0]["toolExecutionNotifications"]
    for result in (*run["results"], *notes):
        assert result["level"] in ("note", "warning")
        assert isinstance(result["message"]["text"], str)
        for place in result["locations"]:
            where = place["physicalLocation"]["artifactLocation"]
            assert artifacts[where["index"]]["location"]["uri"] == where["uri"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    return run


def test_components_say_why_they_are_there(report: Report) -> None:
    bom = bom_of(report)
    push = next(component for component in bom["components"] if component["bom-ref"] == "push")
    assert (push["name"], push["purl"], push["type"]) == ("Push", "pkg:maven/com.vendor/push", "library")
    identity = {one["field"]: one for one in push["evidence"]["identity"]}
    assert {method["technique"] for method in identity["name"]["methods"]} == {
        "binary-analysis",
        "filename",
        "manifest-analysis",
    }
    assert {(o["location"], o["symbol"]) for o in push["evidence"]["occurrences"]} >= {
        ("app.apk!classes.dex", "class com.vendor.push.Native"),
        ("app.apk!lib/arm64-v8a/libpush.so", "library libpush.so"),
    }
    assert {"name": "sdkfp:certainty", "value": "identified"} in push["properties"]
    assert bom["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": report.app.sha256}]


def test_dependencies_come_from_the_graph(report: Report) -> None:
    bom = bom_of(report)
    names = {"app": "app", **{part["bom-ref"]: part["name"] for part in (*bom["components"], *bom["services"])}}
    depends = {names[e["ref"]]: {names[ref] for ref in e.get("dependsOn", ())} for e in bom["dependencies"]}
    assert depends["Push"] == {"Core", "Json", "libpush.so", "Push: personal information"}
    assert depends["libpush.so"] == {"libcore-1.so", "Ssl"}
    assert depends["Ads"] == {"Core"}
    assert depends["app"] == {"Push", "Ads", "Core", "Shell", "Idle", "libown.so"}, (
        "nothing uses Idle, but it is inside"
    )


def test_claims_are_data_flows_of_a_service(report: Report) -> None:
    (service,) = bom_of(report)["services"]
    assert service["bom-ref"] == "service:push"
    assert {(flow["classification"], flow["flow"]) for flow in service["data"]} == {
        ("oaid", "inbound"),
        ("mac", "inbound"),
        ("imei", "unknown"),
    }
    (able,) = [entry["value"] for entry in service["properties"] if entry["name"] == "sdkfp:able_to_read"]
    assert able.startswith("imei; call; 1 sites; method Landroid/telephony/TelephonyManager;->getDeviceId")
    assert "com.vendor.push.Push.read()V @ app.apk!classes.dex" in able
    assert able.endswith("the permission it needs is not requested")
    assert {
        "name": "sdkfp:declared",
        "value": "oaid; push; required; vendor_docs; https://vendor.example/p; 2026-01-01",
    } in service["properties"]


def test_what_is_not_explained_is_in_the_bill_too(report: Report) -> None:
    properties = {entry["name"]: entry["value"] for entry in bom_of(report)["metadata"]["properties"]}
    assert properties["sdkfp:classes"] == "11"
    assert float(properties["sdkfp:classes_share.nobody"]) > 0


def test_one_row_for_each_sdk(report: Report) -> None:
    table = {row["id"]: row for row in table_of(report)}
    assert list(table) == [sdk.id for sdk in report.sdks]
    push = table["push"]
    assert (push["app"], push["certainty"], push["classes"]) == ("app.apk", "identified", "3")
    assert (push["declared"], push["able_to_read"], push["used_by"]) == (
        "oaid; mac",
        "imei",
        "app; library:libown.so",
    )
    assert push["evidence"] == "class com.vendor.push.Native"
    assert table["core"]["used_by"] == "ads; push; package:org.strange.thing"


def test_sarif_results_have_places(report: Report) -> None:
    run = run_of(report)
    results = {result["partialFingerprints"]["sdkfp/v1"]: result for result in run["results"]}
    assert len(results) == len(run["results"])
    assert set(results) >= {"sdk-inside push", "sdk-suspected shell", "declared push oaid push"}
    push = results["sdk-inside push"]
    assert push["message"]["text"] == "Push is inside: class com.vendor.push.Native"
    assert push["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "/classes.dex"
    assert push["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "com.vendor.push.Native", "kind": "type"}
    ]
    able = results["able-to-read push imei"]
    assert able["message"]["text"] == (
        "Push is able to read imei: 1 places; the permission that this needs is not requested"
    )
    assert able["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "com.vendor.push.Push.read()V", "kind": "function"}
    ]
    whole = run["artifacts"][0]
    assert (whole["location"]["uri"], whole["hashes"]["sha-256"]) == ("app.apk", report.app.sha256)
    assert {result["level"] for result in run["results"]} == {"note"}


@pytest.mark.parametrize("write", FORMATS)
def test_the_same_report_gives_the_same_bytes(report: Report, write: Callable[[Report], bytes]) -> None:
    assert write(report) == write(Report.from_json(report.to_json()))


def test_an_app_without_sdks(report: Report) -> None:
    empty = without_sdks(report)
    bom = bom_of(empty)
    assert "components" not in bom
    assert [entry["ref"] for entry in bom["dependencies"]] == ["app"]
    assert to_csv(empty).decode("utf-8-sig") == ",".join(COLUMNS) + "\r\n"
    assert run_of(empty)["results"] == []
    assert len(run_of(empty)["tool"]["driver"]["rules"]) == len(RULES)


@pytest.mark.parametrize("name", EVIL, ids=range(len(EVIL)))
def test_hostile_names(report: Report, name: str) -> None:
    evil = hostile(report, name)
    bom_of(evil)
    run_of(evil)
    for row in table_of(evil):
        assert None not in row
        assert all(value is not None and not value.startswith(("=", "+", "-", "@")) for value in row.values())
    for write in FORMATS:
        text = write(evil).decode("utf-8-sig")
        assert len(text) < 400_000
        assert not any(char in text for char in "\u202e\u200b\x00\x07\x1b")


def test_an_archive_in_archives_without_end(report: Report) -> None:
    run = run_of(hostile(report, "a!" * 5000))
    assert len(run["artifacts"]) < 20


def test_a_real_app_with_the_whole_catalog(real_app: Callable[[str], Path]) -> None:
    catalog = Catalog.builtin()
    report = sdkfp.scan(real_app("yosemite-1.4.3"), catalog=catalog)
    bom = bom_of(report, catalog)
    assert len(bom["components"]) >= 60
    x5 = next(component for component in bom["components"] if component["bom-ref"] == "tbs-x5")
    assert "Tencent" in x5["supplier"]["name"]
    depends = {entry["ref"]: set(entry.get("dependsOn", ())) for entry in bom["dependencies"]}
    assert depends["androidx-vectordrawable"] >= {"androidx-core", "androidx-interpolator"}
    assert {row["id"] for row in table_of(report)} == {sdk.id for sdk in report.sdks}
    uris = {unquote(artifact["location"]["uri"]) for artifact in run_of(report)["artifacts"]}
    assert {"/classes.dex", "/AndroidManifest.xml"} <= uris


def test_the_command_writes_them(tmp_path: Path) -> None:
    (tmp_path / "app.apk").write_bytes(graphapp.app())
    signatures = write_signatures(tmp_path / "sigs", graphapp.SIGNATURES)
    options = ["--signatures", str(signatures), "--no-builtin", "--json"]
    wanted = {"--cyclonedx": "a.cdx.json", "--csv": "a.csv", "--sarif": "a.sarif"}
    files = [part for option, name in wanted.items() for part in (option, str(tmp_path / name))]
    done = CliRunner().invoke(app, ["scan", str(tmp_path / "app.apk"), *options, *files])
    assert done.exit_code == 0, done.output
    report = Report.from_json(done.stdout)
    assert (tmp_path / "a.csv").read_bytes() == to_csv(report)
    assert (tmp_path / "a.sarif").read_bytes() == to_sarif(report)
    assert (tmp_path / "a.cdx.json").read_bytes() == to_cyclonedx(report)
    bad = CliRunner().invoke(app, ["scan", str(tmp_path / "app.apk"), *options, "--csv", str(tmp_path / "no" / "x")])
    assert (bad.exit_code, "cannot write" in bad.output) == (2, True)


def test_a_saved_report_is_written_in_other_forms(report: Report, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(report.to_json())
    forms = {"--cyclonedx": "a.cdx.json", "--csv": "a.csv", "--sarif": "a.sarif", "--html": "a.html"}
    files = [part for option, name in forms.items() for part in (option, str(tmp_path / name))]
    done = CliRunner().invoke(app, ["scan", str(tmp_path / "report.json"), "--json", "--no-builtin", *files])
    assert done.exit_code == 0, done.output
    assert Report.from_json(done.stdout) == report
    assert (tmp_path / "a.csv").read_bytes() == to_csv(report)
    assert (tmp_path / "a.sarif").read_bytes() == to_sarif(report)
    assert b"<title>" in (tmp_path / "a.html").read_bytes()
    data = report.to_json().replace(b"urn:sdkfp:schema:report:1", b"urn:sdkfp:schema:report:7")
    (tmp_path / "other.json").write_bytes(data)
    refused = CliRunner().invoke(app, ["scan", str(tmp_path / "other.json"), "--html", str(tmp_path / "b.html")])
    assert (refused.exit_code, "report:7" in refused.output) == (3, True)
    assert not (tmp_path / "b.html").exists()
