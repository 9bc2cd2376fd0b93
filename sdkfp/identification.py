"""Evidence → identifications: certainty and version of each SDK, and the owner of every class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from sdkfp.catalog import Catalog
from sdkfp.class_names import is_renamed
from sdkfp.coverage import Coverage, Share, coverage_of, shares_of
from sdkfp.features import Feature, FeatureSet, Grade, Kind
from sdkfp.match import Evidence, Match, joined, mark_evidence, match
from sdkfp.signature import Signature, Strength
from sdkfp.version_reading import Version, VersionReader

__all__ = [
    "Certainty",
    "Identification",
    "Identified",
    "Learn",
    "Learned",
    "LearnedSdk",
    "Mention",
    "identify",
]

_GENERIC_SECOND_LEVELS = frozenset(
    {"github", "gitlab", "gitee", "bitbucket", "co", "com", "org", "net", "gov", "edu", "ac"}
)


class Certainty(str, Enum):
    """Two words, no percentages."""

    IDENTIFIED = "identified"
    """A sure clue in code, native code or files, or two hints of different kinds."""
    SUSPECTED = "suspected"
    """Something of the SDK is there, but not enough: one hint, manifest entries without code, a bare string, a nursery entry."""


@dataclass(frozen=True, slots=True)
class LearnedSdk:
    """What rename-proof marks say about one SDK."""

    found: int
    """Marks found in the classes that they identify; 0 where names identified all of its classes."""
    of: int
    """Marks that the release in question has."""
    references: int
    """References to the framework among those found; the others are string constants."""
    classes: int
    """Classes that the marks identify."""
    weak: bool = False
    """They may be those of something else that has a part of the SDK."""
    releases: tuple[str, ...] = ()
    """The known releases that the marks allow, where they tell it."""


Owners = Sequence[Sequence[str | None]]
"""For every ``class`` column the SDK of each class, ``""`` for the app's own code, ``None`` for nobody."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What rename-proof marks say about an app."""

    features: FeatureSet = field(default_factory=FeatureSet)
    """One ``mark`` feature for each SDK that they show."""
    marks: Mapping[str, LearnedSdk] = field(default_factory=dict)
    owners: Owners = ()
    """The SDK of each class that the marks gave away; empty where nothing was looked for."""


Learn = Callable[[Owners, Collection[str], Collection[str]], Learned]
"""A search for rename-proof marks, given the owners of the classes by their names, the SDKs whose version is known, and those that
are not to be looked for."""


@dataclass(frozen=True, slots=True)
class Identification:
    """One SDK that is inside."""

    signature: Signature
    certainty: Certainty
    evidence: tuple[Evidence, ...]
    version: Version | None
    classes: int
    """Classes defined in the app that belong to this SDK."""
    dex_bytes: int
    """Bytes of their code items."""
    marks: LearnedSdk | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """An SDK that code only mentions: its classes are referred to, or its name is a string; it is not inside by that."""

    sdk: str
    references: int
    feature: Feature


@dataclass(frozen=True, slots=True)
class Identified:
    """The answer of :func:`identify`."""

    sdks: tuple[Identification, ...]
    mentioned: tuple[Mention, ...]
    coverage: Coverage
    owners: tuple[tuple[str | None, ...], ...]
    """For every ``class`` column of the feature set, the SDK id of each class, ``""`` for the app's own code, ``None`` for nobody."""


