"""Does a scan become slower as the catalog grows? Processor time with 80 signatures, with 400, and with all of them.

python benchmarks/catalog_growth.py [--repeat N] [--json FILE] [APP …]

The parts of the catalog are taken in turns, in one process, with all catalogs compiled, so that a busy moment meets all of them.
The clock is the processor time of this process; the first turn is not counted.

A rule that reads native libraries costs the reading of all of them once, however many signatures there are, and the first signatures
have none. So each part is given the signatures that have such rules; what they cost is a column of its own ("without").
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
from catalog_parts import library_readers, part, some_ids

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


def compare(key: str, catalogs: dict[str, sdkfp.Catalog], repeat: int) -> dict[str, Any]:
    """One app: the median time with each catalog, and the median of the ratios of each turn to the small one."""
    path = measure.app(key)
    turns = [{name: seconds(path, catalog) for name, catalog in catalogs.items()} for _ in range(repeat + 1)][1:]
    return {
        "app": key,
        "seconds": {name: statistics.median(turn[name] for turn in turns) for name in catalogs},
        "ratio": {name: statistics.median(turn[name] / turn[f"{SMALL}"] for turn in turns) for name in catalogs},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Scan time against the size of the catalog.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, or paths")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    whole = sdkfp.Catalog.builtin()
    readers = library_readers()
    parts = {
        f"{SMALL} without": some_ids(SMALL),
        f"{SMALL}": list(dict.fromkeys(readers + some_ids(SMALL)))[:SMALL],
        f"{LARGE}": list(dict.fromkeys(readers + some_ids(LARGE)))[:LARGE],
    }
    with tempfile.TemporaryDirectory() as folder:
        catalogs = {}
        for name, ids in parts.items():
            (Path(folder) / name).mkdir()
            catalogs[name] = part(Path(folder) / name, ids)
        catalogs[f"{len(whole)}"] = whole
        rows = [compare(key, catalogs, options.repeat) for key in options.apps]
    print(f"{measure.machine()}; median of {options.repeat}, processor time\n")
    ratios = [name for name in catalogs if name != f"{SMALL}"]
    head = ["app", *(f"{name} ms" for name in catalogs), *(f"{name} / {SMALL}" for name in ratios)]
    print(measure.markdown(head, [cells(row, ratios) for row in rows]))
    worst = max(row["ratio"][f"{LARGE}"] for row in rows)
    print(f"\nFrom {SMALL} to {LARGE} signatures at most {worst - 1:+.1%}; {LIMIT - 1:+.0%} is allowed.")
    if options.json:
        options.json.write_text(json.dumps({"repeat": options.repeat, "apps": rows}, indent=2) + "\n", encoding="utf-8")


def cells(row: dict[str, Any], ratios: list[str]) -> list[str]:
    times = [f"{value * 1e3:.0f}" for value in row["seconds"].values()]
    return [row["app"], *times, *(f"{row['ratio'][name]:.3f}" for name in ratios)]


if __name__ == "__main__":
    main()
