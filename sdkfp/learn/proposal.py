"""From the releases of an SDK to a signature: a proposal, with what was left out and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import msgspec

from sdkfp.catalog import Catalog
from sdkfp.features import Kind
from sdkfp.identification import Certainty, identify
from sdkfp.index import ClueIndex
from sdkfp.learn.addresses import LearnError
from sdkfp.learn.artifact import Library, Release, version_in
from sdkfp.learn.listings import match_examples, miss_examples
from sdkfp.learn.names import NameClues
from sdkfp.learn.prefixes import Prefixes, find_prefixes
from sdkfp.learn.versions import Texts, VersionClue, guess_version, version_clues
from sdkfp.learn.yaml_text import new_clues
from sdkfp.signature import Artifact, Clue, Names, Signature, VersionRule

__all__ = ["Proposal", "propose"]

_MOST_SHOWN = 8
_PLATFORM = ("android.", "dalvik.", "java.", "org.json.", "org.w3c.dom.", "org.xml.sax.", "org.xmlpull.v1.")
"""Packages that every device has."""
_LONGEST_NAME = 60
_MOST_INSIDE = 8
"""Libraries of one package that are named one by one."""


class Proposal(msgspec.Struct, frozen=True):
    """A signature to look through, and what a contributor should know about it."""

    signature: Signature
    notes: tuple[str, ...]
    """What was left out or could not be found, in English sentences."""
    version_clues: tuple[str, ...]
    """Every place that holds the version, best first; the first is in the signature."""
    reads: Mapping[str, tuple[str, ...]]
    """By type of personal information, the surfaces that the code uses: it is able to read the type. What the SDK is
    declared to collect has to come from its maker's documents."""
    mentioned: Mapping[str, int]
    """SDKs of the catalog that the code refers to and that are not inside, with the number of classes referred to."""


def propose(
    releases: Sequence[Release],
    catalog: Catalog,
    sdk: str,
    *,
    name: Names | None = None,
    organization: str | None = None,
    categories: Iterable[str] = (),
) -> Proposal:
    """Propose a signature.

    Args:
        releases: of the SDK, in any order; several show what is stable.
        catalog: the signatures that there are; one with the same id is not taken for somebody else's.
        sdk: id of the signature.
        name: as its maker writes it; by default what the project calls itself, else the id.
        organization: id of its maker.
        categories: words of the vocabulary.

    Raises:
        LearnError: nothing of the artifacts is the SDK's own.
    """
    if not releases:
        raise LearnError("there is no release to learn from")
    others = Catalog(
        (signature for signature in catalog if signature.id != sdk),
        catalog.organizations.values(),
        catalog.vocabulary,
        sha256="",
    )
    texts = {id(release): _texts(release) for release in releases}
    versions = {id(r): r.version or guess_version(texts[id(r)]) for r in releases}
    ordered = sorted(releases, key=lambda release: _version_key(versions[id(release)] or release.order))
    places = version_clues([(versions[id(release)], texts[id(release)]) for release in ordered])
    ordered = [replace(release, version=versions[id(release)]) for release in ordered]
    newest = ordered[-1]
    kind, prefixes = _prefixes(ordered, others.index)
    finder = NameClues(ordered, others.index, prefixes.names, sdk)
    clues = (*(_prefix_clue(kind, prefix) for prefix in prefixes.names), *finder.find())
    if not clues:
        owners = f": the catalog gives its classes to {_owners(prefixes)}" if prefixes.owned else ""
        raise LearnError(f"nothing in {newest.label} is its own{owners}")
    rules = tuple(place.rule for place in places[:1])
    bundles, beside = _bundled(newest, others, clues)
    requires, strangers = _required(newest, others, bundles)
    signature = Signature(
        id=sdk,
        name=name or Names(_project_name(newest) or sdk),
        organization=organization,
        categories=tuple(categories),
        purl=_purl_of(newest),
        website=newest.website,
        clues=clues,
        version=rules,
        requires=requires,
        bundles=bundles,
        artifacts=tuple(_artifacts(ordered, clues)),
        match=tuple(match_examples(ordered, *_shown_in_examples(catalog.signatures.get(sdk), clues, rules, places))),
        miss=tuple(miss_examples(newest, clues)),
    )
    unsaid = [] if signature.categories else ["what it is for is not said: fill in `categories`"]
    notes = [*unsaid, *_left_out(prefixes, finder), *_version_notes(ordered, releases, places), *beside, *strangers]
    notes += [f"not examined: {note.location}: {note.reason}" for release in ordered for note in release.not_examined]
    return Proposal(
        signature=signature,
        notes=tuple(dict.fromkeys(notes)),
        version_clues=tuple(f"{place} ({place.confirmed} of {len(ordered)} releases)" for place in places),
        reads=_reads(_own(newest, clues)),
        mentioned=_mentioned(newest, _own(newest, clues), others, {*bundles, *requires}),
    )


