"""The driver: hands inputs to the engine, keeps what comes back, and writes the dataset."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from sdkfp.batch.dataset import Dataset
from sdkfp.batch.engine import Answer, Engine
from sdkfp.batch.errors import OutputError, stopped
from sdkfp.batch.journal import Counts, Item, Journal
from sdkfp.batch.plan import Listed
from sdkfp.batch.work import Outcome

__all__ = ["JOURNAL", "PART_APPS", "Progress", "Summary", "drive", "open_output"]

JOURNAL = "index.sqlite"
PART_APPS = 1000
_PART_BYTES = 16 << 20
"""Of compressed rows: a part is written when so many wait."""
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; all are inputs of this run."""

    total: int
    done: int
    failed: int
    already: int
    """Were done before the run began."""
    phase: Literal["listing", "comparing", "scanning"] = "scanning"
    """First the inputs are listed, and ``total`` grows; then those that may have the same content as others are hashed."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended."""

    counts: Counts
    failures: Mapping[str, int]
    """Inputs by the code of their failure."""
    already: int
    """Inputs that were done before the run began."""
    seconds: float
    interrupted: bool


@contextlib.contextmanager
def open_output(root: Path, catalog: str, *, rescan: bool = False) -> Iterator[tuple[Journal, Dataset]]:
    """Open an output directory, new or begun, and bring it into a state to go on from.

    Args:
        root: the directory.
        catalog: hash of the signatures.
        rescan: forget what other signatures found, and everything else that was found.

    Raises:
        OutputError: the directory is something else, of another version, made with other signatures, or cannot be written.
        OutputBusyError: another batch is writing to it.
    """
    with _writing(root):
        root.mkdir(parents=True, exist_ok=True)
        if not (root / JOURNAL).exists() and any(root.iterdir()):
            raise OutputError(f"{root} is not empty, and not an output of sdkfp batch: choose another output")
    journal = Journal(root / JOURNAL)
    with contextlib.closing(journal):
        made_with = journal.get("catalog")
        if made_with not in (None, catalog) and not rescan:
            raise OutputError(
                f"{root} was made with other signatures or another version of sdkfp ({made_with[:16]}, now {catalog[:16]}): "
                "choose another output, or scan everything again (--rescan)"
            )
        if rescan:
            journal.forget_everything()
        journal.set("catalog", catalog)
        dataset = Dataset(root)
        with _writing(root):
            dataset.prepare()
            for part in [part for part in journal.parts() if not dataset.has(part)]:
                journal.lose_part(part)
            dataset.sweep(set(journal.parts()))
        yield journal, dataset


