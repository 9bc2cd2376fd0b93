"""The list of the examples is whole, each is run by a test, and what it is said to print is what the tests expect."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "examples" / "README.md").read_text("utf-8")
TESTS = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))


def test_every_example_is_listed_and_run() -> None:
    programs = {path.name for path in (ROOT / "examples").glob("*.py")}
    assert len(programs) >= 5
    assert set(re.findall(r"^\| \[(\w+\.py)\]", README, re.MULTILINE)) == programs
    assert sorted(re.findall(r"`python examples/(\w+\.py)", README)) == sorted(programs)
    assert [program for program in programs if f'"{program}"' not in TESTS] == []


def test_what_they_are_said_to_print_is_what_the_tests_expect() -> None:
    blocks = re.findall(r"```\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 2
    assert [line for block in blocks for line in block.splitlines() if line not in TESTS] == []
