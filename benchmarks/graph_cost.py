"""What the graph costs in a scan, against inflating the same dex bytes: the instructions it shares with the reads, and itself.

    python benchmarks/graph_cost.py [--repeat N] [--json FILE] [APP …]

APP is a key of tests/support/corpus.toml or a path. Times are of the processor, medians; every run opens the app afresh.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from pathlib import Path
from typing import Any

import measure
from scan_vs_inflate import entries_of, inflate

import sdkfp
from sdkfp import identification
from sdkfp.graph import build

APPS = ("yosemite-1.4.3", "pocoservice-debug-1.0.94", "appium-uia2-server-10.6.6", "react-native-sample-0.0.1")


def stages(key: str, catalog: sdkfp.Catalog) -> tuple[tuple[float, ...], int]:
    """Seconds for inflating, decoding the instructions that name something, and the graph; and how many edges it has."""
    path = measure.app(key)
    entries = entries_of(path, "classes*.dex")
    with sdkfp.App.open(path) as app:
        features = app.features()
        identified = identification.identify(features, catalog, class_bytes=app.class_bytes())
        prepared: list[object] = [app.native, app.manifests]  # what a scan has read by then
        moments = [time.process_time()]
        inflate(entries)
        moments.append(time.process_time())
        prepared += [part.dex.calls() for part in app.dexes]  # with them those of types and fields
        moments.append(time.process_time())
        graph = build(identified, features, app)
        moments.append(time.process_time())
    return tuple(after - before for before, after in itertools.pairwise(moments)), len(graph.edges)


def compare(key: str, catalog: sdkfp.Catalog, repeat: int) -> dict[str, Any]:
    """One app: the medians, in seconds."""
    stages(key, catalog)  # not counted
    runs = [stages(key, catalog) for _ in range(repeat)]
    names = ("inflate_s", "decode_s", "graph_s")
    medians = [statistics.median(column) for column in zip(*(times for times, _ in runs), strict=True)]
    return {"app": key, "edges": runs[0][1], **dict(zip(names, medians, strict=True))}


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of the graph against inflating the same dex bytes.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, or paths")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    catalog = sdkfp.Catalog.builtin()
    rows = [compare(key, catalog, options.repeat) for key in options.apps]
    print(f"{measure.machine()}; median of {options.repeat}, processor time\n")
    head = ("app", "edges", "inflate dex ms", "decode ms", "graph ms", "graph / inflate")
    print(measure.markdown(head, [cells(row) for row in rows]))
    if options.json:
        result = {"machine": measure.machine(), "repeat": options.repeat, "apps": rows}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def cells(row: dict[str, Any]) -> list[str]:
    times = [f"{row[name] * 1e3:.0f}" for name in ("inflate_s", "decode_s", "graph_s")]
    return [row["app"], f"{row['edges']:,}", *times, f"{row['graph_s'] / row['inflate_s']:.1f}"]


if __name__ == "__main__":
    main()
