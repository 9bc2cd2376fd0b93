"""Commands that read an app."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from sdkfp.cli._common import (
    EPILOG,
    EXIT_USAGE,
    AsJson,
    Exodus,
    Lang,
    Language,
    LibChecker,
    NoBuiltin,
    Quiet,
    Signatures,
    app,
    errors,
    fail,
    language_of,
    load_catalog,
    spinner,
    write,
    write_file,
)
from sdkfp.cli._reports import saved_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sdkfp.catalog import Catalog
    from sdkfp.report import Report

_File = Optional[Path]  # noqa: UP045 - typer reads the annotation at run time, also on Python 3.10


@app.command(epilog=f"{EPILOG}. Several apps: 3 when any of them could not be scanned; the others are reported.")
def scan(  # noqa: PLR0913 - one argument for each option
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Apps (APK, AAB, XAPK, HAP …), libraries (AAR, JAR), directories, dex files or native libraries; - for standard input. "
            "Several are scanned in a process of their own, and with --json give one report a line. "
            "A saved JSON report is shown again, and written in other forms.",
            metavar="APP",
        ),
    ],
    html: Annotated[
        _File,
        typer.Option("--html", help="Also write the report as one HTML file that needs no network.", metavar="FILE"),
    ] = None,
    cyclonedx: Annotated[
        _File, typer.Option("--cyclonedx", help="Also write a CycloneDX 1.6 bill of materials (JSON).", metavar="FILE")
    ] = None,
    csv: Annotated[_File, typer.Option("--csv", help="Also write the SDKs as a table (CSV).", metavar="FILE")] = None,
    sarif: Annotated[_File, typer.Option("--sarif", help="Also write SARIF 2.1.0.", metavar="FILE")] = None,
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    exodus: Exodus = None,
    libchecker: LibChecker = None,
    names_only: Annotated[
        bool, typer.Option("--names-only", help="The quick look: names of classes, manifest entries, libraries, files.")
    ] = False,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    isolate: Annotated[
        bool,
        typer.Option(
            "--isolate", help="Also scan a single app in a process of its own, which may crash or run out of memory."
        ),
    ] = False,
) -> None:
    """Say which third-party SDKs are inside an app, why, and how much of it is not explained."""
    with errors():
        from sdkfp._scan import scan as run  # noqa: PLC0415 - `lookup` and `--help` do not need it

        if (exodus is not None or libchecker is not None) and (isolate or len(paths) > 1):
            fail("--exodus and --libchecker go with one app that is scanned in this process", EXIT_USAGE)
        if len(paths) > 1:
            if any(file is not None for file in (html, cyclonedx, csv, sarif)) or Path("-") in paths:
                fail(
                    "several apps go with --json and tables only; give one app for a file, or for standard input",
                    EXIT_USAGE,
                )
            _scan_several(
                paths, signatures, lang, no_builtin=no_builtin, as_json=as_json, quiet=quiet, names_only=names_only
            )
            return
        path = paths[0]
        catalog = load_catalog(signatures, no_builtin=no_builtin, exodus=exodus, libchecker=libchecker)
        saved = saved_report(path)
        with spinner(f"Scanning {path}", quiet=quiet or as_json):
            if saved is not None:
                report = saved
            elif str(path) == "-":
                report = run(sys.stdin.buffer, catalog=catalog, name="stdin", names_only=names_only, isolate=isolate)
            else:
                report = run(path, catalog=catalog, names_only=names_only, isolate=isolate)
        _write_forms(
            report, catalog, language_of(lang), {"html": html, "cyclonedx": cyclonedx, "csv": csv, "sarif": sarif}
        )
        if as_json:
            write(report.to_json() + b"\n")
            return
        from sdkfp._terminal import print_report  # noqa: PLC0415 - rich is slow to import

        print_report(report, catalog, language_of(lang))


def _write_forms(report: Report, catalog: Catalog, language: str, files: Mapping[str, Path | None]) -> None:
    """The report in every form for which there is a file."""
    if (html := files["html"]) is not None:
        from sdkfp.export.html import render_html  # noqa: PLC0415 - jinja2 is slow to import

        write_file(html, render_html(report, catalog, language=language).encode())
    if (cyclonedx := files["cyclonedx"]) is not None:
        from sdkfp.export.cyclonedx import to_cyclonedx  # noqa: PLC0415 - slow to import

        write_file(cyclonedx, to_cyclonedx(report, catalog))
    if (csv := files["csv"]) is not None:
        from sdkfp.export.csv_table import to_csv  # noqa: PLC0415 - seldom asked for

        write_file(csv, to_csv(report, catalog))
    if (sarif := files["sarif"]) is not None:
        from sdkfp.export.sarif import to_sarif  # noqa: PLC0415 - seldom asked for

        write_file(sarif, to_sarif(report))


def _scan_several(
    paths: list[Path],
    signatures: list[Path] | None,
    lang: Language | None,
    *,
    no_builtin: bool,
    as_json: bool,
    quiet: bool,
    names_only: bool,
) -> None:
    from sdkfp._terminal import print_report  # noqa: PLC0415 - rich is slow to import
    from sdkfp.cli._several import scan_several  # noqa: PLC0415 - for several apps only

    catalog = load_catalog(signatures, no_builtin=no_builtin)

    def show(path: Path, report: Report) -> None:
        if as_json:
            write(report.to_json(indent=0) + b"\n")
        else:
            typer.echo(f"\n== {path}")
            print_report(report, catalog, language_of(lang))

    scan_several(paths, catalog, show, names_only=names_only, quiet=quiet)


@app.command(epilog=EPILOG)
def features(
    path: Annotated[Path, typer.Argument(help="An app; - for standard input.", metavar="APP")],
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only features of this kind. May be repeated.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print every feature of an app in the text notation: what bug reports and signature examples use."""
    with errors():
        from sdkfp._scan import extract  # noqa: PLC0415 - `lookup` and `--help` do not need it
        from sdkfp.features import Kind  # noqa: PLC0415

        words = {member.value: member for member in Kind}
        unknown = [word for word in kind or () if word not in words]
        if unknown:
            fail(f"unknown kind {unknown[0]!r}; known are: {', '.join(words)}", EXIT_USAGE)
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
            write(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")
        else:
            write(found.format(kinds).encode("utf-8", "backslashreplace"))
