"""What the first and the whole catalog explain of the real apps, and every hit of some apps checked one by one.

python benchmarks/catalog_check.py [--out benchmarks/CATALOG.md] [--json FILE]

Writes the tables. Fails where an unexplained package of three classes or more has no word on what it is, where a hit of a checked
app was never looked at, and where a witness of a hit is not in the app: the names of the classes come from ``dexdump``, those of
libraries and files from the archive's own list, components and meta-data from ``aapt``. The words, the witnesses and the verdicts
are in ``catalog_notes.yaml``, written by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import measure
import yaml
from catalog_parts import first_ids, part
from support import realapps

import sdkfp

HERE = Path(__file__).resolve().parent
NOTES = HERE / "catalog_notes.yaml"
DEMO_HEAD = ("app", "path", "sha256", "class definitions", "left", "identified", "suspected", "wrong")
UNSEEN_HEAD = (*DEMO_HEAD[:-1], "wrong at the first scan")
SMALLEST_NOTED = 3
"""Classes from which on an unexplained package wants a word."""
_DESCRIPTOR = re.compile(rb"^  Class descriptor  : 'L([^']+);'", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One app: its class definitions, and how many of them are explained by which catalog."""

    app: str
    classes: int
    before: int
    after: int
    packages: dict[str, int]
    """Unexplained packages with their classes, with the whole catalog."""
    hits: dict[str, tuple[str, int]]
    """Certainty and classes of each SDK, with the whole catalog."""


def explained(report: sdkfp.Report) -> int:
    """Class definitions of identified SDKs or of the app itself; what is only suspected explains nothing."""
    identified = sum(sdk.classes for sdk in report.sdks if sdk.certainty.value == "identified")
    return identified + report.unexplained.own.classes


def examine(key: str, first: sdkfp.Catalog, whole: sdkfp.Catalog) -> Row:
    """One app with both catalogs."""
    path = measure.app(key)
    after = sdkfp.scan(path, catalog=whole)
    return Row(
        key,
        after.unexplained.total.classes,
        explained(sdkfp.scan(path, catalog=first)),
        explained(after),
        {package.name: package.classes for package in after.unexplained.packages},
        {sdk.id: (sdk.certainty.value, sdk.classes) for sdk in after.sdks},
    )


class Listing:
    """What an app has by the word of other programs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def classes(self) -> frozenset[str]:
        """Names of the class definitions, by ``dexdump``."""
        found: set[str] = set()
        with zipfile.ZipFile(self._path) as archive, tempfile.TemporaryDirectory() as folder:
            for name in archive.namelist():
                if re.fullmatch(r"classes\d*\.dex", name):
                    dex = Path(archive.extract(name, folder))
                    output = subprocess.run(["dexdump", dex], capture_output=True, check=False).stdout
                    found.update(
                        match.decode("utf-8", "replace").replace("/", ".") for match in _DESCRIPTOR.findall(output)
                    )
        return frozenset(found)

    @cached_property
    def names(self) -> frozenset[str]:
        """Entries of the archive."""
        with zipfile.ZipFile(self._path) as archive:
            return frozenset(archive.namelist())

    @cached_property
    def manifest(self) -> str:
        """The manifest, by ``aapt``."""
        command = ["aapt", "dump", "xmltree", str(self._path), "AndroidManifest.xml"]
        return subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")

    def has(self, witness: str) -> bool:
        """Whether a class (``a.b.C``), library (``lib x.so``), file (``file x``) or name in the manifest (``manifest x``) is there."""
        kind, _, name = witness.rpartition(" ")
        if kind == "lib":
            return any(entry.startswith("lib/") and entry.endswith("/" + name) for entry in self.names)
        if kind == "file":
            return name in self.names
        if kind == "manifest":
            return f'"{name}"' in self.manifest
        return name in self.classes


def checked(rows: Iterable[Row], notes: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """App, SDK, evidence and verdict of every hit in the apps of the hand check.

    Raises:
        SystemExit: a hit was never looked at, or none of its witnesses is in the app.
    """
    wrong = []
    for row in rows:
        if row.app not in notes["checked"]:
            continue
        listing = Listing(measure.app(row.app))
        for sdk, (certainty, classes) in sorted(row.hits.items()):
            note = notes["hits"].get(sdk)
            if note is None:
                wrong.append(f"{row.app}: nobody looked at {sdk}")
                continue
            witnesses = [note["witness"]] if isinstance(note["witness"], str) else note["witness"]
            seen = [witness for witness in witnesses if listing.has(witness)]
            if not seen:
                wrong.append(f"{row.app}: {sdk} without a witness")
                continue
            verdict = note.get("in", {}).get(row.app) or note["verdict"]
            yield (
                row.app,
                f"{sdk}{'' if certainty == 'identified' else ' (suspected)'}",
                f"{classes:,} classes; `{seen[0]}`",
                verdict,
            )
        if not row.hits:
            yield row.app, "-", f"{len(listing.classes):,} classes by dexdump", notes["nothing"].get(row.app, "")
    if wrong:
        raise SystemExit("\n".join(wrong))


def unexplained(rows: Iterable[Row], notes: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Package, most classes in one app, apps, and what it is; largest first. Packages with one word in common are one row.

    Raises:
        SystemExit: a package of some size has no word.
    """
    words: Mapping[str, str] = notes["unexplained"]
    sizes: Counter[str] = Counter()
    apps: Counter[str] = Counter()
    silent = set()
    for row in rows:
        here: Counter[str] = Counter()
        for package, classes in row.packages.items():
            key = _key(package, words)
            here[package if key is None else key] += classes
            if key is None and classes >= SMALLEST_NOTED:
                silent.add(package)
        apps.update(here.keys())
        for key, classes in here.items():
            sizes[key] = max(sizes[key], classes)
    if silent:
        raise SystemExit("no word on: " + ", ".join(sorted(silent)))
    ordered = sorted(sizes, key=lambda key: (-sizes[key], key))
    shown = [key for key in ordered if key in words or sizes[key] >= SMALLEST_NOTED]
    return [(_named(key), f"{sizes[key]:,}", str(apps[key]), words[key]) for key in shown]