def identify(
    features: FeatureSet,
    catalog: Catalog,
    *,
    own_packages: Iterable[str] = (),
    class_bytes: Sequence[Sequence[int]] | None = None,
    learn: Learn | None = None,
) -> Identified:
    """Say which SDKs a feature set shows, with their evidence.

    Args:
        features: of an app, from :func:`sdkfp.extract` or :meth:`FeatureSet.parse`.
        catalog: the signatures.
        own_packages: the app's own package names (application id, packages of its entry points); see :func:`own_prefixes`.
        class_bytes: for every ``class`` column the code bytes of each class; without it byte shares are 0.
        learn: looks for rename-proof marks in the app's code; without it only the ``mark`` features of the feature set count.
    """
    packages = tuple(own_packages)
    matched = match(catalog, features, own_packages=packages)
    others = _other_generation(catalog, matched.evidence)
    by_name = _without_presence(matched.evidence, others)
    has_code = bool(features.of(Kind.CLASS) or features.of(Kind.MODULE) or features.of(Kind.PACKAGE))
    inside = _inside(catalog, by_name, has_code=has_code)
    owners = _with_own_code(
        features, _owner_names(catalog, matched, _replaced(catalog, inside), inside), own_prefixes(packages)
    )
    versions = VersionReader(features)
    dated = {sdk for sdk in inside if versions.read(catalog[sdk])}
    learned = Learned() if learn is None else learn(owners, dated, others)
    found_evidence = joined(by_name, mark_evidence(catalog, learned.features))
    inside = _inside(catalog, found_evidence, has_code=has_code)
    replaced = _replaced(catalog, inside)
    if learned.owners:
        owners = _with_marks(owners, learned.owners, replaced, inside)
        inside = _doubted(inside, found_evidence, features, owners, learned.marks)
    shares = shares_of(owners, class_bytes)
    sdks = []
    for sdk, certainty in inside.items():
        if sdk in replaced:
            continue
        marks = learned.marks.get(sdk)
        sdks.append(
            Identification(
                catalog[sdk],
                certainty,
                found_evidence[sdk],
                versions.read(catalog[sdk]) or _version_by_marks(marks),
                *_share_of(sdk, shares),
                marks,
            )
        )
    mentioned = tuple(
        Mention(sdk, sum(e.count for e in evidence), evidence[0].feature)
        for sdk, evidence in found_evidence.items()
        if sdk not in inside
    )
    return Identified(tuple(sdks), mentioned, coverage_of(features, owners, class_bytes, shares), owners)


def _other_generation(catalog: Catalog, evidence: Mapping[str, Sequence[Evidence]]) -> frozenset[str]:
    """SDKs that are not inside, but whose predecessor or successor is: it has the same code under other class names.

    The last Support Library carries the version files of AndroidX, and the strings of one are those of the other: where the
    classes of one side alone are there by name, nothing but such classes speaks for the other.
    """
    named = {sdk for sdk, found in evidence.items() if any(map(_is_code_by_name, found))}
    found: set[str] = set()
    for signature in catalog:
        if signature.successors:
            later = not named.isdisjoint(signature.successors)
            if signature.id in named and not later:
                found.update(signature.successors)
            elif later and signature.id not in named:
                found.add(signature.id)
    return frozenset(found)


def _without_presence(
    evidence: Mapping[str, tuple[Evidence, ...]], absent: Collection[str]
) -> Mapping[str, tuple[Evidence, ...]]:
    """Of SDKs that are not inside only what mentions them."""
    found = {
        sdk: tuple(e for e in pieces if sdk not in absent or e.grade is Grade.MENTIONED)
        for sdk, pieces in evidence.items()
    }
    return {sdk: pieces for sdk, pieces in found.items() if pieces}


def _is_code_by_name(evidence: Evidence) -> bool:
    only_annotations = evidence.count == 1 and evidence.feature.name.endswith(".package-info")
    return evidence.grade is Grade.DEFINED and evidence.clue.strength is Strength.SURE and not only_annotations


def _inside(catalog: Catalog, evidence: Mapping[str, Sequence[Evidence]], *, has_code: bool) -> dict[str, Certainty]:
    """The SDKs that are more than mentioned."""
    verdicts = {sdk: _certainty(catalog[sdk], found, has_code=has_code) for sdk, found in evidence.items()}
    return {sdk: certainty for sdk, certainty in verdicts.items() if certainty is not None}


def _doubted(
    inside: Mapping[str, Certainty],
    evidence: Mapping[str, Sequence[Evidence]],
    features: FeatureSet,
    owners: Sequence[Sequence[str | None]],
    marks: Mapping[str, LearnedSdk],
) -> dict[str, Certainty]:
    """SDKs known by marks alone are suspected at most where the same strings may be those of something else.

    Marks speak where names are gone. Under names that nobody shortened and no clue knows, they are rather those of a copy, a
    predecessor or a library that both have inside; and marks may be weak by themselves.
    """
    alone = {
        sdk for sdk in inside if all(e.grade is Grade.LEARNED for e in evidence[sdk] if e.grade is not Grade.MENTIONED)
    }
    classes: Counter[str] = Counter()
    renamed: Counter[str] = Counter()
    for column, names in zip(features.of(Kind.CLASS), owners, strict=True):
        for name, owner in zip(column.names, names, strict=True):
            if owner in alone:
                classes[owner] += 1
                renamed[owner] += is_renamed(name)
    weak = {sdk for sdk in alone & marks.keys() if marks[sdk].weak}
    doubted = weak | {sdk for sdk in alone if 2 * renamed[sdk] < classes[sdk] or not classes[sdk]}
    return {sdk: Certainty.SUSPECTED if sdk in doubted else certainty for sdk, certainty in inside.items()}


