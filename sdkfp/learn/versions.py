"""Where the version of an SDK stands: the constants, properties, meta-data and file names that hold it in every release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sdkfp.features import Kind
from sdkfp.signature import VersionRule

__all__ = ["Texts", "VersionClue", "guess_version", "version_clues"]

_NAMED = re.compile(r"version|(?:^|_)ver(?:$|_)", re.IGNORECASE)
_NOT_OURS = re.compile(
    r"kotlin|gradle|agp|build_?tools|android_?x|min|target|protocol|api|schema|database|db|tls|http|config|code",
    re.IGNORECASE,
)
"""Words in the name of a constant that say that it is the version of something else."""
_VERSION = re.compile(r"v?\d+(?:\.\d+){1,4}(?:[-.+]\w[\w.]*)?")
_NEW_MODULE = "1.0"
"""What a module is called before anybody thinks of versions."""
_LONGEST_VALUE = 200
_DROPPED = re.compile(r"META-INF/(?:maven/|MANIFEST)")
"""Properties that Android's build leaves out of apps."""


@dataclass(frozen=True, slots=True)
class VersionClue:
    """One place that holds the version."""

    rule: VersionRule
    confirmed: int
    """How many releases have their version there."""

    def __str__(self) -> str:
        pattern = "" if self.rule.pattern == "(.+)" else f" by {self.rule.pattern}"
        return f"{self.rule.kind.value} {self.rule.name}{pattern}"


Texts = Mapping[Kind, Mapping[str, "str | None"]]
"""Of one release, by kind, the names of its features with their values."""


def version_clues(releases: Sequence[tuple[str | None, Texts]]) -> list[VersionClue]:
    """The rules that give every release its version, best first.

    Args:
        releases: (version, features) of each; those without a known version are left out.
    """
    known = [(version, texts) for version, texts in releases if version]
    if not known:
        return []
    candidates = [
        *_valued(Kind.CONSTANT, *known[-1]),
        *_valued(Kind.PROPERTY, *known[-1]),
        *_valued(Kind.METADATA, *known[-1]),
        *_in_names(Kind.LIBRARY, *known[-1]),
        *_in_names(Kind.FILE, *known[-1]),
    ]
    kept = []
    for rule in dict.fromkeys(candidates):
        told = [_tells(rule, texts, version) for version, texts in known]
        # A rule may be missing in old releases; where it speaks it must speak the truth.
        if False not in told:
            kept.append(VersionClue(rule, sum(answer is True for answer in told)))
    plausible = [clue for clue in kept if clue.confirmed > 1 or _says_version(clue.rule)]
    return sorted(plausible, key=_rank)


def guess_version(texts: Texts) -> str | None:
    """The version of a release that nobody names: the value of its constants that are called a version, if they agree."""
    values = {
        value
        for name, value in texts.get(Kind.CONSTANT, {}).items()
        if value and _VERSION.fullmatch(value) and _says_version(VersionRule(Kind.CONSTANT, name))
    } - {_NEW_MODULE}
    return values.pop() if len(values) == 1 else None


def _valued(kind: Kind, version: str, texts: Texts) -> Iterator[VersionRule]:
    part = re.compile(rf"(?<![\d.]){re.escape(version)}(?![\w.]*\d)")
    for name, value in texts.get(kind, {}).items():
        if not value or len(value) > _LONGEST_VALUE or (kind is Kind.PROPERTY and _DROPPED.match(name)):
            continue
        found = part.search(value)
        if value == version:
            yield VersionRule(kind, name)
        elif found is not None:
            yield VersionRule(kind, name, _pattern(value[: found.start()], version, value[found.end() :]))


def _pattern(before: str, version: str, after: str) -> str:
    """A pattern for a version with fixed text around it."""
    head = re.search(r"[^\s\d]*\Z", before)
    tail = after[:1] if re.match(r"[^\w\s]", after) else ""
    group = r"(\d[\w.]*)" if tail in ("-", "+") and tail not in version else r"(\d[\w.+-]*)"
    return f"{re.escape(head[0]) if head else ''}{group}{re.escape(tail)}"


def _in_names(kind: Kind, version: str, texts: Texts) -> Iterator[VersionRule]:
    digits = re.split(r"[._-]", version)
    for name in texts.get(kind, {}):
        folder, slash, stem = name.rpartition("/")
        if kind is Kind.FILE and not name.startswith(("assets/", "META-INF/")):
            continue
        written = [version, version.replace(".", "_"), version.replace(".", "-")]
        for text in dict.fromkeys(written):
            head, found, tail = stem.partition(text)
            if found and len(head) >= 3 and "." in version:
                group = r"(\d[\w.]*)" if text == version else "[_-]".join([r"(\d+)"] * len(digits))
                yield VersionRule(kind, f"{folder}{slash}{head}*{tail}", f"{re.escape(head)}{group}{re.escape(tail)}")
        if all(len(digit) == 1 for digit in digits) and len(digits) > 2:
            head, found, tail = stem.partition("".join(digits))
            if found and len(head) >= 3 and not tail[:1].isdigit():
                groups = r"(\d)" * len(digits)
                yield VersionRule(kind, f"{folder}{slash}{head}*{tail}", f"{re.escape(head)}{groups}{re.escape(tail)}")


def _tells(rule: VersionRule, texts: Texts, version: str) -> bool | None:
    """Whether a rule gives a release its version; ``None`` where the release has no such feature."""
    from fnmatch import fnmatchcase  # noqa: PLC0415 - as the identification matches names

    found = texts.get(rule.kind, {})
    names = [name for name in found if fnmatchcase(name, rule.name)] if "*" in rule.name else [rule.name]
    answers = set()
    for name in names:
        if name in found:
            text = found[name]
            seen = re.search(rule.pattern, name if text is None or rule.kind in (Kind.LIBRARY, Kind.FILE) else text)
            answers.add(".".join(group for group in seen.groups() if group) if seen else "")
    return None if not answers else answers == {version}


def _says_version(rule: VersionRule) -> bool:
    if rule.kind is not Kind.CONSTANT:
        return True
    _, _, name = rule.name.rpartition(".")
    return bool(_NAMED.search(name)) and not _NOT_OURS.search(name)


def _rank(clue: VersionClue) -> tuple[object, ...]:
    kinds = [Kind.CONSTANT, Kind.PROPERTY, Kind.LIBRARY, Kind.FILE, Kind.METADATA]
    rule = clue.rule
    owner = rule.name.rpartition(".")[0]
    # A build's own constants are inlined and their class dropped by shrinkers more often than a vendor's.
    return (
        -clue.confirmed,
        kinds.index(rule.kind),
        not _says_version(rule),
        owner.endswith("BuildConfig"),
        rule.pattern != "(.+)",
        len(rule.name),
        rule.name,
    )
