"""The command that learns a signature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdkfp.cli._common import (
    EPILOG,
    EXIT_USAGE,
    AsJson,
    NoBuiltin,
    Quiet,
    Signatures,
    app,
    errors,
    fail,
    load_catalog,
    spinner,
    write,
)

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.learn import Proposal


@app.command(epilog=EPILOG)
def learn(  # noqa: PLR0913, PLR0917 - one parameter is one option
    sources: Annotated[
        list[str],
        typer.Argument(
            help="One release each: an AAR, JAR, .so, folder, or a package URL such as pkg:npm/NAME@1.2#android/libs/x.aar, "
            "which is fetched from the registry that your settings name.",
            metavar="FILE|FOLDER|PURL…",
        ),
    ],
    sdk: Annotated[str, typer.Option("--id", help="The id of the signature: a-z, 0-9 and hyphens.")],
    into: Annotated[
        Path | None,
        typer.Option(
            help="A directory of signatures to write to; what is there already keeps its comments and fields. "
            "Without it the proposal is printed."
        ),
    ] = None,
    version: Annotated[
        list[str] | None,
        typer.Option("--version", help="The version of a source, in their order, where its name does not say."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The SDK's name in English.")] = None,
    name_zh: Annotated[str | None, typer.Option(help="The SDK's name in Chinese.")] = None,
    organization: Annotated[str | None, typer.Option(help="The id of its maker.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="What it is for. May be repeated.")] = None,
    signatures: Signatures = None,
    *,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Propose a signature from releases of an SDK, or add to the one that is there.

    Packages come from SDKFP_NPM_REGISTRY, SDKFP_MAVEN_REPOSITORY or SDKFP_PYPI_INDEX (an address, or a folder), else from where your
    npm, Maven or pip settings say. docs/tutorial-add-sdk.md shows every step.
    """
    with errors():
        from sdkfp import learn as workshop  # noqa: PLC0415 - `--help` does not need it
        from sdkfp.signature import Names  # noqa: PLC0415 - as above

        if not workshop.is_id(sdk):
            fail(f"{sdk!r} is not an id: a-z, 0-9 and single hyphens", EXIT_USAGE)
        own = [into] if into is not None and workshop.has_signatures(into) else []
        with spinner("Reading signatures", quiet=quiet or as_json):
            catalog = load_catalog([*(signatures or ()), *own], no_builtin=no_builtin)
        unknown = [word for word in category or () if word not in catalog.vocabulary.categories]
        if unknown:
            known = ", ".join(catalog.vocabulary.categories)
            fail(f"unknown category {unknown[0]!r}; known are: {known}", EXIT_USAGE)
        if not category and into is not None and not workshop.target_of(into, sdk).exists():
            fail(
                f"a new signature needs a --category; known are: {', '.join(catalog.vocabulary.categories)}", EXIT_USAGE
            )
        if name_zh and not name:
            fail("--name-zh needs --name", EXIT_USAGE)
        if organization is not None and not _is_known(organization, catalog, into):
            example = "name: {en: Maker Ltd.}, country: US, website: https://maker.example"
            fail(
                f"the organization {organization!r} is not known: write organizations/{organization}.yaml first ({example})",
                EXIT_USAGE,
            )
        with spinner(f"Learning from {', '.join(sources)}", quiet=quiet or as_json):
            proposal = workshop.learn(
                sources,
                catalog,
                sdk,
                versions=version or (),
                name=Names(name, name_zh) if name else None,
                organization=organization,
                categories=category or (),
            )
        if not quiet and not as_json:
            _notes(proposal)
        if into is not None:
            path, new = workshop.save(proposal.signature, into, catalog.vocabulary)
            typer.echo(f"{'written' if new else 'added to'}: {path}", err=True)
        if as_json:
            import msgspec  # noqa: PLC0415 - as above

            write(msgspec.json.format(msgspec.json.encode(proposal), indent=1) + b"\n")
        elif into is None:
            write(workshop.render(proposal.signature).encode())


def _is_known(organization: str, catalog: Catalog, into: Path | None) -> bool:
    """Whether the catalog has an organization, or the directory that is written to: also one without a signature yet."""
    own = into is not None and (into / "organizations" / f"{organization}.yaml").is_file()
    return own or organization in catalog.organizations


def _notes(proposal: Proposal) -> None:
    """What a contributor should know, on standard error: the proposal itself may go to a file."""
    for note in proposal.notes:
        typer.echo(f"note: {note}", err=True)
    for place in proposal.version_clues[1:4]:
        typer.echo(f"the version stands also in: {place}", err=True)
    for type_, surfaces in proposal.reads.items():
        more = f" and {len(surfaces) - 2} more" if len(surfaces) > 2 else ""
        typer.echo(f"able to read {type_}: {', '.join(surfaces[:2])}{more}", err=True)
    for sdk, count in proposal.mentioned.items():
        typer.echo(f"refers to {sdk} ({count} classes), which is not inside", err=True)
