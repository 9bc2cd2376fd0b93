"""The command that learns the rename-proof marks of signatures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdkfp.cli._common import EPILOG, EXIT_NOTHING_FOUND, AsJson, Quiet, app, errors, spinner, write

if TYPE_CHECKING:
    from sdkfp.lint import LearnedMarks, Workspace


@app.command(epilog=EPILOG)
def marks(
    path: Annotated[
        Path, typer.Argument(help="A signature file, or a folder of signatures with `artifacts`.", metavar="PATH")
    ],
    artifacts: Annotated[
        Path, typer.Option(help="A folder with the vendors' files that the signatures name, under whatever names.")
    ],
    *,
    fetch: Annotated[
        bool,
        typer.Option(
            "--fetch",
            help="First fetch into that folder what it lacks, from the registries that your settings name.",
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Learn the rename-proof marks of signatures from the vendors' files that they name.

    ID.marks is written beside ID.yaml: the same bytes each time from the same files. Learn them again when class clues or artifacts
    have changed; `sdkfp lint PATH --artifacts FOLDER` compares.
    """
    with errors():
        from sdkfp import lint as checks  # noqa: PLC0415 - `--help` does not need it

        workspace = checks.open_workspace(path)
        workspace.strict_catalog()
        at_hand: dict[str, Path] = {}
        if artifacts.exists() or not fetch:
            with spinner("Reading the folder of artifacts", quiet=quiet or as_json):
                at_hand = checks.files_by_hash(artifacts)
        if fetch:
            at_hand |= _fetched(workspace, artifacts, set(at_hand), quiet=quiet or as_json)
        done: list[LearnedMarks] = []
        learning = checks.relearn_marks(workspace, at_hand)
        while True:
            with spinner("Learning", quiet=quiet or as_json):  # ends before anything is said
                learned = next(learning, None)
            if learned is None:
                break
            done.append(learned)
            if not quiet and not as_json:
                _say(learned)
        if as_json:
            import msgspec  # noqa: PLC0415 - as above

            write(msgspec.json.format(msgspec.json.encode(done), indent=1) + b"\n")
        typer.echo(_counted(done), err=True)
        if not any(learned.marks for learned in done):
            raise typer.Exit(EXIT_NOTHING_FOUND)


def _fetched(workspace: Workspace, folder: Path, there: set[str], *, quiet: bool) -> dict[str, Path]:
    """The artifacts that are not there yet; what cannot be had is said."""
    from sdkfp.learn import LearnError, obtain  # noqa: PLC0415 - needed only to fetch

    found: dict[str, Path] = {}
    for _, signature in workspace.examined:
        for artifact in signature.artifacts:
            if artifact.sha256 in there or artifact.sha256 in found:
                continue
            try:
                with spinner(f"Fetching {artifact.purl}", quiet=quiet):
                    found[artifact.sha256] = obtain(artifact, folder)
            except LearnError as error:
                typer.echo(f"note: {signature.id}: {error}", err=True)
    return found


def _say(learned: LearnedMarks) -> None:
    for note in learned.notes:
        typer.echo(f"note: {learned.sdk}: {note}", err=True)
    if learned.marks:
        releases = ", ".join(version or "of unknown version" for version in learned.releases)
        verb = "written" if learned.changed else "unchanged"
        typer.echo(f"{verb}: {learned.path} ({learned.marks} marks of {releases})", err=True)


def _counted(done: list[LearnedMarks]) -> str:
    if not done:
        return "no signature names an artifact: marks are learned from the files under `artifacts`"
    found = [learned for learned in done if learned.marks]
    changed = sum(learned.changed for learned in found)
    return f"marks of {len(found)} of {len(done)} signatures with artifacts, {changed} files written"
