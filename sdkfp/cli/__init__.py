"""The command line. It parses, calls the library, renders, and maps errors to exit codes; nothing else."""

from __future__ import annotations

import sys

from sdkfp.cli import apps, batch, behaviours, catalog, diff, disclose, graph, learn, marks, stats, workshop
from sdkfp.cli._common import app

__all__ = [
    "app",
    "apps",
    "batch",
    "behaviours",
    "catalog",
    "diff",
    "disclose",
    "graph",
    "learn",
    "main",
    "marks",
    "stats",
    "workshop",
]


def main() -> None:
    """Entry point of the ``sdkfp`` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(
            stream, "reconfigure"
        ):  # Chinese names on a console whose code page cannot show them must not stop the program
            stream.reconfigure(errors="backslashreplace")
    app()
