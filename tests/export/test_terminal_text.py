"""What the commands print of reports full of hostile texts, which a saved report can hold: readable, short, without controls."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.bigapp import app_with, with_code
from support.hostile import hostile_report
from typer.testing import CliRunner

import sdkfp
from sdkfp import Catalog, Report
from sdkfp.cli import app


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved report with hostile texts everywhere."""
    catalog = Catalog.builtin()
    report = hostile_report(sdkfp.scan(app_with(catalog, with_code(catalog, 12)), catalog=catalog, name="a.apk"))
    path = tmp_path_factory.mktemp("hostile") / "report.json"
    path.write_bytes(report.to_json())
    return path


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "command",
    [
        ["scan"],
        ["graph"],
        ["graph", "--entry-points"],
        ["behaviours"],
        ["disclose"],
        ["disclose", "--layout", "play"],
    ],
    ids=" ".join,
)
def test_nothing_reaches_the_terminal(command: list[str], language: str, saved: Path) -> None:
    done = CliRunner().invoke(app, [command[0], str(saved), *command[1:], "--lang", language])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 1)
    assert len(done.output) < 200_000
    assert not set("\u202e\u2066\u2028\u2029\x00\x1b").intersection(done.output)


def test_a_diff_of_hostile_reports(saved: Path) -> None:
    report = Report.from_json(saved.read_bytes())
    older = saved.with_name("older.json")
    older.write_bytes(msgspec.structs.replace(report, sdks=()).to_json())
    done = CliRunner().invoke(app, ["diff", str(older), str(saved), "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert not set("\u202e\u2066\u2028\u2029\x00\x1b").intersection(done.output)
    assert f"SDKs: {len(report.sdks)} new" in done.output
