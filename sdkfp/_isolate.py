"""Work in a process of its own: a crash, a hang or a lack of memory over there is an answer here."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sdkfp.errors import SdkfpError

if TYPE_CHECKING:
    from pebble import ProcessPool

__all__ = ["IsolationError", "Worker", "WorkerError", "WorkerLimits"]

_T = TypeVar("_T")
_START_SECONDS = 120.0
"""A worker that has neither begun nor been found dead by then is given up."""

_LOOK_SECONDS = 0.5


class IsolationError(SdkfpError):
    """No worker process can be started here."""


class WorkerError(SdkfpError):
    """The worker process did not bring its work to an end.

    ``code`` is ``time-limit``, ``memory-limit``, ``crashed`` (ended by a fault of its own), ``killed`` (ended from outside: doing the
    work again may help) or ``failed`` (it raised something that cannot be told otherwise).
    """

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)

    def __reduce__(self) -> tuple[type[WorkerError], tuple[str, str]]:
        return type(self), (self.code, self.reason)


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one piece of work may cost."""

    seconds: float = 600.0
    memory: int | None = 4 << 30
    """Bytes of address space above what a prepared worker has, mapped input included. Held on Linux only; ``None`` for no limit."""
    tasks: int = 500
    """A worker is replaced by a fresh one after so many pieces of work."""


@dataclass(frozen=True, slots=True)
class _Raised:
    """An exception on its way home, pickled."""

    pickled: bytes


class Worker:
    """One warm worker process, started when first needed and again whenever it is lost. For one thread at a time.

    Args:
        limits: for each piece of work.
        prepare: called with ``arguments`` in every fresh process, outside the time limit; to be a cached function that the work
            calls again, so that its errors come up there.
        arguments: for ``prepare``.

    Raises:
        IsolationError: processes cannot be started from here.
    """

    def __init__(
        self, limits: WorkerLimits, prepare: Callable[..., object] | None = None, arguments: tuple[Any, ...] = ()
    ) -> None:
        if multiprocessing.current_process().daemon:
            raise IsolationError(
                "this process is a daemon of multiprocessing, which may not start processes of its own "
                "(for workers of Dask: start them with DASK_DISTRIBUTED__WORKER__DAEMON=False)"
            )
        self._limits = limits
        self._begin = (prepare, arguments, limits.memory)
        self._pool: ProcessPool | None = None
        self._stopped = False

    def run(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Do a piece of work: the function and its arguments are pickled, and so is its answer.

        Raises:
            WorkerError: it was not brought to an end.
            Exception: whatever the function raised, where it can be pickled.
        """
        from pebble import ProcessExpired  # noqa: PLC0415 - not needed where nothing is isolated

        pool = self._started()
        try:
            future = pool.schedule(_call, (function, arguments), timeout=self._limits.seconds)
            if not self._wait(future):
                self.close()
                raise WorkerError("killed", "the worker process neither answered nor ended")
            answer = future.result()
        except FutureTimeoutError:
            raise WorkerError("time-limit", f"it took longer than {self._limits.seconds:g} s") from None
        except ProcessExpired as error:
            raise _ended(error.exitcode) from None
        except (BrokenProcessPool, CancelledError, OSError, RuntimeError) as error:
            self.close()
            raise WorkerError("killed", f"the worker process was lost: {error}") from None
        if not isinstance(answer, _Raised):
            return cast(_T, answer)
        raised = pickle.loads(answer.pickled)  # noqa: S301 - from our own worker, which tried it
        if isinstance(raised, MemoryError):
            self.close()  # its memory is in pieces: the next work gets a fresh one
            raise WorkerError("memory-limit", _memory_reason(self._limits.memory))
        raise raised

    def _wait(self, future: Future[Any]) -> bool:
        """Wait until work is done; whether it was. A pool that was stopped leaves its work undone, and does not say so."""
        end = time.monotonic() + self._limits.seconds + _START_SECONDS
        while not self._stopped and time.monotonic() < end:
            if wait((future,), timeout=_LOOK_SECONDS).done:
                return True
        return False

    def stop(self) -> None:
        """End the process, from any thread; work under way, and all that comes after, is ``killed``."""
        self._stopped = True
        self.close()

    def close(self) -> None:
        """End the process, whatever it is doing; the next work gets a fresh one."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call] # pebble types only part of itself
            pool.join()

    def _started(self) -> ProcessPool:
        if self._stopped:
            raise WorkerError("killed", "the worker was stopped")
        if self._pool is None:
            from pebble import ProcessPool  # noqa: PLC0415 - not needed where nothing is isolated

            # A pool for each worker: what kills one in the middle of a message must not harm the others' channel.
            self._pool = ProcessPool(
                max_workers=1,
                max_tasks=self._limits.tasks,
                initializer=_begin,
                initargs=self._begin,
                context=multiprocessing.get_context("spawn"),
            )
        return self._pool


def _ended(status: int) -> WorkerError:
    if status == signal.SIGTERM:  # the worker turns this signal into an orderly end with that status
        status = -status
    if status >= 0:
        return WorkerError("crashed", f"the worker process ended by itself with status {status}")
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    if name in ("SIGKILL", "SIGTERM"):
        return WorkerError("killed", f"the worker process was ended by {name}, as the system does when memory runs out")
    return WorkerError("crashed", f"the worker process crashed with {name}")


def _memory_reason(memory: int | None) -> str:
    return "memory ran out" if memory is None else f"it needed more than {memory >> 20} MiB"


def _begin(prepare: Callable[..., object] | None, arguments: tuple[Any, ...], memory: int | None) -> None:
    """In a fresh worker."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        with contextlib.suppress(Exception):  # the work meets the same error, where it can be told
            prepare(*arguments)
    _limit_memory(memory)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _limit_memory(memory: int | None) -> None:
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not on every system

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory is not None:
        now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = now + memory
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """In the worker: the answer, or what was raised in a form that surely arrives."""
    try:
        return function(*arguments)
    except MemoryError:
        return _Raised(pickle.dumps(MemoryError()))
    except BaseException as error:  # SystemExit too must not end the caller
        with contextlib.suppress(Exception):
            pickled = pickle.dumps(error)
            if type(pickle.loads(pickled)) is type(error) and isinstance(error, Exception):  # noqa: S301 - made in the line above
                return _Raised(pickled)
        return _Raised(pickle.dumps(WorkerError("failed", f"{type(error).__name__}: {error}"[:1000])))