def _shown_in_examples(
    known: Signature | None, clues: Sequence[Clue], rules: Sequence[VersionRule], places: Sequence[VersionClue]
) -> tuple[Sequence[Clue], Sequence[VersionRule]]:
    """The clues and version rules that examples show: of a signature that is there already its own, with what is new."""
    if known is None:
        return clues, rules
    confirmed = {(place.rule.kind, place.rule.name) for place in places}
    there = [rule for rule in known.version if (rule.kind, rule.name) in confirmed]
    return (*known.clues, *new_clues(known, clues)), there if known.version else rules


def _version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers as numbers; words before them, so that a beta comes before its release."""
    parts = re.findall(r"\d+|[a-z]+", version.lower())
    return (*((1, int(part), "") if part.isdigit() else (-1, 0, part) for part in parts), (0, 0, ""))


def _texts(release: Release) -> Texts:
    kinds = (Kind.CONSTANT, Kind.PROPERTY, Kind.METADATA, Kind.LIBRARY, Kind.FILE)
    return {kind: release.names(kind) for kind in kinds}


def _prefixes(releases: Sequence[Release], index: ClueIndex) -> tuple[Kind, Prefixes]:
    """Prefixes of the classes; where there are none, of the classes whose native methods the libraries have."""
    if any(release.classes for release in releases):
        return Kind.CLASS, find_prefixes([release.classes for release in releases], index)
    return Kind.JNI, find_prefixes([release.names(Kind.JNI) for release in releases], index)


def _prefix_clue(kind: Kind, prefix: str) -> Clue:
    return Clue(kind, prefix, why="the whole package is this library's" if prefix.count(".") < 3 else None)


def _owners(prefixes: Prefixes) -> str:
    return ", ".join(f"{sdk} ({count} classes)" for sdk, count in sorted(prefixes.owned.items()))


def _bundled(release: Release, catalog: Catalog, clues: Sequence[Clue]) -> tuple[tuple[str, ...], list[str]]:
    """SDKs inside the libraries that are the SDK's own; those in other libraries of the package are only beside it."""
    inside: set[str] = set()
    beside: dict[str, str] = {}
    own = set(map(id, _own(release, clues)))
    for library in release.libraries:
        for sdk in identify(library.features, catalog).sdks:
            if id(library) in own and sdk.certainty is Certainty.IDENTIFIED:
                inside.add(sdk.signature.id)
            else:
                beside.setdefault(sdk.signature.id, library.name)
    notes = [f"{sdk} may be inside too, by {place}" for sdk, place in sorted(beside.items()) if sdk not in inside]
    return tuple(sorted(inside)), notes


def _is_own(library: Library, clues: Sequence[Clue]) -> bool:
    """Whether a library of a package has classes of the SDK, or is one of its native libraries."""
    prefixes = tuple(clue.name for clue in clues if clue.kind is Kind.CLASS)
    names = [clue.name for clue in clues if clue.kind is Kind.LIBRARY]
    file_name = library.name.rpartition("/")[2]
    return any(name.startswith(prefixes) for name in library.class_names) or any(
        fnmatchcase(file_name, n) for n in names
    )


