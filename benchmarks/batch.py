"""How fast a batch goes: apps per second, scaling from one worker to two, a Dask cluster against the local pool, memory of the driver.

python benchmarks/batch.py [--copies N] [--repeat N] [--json FILE] [APP …]       speed, on all real apps of the corpus
python benchmarks/batch.py --memory [--count 10000] [--json FILE]                memory of the driver, and of a Dask scheduler

The speed needs a machine with nothing else to do (5 to 6 minutes on two processors); the memory does not (2 to 5 minutes). Times are of
whole commands, from their start to their end. The exit code is 1 where a figure misses its target.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import measure
import psutil
from support import batches, realapps
from support.catalogs import write_signatures

YEAR = 1_800_000
"""Apps that one platform tests in a year."""
KINDS = ("apk", "xapk", "aab", "hap")
LEAST_APPS = 30
SCALING = 1.8
DASK = 1.1
GROWTH = 1.1
"""Targets: of two workers against one, of a cluster against the local pool, of memory at the end against that after a tenth of the apps."""
MARKS = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Of the apps, where the curve of the memory is read."""


def collect(keys: list[str], folder: Path, copies: int) -> dict[str, float]:
    """Lay the apps into a folder; every further copy has bytes behind its end, so that it is another content."""
    folder.mkdir()
    count = size = 0
    for key in keys or [key for kind in KINDS for key in realapps.keys(kind)]:
        try:
            path = measure.app(key)
        except realapps.UnavailableError as reason:
            print(f"left out: {key}: {reason}", file=sys.stderr)
            continue
        data = path.read_bytes()
        for copy in range(copies):
            (folder / f"{count}-{copy}{path.suffix}").write_bytes(data + bytes(copy))
        count, size = count + 1, size + len(data)
    return {"apps": count, "copies": copies, "mean_megabytes": size / max(count, 1) / 1e6}


def batch(apps: Path, output: Path, *more: str | Path) -> measure.Run:
    """A batch as a process of its own, from its start to its end."""
    done = measure.run([*measure.sdkfp_command("batch", apps, "-o", output, "--quiet"), *more], env=measure.SDKFP_ENV)
    if done.status:
        raise SystemExit(f"the batch ended with {done.status}: {done.errors.decode()}")
    return done


