"""How fast a batch goes: apps per second, scaling from one worker to two, a Dask cluster against the local pool, memory of the driver.

python benchmarks/batch.py [--copies N] [--repeat N] [--json FILE] [APP …]       speed, on all real apps of the corpus
python benchmarks/batch.py --memory [--count 10000] [--json FILE]                memory of the driver, and of a Dask scheduler
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


def batch(apps: Path, output: Path, *more: str | Path) -> float:
    """Seconds of a batch as a process of its own, from its start to its end."""
    command = [*measure.sdkfp_command("batch", apps, "-o", output, "--quiet"), *more]
    begin = time.perf_counter()
    done = measure.run(command, env=measure.SDKFP_ENV)
    if done.status:
        raise SystemExit(f"the batch ended with {done.status}: {done.errors.decode()}")
    return time.perf_counter() - begin


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
    """The local pool with one worker and with two, and a cluster with two, in turns."""
    with tempfile.TemporaryDirectory(prefix="sdkfp-batch-") as name, cluster(2) as (address, _):
        folder = Path(name)
        facts: dict[str, Any] = collect(keys, folder / "apps", copies)
        ways: dict[str, list[str]] = {
            "1 worker": ["-j", "1"],
            "2 workers": ["-j", "2"],
            "Dask, 2 workers": ["--dask", address],
        }
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        batch(folder / "apps", folder / "warm", *ways["2 workers"])
        for turn in range(repeat):
            for number, (way, options) in enumerate(ways.items()):
                seconds[way].append(batch(folder / "apps", folder / f"out-{turn}-{number}", *options))
    median = {way: statistics.median(found) for way, found in seconds.items()}
    inputs = facts["apps"] * copies
    rate = {way: inputs / found for way, found in median.items()}
    return {
        **facts,
        "seconds": median,
        "apps_per_second": rate,
        "days_for_a_year": YEAR / rate["2 workers"] / 86_400,
        "scaling": median["1 worker"] / median["2 workers"],
        "dask_against_local": median["Dask, 2 workers"] / median["2 workers"],
    }


def show_speed(found: dict[str, Any]) -> None:
    print(
        f"{found['apps']} real apps, {found['mean_megabytes']:.1f} MB on average, {found['copies']} times each; {measure.machine()}\n"
    )
    rows = [[way, f"{found['seconds'][way]:.1f}", f"{rate:.2f}"] for way, rate in found["apps_per_second"].items()]
    print(measure.markdown(["way", "seconds", "apps per second"], rows))
    print(f"\n1.8 million apps of this mix: {found['days_for_a_year']:.1f} days with 2 workers")
    print(f"scaling from 1 to 2 workers: {found['scaling']:.2f}")
    print(f"Dask against the local pool, same two workers: {found['dask_against_local']:.2f} times the time")


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
    """Resident memory of the driver, and of a Dask scheduler, after a tenth of the apps and near the end."""
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


def _growth(seen: list[tuple[int, int]], count: int) -> dict[str, float]:
    early = [size for done, size in seen if count * 0.1 <= done <= count * 0.2]
    late = [size for done, size in seen if done >= count * 0.8]
    if not early or not late:
        raise SystemExit("the batch was over before it could be watched: give more apps")
    first, last = statistics.median(early) / 1e6, statistics.median(late) / 1e6
    return {"megabytes_early": first, "megabytes_late": last, "ratio": last / first}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure batches.")
    parser.add_argument("apps", nargs="*", help="keys of the corpus, or paths; all real apps without any")
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.memory:
        found = memory(options.count)
        rows = [
            [who, *(f"{found[who][key]:.2f}" for key in ("megabytes_early", "megabytes_late", "ratio"))]
            for who in ("driver", "scheduler")
        ]
        print(f"{options.count:,} generated apps; {measure.machine()}\n")
        print(measure.markdown(["process", "MB after a tenth", "MB near the end", "ratio"], rows))
    else:
        found = speed(options.apps, options.copies, options.repeat)
        show_speed(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