def _required(release: Release, catalog: Catalog, bundles: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The SDKs that the project's own dependencies name."""
    known: dict[str, str] = {}
    for signature in catalog:
        for artifact in signature.artifacts:
            known.setdefault(_without_version(artifact.purl), signature.id)
    known |= {signature.purl: signature.id for signature in catalog if signature.purl is not None}
    found = {known[purl] for purl in release.dependencies if purl in known}
    strangers = [purl for purl in release.dependencies if purl not in known]
    notes = [f"depends on {', '.join(strangers)}, which no signature names"] if strangers else []
    return tuple(sorted(found.difference(bundles))), notes


def _without_version(purl: str) -> str:
    return purl.partition("?")[0].partition("#")[0].rpartition("@")[0] or purl


def _purl_of(release: Release) -> str | None:
    """A wrapper around a library is not the library."""
    return None if release.purl is None or release.wrapped else _without_version(release.purl)


def _project_name(release: Release) -> str | None:
    name = (release.name or "").strip("'\" ")
    return name if name and len(name) <= _LONGEST_NAME and ":" not in name else None


def _artifacts(releases: Iterable[Release], clues: Sequence[Clue]) -> Iterator[Artifact]:
    """The file of each release; of a package around several libraries, those with classes of the SDK."""
    for release in releases:
        if release.purl is None or release.sha256 is None:
            continue
        inside = [lib for lib in release.libraries if lib.sha256 and lib.class_names and _is_own(lib, clues)]
        if release.wrapped and release.path is None and 0 < len(inside) <= _MOST_INSIDE:
            for library in inside:
                version = version_in(library.name) or release.version
                yield Artifact(release.purl, library.sha256 or "", version, library.name)
        else:
            yield Artifact(release.purl, release.sha256, release.version, release.path)


def _left_out(prefixes: Prefixes, finder: NameClues) -> Iterator[str]:
    if prefixes.owned:
        yield f"classes of other SDKs inside: {_owners(prefixes)}"
    if prefixes.unstable:
        yield f"not in every release, so no clue: {_shown(prefixes.unstable)}"
    if prefixes.left:
        yield f"further packages: {_shown(prefixes.left)}"
    if prefixes.renamed:
        yield f"{prefixes.renamed} classes have shortened names, which change from release to release"
    if finder.shared:
        yield f"others have or may have: {_shown(dict.fromkeys(finder.shared))}"


def _version_notes(
    ordered: Sequence[Release], given: Sequence[Release], places: Sequence[VersionClue]
) -> Iterator[str]:
    named = {release.label for release in given if release.version}
    for release in ordered:
        if release.version and release.label not in named:
            yield f"{release.label} names no version; {release.version} stands in its constants"
        elif not release.version:
            yield f"the version of {release.label} is not known: say it with --version"
    if not places:
        yield "no constant, property, meta-data or file name holds the version"
    elif places[0].confirmed < 2:
        yield f"one release confirms where the version stands ({places[0]}); a second one would prove it"


def _shown(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - _MOST_SHOWN
    return ", ".join(every[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _own(release: Release, clues: Sequence[Clue]) -> list[Library]:
    """The libraries of a package that are the SDK's, not those of others beside them."""
    return [library for library in release.libraries if len(release.libraries) == 1 or _is_own(library, clues)]


def _reads(libraries: Iterable[Library]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for library in libraries:
        for type_, surfaces in library.reads.items():
            found.setdefault(type_, set()).update(surfaces)
    return {type_: tuple(sorted(found[type_])) for type_ in sorted(found)}


def _mentioned(release: Release, own: Iterable[Library], catalog: Catalog, known: set[str]) -> dict[str, int]:
    referred = set().union(*(library.mentioned for library in own)) - release.classes
    names = sorted(name for name in referred if not name.startswith(_PLATFORM))
    count: dict[str, int] = {}
    for owner in catalog.index.class_owners(names):
        if owner is not None:
            sdk = catalog.index.signatures[owner.signature].id
            count[sdk] = count.get(sdk, 0) + 1
    return {sdk: count[sdk] for sdk in sorted(count) if sdk not in known}
