"""What looking for reads of personal information costs on top of a scan without it, in the same process.

    python benchmarks/behaviours_cost.py [--repeat N] [--json FILE] [--most SHARE] [APP …]

APP is a key of tests/support/corpus.toml or a path. Scans with and without take turns; times are of the processor, medians. With
``--most`` the exit code is 1 when the cost is a larger share than that for all apps together.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import measure

import sdkfp

APPS = (
    measure.EXAMPLE,
    "yosemite-1.4.3",
    "react-native-sample-0.0.1",
    "pocoservice-debug-1.0.94",
    "appium-uia2-server-10.6.6",
    "apidemos-5.0.0",
    "xposedinstaller-3.1.5",
)


def seconds(path: Path, catalog: sdkfp.Catalog, *, reads: bool) -> tuple[float, sdkfp.Report]:
    """Processor time of one scan."""
    start = time.process_time()
    report = sdkfp.scan(path, catalog=catalog, reads=reads)
    return time.process_time() - start, report


def compare(key: str, catalog: sdkfp.Catalog, repeat: int) -> dict[str, Any]:
    """One app: both times, in seconds, their ratio, and what was found."""
    path = measure.app(key)
    seconds(path, catalog, reads=True)  # not counted
    without, with_reads = [], []
    for _ in range(repeat):
        without.append(seconds(path, catalog, reads=False)[0])
        taken, report = seconds(path, catalog, reads=True)
        with_reads.append(taken)
    base, whole = statistics.median(without), statistics.median(with_reads)
    able = [claim for sdk in report.sdks for claim in sdk.collects if claim.claim == "able_to_read"]
    return {
        "app": key,
        "dex_bytes": report.app.dex_bytes,
        "without_s": base,
        "with_s": whole,
        "cost": whole / base - 1,
        "types": len(report.reads or ()),
        "claims": len(able),
        "sites": sum(use.count for claim in able for use in claim.reads),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of looking for reads on top of a scan without it.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, or paths")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--most", type=float, help="largest share that is accepted, such as 0.4")
    options = parser.parse_args()
    catalog = sdkfp.Catalog.builtin()
    rows = [compare(key, catalog, options.repeat) for key in options.apps]
    print(f"{measure.machine()}; median of {options.repeat}, processor time\n")
    head = ("app", "dex MB", "without ms", "with ms", "cost", "types", "claims of SDKs", "their sites")
    print(measure.markdown(head, [cells(row) for row in rows]))
    total = sum(row["with_s"] for row in rows) / sum(row["without_s"] for row in rows) - 1
    print(f"\nAll apps together: {total:+.0%}")
    if options.json:
        result = {"machine": measure.machine(), "repeat": options.repeat, "cost": total, "apps": rows}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if options.most is not None and total > options.most:
        sys.exit(1)


def cells(row: dict[str, Any]) -> list[str]:
    times = [f"{row[name] * 1e3:.0f}" for name in ("without_s", "with_s")]
    counts = [str(row[name]) for name in ("types", "claims", "sites")]
    return [row["app"], f"{row['dex_bytes'] / 1e6:.1f}", *times, f"{row['cost']:+.0%}", *counts]


if __name__ == "__main__":
    main()
