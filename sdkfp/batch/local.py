"""The worker processes of this machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from sdkfp._isolate import Worker
from sdkfp.batch.engine import Answer
from sdkfp.batch.journal import Item
from sdkfp.batch.work import Outcome, Settings, examine, hash_item, new_worker

__all__ = ["LocalEngine"]


class LocalEngine:
    """A thread for each worker process, which waits for it."""

    def __init__(self, settings: Settings, workers: int) -> None:
        self.capacity = 2 * workers
        self._settings = settings
        self._workers = [new_worker(settings) for _ in range(workers)]
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="sdkfp-worker")
        self._done: SimpleQueue[Outcome | BaseException] = SimpleQueue()

    def submit(self, item: Item, *, only_hash: bool) -> None:
        """Begin with an input as soon as a worker is free."""
        self._threads.submit(self._work, item, only_hash=only_hash)

    def flush(self) -> None:
        """Nothing waits for company here."""

    def answers(self, seconds: float) -> list[Answer]:
        """What was finished, after waiting for something at most so long.

        Raises:
            BatchError: nothing can be scanned at all.
        """
        found = []
        try:
            found.append(self._done.get(timeout=seconds))
            while True:
                found.append(self._done.get_nowait())
        except Empty:
            pass
        for answer in found:
            if isinstance(answer, BaseException):
                raise answer
        return [Answer((outcome,)) for outcome in found if isinstance(outcome, Outcome)]

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.stop()

    def _work(self, item: Item, *, only_hash: bool) -> None:
        try:
            if only_hash:
                self._done.put(hash_item(item))
                return
            worker = self._idle.get()
            try:
                self._done.put(examine(worker, item, self._settings))
            finally:
                self._idle.put(worker)
        except BaseException as error:  # the driver raises it
            self._done.put(error)
