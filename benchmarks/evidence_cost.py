"""What reading every kind of evidence costs, against inflating the bytes that have to be read; and single large libraries.

    python benchmarks/evidence_cost.py [--repeat N] [--engine yara|yara-x] [--json FILE] [APP …] [--library FILE …]

Evidence is what a scan does without rename-proof marks, reads and the graph, which have benchmarks of their own: the container, dex
names and constants, native libraries, manifests, files, rules, signers, and the identification. The bytes to be read are those of every
dex file and native library, also of those under other names. Times are of the processor, the best of N runs. APP is a key of
tests/support/corpus.toml or a path; FILE a native library.

Fails where evidence costs more than five times the inflating, or a library more than 0.3 s for each 60 MB.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import measure
from scan_vs_inflate import entries_of, inflate
from support import realapps

import sdkfp
from sdkfp import identification
from sdkfp.elf import read_library
from sdkfp.features import FeatureSet
from sdkfp.rules import match_features, match_parts
from sdkfp.yara import CompiledRules, Engine, RuleSource, compile_rules, default_engine

APPS = (
    "yosemite-1.4.3",
    "pocoservice-debug-1.0.94",
    "appium-uia2-server-10.6.6",
    "react-native-sample-0.0.1",
    "react-native-viewpager-sample-0.2.13",
    "xposedinstaller-3.1.5",
)
LIBRARY = "realm@6.1.0/arm64-v8a/librealmreact.so"
MOST_INFLATES = 5.0
MOST_SECONDS, OF_BYTES = 0.3, 60e6


def best(work: Callable[[], object], repeat: int) -> float:
    """The fewest seconds of processor time that some work took."""
    return min(measure.processor_seconds(work, repeat))


def rules_on(engine: Engine) -> CompiledRules:
    """The built-in rules on one engine."""
    files = sorted((measure.ROOT / "signatures").glob("[sp]*/*.yar"))
    return compile_rules([RuleSource(file.stem, file.name, file.read_text("utf-8")) for file in files], engine=engine)


def evidence(path: Path, catalog: sdkfp.Catalog, rules: CompiledRules) -> None:
    """Everything up to the identification."""
    with sdkfp.App.open(path) as app:
        parts = match_parts(app, rules)
        features = app.features(constants=catalog.version_constants) | FeatureSet(parts.columns)
        features |= FeatureSet(match_features(features, rules, app.name).columns)
        identification.identify(features, catalog)
        _ = (app.signers, app.not_examined)


def compare(key: str, catalog: sdkfp.Catalog, rules: CompiledRules, repeat: int) -> dict[str, Any]:
    """One app: seconds of both, and the bytes."""
    path = measure.app(key)
    with sdkfp.App.open(path) as app:
        names = [[part.location.rpartition("!")[2] for part in parts] for parts in (app.dexes, app.libraries)]
    dex, libraries = (entries_of(path, *found) for found in names)
    return {
        "app": key,
        "dex_bytes": sum(size for _, size, _ in dex),
        "libraries": len(libraries),
        "library_bytes": sum(size for _, size, _ in libraries),
        "inflate_s": best(lambda: inflate(dex + libraries), repeat),
        "evidence_s": best(lambda: evidence(path, catalog, rules), repeat),
    }


def library(path: Path, rules: CompiledRules, repeat: int) -> dict[str, Any]:
    """One native library: seconds for reading it and for the rules."""
    data = path.read_bytes()
    return {
        "library": path.name,
        "bytes": len(data),
        "symbols": len(read_library(data).exported),
        "read_s": best(lambda: read_library(data), repeat),
        "rules_s": best(lambda: rules.match("elf", data, timeout_s=60), repeat),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of reading evidence against inflating the same bytes.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, or paths")
    parser.add_argument("--library", type=Path, action="append", help="a native library; may be repeated")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--engine", choices=get_args(Engine), default=default_engine())
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    catalog, rules = sdkfp.Catalog.builtin(), rules_on(options.engine)
    rows = [compare(key, catalog, rules, options.repeat) for key in options.apps]
    paths = options.library or [realapps.fetch(LIBRARY)]
    libraries = [library(path, rules, options.repeat) for path in paths]
    print(f"{measure.machine()}; rules on {rules.engine}; best of {options.repeat}, processor time\n")
    head = ("app", "dex MB", ".so", ".so MB", "inflate ms", "evidence ms", "evidence / inflate")
    print(measure.markdown(head, [_cells(row) for row in rows]))
    second_head = ("library", "MB", "exported symbols", "read ms", "rules ms", "both, for 60 MB, ms")
    print()
    print(measure.markdown(second_head, [_library_cells(row) for row in libraries]))
    if options.json:
        result = {"machine": measure.machine(), "engine": rules.engine, "repeat": options.repeat}
        result |= {"apps": rows, "libraries": libraries}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    slow = [row["app"] for row in rows if row["evidence_s"] > MOST_INFLATES * row["inflate_s"]]
    slow += [row["library"] for row in libraries if _seconds_for_60_megabytes(row) > MOST_SECONDS]
    if slow:
        raise SystemExit(f"too slow: {', '.join(slow)}")


def _seconds_for_60_megabytes(row: dict[str, Any]) -> float:
    return float((row["read_s"] + row["rules_s"]) / row["bytes"] * OF_BYTES)


def _cells(row: dict[str, Any]) -> list[str]:
    times = [f"{row[name] * 1e3:.0f}" for name in ("inflate_s", "evidence_s")]
    sizes = [f"{row['dex_bytes'] / 1e6:.1f}", str(row["libraries"]), f"{row['library_bytes'] / 1e6:.1f}"]
    return [row["app"], *sizes, *times, f"{row['evidence_s'] / row['inflate_s']:.1f}"]


def _library_cells(row: dict[str, Any]) -> list[str]:
    times = [f"{row[name] * 1e3:.0f}" for name in ("read_s", "rules_s")]
    return [
        row["library"],
        f"{row['bytes'] / 1e6:.1f}",
        f"{row['symbols']:,}",
        *times,
        f"{_seconds_for_60_megabytes(row) * 1e3:.0f}",
    ]


if __name__ == "__main__":
    main()
