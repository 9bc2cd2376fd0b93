"""On which kinds of evidence every identification in the real apps rests; writes ``EVIDENCE.md``.

    python benchmarks/evidence_table.py

Fails when an identification rests on a bare string alone, on a mere mention, or on a manifest entry alone in an app with code; and when
fewer than 60 % of the identified SDKs have a version (see `evidence_versions.py`). Needs aapt2 and Java for the app bundles.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import evidence_versions
import measure
from support import bundles, realapps

import sdkfp
from sdkfp.features import Grade
from sdkfp.report import Report, SdkRecord

OUTPUT = Path(__file__).with_name("EVIDENCE.md")
BUNDLED = ("react-native-viewpager-sample-0.2.13", "apidemos-5.0.0", "appium-settings-8.0.10")
"""Apps that are also examined as XAPK and APKS, made of them."""
KINDS = (
    "class",
    "constant",
    "jni",
    "symbol",
    "soname",
    "library",
    "file",
    "property",
    "package",
    "manifest",
    "mark",
    "yara",
)
_MANIFEST = ("activity", "service", "receiver", "provider", "permission", "metadata", "action")
_SOLID = (Grade.DEFINED, Grade.NATIVE, Grade.FILE, Grade.LEARNED)


@dataclass
class Row:
    """One app."""

    name: str
    kind: str
    identified: int = 0
    suspected: int = 0
    versions: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """By kind of evidence, how many identifications rest on it among others."""
    one_kind: int = 0
    """Identifications that rest on a single kind."""
    weak: list[str] = field(default_factory=list)


def row_of(name: str, report: Report) -> Row:
    """Count one report."""
    row = Row(name, report.app.kind)
    for sdk in report.sdks:
        if sdk.certainty.value != "identified":
            row.suspected += 1
            continue
        row.identified += 1
        row.versions += bool(sdk.version and sdk.version.value)
        kinds = {"manifest" if kind in _MANIFEST else kind for kind in _kinds(sdk)}
        row.kinds.update(kinds)
        row.one_kind += len(kinds) == 1
        if not is_solid(sdk, report):
            row.weak.append(f"{name}: {sdk.id}: {', '.join(e.feature for e in sdk.evidence)}")
    return row


def _kinds(sdk: SdkRecord) -> set[str]:
    return {evidence.kind.value for evidence in sdk.evidence if evidence.grade is not Grade.MENTIONED}


def is_solid(sdk: SdkRecord, report: Report) -> bool:
    """Whether an identification rests on more than a string, a mention or, in an app with code, a manifest."""
    code = report.app.dex_files > 0
    return any(e.grade in _SOLID or (e.grade is Grade.MANIFEST and not code) for e in sdk.evidence)


def rows() -> tuple[list[Row], evidence_versions.Versions]:
    """Every app of the corpus, and the versions in those that are not made of others."""
    catalog, versions, found = sdkfp.Catalog.builtin(), evidence_versions.Versions(), []
    for key in (*realapps.keys("apk"), *realapps.keys("har")):
        path = realapps.fetch(key)
        report = sdkfp.scan(path, catalog=catalog, reads=False)
        versions.add(report, path, catalog)
        found.append(row_of(key, report))
    for key in BUNDLED:
        path = realapps.fetch(key)
        with tempfile.TemporaryDirectory() as folder:
            made = {"xapk": bundles.as_xapk(path), "apks": bundles.as_apks(path)}
            made["aab"] = bundles.as_aab(path, Path(folder)).read_bytes()
        for suffix, data in made.items():
            report = sdkfp.scan(data, name=f"{key}.{suffix}", catalog=catalog, reads=False)
            found.append(row_of(f"{key}.{suffix}", report))
    return found, versions


def document(found: list[Row], versions: evidence_versions.Versions) -> str:
    """The table as Markdown."""
    total = sum((row.kinds for row in found), Counter[str]())
    identified = sum(row.identified for row in found)
    head = ("app", "kind", "identified", "suspected", "with version", "one kind only", *KINDS)
    table = [
        [
            row.name,
            row.kind,
            str(row.identified),
            str(row.suspected),
            str(row.versions),
            str(row.one_kind),
            *(str(row.kinds[kind] or "") for kind in KINDS),
        ]
        for row in found
    ]
    sums = [
        str(sum(getattr(row, name) for row in found)) for name in ("identified", "suspected", "versions", "one_kind")
    ]
    table.append(["all", "", *sums, *(str(total[kind] or "") for kind in KINDS)])
    return "\n".join(
        [
            "# On which evidence the identifications rest",
            "",
            f"{len(found)} packages, {identified} identifications; made with `python benchmarks/evidence_table.py`; catalog of"
            f" {len(sdkfp.Catalog.builtin())} signatures. The apps are those of",
            "`tests/support/corpus.toml`; XAPK, APKS and AAB are made of three of them, and are not counted under Versions.",
            "",
            "A column of a kind says on how many of the app's identifications it is evidence, among others. `manifest` are components,",
            "permissions, meta-data and actions. No identification rests on a bare string (`yara`), on a mention, or in an app with code",
            "on its manifest alone; the script fails otherwise.",
            "",
            measure.markdown(head, table),
            "",
            evidence_versions.tables(versions),
            "",
        ]
    )


def main() -> None:
    argparse.ArgumentParser(description="Kinds of evidence in the real apps.").parse_args()
    found, versions = rows()
    weak = [line for row in found for line in row.weak]
    text = document(found, versions)
    OUTPUT.write_text(text, encoding="utf-8")
    print(text)
    if weak:
        print("\n".join(weak), file=sys.stderr)
        raise SystemExit(1)
    evidence_versions.check(versions)


if __name__ == "__main__":
    main()