@contextlib.contextmanager
def _writing(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise stopped(Path(error.filename or root), error.strerror or str(error)) from None


def drive(
    journal: Journal,
    dataset: Dataset,
    inputs: Iterable[Listed],
    engine: Callable[[int], Engine],
    *,
    retry_failed: bool = False,
    part_apps: int = PART_APPS,
    on_progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Summary:
    """Scan every input that is not done.

    Args:
        journal: of the output.
        dataset: of the output.
        inputs: what there is to do.
        engine: makes who does it, told how many inputs are to be done.
        retry_failed: scan again what failed before.
        part_apps: a part is written when the rows of so many apps wait, or of fewer large ones.
        on_progress: called often.
        stop: asked often; once true, what is under way is given up and everything that is done is kept.

    Raises:
        OutputError: the output cannot be written; what was kept before stays.
        BatchError: the work cannot go on.
    """
    begin = time.monotonic()
    with contextlib.closing(journal.list_inputs(inputs)) as listing:
        for count in listing:
            on_progress(Progress(count, 0, 0, 0, "listing"))
            if stop():
                break
    journal.forget_failures(every=retry_failed)
    before = journal.counts()
    driver = _Driver(journal, dataset, before, on_progress, part_apps)
    with _writing(dataset.root):
        try:
            if before.pending and not stop():
                driver.work(engine(before.pending), stop)
        finally:
            with contextlib.suppress(OSError, OutputError) if driver.broken else contextlib.nullcontext():
                driver.finish()
    already = before.total - before.pending
    return Summary(journal.counts(), journal.failure_codes(), already, time.monotonic() - begin, stop())


class _Driver:
    """One run."""

    def __init__(
        self,
        journal: Journal,
        dataset: Dataset,
        before: Counts,
        on_progress: Callable[[Progress], None],
        part_apps: int,
    ) -> None:
        self._journal = journal
        self._dataset = dataset
        self._on_progress = on_progress
        self._before = before
        self._part_apps = part_apps
        self._done = before.total - before.pending
        self._failed = before.failed
        self._parts = 0
        self._waiting_apps, self._waiting_bytes = journal.waiting()
        self.broken = False

    def work(self, engine: Engine, stop: Callable[[], bool]) -> None:
        """Scan what is pending."""
        with contextlib.closing(engine):
            try:
                self._hash(engine, stop)
                # A further round is for inputs with a content whose first input changed under our hands.
                while self._scan(engine, stop):
                    pass
            except BaseException:
                self.broken = True
                raise

    def _hash(self, engine: Engine, stop: Callable[[], bool]) -> None:
        """Say which inputs have the same content, so that it is scanned once."""
        total, hashed = self._journal.to_hash_count(), 0
        for answer in _answers(engine, self._journal.to_hash(), stop, only_hash=True):
            for outcome in answer.outcomes:
                if outcome.sha256 is None:
                    self._keep(outcome)
                else:
                    self._journal.set_hash(outcome.item, outcome.sha256)
            hashed += len(answer.outcomes)
            self._on_progress(Progress(total, hashed, 0, 0, "comparing"))
        now = self._journal.counts()
        self._done, self._failed = now.total - now.pending, now.failed

    def _scan(self, engine: Engine, stop: Callable[[], bool]) -> bool:
        """Scan every content once; whether there was one."""
        self._tell()
        found = False
        for answer in _answers(engine, self._journal.to_scan(), stop, only_hash=False):
            found = True
            if answer.part is not None:
                self._dataset.take_up(answer.part)
                scanned = [(o.item, o.sha256) for o in answer.outcomes if o.scanned and o.sha256 is not None]
                self._done += self._journal.settle_part(answer.part, scanned)
            for outcome in answer.outcomes:
                self._keep(outcome)
            self._tell()
            if self._waiting_apps >= self._part_apps or self._waiting_bytes >= _PART_BYTES:
                self._export()
        return found and not stop()

    def _keep(self, outcome: Outcome) -> None:
        item, sha256 = outcome.item, outcome.sha256
        if outcome.code is not None:
            failure = (outcome.code, outcome.reason or "")
            settled = (
                self._journal.fail_input(item, *failure)
                if sha256 is None
                else self._journal.settle(item, sha256, failure=failure)
            )
            self._done += settled
            self._failed += settled
        elif sha256 is not None and outcome.rows is not None:
            self._done += self._journal.settle(item, sha256, rows=outcome.rows)
            self._waiting_apps += 1
            self._waiting_bytes += len(outcome.rows)

    def _tell(self) -> None:
        before = self._before
        self._on_progress(Progress(before.total, self._done, self._failed, before.total - before.pending))

    def _export(self) -> None:
        """Write the rows that wait to a part."""
        self._parts += 1
        part = f"{self._journal.run:04}-{self._parts:05}"
        apps: list[str] = []

        def rows() -> Iterator[bytes]:
            for sha256, found in self._journal.waiting_rows():
                apps.append(sha256)
                yield found

        self._dataset.stage(part, rows())
        self._dataset.take_up(part)
        self._journal.exported(part, apps)
        self._waiting_apps = self._waiting_bytes = 0

    def finish(self) -> None:
        """Write what waits, and the tables that are written as a whole."""
        if self._waiting_apps:
            self._export()
        self._dataset.snapshot("failures", self._journal.failures())
        self._dataset.snapshot("inputs", self._journal.inputs())


def _answers(engine: Engine, items: Iterator[Item], stop: Callable[[], bool], *, only_hash: bool) -> Iterator[Answer]:
    """Hand over items as the engine takes them, and give back what is finished."""
    under_way = 0
    while not stop():
        for item in islice(items, max(0, engine.capacity - under_way)):
            engine.submit(item, only_hash=only_hash)
            under_way += 1
        engine.flush()
        if not under_way:
            return
        for answer in engine.answers(_LOOK_SECONDS):
            under_way -= len(answer.outcomes)
            yield answer
