"""Comparisons of made reports: every kind of change, a series with something that comes back, rules and baselines."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reports import EVIL, hostile, made_report, without_sdks

from sdkfp import Report, ReportError
from sdkfp.diff import Diff, DiffError, apply_gate, compare, read_baseline, read_rules, write_baseline
from sdkfp.export.diff_text import code_span, to_markdown
from sdkfp.report import PackerRecord, PermissionRecord, VersionRecord
from sdkfp.signature import Names

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return made_report(tmp_path_factory.mktemp("signatures"))


def without(report: Report, *sdks: str) -> Report:
    return replace(report, sdks=tuple(sdk for sdk in report.sdks if sdk.id not in sdks))


def with_version(report: Report, sdk: str, *versions: str) -> Report:
    version = VersionRecord(versions[0]) if len(versions) == 1 else VersionRecord(None, versions)
    return replace(
        report,
        sdks=tuple(
            replace(each, version=version if versions else None) if each.id == sdk else each for each in report.sdks
        ),
    )


def without_claims(report: Report, *types: str) -> Report:
    sdks = tuple(replace(sdk, collects=tuple(c for c in sdk.collects if c.type not in types)) for sdk in report.sdks)
    return replace(report, sdks=sdks)


def asking(report: Report, *permissions: str) -> Report:
    return replace(report, app=replace(report.app, permissions=tuple(map(PermissionRecord, permissions))))


def changes(*reports: Report) -> list[tuple[str, ...]]:
    """(what, finding) of the last step."""
    return [(change.what, change.finding) for change in compare(reports).steps[-1].changes]


def test_the_same_report_has_no_differences(report: Report) -> None:
    diff = compare([report, report])
    assert (diff.notes, diff.steps[0].changes) == ((), ())


def test_sdks_come_and_go_with_their_claims(report: Report) -> None:
    old = without(report, "push", "idle")
    assert changes(old, report) == [
        ("came", "sdk idle"),
        ("came", "sdk push"),
        ("came", "read imei by push"),
        ("came", "declared mac by push"),
        ("came", "declared oaid by push"),
    ]
    assert changes(report, old) == [("went", finding) for _, finding in changes(old, report)]
    push, read = (compare([old, report]).steps[0].changes[place] for place in (1, 2))
    assert (push.new, push.evidence) == ("identified", "class com.vendor.push.Native @ app.apk!classes.dex")
    assert push.name == Names("Push")
    assert read.first_in_app
    assert read.new == "without_permission"
    assert read.evidence is not None
    assert read.evidence.endswith("in com.vendor.push.Push.read()V @ app.apk!classes.dex")


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (["1.0"], ["1.1"], [("1.0", "1.1")]),
        (["1.0"], ["1.0"], []),
        ([], ["1.0"], []),
        (["1.0"], [], []),
        (["1.0", "1.1"], ["1.1"], []),
        (["1.0", "1.1"], ["1.1", "1.2"], []),
        (["1.0", "1.1"], ["1.2", "1.3"], [("1.0 | 1.1", "1.2 | 1.3")]),
    ],
)
def test_a_version_changed_only_where_nothing_is_in_common(
    report: Report, old: list[str], new: list[str], found: list[tuple[str, str]]
) -> None:
    diff = compare([with_version(report, "core", *old), with_version(report, "core", *new)])
    assert [(change.old, change.new) for change in diff.steps[0].changes if change.aspect == "version"] == found


def test_permissions_and_certainty(report: Report) -> None:
    old = asking(report, "android.permission.INTERNET", "android.permission.CAMERA")
    new = asking(report, "android.permission.INTERNET", "android.permission.READ_SMS")
    assert changes(old, new) == [
        ("came", "permission android.permission.READ_SMS"),
        ("went", "permission android.permission.CAMERA"),
    ]
    surer = replace(
        report,
        sdks=tuple(
            replace(sdk, certainty=report.sdks[0].certainty) if sdk.id == "shell" else sdk for sdk in report.sdks
        ),
    )
    (change,) = compare([report, surer]).steps[0].changes
    assert (change.finding, change.old, change.new) == ("certainty shell", "suspected", "identified")


def test_the_app_s_own_reads_count_too(report: Report) -> None:
    assert report.reads is not None
    reads = tuple(
        replace(about, readers=(*about.readers, replace(about.readers[0], kind="app", id="app")))
        for about in report.reads
        if about.readers
    )
    (change,) = compare([report, replace(report, reads=reads)]).steps[0].changes
    assert (change.what, change.finding, change.first_in_app) == ("came", "read imei by app", False)


def test_a_permission_that_makes_a_read_possible_is_a_change(report: Report) -> None:
    sdks = tuple(
        replace(sdk, collects=tuple(replace(c, permission_requested=True) if c.reads else c for c in sdk.collects))
        for sdk in report.sdks
    )
    possible = replace(report, sdks=sdks)
    (change,) = compare([report, possible]).steps[0].changes
    assert (change.old, change.new) == ("without_permission", "possible")
    assert apply_gate(compare([report, possible]), read_rules("new-read:imei")).gate is not None
    gated = apply_gate(compare([report, possible]), read_rules("new-read:imei")).gate
    assert gated is not None
    assert gated.failed == ("read imei by push",)
    back = apply_gate(compare([possible, report]), read_rules("new-read")).gate
    assert back is not None
    assert back.failed == ()


def test_what_was_there_before_the_last_came_back(report: Report) -> None:
    fixed = without_claims(report, "imei")
    other = without(fixed, "idle")
    diff = compare([report, fixed, other, report])
    assert [(c.what, c.finding, c.last_seen) for c in diff.steps[2].changes] == [
        ("came_back", "sdk idle", 1),
        ("came_back", "read imei by push", 0),
    ]
    assert [(c.what, c.finding) for c in diff.steps[0].changes] == [("went", "read imei by push")]
    never = compare([fixed, other, report]).steps[1].changes
    assert ("came", "read imei by push") in {(change.what, change.finding) for change in never}


def test_what_makes_a_comparison_uneven_is_said(report: Report) -> None:
    other = replace(report, app=replace(report.app, package="other"), reads=None)
    other = replace(other, tool=replace(report.tool, catalog=replace(report.tool.catalog, sha256="0")))
    packer = PackerRecord("p", Names("P"), "v", ())
    other = replace(other, unexplained=replace(report.unexplained, packers=(packer,)))
    diff = compare([report, without_claims(other, "imei")])
    assert diff.notes == ("another-package", "another-catalog", "reads-not-looked-for", "code-hidden")
    assert not [change for change in diff.steps[0].changes if change.aspect == "read"]


def test_one_report_is_no_comparison(report: Report) -> None:
    with pytest.raises(DiffError, match="two reports"):
        compare([report])


@pytest.mark.parametrize(
    ("rules", "failed"),
    [
        ("new-sdk", ["sdk idle", "sdk push"]),
        ("new-sdk:push", ["sdk push"]),
        ("new-sdk:p*", ["sdk push"]),
        ("new-suspected", ["sdk shell"]),
        ("gone-sdk", ["sdk ads"]),
        ("new-version", ["version core"]),
        ("new-read:imei", ["read imei by push"]),
        ("new-read:oaid", []),
        ("new-declared:oaid", ["declared oaid by push"]),
        ("new-permission", ["permission android.permission.READ_SMS", "permission com.x.P"]),
        ("new-permission:READ_*", ["permission android.permission.READ_SMS"]),
        ("came-back", ["sdk idle"]),
        (" new-sdk:push , came-back:*,", ["sdk idle", "sdk push"]),
    ],
)
def test_rules(report: Report, rules: str, failed: list[str]) -> None:
    base = with_version(report, "core", "1.0")
    earliest = without(base, "push", "shell")
    old = without(base, "push", "shell", "idle")
    new = asking(without(with_version(report, "core", "2.0"), "ads"), "android.permission.READ_SMS", "com.x.P")
    gate = apply_gate(compare([earliest, old, new]), read_rules(rules)).gate
    assert gate is not None
    assert list(gate.failed) == failed


@pytest.mark.parametrize("rules", ["", " , ", "new-sdks", "new_sdk", ":x", "x" * 1_000_000])
def test_unknown_rules(rules: str) -> None:
    with pytest.raises(DiffError, match="known are: new-sdk, "):
        read_rules(rules)


def test_a_baseline_accepts_what_was_looked_at(report: Report) -> None:
    diff = compare([without(report, "push", "idle"), report])
    rules = read_rules("new-sdk,new-read")
    first = apply_gate(diff, rules)
    assert first.gate is not None
    assert first.gate.failed == ("read imei by push", "sdk idle", "sdk push")
    accepted = read_baseline(
        b'{"schema": "urn:sdkfp:schema:baseline:1", "accepted": '
        b'[{"finding": "sdk push", "why": "agreed"}, {"finding": "sdk gone"}]}'
    )
    second = apply_gate(diff, rules, accepted)
    assert second.gate is not None
    assert second.gate.failed == ("read imei by push", "sdk idle")
    assert second.gate.accepted == ("sdk push",)
    assert second.gate.unused == ("sdk gone",)
    written = write_baseline(second.gate, accepted)
    assert json.loads(written)["accepted"] == [
        {"finding": "read imei by push"},
        {"finding": "sdk idle"},
        {"finding": "sdk push", "why": "agreed"},
    ]
    third = apply_gate(diff, rules, read_baseline(written))
    assert third.gate is not None
    assert third.gate.failed == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a baseline"),
        (b"\xff", "not a baseline"),
        (b"[]", "not a baseline"),
        (b'{"schema": "urn:sdkfp:schema:baseline:9", "more": 1}', "'urn:sdkfp:schema:baseline:9'; this version"),
        (b'{"schema": "urn:sdkfp:schema:baseline:1"}', "not a baseline"),
        (b'{"schema": "urn:sdkfp:schema:baseline:1", "accepted": [{"finding": "x", "reason": "y"}]}', "not a baseline"),
    ],
)
def test_what_is_no_baseline(data: bytes, message: str) -> None:
    with pytest.raises(DiffError, match=message):
        read_baseline(data)


def test_markdown_in_both_languages(report: Report) -> None:
    fixed = without_claims(report, "imei")
    diff = apply_gate(compare([report, fixed, report]), read_rules("came-back"))
    text = to_markdown(diff).decode()
    assert text.splitlines()[4] == "Able to read: 1 gone"
    assert "\n\nAble to read: 1 came back\n\n" in text
    assert "| What | Subject | By | Now | Evidence |" in text
    assert "| came back (last seen in com.maker.app) (nobody in the app before) | `imei` IMEI / MEID | `push` |" in text
    assert "Not accepted:\n\n- `read imei by push`\n" in text
    chinese = to_markdown(diff, "zh").decode()
    assert "再次出现(上次见于com.maker.app)" in chinese
    assert "未被接受:" in chinese
    assert "No differences." in to_markdown(compare([report, report])).decode()


def test_json_reads_back(report: Report) -> None:
    diff = apply_gate(compare([without(report, "push"), report]), read_rules("new-sdk"))
    data = msgspec.json.encode(diff)
    assert json.loads(data)["schema"] == "urn:sdkfp:schema:diff:1"
    assert msgspec.json.decode(data, type=Diff) == diff


@pytest.mark.parametrize("name", EVIL, ids=range(len(EVIL)))
def test_hostile_names_keep_the_tables_whole(report: Report, name: str) -> None:
    evil = asking(hostile(report, name), name)
    diff = apply_gate(compare([without_sdks(report), evil, without_sdks(evil), evil]), read_rules("new-permission"))
    text = to_markdown(diff).decode()
    assert len(text) < 100_000
    assert not any(char in text for char in "\u202e\u200b\x00\x07\x1b")
    outside = re.sub(r"`[^`]*`", "", text).removeprefix("# ")
    assert not re.search(r"(?<!\\)[<\[_*]", outside)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) > 10
    for line in rows:
        assert line.replace("\\|", "").count("|") in (3, 4, 5, 6, 7)
        assert line.count("`") % 2 == 0


@given(st.text())
def test_code_spans_hold_any_text(text: str) -> None:
    span = code_span(text)
    assert span[0] == span[-1] == "`"
    assert "`" not in span[1:-1]
    assert "\n" not in span


def test_saved_reports_of_another_version_are_refused(report: Report, tmp_path: Path) -> None:
    data = report.to_json().replace(b"urn:sdkfp:schema:report:1", b"urn:sdkfp:schema:report:7")
    (tmp_path / "r.json").write_bytes(data)
    with pytest.raises(ReportError, match=r"'urn:sdkfp:schema:report:7'; this version of sdkfp reads"):
        Report.from_json((tmp_path / "r.json").read_bytes())
