"""``sdkfp diff`` as a user runs it, on made reports and on real versions of one app."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from support import graphapp
from support.catalogs import write_signatures
from support.reports import made_report
from typer.testing import CliRunner, Result

from sdkfp.cli import app

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``new.json``, ``old.json`` without push and idle, and the app."""
    folder = tmp_path_factory.mktemp("diff")
    report = made_report(folder / "made")
    (folder / "new.json").write_bytes(report.to_json())
    old = replace(report, sdks=tuple(sdk for sdk in report.sdks if sdk.id not in ("push", "idle")))
    (folder / "old.json").write_bytes(old.to_json())
    (folder / "app.apk").write_bytes(graphapp.app())
    write_signatures(folder / "sigs", graphapp.SIGNATURES)
    return folder


def run(folder: Path, *arguments: str) -> Result:
    options = ["--signatures", str(folder / "sigs"), "--no-builtin", "--lang", "en"]
    paths = [str(folder / part) if part.endswith((".json", ".apk")) else part for part in arguments]
    return CliRunner().invoke(app, ["diff", *options, *paths])


def test_markdown_and_json(files: Path) -> None:
    done = run(files, "old.json", "new.json")
    assert done.exit_code == 0
    assert "### SDKs (2)" in done.output
    same = run(files, "new.json", "new.json")
    assert (same.exit_code, "No differences." in same.output) == (0, True)
    found = json.loads(run(files, "old.json", "new.json", "--json").output)
    assert [(c["what"], c["subject"]) for c in found["steps"][0]["changes"][:2]] == [("came", "idle"), ("came", "push")]
    target = files / "out.md"
    assert run(files, "old.json", "new.json", "-o", str(target), "--lang", "zh").output == ""
    assert "# 变化" in target.read_text("utf-8")


def test_a_saved_report_against_an_app(files: Path) -> None:
    done = run(files, "old.json", "app.apk", "--json")
    found = json.loads(done.output)
    assert "sdk push" in {f"{c['aspect']} {c['subject']}" for c in found["steps"][0]["changes"]}
    assert "another-catalog" in found["notes"], "the signatures of the app's scan have no claims"


def test_the_exit_code_is_for_a_build(files: Path) -> None:
    assert run(files, "old.json", "new.json", "--fail-on", "new-sdk").exit_code == 1
    assert run(files, "new.json", "old.json", "--fail-on", "new-sdk,came-back").exit_code == 0
    assert run(files, "old.json", "new.json", "--fail-on", "new-sdk:nobody").exit_code == 0
    back = run(files, "new.json", "old.json", "new.json", "--fail-on", "came-back:push")
    assert (back.exit_code, "came back (last seen in com.maker.app)" in back.output) == (1, True)


def test_a_baseline_from_writing_to_accepting(files: Path) -> None:
    baseline = files / "base.json"
    rules = ("--fail-on", "new-sdk,new-read")
    assert run(files, "old.json", "new.json", *rules, "--write-baseline", str(baseline)).exit_code == 0
    assert len(json.loads(baseline.read_bytes())["accepted"]) == 3
    done = run(files, "old.json", "new.json", *rules, "--baseline", str(baseline))
    assert (done.exit_code, "Accepted by the baseline:" in done.output) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["old.json"], 2, "two apps or reports"),
        (["old.json", "new.json", "--fail-on", "new-everything"], 2, "unknown rule 'new-everything'"),
        (["old.json", "new.json", "--baseline", "x"], 2, "give --fail-on"),
        (["old.json", "new.json", "--fail-on", "new-sdk", "--baseline", "/nowhere"], 2, "cannot open /nowhere"),
        (["old.json", "new.json", "--fail-on", "new-sdk", "--baseline", "old.json"], 2, "baseline of the schema"),
        (["old.json", "absent.json"], 3, "cannot open"),
    ],
)
def test_mistakes(files: Path, arguments: list[str], code: int, message: str) -> None:
    done = run(files, *arguments)
    assert (done.exit_code, message in done.output) == (code, True), done.output


def test_a_report_of_another_schema_says_so(files: Path) -> None:
    data = (files / "old.json").read_bytes().replace(b"schema:report:1", b"schema:report:2")
    (files / "later.json").write_bytes(data)
    done = run(files, "later.json", "new.json")
    assert done.exit_code == 3
    assert "report of the schema 'urn:sdkfp:schema:report:2'; this version of sdkfp reads" in done.output


def test_two_real_versions_of_one_app(real_app: Callable[[str], Path], tmp_path: Path) -> None:
    """Yosemite 1.3.0.1 and 1.4.3. What came is in the newer dex files only: looked at with ``dexdump``."""
    versions = [real_app("yosemite-1.3.0.1"), real_app("yosemite-1.4.3")]
    saved = []
    for path in versions:
        report = tmp_path / f"{path.parent.name}.json"
        done = CliRunner().invoke(app, ["scan", str(path), "--json"])
        report.write_bytes(done.stdout_bytes)
        saved.append(str(report))
    rules = "new-sdk:kotlin-*,new-permission:*CLIPBOARD,gone-sdk"
    done = CliRunner().invoke(app, ["diff", *saved, "--json", "--fail-on", rules])
    assert done.exit_code == 1
    diff = json.loads(done.stdout)
    changes = {(c["what"], c["aspect"], c["subject"]): c for c in diff["steps"][0]["changes"]}
    assert ("came", "sdk", "kotlin-stdlib") in changes
    assert ("came", "sdk", "androidx-emoji2") in changes
    assert ("came", "permission", "android.permission.READ_CLIPBOARD") in changes
    activity = changes["changed", "version", "androidx-activity"]
    assert (activity["old"], activity["new"]) == ("1.2.4", "1.6.0")
    assert diff["gate"]["failed"] == [
        "permission android.permission.READ_CLIPBOARD",
        "permission android.permission.WRITE_CLIPBOARD",
        "sdk kotlin-stdlib",
    ]
    back = CliRunner().invoke(app, ["diff", saved[1], saved[0], saved[1], "--json", "--fail-on", "came-back"])
    assert back.exit_code == 1
    assert "sdk kotlin-stdlib" in json.loads(back.stdout)["gate"]["failed"]
