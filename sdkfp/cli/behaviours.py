"""The commands about personal information: what an app's code is able to read, and the words that the catalog uses."""

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
)
from sdkfp.cli._reports import report_of

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.report import Report

_Words = Optional[list[str]]  # noqa: UP045 - typer reads the annotation at run time, also on Python 3.10


class Vocabulary(str, Enum):
    """The closed vocabularies."""

    TYPES = "types"
    READS = "reads"
    RULES = "rules"
    PURPOSES = "purposes"
    CATEGORIES = "categories"


@app.command(epilog=EPILOG)
def behaviours(
    path: Annotated[Path, typer.Argument(help="An app, or a saved JSON report.", metavar="APP|REPORT.json")],
    types: Annotated[
        _Words,
        typer.Option("--type", help="Only this type, such as installed_apps. May be repeated.", metavar="TYPE"),
    ] = None,
    sdks: Annotated[
        _Words, typer.Option("--sdk", help="Only this SDK, or `app`. May be repeated.", metavar="ID")
    ] = None,
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say which personal information an app's code is able to read, at which call site, and what is declared."""
    with errors():
        from sdkfp._behaviour_text import behaviours_text, chosen  # noqa: PLC0415 - `--help` does not need it

        known = load_catalog(signatures, no_builtin=no_builtin).vocabulary.types
        unknown = [name for name in types or () if name not in known]
        if unknown:
            fail(f"unknown type {unknown[0]!r}; known are: {', '.join(known)}", EXIT_USAGE)
        report = report_of(path, signatures, no_builtin=no_builtin, quiet=quiet or as_json)
        found = chosen(report, types or (), sdks or ())
        if as_json:
            write(_json(report, types or (), sdks or ()))
        else:
            text = behaviours_text(report, found, sdks or (), language_of(lang))
            write(f"{text}\n".encode("utf-8", "backslashreplace"))
        if not found:
            raise typer.Exit(EXIT_NOTHING_FOUND)


def _json(report: Report, types: list[str] | tuple[()], sdks: list[str] | tuple[()]) -> bytes:
    import msgspec  # noqa: PLC0415 - needed for `--json` only

    from sdkfp._behaviour_text import chosen  # noqa: PLC0415 - as above

    wanted = {
        "reads": chosen(report, types, sdks),
        "sdks": [
            {
                "id": sdk.id,
                "comparison": sdk.comparison,
                "collects": [claim for claim in sdk.collects if not types or claim.type in types],
            }
            for sdk in report.sdks
            if not sdks or sdk.id in sdks
        ],
        "permissions": [each for each in report.permissions if not types or set(types) & set(each.types)],
        "legend": report.legend,
    }
    return msgspec.json.format(msgspec.json.encode(wanted), indent=2) + b"\n"


@app.command(epilog=EPILOG)
def vocabulary(
    which: Annotated[Vocabulary, typer.Argument(help="Which words.")],
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print the words that signatures and reports use, and what they mean."""
    with errors():
        catalog = load_catalog(signatures, no_builtin=False)
        if as_json:
            import msgspec  # noqa: PLC0415 - needed for `--json` only

            write(msgspec.json.format(msgspec.json.encode(_records(catalog, which)), indent=2) + b"\n")
        else:
            write("".join(f"{line}\n" for line in _lines(catalog, which, language_of(lang))).encode())


def _records(catalog: Catalog, which: Vocabulary) -> object:
    words = catalog.vocabulary
    records: dict[Vocabulary, object] = {
        Vocabulary.TYPES: words.types,
        Vocabulary.READS: words.reads,
        Vocabulary.RULES: words.regulations,
        Vocabulary.PURPOSES: words.purposes,
        Vocabulary.CATEGORIES: words.categories,
    }
    return records[which]


def _lines(catalog: Catalog, which: Vocabulary, language: str) -> list[str]:
    words = catalog.vocabulary

    def name(en: str, zh: str | None) -> str:
        return zh or en if language == "zh" else en

    if which is Vocabulary.READS:
        return [f"{read.type}  {read}" for read in words.reads.items]
    if which is Vocabulary.RULES:
        return [
            f"{rule.id}  {name(rule.name.en, rule.name.zh)}\n"
            f"    + {name(rule.shows.en, rule.shows.zh)}\n"
            f"    - {name(rule.cannot.en, rule.cannot.zh)}"
            for rule in words.regulations.rules.values()
        ]
    if which is Vocabulary.TYPES:
        return [f"{word}  {name(each.name.en, each.name.zh)}" for word, each in words.types.items()]
    table = words.purposes if which is Vocabulary.PURPOSES else words.categories
    return [f"{word}  {name(each.en, each.zh)}" for word, each in table.items()]
