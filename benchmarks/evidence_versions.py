"""Which identified SDKs of the real apps have a version, read where; and which artifacts carry none.

    python benchmarks/evidence_versions.py [APP …]

APP is a key of tests/support/corpus.toml; all apps and libraries of HarmonyOS without any. The same tables are in `EVIDENCE.md`, which
`evidence_table.py` writes. An SDK without a version is looked at once more: a constant of its classes that looks like a version, but is no
version rule of its signature, is listed with what it is, as somebody has looked it up in :data:`NO_VERSIONS`.

Fails when fewer than 60 % have a version, or when such a constant is in no list yet.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import measure
from support import realapps

import sdkfp
from sdkfp.report import Report, VersionRecord

ENOUGH = 0.6
"""Of the identified SDKs of all apps."""
_LOOKS_LIKE_ONE = re.compile(r"(?<![\d.])v?\d+(?:\.\d+)+(?![\d.])")
_LONGEST = 120
NO_VERSIONS: Mapping[str, str] = {
    "androidx.test.rule.PortForwardingRule.": "a network address",
    "bolts.AppLinkNavigation.VERSION": "the version of the App Links protocol",
    "com.facebook.react.BuildConfig.VERSION_NAME": "`1.0` in every release that has it",
    "com.facebook.react.modules.systeminfo.AndroidInfoHelpers.": "network addresses of emulators",
    "com.google.android.mobly.snippet.uiautomator.BuildConfig.VERSION_NAME": "the version of the app that has it inside",
    "io.netty.handler.codec.http.": "versions of HTTP",
    "io.netty.handler.ssl.": "versions of TLS and SPDY, and object identifiers",
    "org.apache.commons.lang3.JavaVersion.": "versions of Java",
    "org.slf4j.impl.StaticLoggerBinder.REQUESTED_API_VERSION": "the API that the binding was made for, not its release",
    "org.webkit.androidjsc.BuildConfig.VERSION_NAME": "`1.0` in every release that has it",
}
"""Beginnings of names of constants that look like the version of the SDK they are in, and what they are."""


@dataclass
class Versions:
    """What is known about the versions of many apps."""

    identified: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    """SDKs with one version, by the kind of feature that gave it."""
    disagreeing: int = 0
    """SDKs with several candidates, as the clues disagree."""
    by_marks: int = 0
    """SDKs with the known releases that have the same rename-proof marks."""
    without: dict[str, Counter[str]] = field(default_factory=dict)
    """By SDK the apps in which it has no version, `read` or `marks`."""
    look_alikes: dict[str, set[str]] = field(default_factory=dict)
    """By SDK what looks like its version."""

    @property
    def known(self) -> int:
        """SDKs with one version."""
        return self.by_kind.total()

    @property
    def share(self) -> float:
        """Of the identified SDKs those with one version."""
        return self.known / max(1, self.identified)

    def unexplained(self) -> list[str]:
        """Look-alikes that nobody has looked up."""
        return sorted(
            f"{sdk}: {name}"
            for sdk, names in self.look_alikes.items()
            for name in names
            if not name.startswith(tuple(NO_VERSIONS))
        )

    def add(self, report: Report, path: Path, catalog: sdkfp.Catalog) -> None:
        """Count one app."""
        missing = set()
        for sdk in report.sdks:
            if sdk.certainty.value != "identified":
                continue
            self.identified += 1
            if sdk.version and sdk.version.value:
                self.by_kind[_kind(sdk.version)] += 1
                continue
            missing.add(sdk.id)
            marks = bool(sdk.version and sdk.version.by_marks)
            self.by_marks += marks
            self.disagreeing += sdk.version is not None and not marks
            self.without.setdefault(sdk.id, Counter())["marks" if marks else "none"] += 1
        for name, owner in _look_alikes(path, catalog, missing):
            self.look_alikes.setdefault(owner, set()).add(name)


def _kind(version: VersionRecord) -> str:
    """The kind of the first place that says the version."""
    place = next(basis for basis in version.basis if basis.value == version.value)
    return place.feature.partition(" ")[0]


def _look_alikes(path: Path, catalog: sdkfp.Catalog, sdks: set[str]) -> Iterable[tuple[str, str]]:
    """Constants in the classes of some SDKs whose value looks like a version."""
    if not sdks:
        return
    features = sdkfp.extract(path)
    owners = sdkfp.identify(features, catalog).owners
    columns = features.of(sdkfp.Kind.CLASS)
    owner_of = {
        name: owner
        for column, found in zip(columns, owners, strict=True)
        for name, owner in zip(column.names, found, strict=True)
    }
    for column in features.of(sdkfp.Kind.CONSTANT):
        for name, value in zip(column.names, column.values or (), strict=False):
            owner = owner_of.get(name.partition("(")[0].rpartition(".")[0])
            if owner in sdks and value and len(value) <= _LONGEST and _LOOKS_LIKE_ONE.search(value):
                yield name, str(owner)


def tables(versions: Versions) -> str:
    """The figures as Markdown."""
    rows = [[f"one version, from a {kind}", count] for kind, count in versions.by_kind.most_common()]
    rows += [
        ["several candidates: the clues disagree", versions.disagreeing],
        ["no place says it; the releases with the same rename-proof marks", versions.by_marks],
        ["none", versions.identified - versions.known - versions.disagreeing - versions.by_marks],
    ]
    shares = [
        [what, count, f"{count / max(1, versions.identified):.1%}"] for what, count in rows if isinstance(count, int)
    ]
    missing = sorted(versions.without.items(), key=lambda item: (-item[1].total(), item[0]))
    lines = [
        [sdk, apps.total(), apps["marks"] or "", _explained(versions.look_alikes.get(sdk, set()))]
        for sdk, apps in missing
    ]
    return "\n".join(
        [
            "## Versions",
            "",
            f"Of {versions.identified} identifications {versions.known} ({versions.share:.1%}) have one version. Every one of them was",
            "checked by hand once and is pinned in `tests/corpus/versions.toml`.",
            "",
            measure.markdown(("version", "identifications", "share"), shares),
            "",
            "Identified without a version. Their artifacts carry none: no constant of their classes, no property and no file of the app",
            "says it (jars have no `META-INF/*.version` where AndroidX's AARs have one; shrinkers take constants out). The last column",
            "lists what looks like one. Candidates by marks are releases that cannot be told apart.",
            "",
            measure.markdown(
                ("SDK", "apps", "of them with candidates by marks", "looks like a version, but is"), lines
            ),
        ]
    )


def _explained(names: Iterable[str]) -> str:
    said = dict.fromkeys(text for start, text in NO_VERSIONS.items() if any(name.startswith(start) for name in names))
    return "; ".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description="Versions of the identified SDKs of the corpus.")
    parser.add_argument("apps", nargs="*", help="keys of the corpus")
    options = parser.parse_args()
    catalog, versions = sdkfp.Catalog.builtin(), Versions()
    for key in options.apps or (*realapps.keys("apk"), *realapps.keys("har")):
        path = realapps.fetch(key)
        versions.add(sdkfp.scan(path, catalog=catalog, reads=False), path, catalog)
    print(tables(versions))
    check(versions)


def check(versions: Versions) -> None:
    """End with a message where the figures are not good enough."""
    problems = [f"nobody has looked up {line}" for line in versions.unexplained()]
    if versions.share < ENOUGH:
        problems.append(f"only {versions.share:.1%} have a version")
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
