"""Does a scan become slower as the catalog grows? Processor time with 80 signatures, with 400, and with all of them.

python benchmarks/catalog_growth.py [--repeat N] [--json FILE] [APP …]

The parts of the catalog are taken in turns, in one process, with all catalogs compiled, so that a busy moment meets all of them.
The clock is the processor time of this process; the first turn is not counted.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import measure
from catalog_parts import part, some_ids

import sdkfp

APPS = ("yosemite-1.4.3", "pocoservice-debug-1.0.94", "react-native-sample-0.0.1")
SMALL, LARGE = 80, 400
LIMIT = 1.10
"""From the small to the large catalog a scan may take so many times as long."""


def seconds(path: Path, catalog: sdkfp.Catalog) -> float:
    """Processor time of one scan."""
    gc.collect()
    start = time.process_time()
    sdkfp.scan(path, catalog=catalog)
    return time.process_time() - start


def compare(key: str, catalogs: dict[int, sdkfp.Catalog], repeat: int) -> dict[str, Any]:
    """One app: the median time with each catalog, and the median of the ratios of each turn."""
    path = measure.app(key)
    turns = [{size: seconds(path, catalog) for size, catalog in catalogs.items()} for _ in range(repeat + 1)][1:]
    smallest = min(catalogs)
    return {
        "app": key,
        "seconds": {size: statistics.median(turn[size] for turn in turns) for size in catalogs},
        "ratio": {size: statistics.median(turn[size] / turn[smallest] for turn in turns) for size in catalogs},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Scan time against the size of the catalog.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, or paths")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    whole = sdkfp.Catalog.builtin()
    with tempfile.TemporaryDirectory() as folder:
        catalogs = {}
        for size in (SMALL, LARGE):
            (Path(folder) / str(size)).mkdir()
            catalogs[size] = part(Path(folder) / str(size), some_ids(size))
        catalogs[len(whole)] = whole
        rows = [compare(key, catalogs, options.repeat) for key in options.apps]
    print(f"{measure.machine()}; median of {options.repeat}, processor time\n")
    head = [
        "app",
        *(f"{size} signatures ms" for size in catalogs),
        *(f"{size} / {SMALL}" for size in list(catalogs)[1:]),
    ]
    print(measure.markdown(head, [cells(row) for row in rows]))
    worst = max(row["ratio"][LARGE] for row in rows)
    print(f"\nFrom {SMALL} to {LARGE} signatures at most {worst - 1:+.1%}; {LIMIT - 1:+.0%} is allowed.")
    if options.json:
        options.json.write_text(json.dumps({"repeat": options.repeat, "apps": rows}, indent=2) + "\n", encoding="utf-8")


def cells(row: dict[str, Any]) -> list[str]:
    times = [f"{value * 1e3:.0f}" for value in row["seconds"].values()]
    return [row["app"], *times, *(f"{value:.3f}" for value in list(row["ratio"].values())[1:])]


if __name__ == "__main__":
    main()
