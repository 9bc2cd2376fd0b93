"""Statistics over a dataset, against a plain count of the same rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from support import batches
from typer.testing import CliRunner

from sdkfp.batch import OutputError, run_batch
from sdkfp.batch.dataset import Dataset
from sdkfp.batch.page import render_page, sections
from sdkfp.batch.plots import svg_plots, write_png
from sdkfp.batch.stats import SdkCount, Statistics, TypeCount, Undeclared, statistics
from sdkfp.batch.tables import arrow_schema, encode
from sdkfp.cli import app

APPS = 90


def app_row(number: int) -> tuple[Any, ...]:
    """A row of the table ``apps``; every app unlike the next one."""
    given = {
        "sha256": f"{number:064}",
        "classes": number % 10,
        "unexplained_share": number % 10 / 10,
        "renamed_share": 0.5,
    }
    given["packers"] = ["shell<b>"] if number % 30 == 0 else []
    return tuple(given.get(field.name, [] if pa.types.is_list(field.type) else None) for field in arrow_schema("apps"))


def rows(number: int) -> dict[str, list[tuple[Any, ...]]]:
    sha = f"{number:064}"
    found: dict[str, list[tuple[Any, ...]]] = {"apps": [app_row(number)], "sdks": [], "reads": [], "not_examined": []}

    def sdk(name: str, certainty: str, categories: list[str]) -> None:
        found["sdks"].append((sha, name, name.upper(), None, categories, certainty, None, [], None, 1, 1))

    def reads(party: str, type_: str, weight: str | None, *, declared: bool, known: bool) -> None:
        kind = "app" if party == "app" else "sdk"
        found["reads"].append(
            (sha, party, kind, type_, weight is not None, "call", weight, 1, None, None, None, declared, known)
        )

    if number % 2 == 0:
        sdk("push", "identified", ["push", "analytics"])
        reads("push", "android_id", "read", declared=True, known=True)
        reads("push", "imei", "read", declared=False, known=True)
        reads("push", "device_model", "support", declared=True, known=True)
        reads("push", "oaid", None, declared=True, known=True)
    if number % 3 == 0:
        sdk("stats", "suspected" if number % 9 else "identified", ["analytics"])
        reads("stats", "imei", "read", declared=False, known=False)
    if number % 5 == 0:
        reads("app", "imei", "read", declared=False, known=False)
        found["not_examined"] += [(sha, "a!1", "dex-damaged", ""), (sha, "a!2", "dex-damaged", "")]
    return found


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dataset = Dataset(tmp_path_factory.mktemp("stats") / "out")
    dataset.prepare()
    for part in range(3):
        dataset.stage(f"1-{part}", [encode(rows(number)) for number in range(part * 30, part * 30 + 30)])
        dataset.take_up(f"1-{part}")
    dataset.snapshot("failures", iter([(None, "/a", "input-missing", "gone"), ("f" * 64, "/b", "crashed", "")]))
    return dataset.root


@pytest.fixture(scope="module")
def found(output: Path) -> Statistics:
    return statistics(output)


def test_counts(found: Statistics) -> None:
    two, three, both = APPS // 2, APPS // 3, APPS // 6
    five = APPS // 5
    assert (found.apps, found.apps_with_code) == (APPS, APPS - APPS // 10)
    assert found.sdks == (SdkCount("push", "PUSH", two, two), SdkCount("stats", "STATS", three, APPS // 9))
    assert {c.id: c.count for c in found.categories} == {"analytics": two + three - both, "push": two}
    any_imei = sum(not (n % 2 and n % 3 and n % 5) for n in range(APPS))
    assert found.types == (
        TypeCount("imei", any_imei, two + three - both, 0, two),
        TypeCount("android_id", two, two, two, 0),
        TypeCount("device_model", 0, 0, two, 0),
        TypeCount("oaid", 0, 0, two, 0),
    )
    assert found.undeclared == (Undeclared("push", "imei", two),)
    shares = Counter(n % 10 / 10 for n in range(APPS) if n % 10)
    assert found.unexplained_mean == pytest.approx(
        sum(s * c for s, c in shares.items()) / found.apps_with_code, abs=1e-4
    )
    assert sum(found.unexplained) == found.apps_with_code
    assert found.renamed_mean == 0.5
    assert {c.id: c.count for c in found.packers} == {"shell<b>": 3}
    assert {c.id: c.count for c in found.not_examined} == {"dex-damaged": five}
    assert {c.id: c.count for c in found.failures} == {"input-missing": 1, "crashed": 1}


def test_page_is_whole_and_escaped(found: Statistics) -> None:
    page = render_page(found, svg_plots(found))
    assert page == render_page(found, svg_plots(found))
    assert "<b>" not in page
    assert "shell&lt;b&gt;" in page
    assert page.count("<svg") == 4
    assert "http-equiv" in page
    assert not [word for word in ("<script", "src=", "@import") if word in page]
    assert all(section.title.zh in page for section in sections(found) if section.title.zh)


def test_plots(found: Statistics, tmp_path: Path) -> None:
    written = write_png(found, tmp_path / "new" / "folder")
    assert [path.name for path in written] == ["sdks.png", "types.png", "undeclared.png", "unexplained.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


def test_command(output: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    shown = run(app, ["stats", str(output), "--lang", "zh", "--top", "1"])
    assert shown.exit_code == 0
    assert "90 个应用" in shown.stdout
    assert "另有1项" in shown.stdout
    done = run(app, ["stats", str(output), "--json", "--html", str(tmp_path / "a.html"), "--png", str(tmp_path)])
    assert json.loads(done.stdout)["apps"] == APPS
    assert (tmp_path / "a.html").stat().st_size > 10_000
    assert run(app, ["stats", str(tmp_path)]).exit_code == 5
    assert run(app, ["stats", str(output), "--html", str(tmp_path / "no" / "folder.html")]).exit_code == 5


def test_of_a_real_batch(tmp_path: Path) -> None:
    run_batch([batches.write_apps(tmp_path / "apps", 6)], tmp_path / "out", batches.options(tmp_path))
    found = statistics(tmp_path / "out")
    assert [(sdk.id, sdk.apps, sdk.identified) for sdk in found.sdks] == [("vendor-core", 4, 4), ("vendor-push", 4, 4)]
    assert [(t.id, t.able, t.declared) for t in found.types] == [("android_id", 0, 4)]


def test_other_versions_and_damage(output: Path, tmp_path: Path) -> None:
    dataset = Dataset(tmp_path / "out")
    dataset.prepare()
    assert statistics(tmp_path / "out").apps == 0
    assert CliRunner().invoke(app, ["stats", str(tmp_path / "out")]).exit_code == 1
    path = tmp_path / "out" / "apps" / "part-1.parquet"
    table = parquet.read_table(next((output / "apps").glob("part-1-0.parquet")))
    parquet.write_table(table.replace_schema_metadata({"sdkfp.schema": "7"}), path)
    with pytest.raises(OutputError, match="version 7"):
        statistics(tmp_path / "out")
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(OutputError, match="cannot be read"):
        statistics(tmp_path / "out")


def test_help_is_fast_enough_to_load_nothing() -> None:
    code = "import sys, sdkfp.cli; print([m for m in ('pyarrow', 'matplotlib', 'distributed', 'pebble') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
