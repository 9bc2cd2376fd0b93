"""What marks cost, in processor time of one run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1])]

import numpy as np  # noqa: E402 - benchmarks are no package

from sdkfp.app import App  # noqa: E402
from sdkfp.catalog import Catalog  # noqa: E402
from sdkfp.marks.finding import find_marks  # noqa: E402
from sdkfp.marks.format import Marks  # noqa: E402
from sdkfp.marks.index import MarkIndex, build_index  # noqa: E402
from sdkfp.marks.match import look_up, match_marks  # noqa: E402
from sdkfp.marks.observe import Observed, of_dexes  # noqa: E402

__all__ = ["Cost", "Grown", "cost", "grown_cost"]

_REPEAT = 5


@dataclass(frozen=True)
class Cost:
    """Milliseconds in the largest app, the best of some runs."""

    app: str
    megabytes: float
    classes: int
    inflate: float
    observe: float
    """Marks of every class, once the instructions are decoded (they are decoded once for all)."""
    match: float
    whole: float
    """All that ``find_marks`` does, owners of classes and releases with it."""
    named: float
    """The same where the names of classes are known, as in an app that nobody renamed."""


@dataclass(frozen=True)
class Grown:
    """Scoring an index that was grown by invented SDKs."""

    sdks: int
    releases: int
    marks: int
    milliseconds: float
    bytes_a_mark: float


def _best(run: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEAT):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def _largest(apps: Path) -> Path:
    return max(apps.glob("*.apk"), key=lambda path: path.stat().st_size)


def cost(apps: Path, index: MarkIndex, catalog: Catalog) -> Cost:
    """Marks against inflating the dex files."""
    path = _largest(apps)
    with App.open(path) as app:
        entries = [entry for entry in app.container.entries.values() if entry.name.endswith(".dex")]
        inflate = _best(lambda: [entry.read() for entry in entries])
        dexes = [part.dex for part in app.dexes]
        for dex in dexes:
            dex.calls()  # decodes the instructions for all rooms
        unknown = [(None,) * len(dex.class_names) for dex in dexes]
        observed = of_dexes(dexes)
        ids = [signature.id for signature in catalog.index.signatures]
        clues = [catalog.index.class_owners(dex.class_names) for dex in dexes]
        named = [[None if clue is None else ids[clue.signature] for clue in column] for column in clues]
        return Cost(
            path.name,
            sum(dex.size for dex in dexes) / 1e6,
            sum(map(len, unknown)),
            inflate,
            _best(lambda: of_dexes(dexes)),
            _best(lambda: match_marks(look_up(observed, index), index)),
            _best(lambda: find_marks(dexes, index, unknown)),
            _best(lambda: find_marks(dexes, index, named)),
        )


def grown_cost(apps: Path, index: MarkIndex, releases: int = 10_000) -> Grown:
    """Look-up and match of the same app in an index of so many releases."""
    with App.open(_largest(apps)) as app:
        observed: Observed = of_dexes([part.dex for part in app.dexes])
    grown, count = _grown(index, releases)
    taken = _best(lambda: match_marks(look_up(observed, grown), grown))
    return Grown(len(grown.members), count, len(grown), taken, grown.nbytes / len(grown))


def _grown(index: MarkIndex, releases: int) -> tuple[MarkIndex, int]:
    """The index with invented SDKs until it has so many releases; each invented one has 800 marks in 4 releases."""
    random = np.random.default_rng(5)
    learned = []
    for number, member in enumerate(index.members):
        rows = index.postings(number)
        marks = index.mark[np.searchsorted(index.start, rows, "right") - 1]
        order = np.argsort(marks)
        learned.append(
            Marks(member.sdk, member.releases, member.sampled_below, marks[order], index.releases[rows][order])
        )
    count = sum(len(marks.releases) for marks in learned)
    pattern = learned[0].releases[:1] * 4
    while count < releases:
        marks = np.unique(random.integers(1, 1 << 63, 800, np.uint64))
        bits = random.integers(1, 16, len(marks), np.uint64)
        learned.append(Marks(f"synthetic-{count:05}", pattern, (1 << 64) - 1, marks, bits))
        count += 4
    return build_index(learned, index.mark[np.diff(index.start.astype(np.int64)) == 0]), count
