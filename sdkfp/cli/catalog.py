"""Commands about the catalog and its signatures."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Optional

import typer

from sdkfp.cli._common import (
    EPILOG,
    EXIT_NOTHING_FOUND,
    EXIT_USAGE,
    AsJson,
    Lang,
    NoBuiltin,
    Signatures,
    app,
    errors,
    fail,
    language_of,
    load_catalog,
    write,
)


@app.command(epilog=EPILOG)
def lookup(
    text: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer reads the annotation at run time, also on Python 3.10
        typer.Argument(help="A class name, prefix, library, permission, SDK id, or words in English or Chinese."),
    ] = None,
    collects: Annotated[
        Optional[str],  # noqa: UP045 - as above
        typer.Option("--collects", help="SDKs that are declared to collect this type, such as oaid.", metavar="TYPE"),
    ] = None,
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
) -> None:
    """Say which SDK a class, prefix, library, permission or name belongs to, or which are declared to collect something."""
    if bool(text) == (collects is not None):
        fail("give a text to look for, or --collects TYPE", EXIT_USAGE)
    with errors():
        from sdkfp import _terminal  # noqa: PLC0415 - `--help` does not need it

        catalog = load_catalog(signatures, no_builtin=no_builtin)
        if collects is not None and collects not in catalog.vocabulary.types:
            fail(f"unknown type {collects!r}; known are: {', '.join(catalog.vocabulary.types)}", EXIT_USAGE)
        wanted = " ".join(text or ())
        found = catalog.lookup(wanted) if collects is None else catalog.collecting(collects)
        if as_json:
            import msgspec  # noqa: PLC0415

            write(
                msgspec.json.format(
                    msgspec.json.encode(
                        [{"reason": f.reason, **_terminal.signature_record(f.signature)} for f in found]
                    )
                )
                + b"\n"
            )
        elif found and collects is not None:
            for answer in found:
                typer.echo(
                    f"{answer.signature.id}  {answer.signature.name.zh or answer.signature.name.en}  {answer.reason}"
                )
        elif found:
            typer.echo(_terminal.lookup_text(found, catalog, language_of(lang)))
        if not found:
            if not as_json:
                typer.echo(f"nothing in the catalog meets {collects or wanted!r}", err=True)
            raise typer.Exit(EXIT_NOTHING_FOUND)


class _Form(str, Enum):
    """A form that the catalog can be written in."""

    EXODUS = "exodus"
    CSV = "csv"
    JSON = "json"


@app.command("catalog", epilog=EPILOG)
def show_catalog(
    export: Annotated[
        Optional[_Form],  # noqa: UP045 - typer reads the annotation at run time, also on Python 3.10
        typer.Option(help="Print the whole catalog in this form instead of counts."),
    ] = None,
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
) -> None:
    """Say what the catalog has: counts, version and hash."""
    with errors():
        catalog = load_catalog(signatures, no_builtin=no_builtin)
        if export is not None:
            from sdkfp.adapters import written  # noqa: PLC0415 - seldom asked for

            if export is _Form.EXODUS:
                write(written.to_exodus(catalog, catalog.vocabulary.categories))
            elif export is _Form.CSV:
                write(written.to_csv(catalog, catalog.organizations))
            else:
                write(written.to_json(catalog))
            return
        from sdkfp.summary import summarize  # noqa: PLC0415 - `lookup` does not need it

        summary = summarize(catalog)
        if as_json:
            import msgspec  # noqa: PLC0415

            write(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
        else:
            from sdkfp._catalog_text import summary_text  # noqa: PLC0415 - as above

            typer.echo(summary_text(summary, catalog, language_of(lang)))


@app.command(epilog=EPILOG)
def schema() -> None:
    """Print the JSON Schema of the report."""
    with errors():
        import json  # noqa: PLC0415 - `--help` does not need it

        from sdkfp.report import json_schema  # noqa: PLC0415 - `--help` does not need it

        write(json.dumps(json_schema(), indent=2, ensure_ascii=False).encode() + b"\n")
