"""The same work on the workers of a real Dask cluster on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster
from support import batches

from sdkfp.batch import BatchOptions, ClusterError, Progress, WorkerLimits, cluster, run_batch

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.filterwarnings("default"),  # what other people's event loops leave behind
    pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
]


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalCluster]:
    with dask.config.set({"distributed.worker.daemon": False}), local_cluster(3) as found:
        yield found


def local_cluster(count: int) -> Any:
    make: Any = LocalCluster  # not typed
    return make(n_workers=count, threads_per_worker=1, dashboard_address=":0", silence_logs=50)


def on(found: LocalCluster, options: BatchOptions) -> BatchOptions:
    return replace(options, scheduler=found.scheduler_address, part_apps=3)


def test_one_of_the_workers_is_killed(workers: LocalCluster, tmp_path: Path) -> None:
    apps = batches.write_apps(tmp_path / "apps", 20)
    slow = batches.slow_app(40)
    for number in range(6):
        (apps / f"slow{number}.apk").write_bytes(slow + bytes(number))
    (apps / "twin.apk").write_bytes(batches.app(7))
    (apps / "junk.apk").write_bytes(b"junk")
    options = batches.options(tmp_path)
    killed: list[int] = []

    def kill_one(progress: Progress) -> None:
        if progress.phase == "scanning" and progress.done >= 6 and not killed:
            killed.append(next(iter(workers.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    summary = run_batch([apps], tmp_path / "cluster", on(workers, options), on_progress=kill_one)
    assert killed
    assert (summary.counts.apps, summary.failures) == (26, {"not-openable": 1})
    run_batch([apps], tmp_path / "local", options)
    assert batches.contents(tmp_path / "cluster") == batches.contents(tmp_path / "local")
    assert not [path for path in (tmp_path / "cluster" / ".staging").iterdir() if path.is_dir()]


def test_stopped_here_and_resumed_there(workers: LocalCluster, tmp_path: Path) -> None:
    apps = batches.write_apps(tmp_path / "apps", 12)
    options = batches.options(tmp_path)
    seen: list[Progress] = []
    stopped = run_batch(
        [apps],
        tmp_path / "out",
        on(workers, options),
        on_progress=seen.append,
        stop=lambda: bool(seen) and seen[-1].done >= 3,
    )
    assert stopped.interrupted
    assert 0 < stopped.counts.pending < 12
    assert run_batch([apps], tmp_path / "out", options).counts.pending == 0
    run_batch([apps], tmp_path / "undisturbed", options)
    assert batches.contents(tmp_path / "out") == batches.contents(tmp_path / "undisturbed")


def test_limits_hold_there(workers: LocalCluster, tmp_path: Path) -> None:
    apps = batches.write_apps(tmp_path / "apps", 4)
    (apps / "slow.apk").write_bytes(batches.slow_app(1500))
    options = batches.options(tmp_path, worker_limits=WorkerLimits(seconds=1.5))
    assert "time-limit" in run_batch([apps], tmp_path / "out", on(workers, options)).failures
    rows = batches.contents(tmp_path / "out", ["failures"])["failures"]
    assert ("slow.apk", "time-limit") in [row[1:3] for row in rows]


_ON_A_SMALL_DISK = """
import subprocess, sys
from pathlib import Path
import dask
sys.path[:0] = sys.argv[2:]
from distributed import LocalCluster
from sdkfp.batch import OutputFullError, run_batch
from support import batches

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    out = folder / "out"
    with dask.config.set({"distributed.worker.daemon": False}):
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as found:
            options = batches.options(folder, scheduler=found.scheduler_address, part_apps=5)
            try:
                run_batch([folder / "apps"], out, options)
            except OutputFullError as error:
                print(error)
            subprocess.run(["mount", "-o", "remount,size=50m", out], check=True)
            print(run_batch([folder / "apps"], out, options).counts)
    subprocess.run(["cp", "-r", out, folder / "kept"], check=True)