def _key(package: str, words: Mapping[str, str]) -> str | None:
    """The word for a package: its own, or that of the longest key with a trailing dot above it."""
    found = [key for key in words if key == package or (key.endswith(".") and (package + ".").startswith(key))]
    return max(found, key=len) if found else None


def _named(key: str) -> str:
    return f"`{key}*`" if key.endswith(".") else f"`{key}`" if key else "(no package)"


def share(part_: int, whole: int) -> str:
    return f"{part_ / whole:.1%}" if whole else "-"


def write(rows: list[Row], first: int, whole: int, notes: Mapping[str, Any]) -> str:
    """The page."""
    total, before, after = (sum(getattr(row, name) for row in rows) for name in ("classes", "before", "after"))
    table = [
        (r.app, f"{r.classes:,}", share(r.before, r.classes), share(r.after, r.classes), f"{r.classes - r.after:,}")
        for r in rows
    ]
    table.append(("**all**", f"{total:,}", share(before, total), share(after, total), f"{total - after:,}"))
    hits = list(checked(rows, notes))
    apps = len({app for app, *_ in hits})
    text = notes["text"]
    return (
        "\n\n".join(
            [
                "# What the catalog explains",
                text["head"].format(first=first, whole=whole, apps=len(rows)).strip(),
                "## Class definitions explained",
                text["explained"].strip(),
                measure.markdown(("app", "class definitions", "before", "after", "left"), table),
                "## What is left",
                text["left"].strip(),
                measure.markdown(("package", "most classes", "apps", "what it is"), unexplained(rows, notes)),
                "## Every hit, checked",
                text["checked"].format(hits=sum(sdk != "-" for _, sdk, *_ in hits), apps=apps).strip(),
                measure.markdown(("app", "SDK", "evidence", "verdict"), hits),
                text["beyond"].strip(),
                measure.markdown(DEMO_HEAD, [tuple(row) for row in notes["demos"]]),
                text["unseen"].strip(),
                measure.markdown(UNSEEN_HEAD, [tuple(row) for row in notes["unseen"]]),
                text["found"].strip(),
                measure.markdown(("app", "SDK", "what was wrong", "mended by"), [tuple(row) for row in notes["found"]]),
                "## Scan time",
                text["growth"].strip(),
                "## Declared behaviours, read again",
                text["claims"].strip(),
                measure.markdown(
                    ("SDK", "type", "source", "what it says", "verdict"), [tuple(row) for row in notes["claims"]]
                ),
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="What the catalog explains, and the hand check.")
    parser.add_argument("--out", type=Path, default=HERE / "CATALOG.md")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    notes = yaml.load(NOTES.read_text("utf-8"), yaml.CSafeLoader)
    whole = sdkfp.Catalog.builtin()
    with tempfile.TemporaryDirectory() as folder:
        first = part(Path(folder), set(first_ids()))
        rows = [examine(key, first, whole) for key in realapps.keys("apk")]
    if options.json:
        data = [
            {"app": r.app, "classes": r.classes, "before": r.before, "after": r.after, "left": r.packages} for r in rows
        ]
        options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    options.out.write_text(write(rows, len(first), len(whole), notes), encoding="utf-8")
    print(options.out)


if __name__ == "__main__":
    main()
