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
