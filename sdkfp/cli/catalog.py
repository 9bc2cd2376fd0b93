"""Commands about the catalog and its signatures."""

from __future__ import annotations

from typing import Annotated

import typer

from sdkfp.cli._common import (
    EPILOG,
    EXIT_NOTHING_FOUND,
    AsJson,
    Lang,
    NoBuiltin,
    Signatures,
    app,
    errors,
    language_of,
    load_catalog,
    write,
)


@app.command(epilog=EPILOG)
def lookup(
    text: Annotated[
        list[str],
        typer.Argument(help="A class name, prefix, library, permission, SDK id, or words in English or Chinese."),
    ],
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
) -> None:
    """Say which SDK a class, prefix, library, permission or name belongs to."""
    with errors():
        from sdkfp import _terminal  # noqa: PLC0415 - `--help` does not need it

        catalog = load_catalog(signatures, no_builtin=no_builtin)
        found = catalog.lookup(" ".join(text))
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
        elif found:
            typer.echo(_terminal.lookup_text(found, catalog, language_of(lang)))
        if not found:
            if not as_json:
                typer.echo(f"nothing in the catalog meets {' '.join(text)!r}", err=True)
            raise typer.Exit(EXIT_NOTHING_FOUND)


@app.command(epilog=EPILOG)
def schema() -> None:
    """Print the JSON Schema of the report."""
    with errors():
        import json  # noqa: PLC0415 - `--help` does not need it

        from sdkfp.report import json_schema  # noqa: PLC0415 - `--help` does not need it

        write(json.dumps(json_schema(), indent=2, ensure_ascii=False).encode() + b"\n")
