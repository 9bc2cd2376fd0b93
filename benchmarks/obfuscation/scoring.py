"""Score what was found in a test app against its truth."""

from __future__ import annotations

import collections
import dataclasses
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdkfp.marks.finding import Learned
from sdkfp.marks.index import MarkIndex
from sdkfp.marks.versions import VersionSet

__all__ = ["SETTINGS", "Score", "detector_score", "f1", "ratio", "score_app", "table", "total", "versions_table"]

ENOUGH = 20
"""SDKs of which at least so many classes survive count for recall."""
SETTINGS = (
    "none",
    "shrink",
    "obfuscate",
    "repackage",
    "proguard",
    "full-large",
    "full-medium",
    "full-small",
    "encrypted",
)


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
    host: int = 0
    host_classes: int = 0
    versions: int = 0
    contained: int = 0
    near: int = 0
    told: int = 0
    told_right: int = 0
    several: int = 0
    different: int = 0
    """Answers about SDKs of which the releases known differ in their marks at all."""
    exact: int = 0
    answered: int = 0
    seconds: float = 0.0
    apps: int = 0
    failed: int = 0
    sizes: list[int] = field(default_factory=list)
    """Releases in the set, of those ``different``."""
    notes: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        for item in dataclasses.fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))

    @property
    def found(self) -> int:
        return self.hit + self.small_hit


def score_app(
    app: str,
    truth: Mapping[str, Any],
    names: Sequence[str],
    learned: Learned,
    index: MarkIndex,
    asked: Iterable[str] | None = None,
) -> Score:
    """One app against its truth; ``names`` are those of its classes, as ``learned.owners`` go. SDKs that count for recall are those
    ``asked`` for, else all of the index."""
    true = [truth["classes"].get(name) for name in names]
    merged = [truth.get("merged", {}).get(name, ()) for name in names]
    given = [owner for column in learned.owners for owner in column]
    score = Score(apps=1)
    for owner, others, answer in zip(true, merged, given, strict=True):
        if owner:
            right = answer == owner or answer in others
            score.classes += 1
            score.right_classes += right
            score.wrong_classes += answer is not None and not right
        elif owner == "":
            score.host += 1
            score.host_classes += answer is not None
    members = {member.sdk: number for number, member in enumerate(index.members)}
    _score_wrong(score, app, true, given, learned.found.keys() - _parts(truth))
    _score_recall(score, app, _inside(truth), learned.found.keys(), members.keys() if asked is None else asked)
    for sdk, version in truth["releases"].items():
        if sdk in learned.found and sdk in learned.versions:
            releases = {release.version for release in index.members[members[sdk]].releases if release.version}
            bits = index.releases[index.postings(members[sdk])]
            differ = bool(len(bits)) and bool((bits != bits[0]).any())
            _score_version(score, version, learned.versions[sdk], several=len(releases) > 1, differ=differ)
    return score


def _inside(truth: Mapping[str, Any]) -> Mapping[str, int]:
    """The classes that each SDK has."""
    return collections.Counter(owner for owner in truth["classes"].values() if owner)


def _parts(truth: Mapping[str, Any]) -> set[str]:
    """SDKs that have a part of some class, by their own name or merged into another's."""
    return {sdk for several in truth.get("merged", {}).values() for sdk in several} | _inside(truth).keys()


def _score_wrong(
    score: Score,
    app: str,
    true: Sequence[str | None],
    given: Sequence[str | None],
    found: Iterable[str],
) -> None:
    """SDKs found that are not inside."""
    for sdk in sorted(found):
        under = collections.Counter(owner for owner, answer in zip(true, given, strict=True) if answer == sdk)
        owner = under.most_common(1)[0][0] if under else ""
        if owner is None:
            score.undecided += 1
        else:
            score.wrong += 1
            score.notes.append(f"{app}: {sdk} in the classes of {owner or 'the host'}")


def _score_recall(
    score: Score, app: str, inside: Mapping[str, int], answers: Iterable[str], known: Iterable[str]
) -> None:
    for sdk in sorted(inside.keys() & set(known)):
        if inside[sdk] < ENOUGH:
            score.small += 1
            score.small_hit += sdk in answers
        elif sdk in answers:
            score.hit += 1
        else:
            score.missed += 1
            score.notes.append(f"{app}: {sdk} missed, {inside[sdk]} classes")


def _score_version(score: Score, version: str, allowed: VersionSet, *, several: bool, differ: bool) -> None:
    score.versions += 1
    score.contained += version in allowed.releases
    score.near += allowed.near
    score.told += allowed.tells
    score.told_right += allowed.tells and version in allowed.releases
    if several:
        score.several += 1
        score.answered += len(allowed.releases) == 1
        score.exact += allowed.releases == (version,)
        if differ:
            score.different += 1
            score.sizes.append(len(allowed.releases))


def detector_score(app: str, truth: Mapping[str, Any], answer: Mapping[str, Any], known: Iterable[str]) -> Score:
    """What another detector says of an app, by the same rules; it names no classes."""
    score = Score(apps=1, seconds=answer["seconds"], failed=int(bool(answer["failure"])))
    _score_recall(score, app, _inside(truth), answer["found"], known)
    for sdk, versions in answer["found"].items():
        if sdk not in _parts(truth):
            score.wrong += 1
        elif sdk in truth["releases"]:
            score.versions += 1
            score.several += 1
            score.contained += truth["releases"][sdk] in versions
            score.answered += len(versions) == 1
            score.exact += versions == [truth["releases"][sdk]]
            score.sizes.append(len(versions))
    return score


def total(scores: Iterable[Score]) -> Score:
    every = Score()
    for score in scores:
        every.add(score)
    return every


def ratio(part: float, whole: float) -> str:
    return f"{part / whole:.3f}" if whole else "–"


def f1(score: Score) -> float:
    """Of SDKs with enough classes."""
    return 2 * score.hit / max(1, 2 * score.hit + score.missed + score.wrong)


def table(scores: Mapping[str, Score]) -> Iterator[str]:
    yield (
        "| setting | apps | SDKs ≥ 20 classes | recall | precision | F1 | smaller SDKs found | classes given right | wrong "
        "| host's classes given away |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    rows = [(name, scores[name]) for name in SETTINGS if name in scores]
    for name, s in [*rows, ("all", total(score for _, score in rows))]:
        yield (
            f"| {name} | {s.apps} | {s.hit + s.missed} | {ratio(s.hit, s.hit + s.missed)} | {ratio(s.found, s.found + s.wrong)} "
            f"| {f1(s):.3f} | {s.small_hit} of {s.small} | {ratio(s.right_classes, s.classes)} | {ratio(s.wrong_classes, s.classes)} "
            f"| {s.host_classes} of {s.host} |"
        )


def versions_table(scores: Mapping[str, Score]) -> Iterator[str]:
    yield (
        "| setting | SDKs found | truth in the set | of several releases known | that differ in marks: median set | mean | one release "
        "answered | right | exact F1 | said to be near |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    rows = [(name, scores[name]) for name in SETTINGS if name in scores]
    for name, s in [*rows, ("all", total(score for _, score in rows))]:
        yield (
            f"| {name} | {s.versions} | {ratio(s.contained, s.versions)} | {s.several} | {statistics.median(s.sizes or [0]):g} "
            f"| {statistics.fmean(s.sizes or [0]):.2f} | {s.answered} | {s.exact} | {exact_f1(s)} | {ratio(s.near, s.versions)} |"
        )


def exact_f1(score: Score) -> str:
    """Of answers of one release, among SDKs that were found and of which several releases are known."""
    return ratio(2 * score.exact, score.answered + score.several)
