"""Peak memory of a scan against the largest dex file of the app.

python benchmarks/memory.py [--json FILE] [APP …]

Every app is scanned by a process of its own with everything on. The constant is the peak for a tiny app: the interpreter, libraries and
signatures. What a scan needs above that was to stay under four times the largest dex file. It does not where an app has several: a scan
keeps the bytes of all and where they name something, since the three rooms that look at code would have to inflate and decode them
again. So the bound that is held is five times all dex files, and the native libraries (their symbols are kept) once. Apps: generated
ones with one dex file of 14 and of 63 MB, and with six of 14 MB; and real ones. The peak is that of resident memory, which counts pages
of the mapped file too; no figure depends on what else the machine does. The exit code is 1 where an app needs more.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import measure
from growth import as_app, large_dex, prefixes_of

from sdkfp import App, Catalog

APPS = ("react-native-sample-0.0.1", "appium-uia2-server-7.7.1", "yosemite-1.4.3")
MOST = 5.0
"""Times all dex files."""
CLASSES = 6000


def generated() -> Iterator[tuple[str, bytes]]:
    """Apps by name."""
    prefixes = prefixes_of(Catalog.builtin())
    yield "generated, one dex file", as_app(large_dex(CLASSES, prefixes=prefixes))
    yield "generated, one large dex file", as_app(large_dex(CLASSES, 600, prefixes=prefixes))
    yield (
        "generated, six dex files",
        as_app(*(large_dex(CLASSES, seed=seed, prefixes=prefixes) for seed in range(6))),
    )


def peak(path: Path) -> float:
    """Megabytes of a scan in a process of its own."""
    done = measure.run(measure.sdkfp_command("scan", path, "--json"), env=measure.SDKFP_ENV)
    if done.status not in (0, 1):  # 1: no SDK in it
        raise SystemExit(f"the scan of {path} ended with {done.status}: {done.errors.decode()}")
    return done.peak / 1e6


def row(name: str, path: Path, constant: float) -> dict[str, Any]:
    with App.open(path) as app:
        sizes = [len(part.dex.data) for part in app.dexes]
        libraries = sum(part.entry.size for part in app.libraries)
    megabytes = peak(path)
    above = (megabytes - constant) * 1e6
    return {
        "app": name,
        "file": path.stat().st_size,
        "dex_files": len(sizes),
        "dex_bytes": sum(sizes),
        "largest": max(sizes),
        "library_bytes": libraries,
        "peak_megabytes": megabytes,
        "times_largest": above / max(sizes),
        "times_all": above / sum(sizes),
        "held": above <= MOST * sum(sizes) + libraries,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Peak memory of a scan against the largest dex file.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, or paths")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sdkfp-memory-") as name:
        folder = Path(name)
        tiny = folder / "tiny.apk"
        tiny.write_bytes(as_app(large_dex(1)))
        peak(tiny)  # compiles the signatures
        constant = peak(tiny)
        rows = []
        for what, data in generated():
            path = folder / "generated.apk"
            path.write_bytes(data)
            rows.append(row(what, path, constant))
        rows += [row(key, measure.app(key), constant) for key in options.apps]
    head = (
        "app",
        "file MB",
        "dex files",
        "largest MB",
        "all MB",
        ".so MB",
        "peak MB",
        "above the constant: times the largest dex",
        "times all dex",
    )
    cells = [
        (
            each["app"],
            f"{each['file'] / 1e6:.1f}",
            each["dex_files"],
            f"{each['largest'] / 1e6:.1f}",
            f"{each['dex_bytes'] / 1e6:.1f}",
            f"{each['library_bytes'] / 1e6:.1f}",
            f"{each['peak_megabytes']:.0f}",
            f"{each['times_largest']:.1f}",
            f"{each['times_all']:.1f}",
        )
        for each in rows
    ]
    print(
        f"constant: {constant:.0f} MB, the peak of a scan of a tiny app; bound: {MOST:g} times all dex files and the libraries once\n"
    )
    print(measure.markdown(head, cells))
    if options.json:
        options.json.write_text(
            json.dumps({"constant_megabytes": constant, "rows": rows}, indent=2) + "\n", encoding="utf-8"
        )
    if not all(each["held"] for each in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
