"""Reports for commands that take an app or a saved report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sdkfp.cli._common import load_catalog, spinner

if TYPE_CHECKING:
    from sdkfp.report import Report

__all__ = ["report_of", "saved_report"]


def report_of(path: Path, signatures: list[Path] | None, *, no_builtin: bool, quiet: bool) -> Report:
    """The report of an app, or the saved one if the file is JSON; ``-`` reads standard input.

    Raises:
        SdkfpError: it is neither, or a report of another schema version.
    """
    from sdkfp.errors import ContainerError  # noqa: PLC0415 - `--help` does not need it
    from sdkfp.report import Report  # noqa: PLC0415

    source: bytes | Path = sys.stdin.buffer.read() if str(path) == "-" else path
    name = "stdin" if str(path) == "-" else path.name
    try:
        saved = _saved_report(source)
    except OSError as error:
        raise ContainerError(f"cannot open {path}: {error.strerror or error}") from None
    if saved is not None:
        return Report.from_json(saved)
    from sdkfp._scan import scan  # noqa: PLC0415

    catalog = load_catalog(signatures, no_builtin=no_builtin)
    with spinner(f"Scanning {path}", quiet=quiet):
        return scan(source, catalog=catalog, name=name)


def saved_report(path: Path) -> Report | None:
    """The report, if the file is a saved one.

    Raises:
        SdkfpError: it is JSON, but no report, or a report of another schema version.
    """
    from sdkfp.report import Report  # noqa: PLC0415 - `--help` does not need it

    saved = _saved_report(path) if path.is_file() else None
    return None if saved is None else Report.from_json(saved)


def _saved_report(source: bytes | Path) -> bytes | None:
    """The bytes, where they are those of a JSON object; no package, dex file or library begins like one."""
    if isinstance(source, bytes):
        return source if source.lstrip()[:1] == b"{" else None
    if source.is_dir():
        return None
    with source.open("rb") as file:
        head = file.read(256)
        return head + file.read() if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else None
