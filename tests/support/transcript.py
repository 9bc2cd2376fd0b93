"""Commands of a document, run again: what they print must be what the document says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Step", "apply_diff", "plain", "run_step", "steps"]

_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """One command with its output, or a diff."""

    command: str
    """With its further lines; empty for a diff."""
    said: str
    """What the document prints; for a diff the diff."""


def steps(text: str) -> list[Step]:
    """The commands of all ``console`` blocks (``$ command``, further lines begin with ``> ``) and the ``diff`` blocks, in order."""
    found = []
    for language, body in _BLOCK.findall(text):
        if language == "diff":
            found.append(Step("", body))
        elif language == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                lines = part.splitlines(keepends=True)
                more = 1
                while more < len(lines) and lines[more].startswith("> "):
                    more += 1
                command = lines[0] + "".join(line[2:] for line in lines[1:more])
                found.append(Step(command, "".join(lines[more:])))
    return found


def run_step(step: Step, folder: Path) -> tuple[int, str]:
    """Run a command in a folder with ``sdkfp`` as it is here; its exit code and everything that it printed."""
    programs = folder / ".bin"
    if not programs.exists():
        programs.mkdir()
        program = programs / "sdkfp"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sdkfp "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    source = str(Path(__file__).parents[2])
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH")))),
        "COLUMNS": "160",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        ["sh", "-c", step.command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def apply_diff(text: str, diff: str) -> str:
    """A text after a diff in which every hunk is context and changed lines without line numbers."""
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE):
        lines = [line for line in hunk.splitlines(keepends=True) if not line.startswith(("---", "+++"))]
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        if old:
            assert text.count(old) == 1, f"the diff does not fit: {old}"
            text = text.replace(old, new)
    return text


def plain(text: str) -> str:
    """A text without what may change with every signature that is added: bare counts and the width of columns."""
    lines = [re.sub(r"(?<![\w./-])[×+]?\d+%?(?![\w./-])", "N", line) for line in text.splitlines()]
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in lines if line.strip())
