"""The command line. It parses, calls the library, renders, and maps errors to exit codes; nothing else."""

from __future__ import annotations

import contextlib
import locale
import os
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from sdkfp._version import __version__
from sdkfp.errors import CatalogError, SdkfpError, SignatureError

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog

EXIT_NOTHING_FOUND = 1
EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_CATALOG = 4

_EPILOG = (
    "Exit codes: 0 done (parts that could not be read are listed in the report) · 1 nothing found, or a check failed · "
    "2 wrong usage · 3 the input cannot be opened · 4 signatures are missing or wrong"
)

app = typer.Typer(
    name="sdkfp",
    help="Fingerprint third-party SDKs in Android apps and say, with evidence, what is inside.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Language(str, Enum):
    """The language of tables."""

    EN = "en"
    ZH = "zh"


Signatures = Annotated[
    Optional[list[Path]],  # noqa: UP045 - typer reads the annotation at run time, also on Python 3.10
    typer.Option(
        "--signatures", help="A directory of signatures to add to the built-in ones. May be repeated.", metavar="DIR"
    ),
]
NoBuiltin = Annotated[bool, typer.Option("--no-builtin", help="Leave out the built-in signatures.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no notes on standard error.")]
Lang = Annotated[Optional[Language], typer.Option("--lang", help="Language of tables; by default that of the locale.")]  # noqa: UP045 - as above


def _version(value: bool) -> None:  # noqa: FBT001 - typer hands the flag over by position
    if value:
        typer.echo(f"sdkfp {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


@app.command(epilog=_EPILOG)
def scan(
    path: Annotated[
        Path,
        typer.Argument(
            help="An app (APK), library (AAR, JAR), directory, dex file or native library; - for standard input.",
            metavar="APP",
        ),
    ],
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say which third-party SDKs are inside an app, why, and how much of it is not explained."""
    with _errors():
        from sdkfp._scan import scan as run  # noqa: PLC0415 - `lookup` and `--help` do not need it

        catalog = _catalog(signatures, no_builtin=no_builtin)
        with _spinner(f"Scanning {path}", quiet=quiet or as_json):
            report = (
                run(sys.stdin.buffer, catalog=catalog, name="stdin") if str(path) == "-" else run(path, catalog=catalog)
            )
        if as_json:
            _write(report.to_json() + b"\n")
            return
        from sdkfp._terminal import print_report  # noqa: PLC0415 - rich is slow to import

        print_report(report, catalog, _language(lang))


@app.command(epilog=_EPILOG)
def features(
    path: Annotated[Path, typer.Argument(help="An app; - for standard input.", metavar="APP")],
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only features of this kind. May be repeated.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print every feature of an app in the text notation: what bug reports and signature examples use."""
    with _errors():
        from sdkfp._scan import extract  # noqa: PLC0415 - `lookup` and `--help` do not need it
        from sdkfp.features import Kind  # noqa: PLC0415

        words = {member.value: member for member in Kind}
        unknown = [word for word in kind or () if word not in words]
        if unknown:
            _fail(f"unknown kind {unknown[0]!r}; known are: {', '.join(words)}", EXIT_USAGE)
        found = extract(sys.stdin.buffer, name="stdin") if str(path) == "-" else extract(path)
        kinds = [words[word] for word in kind] if kind else None
        if as_json:
            import msgspec  # noqa: PLC0415

            rows = [
                {"kind": f.kind.value, "name": f.name, "value": f.value, "location": f.location}
                for column in found.columns
                if kinds is None or column.kind in kinds
                for f in column
            ]
            _write(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")
        else:
            _write(found.format(kinds).encode("utf-8", "backslashreplace"))


@app.command(epilog=_EPILOG)
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
    with _errors():
        from sdkfp import _terminal  # noqa: PLC0415 - `--help` does not need it

        catalog = _catalog(signatures, no_builtin=no_builtin)
        found = catalog.lookup(" ".join(text))
        if as_json:
            import msgspec  # noqa: PLC0415

            _write(
                msgspec.json.format(
                    msgspec.json.encode(
                        [{"reason": f.reason, **_terminal.signature_record(f.signature)} for f in found]
                    )
                )
                + b"\n"
            )
        elif found:
            typer.echo(_terminal.lookup_text(found, catalog, _language(lang)))
        if not found:
            if not as_json:
                typer.echo(f"nothing in the catalog meets {' '.join(text)!r}", err=True)
            raise typer.Exit(EXIT_NOTHING_FOUND)


@app.command("test", epilog=_EPILOG)
def run_examples(
    path: Annotated[
        Path | None, typer.Argument(help="A directory of signatures; by default the built-in ones.")
    ] = None,
) -> None:
    """Run every example of every signature against the whole catalog."""
    with _errors():
        from sdkfp.catalog import Catalog  # noqa: PLC0415 - `--help` does not need it
        from sdkfp.lint import check_examples  # noqa: PLC0415

        catalog = (
            Catalog.load(cache=False)
            if path is None
            else Catalog.load(path, builtin=not _is_catalog(path), cache=False)
        )
        issues = check_examples(catalog)
        for issue in issues:
            typer.echo(str(issue))
        examples = sum(len(s.match) + len(s.miss) for s in catalog)
        typer.echo(f"{len(catalog)} signatures, {examples} examples, {len(issues)} issues", err=True)
        if issues:
            raise typer.Exit(EXIT_NOTHING_FOUND)


def _is_catalog(path: Path) -> bool:
    """A whole catalog brings its own vocabulary; a plain folder is tested together with the built-in signatures."""
    return (path / "vocabulary").is_dir()


def _catalog(directories: list[Path] | None, *, no_builtin: bool) -> Catalog:
    from sdkfp.catalog import Catalog  # noqa: PLC0415 - `--help` does not need it

    return Catalog.load(*(directories or ()), builtin=not no_builtin)


def _language(wanted: Language | None) -> str:
    if wanted is not None:
        return wanted.value
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((name for name in names if name), None) or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except SignatureError as error:
        _fail(f"{len(error.issues)} mistakes in signatures:\n{error}", EXIT_CATALOG)
    except CatalogError as error:
        _fail(str(error), EXIT_CATALOG)
    except SdkfpError as error:
        _fail(str(error), EXIT_INPUT)
    except BrokenPipeError:
        # The reader went away (`| head`): end quietly, and keep the interpreter from flushing into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _fail(message: str, code: int) -> None:
    typer.echo(f"sdkfp: {message}", err=True)
    raise typer.Exit(code)


@contextlib.contextmanager
def _spinner(text: str, *, quiet: bool) -> Iterator[None]:
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, seldom needed

    with Console(stderr=True).status(text):
        yield


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def main() -> None:
    """Entry point of the ``sdkfp`` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(
            stream, "reconfigure"
        ):  # Chinese names on a console whose code page cannot show them must not stop the program
            stream.reconfigure(errors="backslashreplace")
    app()
