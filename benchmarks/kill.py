"""Kills the driver and the workers of a batch at random moments, resumes it, and compares the dataset with that of an undisturbed batch.

python benchmarks/kill.py [--kills 20] [--apps 300] [--seed N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import measure
import psutil
from support import batches
from support.catalogs import write_signatures


def make_apps(folder: Path, count: int) -> None:
    """Tiny apps, some that take a few tenths of a second, twins, and files that are no apps."""
    batches.write_apps(folder, count)
    slow = batches.slow_app(120)
    for number in range(count // 20):
        (folder / f"slow{number}.apk").write_bytes(slow + bytes(number + 1))
        (folder / f"twin{number}.apk").write_bytes(batches.app(3 * number))
        (folder / f"junk{number}.apk").write_bytes(b"no package" * (number + 1))


def start(apps: Path, output: Path, signatures: Path) -> subprocess.Popen[bytes]:
    command = [
        *measure.sdkfp_command("batch", apps, "-o", output, "--signatures", signatures, "--no-builtin", "--quiet")
    ]
    command += ["-j", "2", "--part-apps", "25"]
    return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> str:
    """Wait for a batch; what it wrote to standard error."""
    _, errors = process.communicate(timeout=measure.TIMEOUT)
    return errors.decode("utf-8", "replace")


def kill_something(process: subprocess.Popen[bytes], chance: random.Random) -> str | None:
    """Kill the driver or one of the processes below it; what it was, or nothing where the batch was over already."""
    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return None
    # The tracker of multiprocessing, which holds no work, is one of the children.
    workers = [child for child in children if "spawn_main" in " ".join(_command(child))]
    victim = "driver" if not workers or chance.random() < 0.5 else "worker"
    if process.poll() is not None:
        return None
    try:
        if victim == "driver":
            process.send_signal(signal.SIGKILL)
        else:
            chance.choice(workers).kill()
    except psutil.NoSuchProcess:
        return None
    return victim


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def disturb(
    apps: Path, output: Path, signatures: Path, kills: int, chance: random.Random, usual: float
) -> Counter[str]:
    """Run the batch over and over until so many kills have hit; then once more to its end."""
    done: Counter[str] = Counter()
    while done.total() < kills:
        process = start(apps, output, signatures)
        while process.poll() is None and done.total() < kills:
            time.sleep(chance.uniform(0.05, usual / 4))
            victim = kill_something(process, chance)
            if victim is not None:
                done[victim] += 1
        if process.poll() is None and done.total() < kills:
            process.kill()
        errors = finish(process)
        if process.returncode not in (0, -signal.SIGKILL):
            raise SystemExit(f"a batch ended with {process.returncode}: {errors}")
        if process.returncode == 0 and done.total() < kills:
            # Everything is done: take some parts away, so that the remaining kills meet work again.
            for file in sorted(output.rglob("part-*-*.parquet"))[:6]:
                file.unlink()
    errors = finish(start(apps, output, signatures))
    if errors:
        print(errors, file=sys.stderr)
    return done


def leftovers() -> int:
    """Worker processes that outlived their driver."""
    return sum("spawn_main" in " ".join(_command(process)) and process.ppid() == 1 for process in psutil.process_iter())


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill batches at random and compare what they leave.")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--apps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sdkfp-kill-") as name:
        folder = Path(name)
        make_apps(folder / "apps", options.apps)
        signatures = write_signatures(folder / "signatures", batches.SIGNATURES)
        begin = time.perf_counter()
        errors = finish(start(folder / "apps", folder / "undisturbed", signatures))
        usual = time.perf_counter() - begin
        if errors:
            print(errors, file=sys.stderr)
        chance = random.Random(options.seed)  # noqa: S311 - no secret
        done = disturb(folder / "apps", folder / "disturbed", signatures, options.kills, chance, usual)
        expected, found = batches.contents(folder / "undisturbed"), batches.contents(folder / "disturbed")
        differing = [table for table in expected if expected[table] != found[table]]
        time.sleep(1.0)
        result = {
            "inputs": len(expected["inputs"]),
            "apps": len(expected["apps"]),
            "undisturbed_seconds": round(usual, 1),
            "killed_drivers": done["driver"],
            "killed_workers": done["worker"],
            "differing_tables": differing,
            "workers_left_over": leftovers(),
        }
    print(measure.markdown(list(result), [list(result.values())]))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if differing or result["workers_left_over"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
