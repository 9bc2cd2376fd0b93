"""Commands for many apps."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdkfp.cli._common import (
    EXIT_NOTHING_FOUND,
    EXIT_USAGE,
    AsJson,
    NoBuiltin,
    Quiet,
    Signatures,
    app,
    errors,
    fail,
    write,
)

if TYPE_CHECKING:
    from types import FrameType

    from sdkfp.batch import Progress, Summary

EXIT_OUTPUT = 5
EXIT_INTERRUPTED = 130
_EPILOG = (
    "Exit codes: 0 every input was scanned or is a row of failures · 1 there is no input · 2 wrong usage · 3 the work cannot begin "
    "or go on · 4 signatures are missing or wrong · 5 the output cannot be used or written · 130 interrupted. "
    "The same command again goes on where the last one ended."
)


@app.command(epilog=_EPILOG)
def batch(  # noqa: PLR0913, PLR0917 - a parameter is an option of the command line
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the dataset.", metavar="OUT")],
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files, directories, globs, and URLs such as s3://bucket/apps/*.apk.", metavar="PATHS"),
    ] = None,
    lists: Annotated[
        list[Path] | None,
        typer.Option("--list", help="A file with a path or URL a line; - for standard input.", metavar="FILE"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("-j", "--workers", help="Processes; by default one for each processor.", min=1)
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds for one app.", min=0.1)] = 600.0,
    memory_limit: Annotated[int, typer.Option(help="MiB for one app; 0 for no limit.", min=0)] = 4096,
    dask: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler whose workers do the work.", metavar="SCHEDULER")
    ] = None,
    part_apps: Annotated[
        int | None,
        typer.Option(help="Apps whose rows are written together; by default 1000, on a cluster 64.", min=1),
    ] = None,
    signatures: Signatures = None,
    *,
    no_builtin: NoBuiltin = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Scan again what failed before.")] = False,
    rescan: Annotated[
        bool, typer.Option("--rescan", help="Scan everything again, for example with other signatures.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Scan many apps into Parquet tables; interrupted at any point, the same command goes on."""
    with errors(), output_errors():
        from sdkfp.batch import BatchOptions, WorkerLimits, run_batch  # noqa: PLC0415 - `--help` does not need it

        if not paths and not lists:
            fail("name inputs: PATHS or --list", EXIT_USAGE)
        options = BatchOptions(
            signatures=tuple(map(str, signatures or ())),
            builtin=not no_builtin,
            workers=workers,
            worker_limits=WorkerLimits(seconds=time_limit, memory=memory_limit << 20 or None),
            scheduler=dask,
            part_apps=part_apps,
            retry_failed=retry_failed,
            rescan=rescan,
        )
        with _asked_to_stop() as stop, _shown(quiet=quiet or as_json) as on_progress:
            summary = run_batch(_places(paths or [], lists or []), output, options, on_progress=on_progress, stop=stop)
        _report(summary, output, as_json=as_json, quiet=quiet)


def _places(paths: list[str], lists: list[Path]) -> Iterator[str]:
    from sdkfp.batch import read_list  # noqa: PLC0415 - as above

    yield from paths
    for path in lists:
        if str(path) == "-":
            yield from read_list(sys.stdin)
            continue
        try:
            with path.open(encoding="utf-8", errors="surrogateescape") as lines:
                yield from read_list(lines)
        except OSError as error:
            fail(f"{path} cannot be read: {error.strerror}", EXIT_USAGE)


@contextmanager
def output_errors() -> Iterator[None]:
    from sdkfp.errors import SdkfpError  # noqa: PLC0415 - as above

    try:
        yield
    except SdkfpError as error:
        from sdkfp.batch import OutputError  # noqa: PLC0415 - as above

        if isinstance(error, OutputError):
            fail(str(error), EXIT_OUTPUT)
        raise


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """The first interruption ends the batch in order, the second one at once."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _shown(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A bar with rate and remaining time on a terminal, a line now and then elsewhere."""
    if quiet:
        yield lambda _: None
        return
    from sdkfp.cli._progress import Bar, Lines  # noqa: PLC0415 - rich is slow to import

    with Bar() if sys.stderr.isatty() else Lines() as shown:
        yield shown.show


def _report(summary: Summary, output: Path, *, as_json: bool, quiet: bool) -> None:
    counts = summary.counts
    if as_json:
        import msgspec  # noqa: PLC0415 - as above

        write(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    elif not quiet:
        failures = ", ".join(f"{code} {count}" for code, count in summary.failures.items())
        done = counts.total - counts.pending - summary.already
        typer.echo(
            f"{output}: {counts.total} inputs, {counts.apps} different apps scanned, {counts.failed} failed"
            f"{f' ({failures})' if failures else ''}; this run {done} in {summary.seconds:.0f} s",
            err=True,
        )
    if summary.interrupted:
        typer.echo(f"sdkfp: interrupted with {counts.pending} inputs to go: the same command goes on", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)
    if not counts.total:
        typer.echo("sdkfp: there is no input at these places", err=True)
        raise typer.Exit(EXIT_NOTHING_FOUND)
