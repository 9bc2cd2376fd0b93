"""What the benchmarks share: one measured run of a program, the apps to measure on, tables."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support import realapps  # noqa: E402 - the test support is not an installed package

EXAMPLE = "examples/hello"
"""Stands for the committed example app where a key of the corpus is expected."""
TIMEOUT = 900.0
"""Seconds after which a program is stopped."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of processor time, user and system, of the process and the children it waited for."""
    peak: int
    """Bytes of the largest resident set: of the process or of one of its children, whichever was larger."""
    status: int
    """Exit code; negative for a signal."""
    output: bytes
    """Standard output."""
    errors: bytes
    """Standard error."""


_LAUNCHER = """
import os, sys, time
start = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - start
with open(sys.argv[1], "w") as file:
    print(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status), file=file)
"""
"""Run as a small process between us and the program: a program's peak begins at that of the process that starts it."""


def run(command: Sequence[str | Path], *, folder: Path | None = None, env: Mapping[str, str] | None = None) -> Run:
    """Run a program to its end and measure the whole of it."""
    with (
        tempfile.NamedTemporaryFile("r") as figures,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
    ):
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, figures.name]
        process = subprocess.Popen(
            [*launcher, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=folder,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        alarm = threading.Timer(TIMEOUT, os.killpg, (process.pid, signal.SIGKILL))
        alarm.start()
        process.wait()
        alarm.cancel()
        output.seek(0)
        errors.seek(0)
        said = figures.read().split() or ["nan", "nan", "0", str(-signal.SIGKILL)]
        peak = int(said[2]) * (1 if sys.platform == "darwin" else 1024)
        return Run(float(said[0]), float(said[1]), peak, int(said[3]), output.read(), errors.read())


def median(runs: Iterable[Run]) -> Run:
    """A run of median wall time, processor time and peak; the rest is the last run's."""
    found = list(runs)
    return Run(
        statistics.median(each.wall for each in found),
        statistics.median(each.cpu for each in found),
        int(statistics.median(each.peak for each in found)),
        found[-1].status,
        found[-1].output,
        found[-1].errors,
    )


def sdkfp_command(*arguments: str | Path) -> list[str | Path]:
    """The command line of this checkout."""
    return [sys.executable, "-m", "sdkfp", *arguments]


SDKFP_ENV = {"PYTHONPATH": str(ROOT)}


def app(key: str) -> Path:
    """An app by its key in the corpus, by a path, or the example app."""
    if key == EXAMPLE:
        return ROOT / "examples" / "hello.apk"
    return Path(key).resolve() if Path(key).is_file() else realapps.fetch(key)


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; numbers to the right."""
    lines = [[str(cell) for cell in row] for row in rows]
    right = [all(_numeric(line[column]) for line in lines) for column in range(len(head))]
    rule = ["---:" if is_right else "---" for is_right in right]
    return "\n".join("| " + " | ".join(line) + " |" for line in ([*map(str, head)], rule, *lines))


def _numeric(cell: str) -> bool:
    return set(cell) <= set("0123456789.,%+- \N{MULTIPLICATION SIGN}")


def processor_seconds(work: Callable[[], object], repeat: int) -> list[float]:
    """The processor seconds that some work takes each time, after one run that is not counted.

    Processor time, not wall time: other programs on the machine change the latter, and all the work is in one thread.
    """
    work()
    seconds = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return seconds


def machine() -> str:
    """One line about where the figures come from."""
    return (
        f"{os.cpu_count()} processors, {sys.platform}, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}"
    )
