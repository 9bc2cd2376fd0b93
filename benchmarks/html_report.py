"""The HTML report: how large it is, how soon headless Chromium has opened it, and how soon its graph is drawn.

    python benchmarks/html_report.py [--repeat N] [--json FILE] [--pictures DIR] [APP …]

APP is a key of tests/support/corpus.toml, a path, or made:N for an app with one class of each of N SDKs that have declarations.
Exit code 1 if a report of an app with up to 70 SDKs has 3 MB or more, or takes a second or more in its best run.
``--pictures`` writes the pictures of docs/images (needs Pillow).
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measure
from support.bigapp import app_with, with_code
from support.browser import Page, chromium

import sdkfp
from sdkfp.export.html import render_html

APPS = ("yosemite-1.4.3", "react-native-sample-0.0.1", "made:40", "made:200")
MOST_BYTES = 3_000_000
MOST_MS = 1000
MOST_SDKS = 70
"""Of an app for which the bounds are meant."""
PICTURES = (
    ("graph-light-en.png", "light", "en", ""),
    ("graph-dark-zh.png", "dark", "zh", ""),
    ("graph-chosen.png", "light", "en", "tbs-x5"),
)
PICTURED = "yosemite-1.4.3"
_DRAWN = """
const done = arguments[arguments.length - 1], start = performance.now();
document.getElementById("graph").scrollIntoView();
(function look() { document.querySelector("#picture .node") ? done(performance.now() - start) : requestAnimationFrame(look); })();
"""


def report_of(key: str, catalog: sdkfp.Catalog) -> sdkfp.Report:
    """The report of an app of the corpus, of a path, or of a made one."""
    made, _, number = key.partition(":")
    if made == "made":
        return sdkfp.scan(app_with(catalog, with_code(catalog, int(number))), catalog=catalog, name=f"{key}.apk")
    return sdkfp.scan(measure.app(key), catalog=catalog)


def measured(key: str, catalog: sdkfp.Catalog, page: Page, folder: Path, repeat: int) -> dict[str, Any]:
    """One app: bytes, and milliseconds of every run."""
    report = report_of(key, catalog)
    path = folder / "report.html"
    path.write_text(render_html(report, catalog), encoding="utf-8")
    page.resize(1280, 900)
    opened, busy, drawn = [], [], []
    page.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    for _ in range(repeat):
        opened.append(page.open(path))
        busy.append(_busy(page) * 1e3)
        drawn.append(float(page.driver.execute_async_script(_DRAWN)))
    sdks = len(report.sdks)
    return {"app": key, "sdks": sdks, "bytes": path.stat().st_size, "opened": opened, "busy": busy, "drawn": drawn}


def _busy(page: Page) -> float:
    """Seconds of processor time of the page's main thread since the document began."""
    metrics = page.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(float(entry["value"]) for entry in metrics if entry["name"] == "TaskDuration")


def cells(row: dict[str, Any]) -> Sequence[str]:
    times = [f"{min(row[name]):.0f} / {statistics.median(row[name]):.0f}" for name in ("opened", "busy", "drawn")]
    return [row["app"], str(row["sdks"]), f"{row['bytes'] / 1e6:.2f}", *times]


def missed(row: dict[str, Any]) -> bool:
    """A bound that is meant for this app does not hold."""
    return bool(row["sdks"] <= MOST_SDKS and (row["bytes"] >= MOST_BYTES or min(row["opened"]) >= MOST_MS))


def pictures(catalog: sdkfp.Catalog, page: Page, folder: Path) -> None:
    """The report of a real app and its graph as the documents show them."""
    report = report_of(PICTURED, catalog)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "report.html"
        path.write_text(render_html(report, catalog), encoding="utf-8")
        page.resize(1280, 1000)
        _show(page, path, "light", "en")
        _save(page.driver.get_screenshot_as_png(), folder / "report.png")
        for name, theme, language, chosen in PICTURES:
            _show(page, path, theme, language)
            page.driver.execute_async_script(_DRAWN)
            if chosen:
                title = next(sdk.name.en for sdk in report.sdks if sdk.id == chosen)
                page.run(
                    "const node = document.getElementById('node'); node.value = [...node.options]"
                    ".find((o) => o.text === arguments[0]).value; node.dispatchEvent(new Event('change'))",
                    title,
                )
            _save(page.driver.find_element("css selector", ".graph").screenshot_as_png, folder / name)


def _show(page: Page, path: Path, theme: str, language: str) -> None:
    page.open(path)
    page.run(f"document.querySelector('[data-language={language}]').click()")
    page.run(f"document.querySelector('button[data-theme={theme}]').click()")


def _save(png: bytes, path: Path) -> None:
    """Write a picture as small as it gets."""
    from PIL import Image  # noqa: PLC0415 - only for the documents

    Image.open(io.BytesIO(png)).convert("RGB").save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Size of the HTML report, and how soon it opens.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, paths, or made:N")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write the pictures of docs/images and stop")
    options = parser.parse_args()
    catalog = sdkfp.Catalog.builtin()
    with chromium() as page, tempfile.TemporaryDirectory() as folder:
        if options.pictures:
            pictures(catalog, page, options.pictures)
            return
        rows = [measured(key, catalog, page, Path(folder), options.repeat) for key in options.apps]
    print(f"{measure.machine()}; best / median of {options.repeat}\n")
    head = ("app", "SDKs", "MB", "opened ms", "processor ms", "graph drawn ms")
    print(measure.markdown(head, [cells(row) for row in rows]))
    if options.json:
        result = {"machine": measure.machine(), "repeat": options.repeat, "apps": rows}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.exit(any(missed(row) for row in rows))


if __name__ == "__main__":
    main()
