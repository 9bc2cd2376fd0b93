"""Every fuzz target over its seeds, so that the targets stay in step with the product; and how a finding is told."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fuzz"))

import run
from seeds import seeds
from targets import TARGETS

from sdkfp import SdkfpError


@pytest.mark.parametrize("target", TARGETS)
def test_seeds(target: str) -> None:
    """Nothing but our own errors comes out, and most seeds are read, or they would lead nowhere."""
    refused = 0
    for data in seeds(target).values():
        with contextlib.suppress(SdkfpError):
            TARGETS[target](data)
            continue
        refused += 1
    assert refused <= len(seeds(target)) // 5


def test_the_ledger_adds_up_over_runs(tmp_path: Path) -> None:
    run.note(tmp_path, "dex", run.Spent(90.0, 1000, 1))
    run.note(tmp_path, "elf", run.Spent(30.0, 5))
    run.note(tmp_path, "dex", run.Spent(30.0, 500))
    spent = run.ledger(tmp_path, ["dex", "elf", "app"])
    assert spent == {"dex": run.Spent(120.0, 1500, 1), "elf": run.Spent(30.0, 5), "app": run.Spent()}
    assert "| dex | 2.0 | 1,500 | 1 |" in run.table(spent)


@pytest.mark.parametrize("end", ["out-of-memory", "timeout"])
def test_limits_of_a_worn_process_are_no_finding(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory and time count only where the input alone needs them; a crash counts at once."""
    path = tmp_path / "input"
    path.write_bytes(b"x")
    outputs = [f"==1== ERROR: libFuzzer: {end}\nTest unit written to {path}\n"]
    monkeypatch.setattr(run, "_run", lambda *_: outputs[0])
    monkeypatch.setattr(run, "_fits_alone", lambda *_: True)
    moments = iter([0.0, 0.0, 120.0])
    monkeypatch.setattr("run.time.monotonic", lambda: next(moments))
    assert not run.fuzz("features", 1, tmp_path, tmp_path).findings
    assert not path.exists()

    path.write_bytes(b"x")
    outputs[0] = outputs[0].replace(end, "deadly signal")
    moments = iter([0.0, 0.0, 120.0])
    assert list(run.fuzz("features", 1, tmp_path, tmp_path).findings.values()) == [path]
    assert run.ledger(tmp_path, ["features"])["features"].findings == 1