def _share_of(sdk: str, shares: Mapping[str | None, Share]) -> tuple[int, int]:
    share = shares.get(sdk, Share(0, 0))
    return share.classes, share.dex_bytes


def _version_by_marks(marks: LearnedSdk | None) -> Version | None:
    """The known releases that the marks allow. They never give one value: a release that was not learned may have the same marks."""
    if marks is None or not marks.releases:
        return None
    return Version(None, marks.releases, ())


def _with_marks(
    owners: Sequence[Sequence[str | None]],
    by_marks: Sequence[Sequence[str | None]],
    replaced: Mapping[str, str],
    inside: Mapping[str, Certainty],
) -> tuple[tuple[str | None, ...], ...]:
    """Owners by names, and where those give nobody (or the app itself) the owners by marks."""
    return tuple(
        tuple(
            name if name or mark is None or mark not in inside else replaced.get(mark, mark)
            for name, mark in zip(column, learned, strict=True)
        )
        for column, learned in zip(owners, by_marks, strict=True)
    )


def _certainty(signature: Signature, evidence: Sequence[Evidence], *, has_code: bool) -> Certainty | None:
    """``None`` where the SDK is only mentioned."""
    solid = [e for e in evidence if e.grade not in (Grade.MENTIONED, Grade.STRING)]
    if not solid:
        return Certainty.SUSPECTED if any(e.grade is Grade.STRING for e in evidence) else None
    in_code = [e for e in solid if e.grade is not Grade.MANIFEST or not has_code]
    sure = any(e.clue.strength is Strength.SURE for e in in_code)
    kinds = {e.clue.kind for e in evidence if e.grade is not Grade.MENTIONED}
    if signature.nursery or not (sure or (in_code and len(kinds) > 1)):
        return Certainty.SUSPECTED
    return Certainty.IDENTIFIED


def _replaced(catalog: Catalog, inside: Mapping[str, Certainty]) -> dict[str, str]:
    """Generic SDK → the identified one that overrides it."""
    return {
        other: sdk
        for sdk, certainty in inside.items()
        if certainty is Certainty.IDENTIFIED
        for other in catalog[sdk].overrides
        if other in inside
    }


def _owner_names(
    catalog: Catalog, matched: Match, replaced: Mapping[str, str], inside: Mapping[str, Certainty]
) -> list[list[str | None]]:
    ids: list[str | None] = [replaced.get(sdk, sdk) if sdk in inside else None for sdk in catalog.signatures]
    ids.append(None)  # NOBODY is -1 and so takes the last item
    return [[ids[position] for position in column] for column in matched.owners]


def own_prefixes(packages: Iterable[str]) -> tuple[str, ...]:
    """The package prefixes of the app's maker: the first two segments of its package names, three under a shared domain.

    ``com.netease.cloudmusic`` gives ``com.netease.``: in a NetEase app those classes are its own code where no SDK owns them.
    """
    found = set()
    for package in packages:
        segments = package.split(".")
        length = 3 if len(segments) > 2 and segments[1] in _GENERIC_SECOND_LEVELS else 2
        if len(segments) >= 2 and all(segments[:length]):
            found.add(".".join(segments[:length]) + ".")
    return tuple(sorted(found))


def _with_own_code(
    features: FeatureSet, names: Sequence[Sequence[str | None]], prefixes: tuple[str, ...]
) -> tuple[tuple[str | None, ...], ...]:
    result = []
    for column, owners in zip(features.of(Kind.CLASS), names, strict=True):
        result.append(
            tuple(
                "" if owner is None and prefixes and name.startswith(prefixes) else owner
                for name, owner in zip(column.names, owners, strict=True)
            )
        )
    return tuple(result)