@contextlib.contextmanager
def cluster(workers: int) -> Iterator[tuple[str, int]]:
    """A Dask cluster of processes on this machine: the address and process id of its scheduler."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = {**os.environ, **measure.SDKFP_ENV, "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
    quiet: dict[str, Any] = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    tool = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen(
        [*tool, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], **quiet
    )
    worker = subprocess.Popen([*tool, "worker", address, "--nworkers", str(workers), "--nthreads", "1"], **quiet)
    try:
        time.sleep(5.0)
        yield address, scheduler.pid
    finally:
        worker.terminate()
        worker.wait()
        scheduler.terminate()
        scheduler.wait()


def speed(keys: list[str], copies: int, repeat: int) -> dict[str, Any]:
    """The local pool with one worker and with two, and a cluster with two, in turns; the cluster is there for its own turn only."""
    with tempfile.TemporaryDirectory(prefix="sdkfp-batch-") as name:
        folder = Path(name)
        facts: dict[str, Any] = collect(keys, folder / "apps", copies)
        runs: dict[str, list[measure.Run]] = {"1 worker": [], "2 workers": [], "Dask, 2 workers": []}
        batch(folder / "apps", folder / "warm", "-j", "2")  # files and signatures into the caches
        for turn in range(repeat):
            for workers, way in ((1, "1 worker"), (2, "2 workers")):
                runs[way].append(batch(folder / "apps", folder / f"out-{turn}-{workers}", "-j", str(workers)))
            with cluster(2) as (address, _):
                runs["Dask, 2 workers"].append(batch(folder / "apps", folder / f"out-{turn}-dask", "--dask", address))
    median = {way: measure.median(found).wall for way, found in runs.items()}
    inputs = facts["apps"] * copies
    rate = {way: inputs / found for way, found in median.items()}
    return {
        **facts,
        "inputs": inputs,
        "seconds": median,
        "processor_seconds_per_app": measure.median(runs["1 worker"]).cpu / inputs,
        "apps_per_second": rate,
        "days_for_a_year": YEAR / rate["2 workers"] / 86_400,
        "scaling": median["1 worker"] / median["2 workers"],
        "dask_against_local": median["Dask, 2 workers"] / median["2 workers"],
    }


def show_speed(found: dict[str, Any]) -> list[str]:
    """Print the figures; which of them miss their target."""
    print(
        f"{found['apps']} real apps, {found['mean_megabytes']:.1f} MB on average, {found['copies']} times each; {measure.machine()}\n"
    )
    rows = [[way, f"{found['seconds'][way]:.1f}", f"{rate:.2f}"] for way, rate in found["apps_per_second"].items()]
    print(measure.markdown(["way", "seconds", "apps per second"], rows))
    figures = [
        ["scaling from 1 to 2 workers", f"{found['scaling']:.2f}", f"at least {SCALING}"],
        ["time on Dask, against the local pool", f"{found['dask_against_local']:.2f}", f"at most {DASK}"],
        ["processor seconds per app, start included", f"{found['processor_seconds_per_app']:.3f}", ""],
        ["days for 1.8 million apps of this mix, 2 workers", f"{found['days_for_a_year']:.1f}", ""],
    ]
    print("\n" + measure.markdown(["figure", "value", "target"], figures))
    missed = {
        f"fewer than {LEAST_APPS} apps": found["apps"] < LEAST_APPS,
        "scaling": found["scaling"] < SCALING,
        "Dask": found["dask_against_local"] > DASK,
    }
    return [name for name, missing in missed.items() if missing]


def watched(
    command: list[str], pid: Callable[[int], int], apps: Path, output: Path, step: float = 0.5
) -> list[tuple[int, int]]:
    """Run a batch; (apps done, resident bytes of a process) again and again."""
    journal = output / "index.sqlite"
    process = subprocess.Popen(command, env={**os.environ, **measure.SDKFP_ENV}, stderr=subprocess.PIPE, text=True)
    total = sum(1 for _ in apps.iterdir())
    seen: list[tuple[int, int]] = []
    looked = psutil.Process(pid(process.pid))
    while process.poll() is None:
        time.sleep(step)
        with contextlib.suppress(psutil.Error):
            seen.append((_exported(output), looked.memory_info().rss))
    errors = process.stderr.read() if process.stderr else ""
    if process.returncode or not journal.exists():
        raise SystemExit(f"the batch ended with {process.returncode}: {errors}")
    return [(min(done, total), size) for done, size in seen]


def _exported(output: Path) -> int:
    """Apps in parts: the journal belongs to the driver alone while it runs."""
    from pyarrow import parquet  # noqa: PLC0415 - only for this figure

    return sum(parquet.read_metadata(path).num_rows for path in (output / "apps").glob("part-*.parquet"))


def memory(count: int) -> dict[str, Any]:
    """Resident memory of the driver, and of a Dask scheduler, over the apps that are done."""
    found: dict[str, Any] = {"apps": count}
    with tempfile.TemporaryDirectory(prefix="sdkfp-batch-") as name:
        folder = Path(name)
        batches.write_apps(folder / "apps", count)
        signatures = write_signatures(folder / "signatures", batches.SIGNATURES)

        def command(output: str, *more: str) -> list[str]:
            parts = measure.sdkfp_command("batch", folder / "apps", "-o", folder / output, "--quiet", "--no-builtin")
            return [
                str(part)
                for part in [*parts, "--signatures", signatures, "--part-apps", str(max(1, count // 50)), *more]
            ]

        found["driver"] = _growth(
            watched(command("local", "-j", "2"), lambda pid: pid, folder / "apps", folder / "local"), count
        )
        with cluster(2) as (address, scheduler):
            seen = watched(command("dask", "--dask", address), lambda _: scheduler, folder / "apps", folder / "dask")
            found["scheduler"] = _growth(seen, count)
    return found


def _growth(seen: list[tuple[int, int]], count: int) -> dict[str, Any]:
    """Megabytes at some points, each the median of what was seen within a twentieth of the apps around it."""
    curve = []
    for mark in MARKS:
        near = [size for done, size in seen if abs(done - mark * count) <= count / 20]
        if not near:
            raise SystemExit("the batch was over before it could be watched: give more apps")
        curve.append(statistics.median(near) / 1e6)
    return {"megabytes": curve, "ratio": curve[-1] / curve[0]}


def show_memory(found: dict[str, Any]) -> list[str]:
    """Print the figures; which of them miss their target."""
    rows = [
        [who, *(f"{size:.1f}" for size in found[who]["megabytes"]), f"{found[who]['ratio']:.2f}"]
        for who in ("driver", "scheduler")
    ]
    print(
        f"{found['apps']:,} generated apps; resident megabytes when a share of them is in parts; {measure.machine()}\n"
    )
    print(measure.markdown(["process", *(f"{mark:.0%}" for mark in MARKS), "last to first"], rows))
    print(f"\ntarget: at most {GROWTH} times from the first to the last")
    return [who for who in ("driver", "scheduler") if found[who]["ratio"] > GROWTH]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure batches.")
    parser.add_argument("apps", nargs="*", help="keys of the corpus, or paths; all real apps without any")
    parser.add_argument("--copies", type=int, default=6)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.memory:
        found = memory(options.count)
        missed = show_memory(found)
    else:
        found = speed(options.apps, options.copies, options.repeat)
        missed = show_speed(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
