"""The workers of a Dask cluster: they scan, and write their parts themselves.

A task is a chunk of inputs. Its answer says what became of each, and names the part that the worker staged in the output, which
every machine sees under the same path. The driver takes a part up when the answer has arrived, so what a lost worker or a second
run of a task leaves in the staging folder never counts. The scheduler sees a few tasks for each worker at a time.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, cast

try:
    from distributed import Client, get_worker
    from distributed import TimeoutError as DaskTimeoutError  # up to Python 3.10 it is not the built-in one
    from distributed import Worker as DaskWorker
    from distributed.diagnostics.plugin import WorkerPlugin
except ImportError:
    from sdkfp.batch.errors import ClusterError

    raise ClusterError("a cluster needs the package distributed: install sdkfp with the extra 'cluster'") from None

from sdkfp._isolate import IsolationError, Worker
from sdkfp.batch.dataset import Dataset
from sdkfp.batch.engine import Answer
from sdkfp.batch.errors import BatchError, ClusterError, stopped
from sdkfp.batch.journal import Item
from sdkfp.batch.work import Outcome, Settings, examine, hash_item, new_worker
from sdkfp.errors import CatalogError

__all__ = ["ClusterEngine"]

_CHUNK = 64
"""Inputs of a task, where there are many."""
_TASKS_PER_THREAD = 2
_GONE = "the scheduler is gone. What was done is kept: the same command goes on"
_CONNECT_SECONDS = 15
_WORKER_SECONDS = 60
_RETRIES = 2
"""Of a task that raised something; one whose worker died is begun again by the scheduler."""


class ClusterEngine:
    """Hands chunks of inputs to the workers of a cluster."""

    def __init__(
        self, scheduler: str, settings: Settings, dataset: Dataset, pending: int, chunk: int | None = None
    ) -> None:
        """Connect.

        Raises:
            ClusterError: the scheduler does not answer, has no workers, or these cannot do the work.
        """
        self._dataset = dataset
        self._token = secrets.token_hex(4)
        self._left = pending
        self._most = chunk or _CHUNK
        self._chunk: list[Item] = []
        self._only_hash = False
        self._parts = 0
        self._under_way: dict[Any, tuple[list[Item], bool]] = {}
        self._done: SimpleQueue[Any] = SimpleQueue()
        self._client: Any = _connect(scheduler)  # typed only in part
        try:
            self._client.wait_for_workers(1, timeout=_WORKER_SECONDS)
            (dataset.staging / self._token).touch()
            self._client.register_plugin(_Home(self._token, settings, str(dataset.root)), name=self._name)
            self._threads = self._count_threads()
        except DaskTimeoutError:
            self._client.close()
            raise ClusterError(f"the scheduler {scheduler} has no workers") from None
        except (BatchError, IsolationError) as error:
            self._client.close()
            raise ClusterError(str(error)) from None
        except BaseException:
            self._client.close()
            raise

    def _count_threads(self) -> int:
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    @property
    def _name(self) -> str:
        return f"sdkfp-{self._token}"

    @property
    def capacity(self) -> int:
        """A few tasks for each thread of the workers."""
        return _TASKS_PER_THREAD * self._threads * self._size

    @property
    def _size(self) -> int:
        """Inputs of the next task: fewer towards the end, so that all workers end together."""
        return max(1, min(self._most, self._left // (_TASKS_PER_THREAD * self._threads)))

    def submit(self, item: Item, *, only_hash: bool) -> None:
        """Take an input; it is sent with others."""
        self._only_hash = only_hash
        self._chunk.append(item)
        if len(self._chunk) >= self._size:
            self.flush()

    def flush(self) -> None:
        """Send what was taken."""
        if self._chunk:
            if not self._only_hash:
                self._left -= len(self._chunk)
            self._send(self._chunk, only_hash=self._only_hash)
            self._chunk = []

    def _send(self, items: list[Item], *, only_hash: bool) -> None:
        self._parts += 1
        part = f"{self._token}-{self._parts:06}"
        future = self._client.submit(
            _run_chunk,
            self._name,
            items,
            only_hash,
            part,
            key=f"{self._name}-{self._parts}",
            pure=False,
            retries=_RETRIES,
        )
        self._under_way[future] = (items, only_hash)
        future.add_done_callback(self._done.put)

    def answers(self, seconds: float) -> list[Answer]:
        """What was finished, after waiting for something at most so long.

        Raises:
            ClusterError: the scheduler is gone, or the workers cannot do the work.
            OutputError: the workers cannot write.
        """
        try:
            done = [self._done.get(timeout=seconds)]
            with contextlib.suppress(Empty):
                while True:
                    done.append(self._done.get_nowait())
        except Empty:
            return []
        try:
            self._threads = self._count_threads()
            return [answer for future in done for answer in self._answer(future)]
        except OSError:  # of the connection: what a task raises is not raised here
            raise ClusterError(_GONE) from None

    def _answer(self, future: Any) -> Iterator[Answer]:
        items, only_hash = self._under_way.pop(future)
        if future.status == "cancelled":
            raise ClusterError(_GONE)
        error = future.exception()
        if error is None:
            outcomes, part = future.result()
            yield Answer(outcomes, part)
        elif isinstance(error, (BatchError, CatalogError, IsolationError)):
            raise ClusterError(str(error)) from None
        elif isinstance(error, OSError):
            raise stopped(
                Path(error.filename or self._dataset.root), f"on a worker: {error.strerror or error}"
            ) from None
        elif len(items) > 1:  # workers died of it: find out on which input
            for item in items:
                self._send([item], only_hash=only_hash)
        else:
            reason = f"{type(error).__name__}: {error}"[:1000]
            yield Answer((Outcome(items[0], items[0].sha256, code="killed", reason=reason),))

    def close(self) -> None:
        """Give up what is under way, and end the worker processes of this batch."""
        with contextlib.suppress(Exception):  # the scheduler may be gone, and nothing here is needed any more
            self._client.cancel(list(self._under_way), force=True)
            self._client.unregister_worker_plugin(self._name)
        self._under_way.clear()
        self._client.close()


def _connect(scheduler: str) -> Any:
    try:
        return Client(  # type: ignore[no-untyped-call]
            scheduler, timeout=_CONNECT_SECONDS, set_as_default=False, name="sdkfp"
        )
    except (OSError, DaskTimeoutError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler answers at {scheduler}: {error}") from None


class _Home(WorkerPlugin):
    """On every worker of the cluster: the isolated processes that scan."""

    def __init__(self, token: str, settings: Settings, root: str) -> None:
        self._token = token
        self.settings = settings
        self.dataset = Dataset(Path(root))
        self._idle: SimpleQueue[Worker] | None = None
        self._workers: list[Worker] = []

    def setup(self, worker: DaskWorker) -> None:
        """See whether this worker can do the work.

        Raises:
            BatchError: it cannot.
        """
        if not (self.dataset.staging / self._token).exists():
            raise ClusterError(
                f"{self.dataset.root} is not the same on the worker {worker.address}: the output has to be on a file system that "
                "all machines share"
            )
        if multiprocessing.current_process().daemon:
            raise ClusterError(
                f"the worker {worker.address} may not start processes: start workers with DASK_DISTRIBUTED__WORKER__DAEMON=False"
            )
        # Dask's nanny has it set for its workers, which hold data for long; in ours, which allocate and free large columns all the
        # time, it makes the system give and take every page again.
        os.environ.pop("MALLOC_TRIM_THRESHOLD_", None)
        self._idle = SimpleQueue()

    def teardown(self, worker: DaskWorker) -> None:  # noqa: ARG002 - as Dask calls it
        """End the processes."""
        for isolated in self._workers:
            isolated.stop()

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[Worker]:
        """A worker process for one thread."""
        idle = self._idle
        if idle is None:
            raise ClusterError("this worker of the cluster was not made ready")
        try:
            isolated = idle.get_nowait()
        except Empty:
            isolated = new_worker(self.settings)
            self._workers.append(isolated)
        try:
            yield isolated
        finally:
            idle.put(isolated)


def _run_chunk(
    name: str,
    items: list[Item],
    only_hash: bool,  # noqa: FBT001 - Dask hands arguments over by position
    part: str,
) -> tuple[tuple[Outcome, ...], str | None]:
    """The task: what became of every input, and the part with the rows."""
    home = cast(_Home, get_worker().plugins[name])
    if only_hash:
        return tuple(hash_item(item) for item in items), None
    outcomes, rows = [], []
    with home.borrowed() as isolated:
        for item in items:
            outcome = examine(isolated, item, home.settings)
            if outcome.rows is not None:
                rows.append(outcome.rows)
            outcomes.append(Outcome(item, outcome.sha256, None, outcome.scanned, outcome.code, outcome.reason))
    if rows:
        home.dataset.stage(part, rows)
    return tuple(outcomes), part if rows else None
