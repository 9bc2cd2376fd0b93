"""Statistics of a dataset as pictures: PNG files, and SVG for an HTML page."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdkfp.batch.errors import BatchError, stopped
from sdkfp.batch.stats import BINS, Statistics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["svg_plots", "write_png"]

_MOST_BARS = 25
_BLUE, _ORANGE, _GREY = "#2f6db3", "#d9822b", "#9aa5b1"
_Series = tuple[str, str, Sequence[float]]
"""Label, colour, values."""


def write_png(statistics: Statistics, folder: Path) -> list[Path]:
    """Write a PNG file for each plot that has something to show.

    Raises:
        BatchError: matplotlib is not installed.
        OutputError: a file cannot be written.
    """
    written = []
    for name, figure in _figures(statistics):
        path = folder / f"{name}.png"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, dpi=130, metadata={"Software": "sdkfp"})
        except OSError as error:
            raise stopped(path, error.strerror or str(error)) from None
        written.append(path)
    return written


def svg_plots(statistics: Statistics) -> dict[str, str]:
    """The plots as SVG elements; the same statistics give the same text.

    Raises:
        BatchError: matplotlib is not installed.
    """
    found = {}
    for name, figure in _figures(statistics):
        from matplotlib import rc_context  # noqa: PLC0415 - slow to import, and an extra

        sink = io.StringIO()
        with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
            figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None})
        text = sink.getvalue()
        found[name] = text[text.index("<svg") :]
    return found


def _figures(statistics: Statistics) -> Iterator[tuple[str, Figure]]:
    if statistics.sdks:
        rows = statistics.sdks[:_MOST_BARS]
        series: list[_Series] = [
            ("identified", _BLUE, [row.identified for row in rows]),
            ("suspected", _GREY, [row.apps - row.identified for row in rows]),
        ]
        yield "sdks", _bars(f"SDKs in {statistics.apps:,} apps", [row.id for row in rows], series)
    types = [row for row in statistics.types if row.able][:_MOST_BARS]
    if types:
        series = [
            ("an SDK is able to read it", _BLUE, [row.able_sdk for row in types]),
            ("only other code is", _GREY, [row.able - row.able_sdk for row in types]),
        ]
        yield "types", _bars("Apps with code able to read", [row.id for row in types], series)
    pairs = statistics.undeclared[:_MOST_BARS]
    if pairs:
        labels = [f"{row.sdk}: {row.type}" for row in pairs]
        yield (
            "undeclared",
            _bars(
                "Apps with an SDK able to read what its known declaration does not name",
                labels,
                [("apps", _ORANGE, [row.apps for row in pairs])],
            ),
        )
    if statistics.apps_with_code:
        yield "unexplained", _histogram(statistics)


def _bars(title: str, labels: Sequence[str], series: Sequence[_Series]) -> Figure:
    figure, axes = _empty(title, 1.2 + 0.26 * len(labels))
    places = range(len(labels))
    begin = [0.0] * len(labels)
    for name, colour, values in series:
        axes.barh(places, values, left=begin, color=colour, label=name)
        begin = [left + value for left, value in zip(begin, values, strict=True)]
    axes.set_yticks(places, labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("apps")
    if len(series) > 1:
        axes.legend(fontsize=8, frameon=False)
    return figure


def _histogram(statistics: Statistics) -> Figure:
    figure, axes = _empty(f"Code that nobody explains, in {statistics.apps_with_code:,} apps with code", 3.2)
    axes.bar([(place + 0.5) / BINS for place in range(BINS)], statistics.unexplained, width=0.9 / BINS, color=_BLUE)
    axes.axvline(statistics.unexplained_mean, color=_ORANGE, label=f"mean {statistics.unexplained_mean:.0%}")
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the bytes of code")
    axes.set_ylabel("apps")
    axes.legend(fontsize=8, frameon=False)
    return figure


def _empty(title: str, height: float) -> tuple[Figure, Any]:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - as above
    except ImportError:
        raise BatchError("plots need the package matplotlib: install sdkfp with the extra 'plots'") from None
    figure = Figure(figsize=(8, height), layout="constrained")  # no pyplot: nothing global, no display
    axes: Any = figure.add_subplot()
    axes.set_title(title, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
