"""Commands of the signature workshop: lint and test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdkfp.cli._common import EPILOG, EXIT_NOTHING_FOUND, AsJson, app, errors, spinner, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdkfp.catalog import Catalog
    from sdkfp.errors import NotExamined
    from sdkfp.lint import Issue

_Where = Annotated[
    Path | None,
    typer.Argument(
        help="A whole catalog, a folder of signatures (seen together with the built-in ones) or one file; by default the built-in ones.",
        metavar="PATH",
    ),
]


@app.command(epilog=EPILOG)
def lint(
    path: _Where = None,
    artifacts: Annotated[
        Path | None,
        typer.Option(
            help="A folder of vendors' files: marks of which it has every file are learned again and compared (see `sdkfp marks`)."
        ),
    ] = None,
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="First rewrite order and layout into the canonical form, keeping comments.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check signatures by every rule of the house; each issue says where it is and what mends it."""
    with errors():
        from sdkfp import lint as checks  # noqa: PLC0415 - `--help` does not need it

        if fix:
            for changed in checks.fix(path):
                typer.echo(f"rewritten: {changed}", err=True)
        workspace = checks.open_workspace(path)
        with spinner("Checking", quiet=as_json):
            issues = checks.lint_workspace(workspace, artifacts=artifacts)
        _report(issues, f"{sum(file.examined for file in workspace.files)} signatures", as_json=as_json)


def _report(issues: Sequence[Issue], counted: str, *, as_json: bool) -> None:
    from sdkfp.lint import Severity  # noqa: PLC0415 - `--help` does not need it

    wrong = sum(issue.severity is Severity.ERROR for issue in issues)
    if as_json:
        import msgspec  # noqa: PLC0415 - as above

        write(msgspec.json.format(msgspec.json.encode(issues), indent=1) + b"\n")
    else:
        for issue in issues:
            typer.echo(str(issue))
        typer.echo(f"{counted}, {wrong} errors, {len(issues) - wrong} warnings", err=True)
    if wrong:
        raise typer.Exit(EXIT_NOTHING_FOUND)


@app.command("test", epilog=EPILOG)
def run_examples(
    path: _Where = None,
    listings: Annotated[
        Path | None,
        typer.Option(help="A folder of feature listings (*.txt) of apps without SDKs: nothing may be found in them."),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(
            help="A folder of apps, or of their feature listings (*.txt): say which clues never fire in them, and which fire too widely."
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Run every example of every signature against the whole catalog."""
    with errors():
        from sdkfp import lint as checks  # noqa: PLC0415 - `--help` does not need it

        workspace = checks.open_workspace(path)
        catalog = workspace.strict_catalog()
        wanted = [signature.id for _, signature in workspace.examined]
        with spinner("Running examples", quiet=as_json):
            issues = checks.check_examples(catalog, only=wanted)
        counted = f"{len(wanted)} signatures, {sum(len(s.match) + len(s.miss) for _, s in workspace.examined)} examples"
        if listings is not None:
            found = checks.read_listings(listings)
            issues += checks.check_listings(catalog, found)
            counted += f", {len(found)} listings without SDKs"
        if corpus is not None:
            _survey(corpus, catalog, wanted, as_json=as_json)
        if corpus is None or not as_json:
            _report(issues, counted, as_json=as_json)


def _survey(directory: Path, catalog: Catalog, wanted: Sequence[str], *, as_json: bool) -> None:
    from sdkfp.lint import corpus  # noqa: PLC0415 - `--help` does not need it

    skipped: list[NotExamined] = []
    with spinner("Reading the corpus", quiet=as_json):
        survey = corpus.survey(catalog, corpus.open_corpus(directory, catalog, skipped), only=wanted)
    for note in skipped:
        typer.echo(f"not examined: {note.location}: {note.reason}", err=True)
    if as_json:
        import msgspec  # noqa: PLC0415 - as above

        write(msgspec.json.format(msgspec.json.encode(survey), indent=1) + b"\n")
        return
    typer.echo(f"{survey.apps} apps, {len(wanted) - len(survey.absent)} of {len(wanted)} SDKs found in them")
    for title, counts in (
        ("never fired though the SDK is there", survey.silent),
        ("fires in many apps, or without any other clue of its SDK", survey.wide),
    ):
        typer.echo(f"{title}: {len(counts)} clues")
        for count in counts:
            typer.echo(
                f"  {count.sdk}: {count.clue}  (in {count.apps}, alone in {count.alone}, SDK in {count.sdk_apps})"
            )
