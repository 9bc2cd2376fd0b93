"""What starting costs: ``import sdkfp`` and ``sdkfp lookup`` with a warm catalog, against an interpreter that does nothing.

python benchmarks/startup.py [--repeat N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import measure

COMMANDS: dict[str, list[str | Path]] = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import sdkfp": [sys.executable, "-c", "import sdkfp"],
    "import sdkfp; sdkfp.scan": [sys.executable, "-c", "import sdkfp; sdkfp.scan"],
    "Catalog.builtin()": [sys.executable, "-c", "import sdkfp; sdkfp.Catalog.builtin()"],
    "sdkfp --version": measure.sdkfp_command("--version"),
    "sdkfp lookup CLASS --json": measure.sdkfp_command("lookup", "okhttp3.OkHttpClient", "--json"),
    "sdkfp lookup CLASS": measure.sdkfp_command("lookup", "okhttp3.OkHttpClient"),
}
HEAVY = ("numpy", "lief", "yara", "networkx", "yaml", "elftools", "apkInspector", "typer", "rich", "msgspec", "deflate")


def loaded() -> list[str]:
    """Which of the heavy modules ``import sdkfp`` loads."""
    code = f"import sys, sdkfp; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    return measure.run([sys.executable, "-c", code], env=measure.SDKFP_ENV).output.decode().split()


def main() -> None:
    parser = argparse.ArgumentParser(description="Time to start.")
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    runs: dict[str, list[measure.Run]] = {name: [] for name in COMMANDS}
    for number in range(options.repeat + 1):
        for name, command in COMMANDS.items():
            done = measure.run(command, env=measure.SDKFP_ENV)
            if done.status:
                sys.exit(f"{name} ended with {done.status}: {done.errors.decode(errors='replace')[-500:]}")
            if number:  # the first round fills the caches
                runs[name].append(done)
    medians = {name: measure.median(found) for name, found in runs.items()}
    rows = [
        [name, f"{one.wall * 1e3:.0f}", f"{one.cpu * 1e3:.0f}", f"{one.peak / 1e6:.0f}"]
        for name, one in medians.items()
    ]
    heavy = loaded()
    print(f"{measure.machine()}; median of {options.repeat}\n")
    print(measure.markdown(("what", "wall ms", "CPU ms", "peak MB"), rows))
    print(f"\n`import sdkfp` loads of the heavy modules: {', '.join(heavy) or 'none'}")
    if options.json:
        figures = {
            name: {"wall_s": one.wall, "cpu_s": one.cpu, "peak_bytes": one.peak} for name, one in medians.items()
        }
        result = {"machine": measure.machine(), "repeat": options.repeat, "heavy": heavy, "runs": figures}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
