"""The command that compares versions of an app."""

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
    write,
    write_file,
)
from sdkfp.cli._reports import report_of

if TYPE_CHECKING:
    from sdkfp.diff import Baseline, Diff


class DiffFormat(str, Enum):
    """The formats of a comparison."""

    MARKDOWN = "markdown"
    JSON = "json"


_File = Optional[Path]  # noqa: UP045 - typer reads the annotation at run time, also on Python 3.10
_Text = Optional[str]  # noqa: UP045 - as above


@app.command(epilog=EPILOG)
def diff(  # noqa: PLR0913 - one argument for each option
    paths: Annotated[
        list[Path],
        typer.Argument(help="Apps or saved JSON reports, the oldest first; two or more.", metavar="OLD NEW [MORE…]"),
    ],
    fail_on: Annotated[
        _Text,
        typer.Option(
            "--fail-on",
            help="End with exit code 1 if the last step has one of these: new-sdk, new-suspected, gone-sdk, new-version, "
            "new-read, new-declared, new-permission, came-back; each may be narrowed, as in new-read:installed_apps.",
            metavar="RULE[:PATTERN],…",
        ),
    ] = None,
    baseline: Annotated[
        _File, typer.Option("--baseline", help="A file of findings that are accepted.", metavar="FILE")
    ] = None,
    write_baseline: Annotated[
        _File,
        typer.Option("--write-baseline", help="Write a baseline that accepts what the rules met now.", metavar="FILE"),
    ] = None,
    file_format: Annotated[DiffFormat, typer.Option("--format", help="Markdown or JSON.")] = DiffFormat.MARKDOWN,
    output: Annotated[_File, typer.Option("-o", "--output", help="Write to a file.", metavar="FILE")] = None,
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say what came, went, changed and came back from version to version: SDKs, reads, declarations, permissions."""
    if fail_on is None and (baseline is not None or write_baseline is not None):
        fail("a baseline needs rules: give --fail-on", EXIT_USAGE)
    with errors():
        from sdkfp.diff import DiffError, apply_gate, compare, read_rules  # noqa: PLC0415 - `--help` does not need it
        from sdkfp.diff import write_baseline as new_baseline  # noqa: PLC0415

        try:
            rules = read_rules(fail_on) if fail_on is not None else None
            known = _baseline(baseline)
            if len(paths) < 2:
                fail("two apps or reports at least are needed for a comparison", EXIT_USAGE)
        except DiffError as error:
            fail(str(error), EXIT_USAGE)
        reports = [report_of(path, signatures, no_builtin=no_builtin, quiet=quiet) for path in paths]
        found = compare(reports)
        if rules is not None:
            found = apply_gate(found, rules, known)
        as_json = as_json or file_format is DiffFormat.JSON
        data = _rendered(found, language_of(lang), as_json=as_json)
        if output is not None:
            write_file(output, data)
        else:
            write(data)
        if write_baseline is not None and found.gate is not None:
            write_file(write_baseline, new_baseline(found.gate, known))
        elif found.gate is not None and found.gate.failed:
            raise typer.Exit(EXIT_NOTHING_FOUND)


def _baseline(path: Path | None) -> Baseline | None:
    from sdkfp.diff import read_baseline  # noqa: PLC0415 - as above

    if path is None:
        return None
    try:
        return read_baseline(path.read_bytes())
    except OSError as error:
        fail(f"cannot open {path}: {error.strerror or error}", EXIT_USAGE)
        return None


def _rendered(diff: Diff, language: str, *, as_json: bool) -> bytes:
    if as_json:
        import msgspec  # noqa: PLC0415 - as above

        return msgspec.json.format(msgspec.json.encode(diff), indent=2) + b"\n"
    from sdkfp.export.diff_text import to_markdown  # noqa: PLC0415 - as above

    return to_markdown(diff, language)
