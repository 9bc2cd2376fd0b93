"""Measure rename-proof marks on the test apps and write RESULTS.md.

    python benchmarks/obfuscation/evaluate.py APPS [--half test|development] [--write]

``APPS`` is what ``build.py`` made. Names of classes are never used here: every class counts as unknown. The thresholds
(``sdkfp.marks.match.DEFAULT``, the constants of ``versions`` and ``attribute``) were chosen on the development half.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parents[1] / "tests")]

import numpy as np  # noqa: E402 - benchmarks are no package
from learn_marks import Row, classes_of, common_of, learn_one, rows_of, versions_of  # noqa: E402
from support import realapps  # noqa: E402

from sdkfp.app import App  # noqa: E402
from sdkfp.catalog import Catalog  # noqa: E402
from sdkfp.errors import SdkfpError  # noqa: E402
from sdkfp.marks.finding import find_marks  # noqa: E402
from sdkfp.marks.format import Marks  # noqa: E402
from sdkfp.marks.index import MarkIndex, build_index  # noqa: E402
from sdkfp.marks.match import look_up, match_marks  # noqa: E402
from sdkfp.marks.observe import of_dexes  # noqa: E402
from sdkfp.marks.versions import VersionSet  # noqa: E402

ENOUGH = 20
"""SDKs of which at least so many classes survive count for recall."""
SDK_FREE = (
    "ck-20",
    "politedroid-6",
    "caffeinetile-4",
    "smsbypass-9",
    "mirrormirror-4",
    "speedometer-1",
    "contactmanager",
)
SETTINGS = ("none", "shrink", "obfuscate", "repackage", "proguard", "full-large", "full-medium", "full-small")


@dataclass
class Score:
    """Sums over the apps of one setting."""

    hit: int = 0
    missed: int = 0
    small: int = 0
    small_hit: int = 0
    wrong: int = 0
    undecided: int = 0
    classes: int = 0
    right_classes: int = 0
    wrong_classes: int = 0
    host_classes: int = 0
    versions: int = 0
    several: int = 0
    contained: int = 0
    exact: int = 0
    answered: int = 0
    near: int = 0
    sizes: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        for item in dataclasses.fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))


@dataclass(frozen=True)
class Learnt:
    """All that the index is made from."""

    catalog: Catalog
    rows: Mapping[str, list[Row]]
    common: np.ndarray
    marks: Mapping[str, Marks]

    def index(self, *, without: Mapping[str, str] | None = None, sdks: bool = False) -> MarkIndex:
        """The index, where wanted without one release of each of some SDKs, or without those SDKs."""
        marks = dict(self.marks)
        for sdk, version in (without or {}).items():
            rest = [row for row in self.rows[sdk] if row[0] != version and not sdks]
            found = learn_one(sdk, rest, self.catalog, self.common)
            marks.pop(sdk, None)
            if found is not None:
                marks[sdk] = found
        return build_index(marks.values(), self.common)


def learn_all(plans: Iterable[Mapping[str, Any]]) -> Learnt:
    """Everything the catalog names, and the further releases of the test apps."""
    catalog = Catalog.load(cache=False)
    rows = {sdk: rows_of(artifacts) for sdk, artifacts in versions_of(catalog).items()}
    for plan in plans:
        for release in plan["releases"]:
            known = {(version, classes.sha256) for version, classes, _ in rows[release["sdk"]]}
            for purl, inner, sha256, alone in release["artifacts"]:
                classes = classes_of(purl, inner, sha256)
                if classes is not None and (release["version"], sha256) not in known:
                    rows[release["sdk"]].append((release["version"], classes, alone))
    common = common_of(rows, catalog)
    marks = {sdk: learn_one(sdk, mine, catalog, common) for sdk, mine in rows.items()}
    return Learnt(catalog, rows, common, {sdk: found for sdk, found in marks.items() if found is not None})


def measure(app: Path, truth: Mapping[str, Any], index: MarkIndex) -> Score:
    """One app against its truth."""
    with App.open(app) as opened:
        dexes = [part.dex for part in opened.dexes]
        true = [truth["classes"].get(name) for dex in dexes for name in dex.class_names]
        learned = find_marks(dexes, index, [(None,) * len(dex.class_names) for dex in dexes])
    given = [owner for column in learned.owners for owner in column]
    score = Score()
    _measure_classes(score, true, given)
    _measure_sdks(score, app.stem, true, given, learned.found.keys(), {member.sdk for member in index.members})
    for sdk, version in truth["releases"].items():
        if sdk in learned.found and sdk in learned.versions:
            known = next(len(member.releases) for member in index.members if member.sdk == sdk)
            _measure_version(score, version, learned.versions[sdk], known)
    return score


def _measure_classes(score: Score, true: Sequence[str | None], given: Sequence[str | None]) -> None:
    for owner, answer in zip(true, given, strict=True):
        if owner:
            score.classes += 1
            score.right_classes += answer == owner
            score.wrong_classes += answer is not None and answer != owner
        elif owner == "":
            score.host_classes += answer is not None


def _measure_sdks(
    score: Score,
    app: str,
    true: Sequence[str | None],
    given: Sequence[str | None],
    found: Iterable[str],
    known: set[str],
) -> None:
    inside = collections.Counter(owner for owner in true if owner)
    answers = set(found)
    for sdk in inside.keys() & known:
        if inside[sdk] < ENOUGH:
            score.small += 1
            score.small_hit += sdk in answers
        elif sdk in answers:
            score.hit += 1
        else:
            score.missed += 1
            score.notes.append(f"{app}: {sdk} missed, {inside[sdk]} classes")
    for sdk in answers - inside.keys():
        under = collections.Counter(owner for owner, answer in zip(true, given, strict=True) if answer == sdk)
        owner = under.most_common(1)[0][0]
        if owner is None:
            score.undecided += 1
        else:
            score.wrong += 1
            score.notes.append(f"{app}: {sdk} in the classes of {owner or 'the host'}")


def _measure_version(score: Score, version: str, allowed: VersionSet, known: int) -> None:
    score.versions += 1
    score.contained += version in allowed.releases
    score.near += allowed.near
    if known > 1:
        score.several += 1
        score.sizes.append(len(allowed.releases))
        score.answered += len(allowed.releases) == 1
        score.exact += allowed.releases == (version,)


def run_all(apps: Path, half: str, learnt: Learnt, mode: str) -> dict[str, Score]:
    """All apps of a half; mode ``all``, ``version`` or ``sdk`` (held out)."""
    scores: dict[str, Score] = collections.defaultdict(Score)
    indexes: dict[str, MarkIndex] = {}
    for path in sorted(apps.glob("*.json")):
        truth = json.loads(path.read_text())
        if truth["half"] != half:
            continue
        family = path.name.partition(".")[0]
        if mode == "all":
            index = indexes.setdefault("", learnt.index())
        else:
            if family not in indexes:
                indexes = {family: learnt.index(without=truth["releases"], sdks=mode == "sdk")}
            index = indexes[family]
        scores[truth["setting"]].add(measure(path.with_suffix(".apk"), truth, index))
    return dict(scores)


def total(scores: Iterable[Score]) -> Score:
    every = Score()
    for score in scores:
        every.add(score)
    return every


def ratio(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "–"


def f1(score: Score) -> str:
    return ratio(2 * score.hit, 2 * score.hit + score.missed + score.wrong)


def table(scores: Mapping[str, Score]) -> Iterator[str]:
    yield "| setting | SDKs ≥ 20 classes | recall | precision | F1 | smaller SDKs found | classes given right | wrong |"
    yield "|---|---|---|---|---|---|---|---|"
    rows = [(name, scores[name]) for name in SETTINGS if name in scores]
    for name, s in [*rows, ("all", total(scores.values()))]:
        found = s.hit + s.small_hit
        yield (
            f"| {name} | {s.hit + s.missed} | {ratio(s.hit, s.hit + s.missed)} | {ratio(found, found + s.wrong)} | {f1(s)} "
            f"| {s.small_hit} of {s.small} | {ratio(s.right_classes, s.classes)} | {ratio(s.wrong_classes, s.classes)} |"
        )


def versions_line(score: Score) -> str:
    precision, recall = ratio(score.exact, score.answered), ratio(score.exact, score.several)
    return (
        f"truth in the set {ratio(score.contained, score.versions)} of {score.versions}; among SDKs of which several releases are "
        f"known ({score.several}): median set {statistics.median(score.sizes or [0]):g}, one release answered and right: precision "
        f"{precision}, recall {recall}, F1 {ratio(2 * score.exact, score.answered + score.several)}; "
        f"said to be near, not among, the known ones: {ratio(score.near, score.versions)}"
    )


def sdk_free(index: MarkIndex) -> Iterator[str]:
    """Apps without any SDK of the catalog: whatever is found is wrong."""
    seen = classes = wrong = 0
    for key in SDK_FREE:
        try:
            path = realapps.fetch(key)
        except realapps.UnavailableError:
            continue
        with App.open(path) as app:
            dexes = [part.dex for part in app.dexes]
            found = find_marks(dexes, index, [(None,) * len(dex.class_names) for dex in dexes]).found
            seen, classes = seen + 1, classes + sum(len(dex.class_names) for dex in dexes)
            wrong += len(found)
    yield f"{seen} apps without any SDK of the index ({classes} classes): {wrong} SDKs found."


def timing(apps: Path, index: MarkIndex) -> Iterator[str]:
    """Cost in the largest app, and of scoring 10,000 releases."""
    path = max(apps.glob("*.apk"), key=lambda p: p.stat().st_size)
    with App.open(path) as app:
        start = time.perf_counter()
        dexes = [part.dex for part in app.dexes]
        inflate = time.perf_counter() - start
        size = sum(dex.size for dex in dexes)
        for dex in dexes:
            len(dex.instructions)
        start = time.perf_counter()
        observed = of_dexes(dexes)
        middle = time.perf_counter()
        match_marks(look_up(observed, index), index)
        end = time.perf_counter()
    yield (
        f"{path.name} ({size / 1e6:.1f} MB of dex): inflate and open {1000 * inflate:.0f} ms, marks of every class "
        f"{1000 * (middle - start):.0f} ms, look-up and match {1000 * (end - middle):.0f} ms (instructions are decoded once for all rooms)."
    )
    grown, releases = _grown(index)
    start = time.perf_counter()
    match_marks(look_up(observed, grown), grown)
    yield (
        f"Synthetic growth to {len(grown.members)} SDKs with {releases} releases, {len(grown):,} marks: look-up and match "
        f"{1000 * (time.perf_counter() - start):.0f} ms; {grown.nbytes / len(grown):.1f} bytes a mark."
    )
    yield f"The index here: {len(index.members)} SDKs, {len(index):,} marks, {index.nbytes / len(index):.1f} bytes a mark."


def _grown(index: MarkIndex, releases: int = 10_000) -> tuple[MarkIndex, int]:
    """The index with invented SDKs until it has so many releases; each invented one has 800 marks in 4 releases."""
    random = np.random.default_rng(5)
    learned = []
    for number, member in enumerate(index.members):
        rows = index.postings(number)
        marks = index.mark[np.searchsorted(index.start, rows, "right") - 1]
        order = np.argsort(marks)
        learned.append(
            Marks(member.sdk, member.releases, member.sampled_below, marks[order], index.releases[rows][order])
        )
    count = sum(len(marks.releases) for marks in learned)
    pattern = learned[0].releases[:1] * 4
    while count < releases:
        marks = np.unique(random.integers(1, 1 << 63, 800, np.uint64))
        bits = random.integers(1, 16, len(marks), np.uint64)
        learned.append(Marks(f"synthetic-{count:05}", pattern, (1 << 64) - 1, marks, bits))
        count += 4
    return build_index(learned, index.mark[np.diff(index.start.astype(np.int64)) == 0]), count


HEAD = """# Rename-proof marks: measured on {half} apps

