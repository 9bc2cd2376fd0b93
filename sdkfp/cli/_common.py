"""What every command shares: the application, options, errors and exit codes, output."""

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

EPILOG = (
    "Exit codes: 0 done (parts that could not be read are listed in the report) · 1 nothing found, or a check failed · "
    "2 wrong usage · 3 the input cannot be opened · 4 signatures are missing or wrong"
)

app = typer.Typer(
    name="sdkfp",
    help="Fingerprint third-party SDKs in Android apps and say, with evidence, what is inside.",
    epilog=EPILOG,
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
Exodus = Annotated[
    Optional[Path],  # noqa: UP045 - as above
    typer.Option("--exodus", help="Also look for the entries of a list in Exodus' JSON form.", metavar="FILE"),
]
LibChecker = Annotated[
    Optional[Path],  # noqa: UP045 - as above
    typer.Option("--libchecker", help="Also look for the rules of LibChecker (its database, or JSON).", metavar="FILE"),
]
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


def load_catalog(
    directories: list[Path] | None,
    *,
    no_builtin: bool,
    exodus: Path | None = None,
    libchecker: Path | None = None,
) -> Catalog:
    from sdkfp.catalog import Catalog  # noqa: PLC0415 - `--help` does not need it

    catalog = Catalog.load(*(directories or ()), builtin=not no_builtin)
    if exodus is not None:
        catalog = Catalog.from_exodus(exodus, base=catalog)
    if libchecker is not None:
        catalog = Catalog.from_libchecker(libchecker, base=catalog)
    for notice in catalog.notices:
        typer.echo(notice, err=True)
    return catalog


def language_of(wanted: Language | None) -> str:
    if wanted is not None:
        return wanted.value
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((name for name in names if name), None) or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


@contextlib.contextmanager
def errors() -> Iterator[None]:
    try:
        yield
    except SignatureError as error:
        fail(f"{len(error.issues)} mistakes in signatures:\n{error}", EXIT_CATALOG)
    except CatalogError as error:
        fail(str(error), EXIT_CATALOG)
    except SdkfpError as error:
        fail(str(error), EXIT_INPUT)
    except BrokenPipeError:
        # The reader went away (`| head`): end quietly, and keep the interpreter from flushing into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def fail(message: str, code: int) -> None:
    typer.echo(f"sdkfp: {message}", err=True)
    raise typer.Exit(code)


@contextlib.contextmanager
def spinner(text: str, *, quiet: bool) -> Iterator[None]:
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, seldom needed

    with Console(stderr=True).status(text):
        yield


def write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_file(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror or error}", EXIT_USAGE)
