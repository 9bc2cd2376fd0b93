"""How far a batch is: a bar on a terminal, lines in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from sdkfp.batch import Progress as Standing

__all__ = ["Bar", "Lines"]

_LINE_SECONDS = 30.0


class _Rate(ProgressColumn):
    """Apps a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.2f} apps/s" if task.speed else "")


class Bar:
    """A bar with the rate and the remaining time of this run."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[counts]}"),
            _Rate(),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            speed_estimate_period=120.0,
        )
        self._task = self._progress.add_task("Listing", total=None, counts="")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, standing: Standing) -> None:
        """Bring the bar up to date."""
        if standing.phase == "listing":
            self._progress.update(self._task, counts=f"{standing.total:,} inputs")
            return
        self._progress.update(
            self._task,
            description=standing.phase.title(),
            total=standing.total - standing.already,
            completed=standing.done - standing.already,
            counts=_counts(standing),
        )


class Lines:
    """A line every half minute."""

    def __init__(self) -> None:
        self._begin = self._last = time.monotonic()
        self._phase = ""

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stderr.flush()

    def show(self, standing: Standing) -> None:
        """Write a line if it is time."""
        now = time.monotonic()
        if standing.phase != self._phase:
            self._begin, self._phase = now, standing.phase
        if now - self._last < _LINE_SECONDS:
            return
        self._last = now
        done = standing.done - standing.already
        rate = done / (now - self._begin) if now > self._begin else 0.0
        left = f", {(standing.total - standing.done) / rate / 60:.0f} min to go" if rate else ""
        sys.stderr.write(f"{standing.phase}: {_counts(standing)}, {rate:.2f} apps/s{left}\n")


def _counts(standing: Standing) -> str:
    failed = f", {standing.failed:,} failed" if standing.failed else ""
    return f"{standing.done:,}/{standing.total:,}{failed}"
