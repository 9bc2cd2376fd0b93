"""RESULTS.md of one evaluation."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costs import Cost, Grown
from scoring import SETTINGS, Score, exact_f1, f1, ratio, table, total, versions_table

from sdkfp.marks.index import MarkIndex

__all__ = ["Results", "report"]

Answer = tuple[str, int, list[str], list[str]]
"""An app, its classes, and the SDKs that its marks identify and those that they let suspect."""
Free = Sequence[Answer]
"""(app, classes, SDKs found)."""


@dataclass(frozen=True)
class Results:
    """What one run measured."""

    half: str
    builds: int
    releases: Collection[tuple[str, str]]
    all_releases: Collection[tuple[str, str]]
    all_builds: int
    index: MarkIndex
    scores: Mapping[str, Mapping[str, Score]]
    """By mode and setting."""
    free: Free
    lists: Free
    whole_scan: Score
    """Of a scan that sees names, too, where nothing is renamed."""
    cost: Cost
    grown: Grown
    compared: Sequence[Mapping[str, Any]]
    seconds: float


HEAD = """# Rename-proof marks: measured on {half} apps

Made by `benchmarks/obfuscation/evaluate.py` in {seconds:.0f} s; the apps by `benchmarks/obfuscation/build.py` with R8 and D8 3.3.28 and
ProGuard 7.4.2 from artifacts of public registries. Class names are not used, except where it says so. Truth is what survives
according to the shrinker's mapping. The halves share no organization (as signatures name it); the thresholds were chosen on the
development half. After looks at the test half, rules were added because of real apps and of the development half
(`Thresholds.little`, `MarkFound.weak`, that a class which two SDKs fit alike is given to neither by its own marks, that users of
a class of whom nothing is known count against its SDK, and that third parties' code inside an artifact is not learned);
no figure of the test half was used for them.

This half: {builds} builds, {sdks} SDKs in {releases} releases. Both halves: {all_builds} builds, {all_sdks} SDKs in
{all_releases} releases. The index has {indexed} SDKs with {indexed_releases} releases.
"""
LITTLE = ("full-small", "full-medium", "full-large")
"""Settings of R8's full mode, which repackage too."""


def report(results: Results) -> str:
    """The whole file."""
    scores = {mode: _plain(by_setting) for mode, by_setting in results.scores.items()}
    closed, held, without = (total(scores[mode].values()) for mode in ("all", "version", "sdk"))
    members = results.index.members
    lines = [
        HEAD.format(
            half=results.half,
            seconds=results.seconds,
            builds=results.builds,
            sdks=len({sdk for sdk, _ in results.releases}),
            releases=len(results.releases),
            all_builds=results.all_builds,
            all_sdks=len({sdk for sdk, _ in results.all_releases}),
            all_releases=len(results.all_releases),
            indexed=len(members),
            indexed_releases=sum(len(member.releases) for member in members),
        ),
        "## Targets",
        *_targets(results, scores["all"], closed),
        "",
        "## Everything in the index",
        *table(scores["all"]),
        "",
        "### Versions",
        *versions_table(scores["all"]),
        "",
        "## The releases in the app held out of the index",
        *table(scores["version"]),
        "",
        f"Said to be near the known releases, not among them (all are): {ratio(held.near, held.versions)} of {held.versions}. Releases "
        f"named in a report, wrongly: {held.told} of {held.versions}; with everything in the index {closed.told} of {closed.versions}, "
        f"{closed.told_right} of them right.",
        "",
        "## The SDKs in the app held out of the index",
        f"{without.wrong} other SDKs found in {without.apps} apps; {ratio(without.wrong_classes, without.classes)} of the classes given "
        "to one.",
        "",
        *_without_sdks(results),
        "",
        *_cost(results),
        "",
        *_comparison(results),
        "## What went wrong",
        *(f"- {note}" for note in closed.notes),
        *(f"- releases held out, {note}" for note in held.notes if note not in set(closed.notes)),
        *(f"- SDKs held out, {note}" for note in without.notes if " missed, " not in note),
        f"- {closed.undecided} SDKs found only in classes of which nobody knows the owner; not counted.",
        "",
    ]
    return "\n".join(lines)


def _plain(scores: Mapping[str, Score]) -> dict[str, Score]:
    return {name: score for name, score in scores.items() if name != "encrypted"}


def _targets(results: Results, scores: Mapping[str, Score], closed: Score) -> Iterator[str]:
    yield "| what | wanted | measured | |"
    yield "|---|---|---|---|"
    plain = scores.get("none", Score())
    full = total(scores[name] for name in LITTLE if name in scores)
    renamed = {name: score for name, score in scores.items() if name not in ("none", "shrink")}
    changed = total(renamed.values())
    worst = min((_precision(score) for score in scores.values()), default=0.0)
    share = closed.contained / max(1, closed.versions)
    middle = statistics.median(closed.sizes or [0])
    right, wrong = changed.right_classes / max(1, changed.classes), changed.wrong_classes / max(1, changed.classes)
    hits = sum(len(found) for _, _, found, _ in results.free)
    lists = sum(len(found) for _, _, found, _ in results.lists)
    cost, grown, whole = results.cost, results.grown, results.whole_scan
    rows = [
        ("SDK F1, nothing renamed, the whole scan", "≥ 0.99", f"{f1(whole):.3f}", f1(whole) >= 0.99),
        ("… its precision", "≥ 0.99", f"{_precision(whole):.3f}", _precision(whole) >= 0.99),
        ("… by marks alone, names not looked at", "≥ 0.99", f"{f1(plain):.3f}", f1(plain) >= 0.99),
        ("SDK F1, R8 full mode, repackaged, ≥ 20 classes left", "≥ 0.97", f"{f1(full):.3f}", f1(full) >= 0.97),
        ("precision of SDKs, the worst setting", "≥ 0.99", f"{worst:.3f}", worst >= 0.99),
        ("SDKs identified in apps without any", "0", f"{hits} in {len(results.free)} apps", hits == 0),
        ("SDKs identified in lists of their strings", "0", f"{lists} in {len(results.lists)} apps", lists == 0),
        ("release in the set said", "≥ 0.95", f"{share:.3f}", share >= 0.95),
        ("median set, where releases differ", "≤ 2", f"{middle:g}", middle <= 2),
        ("classes of renamed apps given to the right SDK", "≥ 85 %", f"{right:.1%}", right >= 0.85),
        ("… to a wrong one", "≤ 2 %", f"{wrong:.1%}", wrong <= 0.02),
        (
            "marks, all they do, beside inflating: nothing renamed",
            "≤ 1",
            f"{cost.named / cost.inflate:.2f}",
            cost.named <= cost.inflate,
        ),
        (
            "… every class renamed",
            "≤ 1",
            f"{cost.whole / cost.inflate:.2f}",
            cost.whole <= cost.inflate,
        ),
        (f"scoring {grown.releases:,} releases", "< 50 ms", f"{grown.milliseconds:.0f} ms", grown.milliseconds < 50),
        ("bytes a mark", "< 30", f"{grown.bytes_a_mark:.1f}", grown.bytes_a_mark < 30),
    ]
    for what, wanted, measured, met in rows:
        yield f"| {what} | {wanted} | {measured} | {'met' if met else '**missed**'} |"
    yield ""
    yield (
        f"Exact release: F1 {exact_f1(closed)} here; published, on other apps: 0.49 (the best that can be reproduced), 0.848 (the best)."
    )


def _precision(score: Score) -> float:
    return score.found / (score.found + score.wrong) if score.found + score.wrong else 1.0


def _without_sdks(results: Results) -> Iterator[str]:
    yield "## Apps without SDKs, and bad input"
    classes = sum(count for _, count, _, _ in results.free)
    yield f"{len(results.free)} apps without any SDK of the index ({classes:,} classes), real ones and ones built from libraries that"
    yield f"the catalog does not know: {sum(len(found) for _, _, found, _ in results.free)} SDKs identified."
    yield from (f"- {name}: {_said(sure, weak)}" for name, _, sure, weak in results.free if sure or weak)
    yield ""
    yield "Lists of the strings of SDKs that are not inside (a blocker's, a vendor database's, spread over classes with calls):"
    yield from (f"- {name} ({count} classes): {_said(sure, weak)}" for name, count, sure, weak in results.lists)
    secret = results.scores["all"].get("encrypted")
    if secret is not None:
        yield ""
        yield (
            f"SDKs whose strings are all encrypted, R8 full mode, {secret.apps} apps: {secret.found} of "
            f"{secret.hit + secret.missed + secret.small} found, {secret.wrong} wrong; "
            f"{ratio(secret.wrong_classes, secret.classes)} of the classes given to a wrong SDK."
        )
        yield from (f"- {note}" for note in secret.notes if " missed, " not in note)
    yield ""
    yield "Artifacts without classes, damaged marks and huge string tables: `tests/marks`."


def _said(identified: Sequence[str], suspected: Sequence[str]) -> str:
    return f"identified: {', '.join(identified) or 'none'}; suspected: {', '.join(suspected) or 'none'}"


def _cost(results: Results) -> Iterator[str]:
    cost, grown, index = results.cost, results.grown, results.index
    yield "## Cost"
    yield (
        f"{cost.app} ({cost.megabytes:.1f} MB of dex, {cost.classes} classes, all taken as unknown), processor time: inflate "
        f"{cost.inflate:.0f} ms, marks of every class {cost.observe:.0f} ms, look-up and match {cost.match:.0f} ms (instructions are "
        f"decoded once for all rooms); with the owners of all classes and the releases {cost.whole:.0f} ms; where the names are known "
        f"{cost.named:.0f} ms."
    )
    yield (
        f"Synthetic growth to {grown.sdks} SDKs with {grown.releases:,} releases, {grown.marks:,} marks: look-up and match "
        f"{grown.milliseconds:.0f} ms; {grown.bytes_a_mark:.1f} bytes a mark."
    )
    yield f"The index here: {len(index.members)} SDKs, {len(index):,} marks, {index.nbytes / len(index):.1f} bytes a mark."


def _comparison(results: Results) -> Iterator[str]:
    yield "## Beside a published detector"
    if not results.compared:
        yield "No answers of another detector were at hand (`compare.py`)."
        yield ""
    for record in results.compared:
        yield from _beside(record)
    yield "Published, not measured here, and on other apps: 2.5 to 600 s an app; 10 to 20 % of class features left under R8's full mode."
    yield ""


def _beside(record: Mapping[str, Any]) -> Iterator[str]:
    share = record.get("similarity", 0.6)
    yield (
        f"{record['detector']}, as its authors publish it"
        + (", " if share == 0.6 else f", with {share:g} for its published threshold 0.6 of a release's classes, ")
        + f"on the same {record['apps']} builds. It looked for the {record['releases']} releases of this half alone "
        f"({len(record['refused'])} of them it could not read), each as one jar of the SDK's own classes; ours had the whole index. The "
        "same rules for both, and SDKs that count are those that it was asked for."
    )
    yield ""
    yield "| setting | builds | | recall | precision | F1 | release in the set | exact F1 | s a build |"
    yield "|---|---|---|---|---|---|---|---|---|"
    names = [name for name in SETTINGS if name in record["ours"] and name != "encrypted"]
    for name in [*names, "all"]:
        for who, scores in ((record["detector"], record["theirs"]), ("marks", record["ours"])):
            s = total(scores[each] for each in names) if name == "all" else scores[name]
            yield (
                f"| {name} | {s.apps} | {who} | {ratio(s.hit, s.hit + s.missed)} | {ratio(s.found, s.found + s.wrong)} "
                f"| {f1(s):.3f} | {ratio(s.contained, s.versions)} | {exact_f1(s)} | {s.seconds / max(1, s.apps):.2f} |"
            )
    failed = total(record["theirs"].values()).failed
    yield ""
    yield (
        f"Seconds are processor time: of {record['detector']} the profile of the app and the comparison ({failed} builds without an "
        "answer), not the profiles of the releases, which it makes once; of marks everything from the file on."
    )
    yield ""
