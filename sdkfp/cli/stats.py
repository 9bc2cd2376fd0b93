"""What a batch says as a whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdkfp.cli._common import EXIT_NOTHING_FOUND, AsJson, Lang, app, errors, language_of, write
from sdkfp.cli.batch import output_errors

if TYPE_CHECKING:
    from sdkfp.batch.stats import Statistics

_EPILOG = (
    "Exit codes: 0 done · 1 there is no app in it · 2 wrong usage · 3 a package for plots is missing · "
    "5 it is not an output of batch, or of another version, or a file cannot be written"
)
_PIPED_WIDTH = 140


@app.command(epilog=_EPILOG)
def stats(
    output: Annotated[Path, typer.Argument(help="The directory that `sdkfp batch` wrote.", metavar="OUT")],
    html: Annotated[
        Path | None, typer.Option(help="Write a page with tables and plots that needs no network.", metavar="FILE")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="Write the plots as PNG files into a directory.", metavar="DIR")
    ] = None,
    top: Annotated[int, typer.Option(help="Rows of a table on the terminal.", min=1)] = 20,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say which SDKs are in how many apps, what they are able to read, and how much is not explained."""
    with errors(), output_errors():
        from sdkfp.batch.stats import statistics  # noqa: PLC0415 - `--help` does not need it

        found = statistics(output)
        if html is not None:
            _write_page(found, html)
        if png is not None:
            from sdkfp.batch.plots import write_png  # noqa: PLC0415 - as above

            for path in write_png(found, png):
                typer.echo(f"written: {path}", err=True)
        if as_json:
            import msgspec  # noqa: PLC0415 - as above

            write(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
        else:
            _print(found, language_of(lang), top)
        if not found.apps:
            raise typer.Exit(EXIT_NOTHING_FOUND)


def _write_page(found: Statistics, path: Path) -> None:
    from sdkfp._files import write_whole  # noqa: PLC0415 - as above
    from sdkfp.batch.errors import stopped  # noqa: PLC0415 - as above
    from sdkfp.batch.page import render_page  # noqa: PLC0415 - as above
    from sdkfp.batch.plots import svg_plots  # noqa: PLC0415 - as above

    page = render_page(found, svg_plots(found))
    try:
        write_whole(path, page.encode())
    except OSError as error:
        raise stopped(path, error.strerror or str(error)) from None
    typer.echo(f"written: {path}", err=True)


def _print(found: Statistics, language: str, top: int) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    from sdkfp.batch.page import sections  # noqa: PLC0415 - as above

    chinese = language == "zh"
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    head = (
        f"{found.apps:,} 个应用,{found.apps_with_code:,} 个含代码;平均 {found.unexplained_mean:.1%} 的代码未能解释,"
        f"{found.renamed_mean:.1%} 名称被缩短"
        if chinese
        else f"{found.apps:,} apps, {found.apps_with_code:,} with code; of it nobody explains {found.unexplained_mean:.1%} on average, "
        f"{found.renamed_mean:.1%} has shortened names"
    )
    console.print(Text(head, style="bold"))
    for section in sections(found, top):
        console.print(Text(f"\n{section.title.zh if chinese else section.title.en}", style="bold"))
        if section.note is not None:
            console.print(Text((section.note.zh if chinese else section.note.en) or "", style="dim"))
        table = Table(box=None, pad_edge=False, header_style="bold")
        for place, column in enumerate(section.columns):
            numbers = section.rows[0][place][:1].isdigit()
            table.add_column(
                (column.zh if chinese else None) or column.en, justify="right" if numbers else "left", overflow="fold"
            )
        for row in section.rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
        if section.left_out:
            console.print(Text(f"另有{section.left_out}项" if chinese else f"and {section.left_out} more", style="dim"))
