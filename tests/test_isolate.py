"""Worker processes: whatever happens in one, the caller gets an answer and the next work a worker."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import work

from sdkfp._isolate import Worker, WorkerError, WorkerLimits
from sdkfp.errors import ContainerError


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    found = Worker(WorkerLimits(seconds=1.0, memory=1 << 30))
    yield found
    found.close()


def test_is_another_process_and_stays_warm(worker: Worker) -> None:
    assert worker.run(work.double, 21) == 42
    assert worker.run(work.pid) == worker.run(work.pid) != os.getpid()


@pytest.mark.parametrize(
    ("function", "arguments", "code", "reason"),
    [
        (work.hang, (), "time-limit", "longer than 1 s"),
        (work.crash, (), "crashed", "SIGSEGV"),
        (work.die, (), "killed", "SIGKILL"),
        (work.leave, (), "failed", "SystemExit"),
        (work.unpicklable, (), "failed", "LocalError: only known here"),
    ],
)
def test_bad_ends_have_reasons(
    worker: Worker, function: Callable[..., Any], arguments: tuple[Any, ...], code: str, reason: str
) -> None:
    with pytest.raises(WorkerError, match=reason) as caught:
        worker.run(function, *arguments)
    assert caught.value.code == code
    assert worker.run(work.double, 2) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of address space on this system")
def test_memory_has_a_limit(worker: Worker) -> None:
    assert worker.run(work.exhaust, 256 << 20) == 256 << 20
    with pytest.raises(WorkerError, match="more than 1024 MiB") as caught:
        worker.run(work.exhaust, 2 << 30)
    assert caught.value.code == "memory-limit"
    assert worker.run(work.double, 2) == 4


def test_typed_errors_come_home(worker: Worker) -> None:
    with pytest.raises(ContainerError, match="not a package"):
        worker.run(work.own_error)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal on this system")
def test_killed_while_idle(worker: Worker) -> None:
    process = worker.run(work.pid)
    os.kill(process, signal.SIGKILL)
    time.sleep(0.3)
    try:
        assert worker.run(work.double, 2) == 4
    except WorkerError as error:
        assert error.code == "killed"  # noqa: PT017 - either is right: it depends on who sees it first
    assert worker.run(work.double, 2) == 4


def test_is_replaced_after_so_many_tasks() -> None:
    worker = Worker(WorkerLimits(seconds=5, tasks=2))
    try:
        seen = [worker.run(work.pid) for _ in range(5)]
    finally:
        worker.close()
    assert seen[0] == seen[1] != seen[2] == seen[3] != seen[4]
