"""The command that writes the list of third-party SDKs, and compares a privacy policy with an app."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from sdkfp.cli._common import (
    EPILOG,
    EXIT_NOTHING_FOUND,
    EXIT_USAGE,
    AsJson,
    Lang,
    NoBuiltin,
    Quiet,
    Signatures,
    app,
    errors,
    fail,
    language_of,
    load_catalog,
    write,
    write_file,
)
from sdkfp.cli._reports import report_of

if TYPE_CHECKING:
    from sdkfp.disclosure.paper import Paper


class Layout(str, Enum):
    """The layouts of the list."""

    STORE = "store"
    COMPACT = "compact"
    DUAL_LIST = "dual-list"
    PLAY = "play"


_File = Optional[Path]  # noqa: UP045 - typer reads the annotation at run time, also on Python 3.10


@app.command(epilog=EPILOG)
def disclose(  # noqa: PLR0913 - one argument for each option
    path: Annotated[Path, typer.Argument(help="An app, or a saved JSON report.", metavar="APP|REPORT.json")],
    layout: Annotated[
        Layout,
        typer.Option(
            help="store: every column; compact: five columns; dual-list: information shared with third parties; "
            "play: Google Play's Data safety form."
        ),
    ] = Layout.STORE,
    output: Annotated[
        _File,
        typer.Option(
            "-o", "--output", help="Write to a file; its suffix says how: .md, .html, .csv, .xlsx.", metavar="FILE"
        ),
    ] = None,
    check: Annotated[
        _File,
        typer.Option(
            "--check",
            help="Compare this privacy policy (HTML, Markdown, text, DOCX, PDF) with the app instead. "
            "Exit code 1 if an SDK, or a type of personal information, is not named in it.",
            metavar="POLICY",
        ),
    ] = None,
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the list of third-party SDKs that a privacy policy needs, with its gaps open; or compare a policy with an app."""
    form = output.suffix.lower().removeprefix(".") if output is not None else "md"
    with errors():
        from sdkfp.disclosure.paper import FORMATS  # noqa: PLC0415 - `--help` does not need it

        if form not in FORMATS:
            fail(f"cannot write {output}: the suffix is one of {', '.join(f'.{name}' for name in FORMATS)}", EXIT_USAGE)
        if check is not None:
            _check(path, check, output, form, signatures, lang, no_builtin=no_builtin, as_json=as_json, quiet=quiet)
            return
        from sdkfp.disclosure.layouts import disclosure_paper  # noqa: PLC0415
        from sdkfp.disclosure.rows import disclosure_rows  # noqa: PLC0415

        report = report_of(path, signatures, no_builtin=no_builtin, quiet=quiet)
        catalog = load_catalog(signatures, no_builtin=no_builtin)
        rows = disclosure_rows(report, catalog)
        if as_json:
            _write_json(rows)
        paper = disclosure_paper(rows, report, catalog, layout=layout.value, language=language_of(lang))
        _write_paper(paper, output, form, silent=as_json)


def _check(  # noqa: PLR0913 - what the command was given
    path: Path,
    policy: Path,
    output: Path | None,
    form: str,
    signatures: list[Path] | None,
    lang: Lang,
    *,
    no_builtin: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from sdkfp.disclosure.check import check_policy  # noqa: PLC0415 - `--help` does not need it
    from sdkfp.disclosure.findings import check_paper, paper_text  # noqa: PLC0415
    from sdkfp.disclosure.reading import open_policy  # noqa: PLC0415

    document = open_policy(policy)
    report = report_of(path, signatures, no_builtin=no_builtin, quiet=quiet)
    catalog = load_catalog(signatures, no_builtin=no_builtin)
    found = check_policy(report, document, catalog)
    if as_json:
        _write_json(found)
    paper = check_paper(found, report, catalog, language=language_of(lang))
    if output is None and not as_json:
        typer.echo(paper_text(paper))
    else:
        _write_paper(paper, output, form, silent=as_json)
    if not found.complete:
        raise typer.Exit(EXIT_NOTHING_FOUND)


def _write_json(data: object) -> None:
    import msgspec  # noqa: PLC0415 - needed for `--json` only

    write(msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n")


def _write_paper(paper: Paper, output: Path | None, form: str, *, silent: bool) -> None:
    from sdkfp.disclosure.paper import write_paper  # noqa: PLC0415 - `--help` does not need it

    if output is not None:
        write_file(output, write_paper(paper, form))
    elif not silent:
        write(write_paper(paper, form) + b"\n")
