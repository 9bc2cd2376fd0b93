"""How long a scan takes inside a process, against inflating the same bytes with libdeflate: the physical limit.

Beside it stands what zlib needs for these bytes, as Python's zipfile reads them: what reading the app costs most programs.

    python benchmarks/scan_vs_inflate.py [--repeat N] [--json FILE] [APP …]

APP is a key of tests/support/corpus.toml or a path. The catalog is compiled before and the files are in the page cache.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import deflate
import measure

import sdkfp

APPS = (
    measure.EXAMPLE,
    "yosemite-1.4.3",
    "react-native-sample-0.0.1",
    "pocoservice-debug-1.0.94",
    "appium-uia2-server-10.6.6",
    "xposedinstaller-3.1.5",
)


def entries_of(path: Path, *patterns: str) -> list[tuple[bytes, int, bool]]:
    """The compressed bytes, the inflated size and whether they are compressed at all, of the entries of some names."""
    found = []
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        for info in archive.infolist():
            if any(fnmatchcase(info.filename, pattern) for pattern in patterns):
                file.seek(info.header_offset + 26)
                name, extra = struct.unpack("<HH", file.read(4))
                file.seek(info.header_offset + 30 + name + extra)
                data = file.read(info.compress_size)
                found.append((data, info.file_size, info.compress_type == zipfile.ZIP_DEFLATED))
    return found


def with_zlib(data: bytes, size: int) -> bytes:
    return zlib.decompress(data, -zlib.MAX_WBITS, size)


def inflate(
    entries: list[tuple[bytes, int, bool]], how: Callable[[bytes, int], object] = deflate.deflate_decompress
) -> None:
    for data, size, compressed in entries:
        if compressed:
            how(data, size)


def timed(work: Callable[[], object], repeat: int) -> float:
    """The median of the processor seconds that some work takes."""
    return statistics.median(measure.processor_seconds(work, repeat))


def compare(key: str, catalog: sdkfp.Catalog, repeat: int) -> dict[str, Any]:
    """One app: the times, in processor seconds, and their ratios."""
    path = measure.app(key)
    entries = entries_of(path, "classes*.dex")
    libraries = entries_of(path, "lib/*.so")
    report = sdkfp.scan(path, catalog=catalog)
    limit = timed(lambda: inflate(entries), repeat)
    wider_limit = timed(lambda: inflate(entries + libraries), repeat)
    usual = timed(lambda: inflate(entries, with_zlib), repeat)
    wider_usual = timed(lambda: inflate(entries + libraries, with_zlib), repeat)
    quick = timed(lambda: sdkfp.scan(path, catalog=catalog, names_only=True), repeat)
    scan = timed(lambda: sdkfp.scan(path, catalog=catalog), repeat)
    return {
        "app": key,
        "apk_bytes": path.stat().st_size,
        "dex_files": len(entries),
        "dex_bytes": sum(size for _, size, _ in entries),
        "library_bytes": sum(size for _, size, _ in libraries),
        "dex_compressed": any(compressed for _, _, compressed in entries),
        "classes": report.unexplained.total.classes,
        "sdks": len(report.sdks),
        "inflate_s": limit,
        "inflate_with_libraries_s": wider_limit,
        "zlib_s": usual,
        "zlib_with_libraries_s": wider_usual,
        "quick_s": quick,
        "scan_s": scan,
        "quick_per_inflate": quick / limit if limit else None,
        "scan_per_inflate": scan / wider_limit if wider_limit else None,
        "quick_per_zlib": quick / usual if usual else None,
        "scan_per_zlib": scan / wider_usual if wider_usual else None,
        "mb_per_s": sum(size for _, size, _ in entries) / 1e6 / scan,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time of a scan against the inflate of the same dex bytes.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, or paths")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start = time.perf_counter()
    catalog = sdkfp.Catalog.builtin()
    load = time.perf_counter() - start
    rows = [compare(key, catalog, options.repeat) for key in options.apps]
    print(
        f"{measure.machine()}; catalog of {len(catalog)} signatures loaded in {load * 1e3:.0f} ms; median of {options.repeat}\n"
    )
    times = ("inflate dex ms", "inflate dex and .so ms", "names only ms", "scan ms")
    ratios = ("names only / dex", "scan / dex and .so", "names only / zlib", "scan / zlib")
    head = ("app", "dex", "dex MB", ".so MB", "classes", "SDKs", *times, *ratios, "dex MB/s")
    print(measure.markdown(head, [cells(row) for row in rows]))
    if options.json:
        result = {"machine": measure.machine(), "repeat": options.repeat, "catalog_load_s": load, "apps": rows}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def cells(row: dict[str, Any]) -> list[str]:
    names = ("inflate_s", "inflate_with_libraries_s", "quick_s", "scan_s")
    times = [f"{row[name] * 1e3:.0f}" for name in names]
    sizes = [f"{row[name] / 1e6:.1f}" for name in ("dex_bytes", "library_bytes")]
    kinds = ("quick_per_inflate", "scan_per_inflate", "quick_per_zlib", "scan_per_zlib")
    ratios = [f"{row[name]:.1f}" if row["dex_compressed"] else "stored" for name in kinds]
    counts = [row["dex_files"], *sizes, f"{row['classes']:,}", row["sdks"]]
    return [row["app"], *map(str, counts), *times, *ratios, f"{row['mb_per_s']:.0f}"]


if __name__ == "__main__":
    main()
