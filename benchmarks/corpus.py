"""Scans every real app of tests/support/corpus.toml and says what was found, on what evidence, and what stays unexplained.

python benchmarks/corpus.py [--kind apk] [--json FILE] [--details] [APP …]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import measure
from support import realapps

import sdkfp


def attempt(key: str, catalog: sdkfp.Catalog) -> dict[str, Any] | str:
    """One app as plain data, or why it could not be scanned."""
    try:
        return examine(measure.app(key), key, catalog)
    except (realapps.UnavailableError, sdkfp.SdkfpError) as error:
        return f"{key}: {type(error).__name__}: {error}"


def examine(path: Path, key: str, catalog: sdkfp.Catalog) -> dict[str, Any]:
    """One app as plain data."""
    start = time.perf_counter()
    report = sdkfp.scan(path, catalog=catalog)
    seconds = time.perf_counter() - start
    rest = report.unexplained
    return {
        "app": key,
        "seconds": seconds,
        "dex_files": report.app.dex_files,
        "dex_bytes": report.app.dex_bytes,
        "native_libraries": len(report.app.native_libraries),
        "classes": rest.total.classes,
        "sdks": [_sdk(sdk) for sdk in report.sdks],
        "explained": {
            "sdks": rest.sdks.dex_bytes_share,
            "own": rest.own.dex_bytes_share,
            "nobody": rest.nobody.dex_bytes_share,
            "renamed": rest.renamed.dex_bytes_share,
        },
        "unexplained_packages": [
            {"name": p.name, "classes": p.classes, "dex_bytes": p.dex_bytes} for p in rest.packages[:10]
        ],
        "mentioned": [mention.sdk for mention in rest.mentioned],
        "not_examined": [f"{part.code} {part.location}" for part in report.not_examined],
    }


def _sdk(sdk: Any) -> dict[str, Any]:
    kinds = Counter()  # type: Counter[str]
    for evidence in sdk.evidence:
        kinds[evidence.kind.value] += evidence.count
    return {
        "id": sdk.id,
        "certainty": sdk.certainty.value,
        "classes": sdk.classes,
        "dex_bytes": sdk.dex_bytes,
        "version": sdk.version.text if sdk.version else None,
        "evidence": dict(sorted(kinds.items())),
    }


def summary(row: dict[str, Any]) -> list[str]:
    """A line of the table."""
    certain = Counter(sdk["certainty"] for sdk in row["sdks"])
    shares = [f"{row['explained'][name]:.0%}" for name in ("sdks", "own", "nobody", "renamed")]
    packages = ", ".join(f"{package['name']} ({package['classes']})" for package in row["unexplained_packages"][:3])
    sizes = [f"{row['dex_bytes'] / 1e6:.1f}", f"{row['classes']:,}", f"{row['seconds'] * 1e3:.0f}"]
    found = [
        str(certain["identified"]),
        str(certain["suspected"]),
        str(sum(sdk["version"] is not None for sdk in row["sdks"])),
    ]
    return [row["app"], *sizes, *found, *shares, packages or "-", str(len(row["not_examined"]))]


HEAD = (
    "app",
    "dex MB",
    "classes",
    "ms",
    "identified",
    "suspected",
    "with version",
    "SDK code",
    "own",
    "nobody's",
    "renamed",
    "largest unexplained packages (classes)",
    "not examined",
)


def details(row: dict[str, Any]) -> str:
    """What was found in one app, a line an SDK."""
    lines = [f"\n### {row['app']}\n"]
    for sdk in row["sdks"]:
        evidence = ", ".join(f"{kind} {count}" for kind, count in sdk["evidence"].items())
        lines.append(f"- {sdk['id']} {sdk['version'] or ''} ({sdk['certainty']}; {sdk['classes']} classes): {evidence}")
    if row["mentioned"]:
        lines.append(f"- only mentioned: {', '.join(row['mentioned'])}")
    lines.extend(f"- not examined: {part}" for part in row["not_examined"][:10])
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Scan the whole corpus.")
    parser.add_argument("apps", nargs="*", help="keys of the corpus, or paths; all of the kind without any")
    parser.add_argument("--kind", default="apk")
    parser.add_argument("--details", action="store_true", help="every SDK of every app")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    catalog = sdkfp.Catalog.builtin()
    answers = [attempt(key, catalog) for key in options.apps or realapps.keys(options.kind)]
    rows = [answer for answer in answers if not isinstance(answer, str)]
    failed = [answer for answer in answers if isinstance(answer, str)]
    print(f"{len(rows)} apps, catalog of {len(catalog)} signatures; {measure.machine()}\n")
    print(measure.markdown(HEAD, [summary(row) for row in rows]))
    if options.details:
        print("\n".join(details(row) for row in rows))
    for line in failed:
        print(f"not scanned: {line}", file=sys.stderr)
    if options.json:
        result = {"catalog": {"signatures": len(catalog), "sha256": catalog.sha256}, "apps": rows, "failed": failed}
        options.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
