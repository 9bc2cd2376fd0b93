"""The tutorial is a transcript: its commands are run again, and print what it says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from support.transcript import Step, apply_diff, plain, run_step, steps

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial-add-sdk.md"
STEPS = steps(TUTORIAL.read_text(encoding="utf-8"))
SIGNATURE = Path("my", "sdks", "sift.yaml")
MOST_EDITS = 5


def proposal() -> str:
    return next(step.said for step in STEPS if step.command.startswith("cat my/sdks"))


def test_the_diff_of_the_tutorial_fits_its_proposal_and_is_short() -> None:
    (diff,) = (step.said for step in STEPS if not step.command)
    done = apply_diff(proposal(), diff)
    assert done.count("com.siftscience.SiftClient") == 1
    changed = [line for line in diff.splitlines() if line.startswith(("+", "-"))]
    groups = re.findall(r"(?:^[+-].*\n)+", diff, re.MULTILINE)
    assert 0 < len(groups) <= MOST_EDITS
    assert len([line for line in changed if line.startswith("+")]) <= MOST_EDITS


def test_the_table_of_the_tutorial_is_about_signatures_that_are_there() -> None:
    rows = re.findall(r"^\| ([a-z0-9-]+) \| .* \| (\d+) \|$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 6
    signatures = TUTORIAL.parents[1] / "signatures" / "sdks"
    assert [sdk for sdk, _ in rows if not (signatures / f"{sdk}.yaml").exists()] == []
    assert [sdk for sdk, edits in rows if int(edits) > MOST_EDITS] == []


@pytest.mark.network
def test_the_commands_of_the_tutorial_print_what_it_says(tmp_path: Path) -> None:
    for step in STEPS:
        if not step.command:
            path = tmp_path / SIGNATURE
            path.write_text(apply_diff(path.read_text(encoding="utf-8"), step.said), encoding="utf-8")
            continue
        _, said = run_step(step, tmp_path)
        _skip_offline(step, said)
        assert plain(said) == plain(step.said), step.command
    assert (tmp_path / SIGNATURE).with_suffix(".marks").stat().st_size > 1000


def _skip_offline(step: Step, said: str) -> None:
    unreachable = re.search(r"cannot be fetched: .*(?:cannot be reached|takes longer|answers 5\d\d)", said)
    if unreachable and os.environ.get("SDKFP_TEST_REQUIRE_CORPUS") != "1":
        pytest.skip(f"{step.command.split()[1]}: no package repository can be reached: {said.splitlines()[-1][:300]}")