"""


def test_a_disk_that_becomes_full_on_the_workers(tmp_path: Path) -> None:
    batches.write_apps(tmp_path / "apps", 30)
    (tmp_path / "out").mkdir()
    (tmp_path / "script.py").write_text(_ON_A_SMALL_DISK, encoding="utf-8")
    script = f"""
        mount -t tmpfs -o size=300k tmpfs {tmp_path}/out
        {sys.executable} {tmp_path}/script.py {tmp_path} {ROOT} {ROOT}/tests
    """
    done = subprocess.run(
        [*batches.in_own_mounts(tmp_path), script], capture_output=True, text=True, check=False, timeout=240
    )
    assert "make room and run the same command again" in done.stdout, done.stderr
    assert "pending=0" in done.stdout, done.stderr
    assert len(batches.contents(tmp_path / "kept", ["apps"])["apps"]) == 30


def test_a_scheduler_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    apps = batches.write_apps(tmp_path / "apps", 1)
    with pytest.raises(ClusterError, match="no Dask scheduler answers at tcp://127"):
        run_batch([apps], tmp_path / "out", batches.options(tmp_path, scheduler=address))
    with pytest.raises(ClusterError, match="no Dask scheduler answers at nonsense"):
        run_batch([apps], tmp_path / "out", batches.options(tmp_path, scheduler="nonsense://x"))
    assert run_batch([apps], tmp_path / "out", batches.options(tmp_path)).counts.apps == 1


def test_a_scheduler_that_ends_in_the_middle(tmp_path: Path) -> None:
    """The batch stops and says so; the same call goes on, here without a cluster."""
    apps = batches.write_apps(tmp_path / "apps", 12)
    slow = batches.slow_app(60)
    for number in range(6):
        (apps / f"slow{number}.apk").write_bytes(slow + bytes(number))
    options = batches.options(tmp_path)
    with dask.config.set({"distributed.worker.daemon": False}), local_cluster(1) as found:
        ended: list[bool] = []

        def end(progress: Progress) -> None:
            if progress.phase == "scanning" and progress.done >= 3 and not ended:
                ended.append(True)
                found.close()

        with pytest.raises(ClusterError, match="the same command goes on"):
            run_batch([apps], tmp_path / "out", on(found, options), on_progress=end)
    assert 3 <= len(batches.contents(tmp_path / "out", ["apps"])["apps"]) < 18
    assert run_batch([apps], tmp_path / "out", options).counts.apps == 18


def test_workers_that_cannot_do_the_work(
    workers: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps = batches.write_apps(tmp_path / "apps", 1)
    options = on(workers, batches.options(tmp_path))
    other = replace(options, signatures=(str(tmp_path / "signatures"),))
    monkeypatch.setattr(Path, "touch", lambda _self: None)  # as if the workers saw another directory under this path
    with pytest.raises(ClusterError, match="file system that all machines share"):
        run_batch([apps], tmp_path / "out", other)


def test_a_scheduler_without_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_WORKER_SECONDS", 1)
    apps = batches.write_apps(tmp_path / "apps", 1)
    with local_cluster(0) as empty:
        options = batches.options(tmp_path, scheduler=empty.scheduler_address)
        with pytest.raises(ClusterError, match="has no workers"):
            run_batch([apps], tmp_path / "out", options)


def test_workers_that_may_not_start_processes(tmp_path: Path) -> None:
    apps = batches.write_apps(tmp_path / "apps", 1)
    with (
        dask.config.set({"distributed.worker.daemon": True}),  # as it is without a configuration
        local_cluster(1) as daemons,
    ):
        options = batches.options(tmp_path, scheduler=daemons.scheduler_address)
        with pytest.raises(ClusterError, match="DASK_DISTRIBUTED__WORKER__DAEMON=False"):
            run_batch([apps], tmp_path / "out", options)