Made by `benchmarks/obfuscation/evaluate.py`; the apps by `benchmarks/obfuscation/build.py` with R8 and D8 3.3.28 and ProGuard 7.4.2
from artifacts of public registries. Class names are never used. Truth is what survives according to the shrinker's mapping. The halves
share no organization (as signatures name it);
the thresholds were chosen on the development half. After a first look at the test half two rules were added because of
real apps (`Thresholds.little…`, and that third parties' code inside an artifact is not learned); no figure here was used for them.
{apps} builds, {sdks} SDKs in {releases} releases; `apps.json` plans more over both halves, what is not built is not counted. The index has
{indexed} SDKs with {indexed_releases} releases.
"""
PUBLISHED = """
## Beside the published figures
Not measured here, and on other apps: version-level F1 of the best reproducible detector 0.49, of the best published one 0.848; 2.5 to
600 s an app. No published detector was run on these apps.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure rename-proof marks.")
    parser.add_argument("apps", type=Path)
    parser.add_argument("--half", default="test", choices=("test", "development"))
    parser.add_argument("--write", action="store_true", help="write RESULTS.md beside this file")
    arguments = parser.parse_args()
    apps: Path = arguments.apps
    half: str = arguments.half
    try:
        learnt = learn_all(json.loads((HERE / "apps.json").read_text()).values())
    except SdkfpError as error:
        sys.exit(str(error))
    index = learnt.index()
    truths = [t for t in (json.loads(path.read_text()) for path in apps.glob("*.json")) if t["half"] == half]
    releases = {item for truth in truths for item in truth["releases"].items()}
    lines = [
        HEAD.format(
            half=half,
            apps=len(truths),
            sdks=len({sdk for sdk, _ in releases}),
            releases=len(releases),
            indexed=len(index.members),
            indexed_releases=sum(len(member.releases) for member in index.members),
        )
    ]
    closed = run_all(apps, half, learnt, "all")
    lines += [
        "## Everything in the index",
        *table(closed),
        "",
        f"Versions: {versions_line(total(closed.values()))}.",
        "",
    ]
    held = run_all(apps, half, learnt, "version")
    away = total(held.values())
    lines += [
        "## The releases in the app held out of the index",
        *table(held),
        "",
        f"Said to be near the known releases, not among them (all are): {ratio(away.near, away.versions)} of {away.versions}.",
        "",
    ]
    without = total(run_all(apps, half, learnt, "sdk").values())
    lines += [
        "## The SDKs in the app held out of the index",
        f"{without.wrong} other SDKs found in {len(truths)} apps; "
        f"{ratio(without.wrong_classes, without.classes)} of the classes given to one.",
        "",
        "## Apps without SDKs",
        *sdk_free(index),
        "",
        "## Cost",
        *timing(apps, index),
        "",
        "## What went wrong",
        *(f"- {note}" for note in total(closed.values()).notes),
        *(f"- held out, {note}" for note in without.notes),
        f"- {total(closed.values()).undecided} SDKs found only in classes of which nobody knows the owner; not counted.",
        PUBLISHED,
    ]
    text = "\n".join(lines)
    print(text)
    if arguments.write:
        (HERE / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
