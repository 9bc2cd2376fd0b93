"""Several apps in one call: each in a process that may crash, one after another."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sdkfp.cli._common import EXIT_INPUT
from sdkfp.errors import SdkfpError, SignatureError

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.report import Report

__all__ = ["scan_several"]


def scan_several(
    paths: Sequence[Path], catalog: Catalog, show: Callable[[Path, Report], None], *, names_only: bool, quiet: bool
) -> None:
    """Scan each app and show its report; one that cannot be scanned is named, and the others go on."""
    from sdkfp._scan import IsolatedScanner  # noqa: PLC0415 - needed here only

    failed = 0
    with IsolatedScanner(catalog) as scanner, _progress(len(paths), quiet=quiet) as step:
        for path in paths:
            step(path)
            try:
                report = scanner.scan(path, names_only=names_only)
            except SignatureError:  # the same for every app
                raise
            except SdkfpError as error:
                failed += 1
                typer.echo(f"sdkfp: {path}: {error}", err=True)
            else:
                show(path, report)
    if failed:
        typer.echo(f"sdkfp: {failed} of {len(paths)} could not be scanned", err=True)
        raise typer.Exit(EXIT_INPUT)


@contextlib.contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[Path], None]]:
    """A bar on standard error, where that is a terminal; what is called before each app."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, seldom needed
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        begun = 0

        def step(path: Path) -> None:
            nonlocal begun
            progress.update(task, completed=begun, description=path.name)
            begun += 1

        yield step
