"""Learn the marks of an SDK from its artifacts: AAR and JAR by their constant pools, APK and dex by their code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.app import App
from sdkfp.classfile import ClassFileError, read_class
from sdkfp.container import EntryError
from sdkfp.errors import SdkfpError
from sdkfp.marks.format import MOST_RELEASES, Marks, Release
from sdkfp.marks.hashing import MarkKind, kinds, sample_key
from sdkfp.marks.observe import of_class_files, of_dexes

if TYPE_CHECKING:
    import os

    from sdkfp.classfile import ClassFile
    from sdkfp.container import Container, Entry
    from sdkfp.index import ClueIndex
    from sdkfp.marks.hashing import Hashes
    from sdkfp.marks.observe import Observed

__all__ = [
    "MOST_MARKS",
    "Artifact",
    "LearnError",
    "common_marks",
    "learn",
    "own_marks",
    "owned",
    "read_artifact",
    "release_of",
]

MOST_MARKS = 5000
"""Marks kept of one SDK, those that tell its releases apart not counted: the ones with the smallest hashes, so that two
SDKs that share code keep the same of it."""
MOST_TELLING = 1600
"""Marks kept beside those because not every release has them."""
ONE_PRODUCT = 0.2
"""Two artifacts of which the smaller shares so much with the larger are releases of one module; below, they are different
modules of the SDK."""


class LearnError(SdkfpError):
    """Nothing can be learned: no artifact, or no class in any."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """The classes of one artifact with their marks."""

    sha256: str
    names: tuple[str, ...]
    """Class names, dotted."""
    observed: Observed
    """Rows are positions in ``names``."""
    is_app: bool = False
    """Then classes that no clue knows are the app's or another library's, whoever names the artifact."""


def read_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Read an AAR, JAR, APK or dex file. Class files that are malformed are passed over, as a compiler would refuse them.

    Raises:
        ContainerError: it cannot be opened.
        LearnError: it has no class.
    """
    with App.open(path) as app:
        digest = app.container.sha256 or ""
        is_app = app.manifest is not None and not app.container.kind.is_library
        if app.dexes:
            dexes = [part.dex for part in app.dexes]
            names = [name for dex in dexes for name in dex.class_names]
            observed = of_dexes(dexes)
        else:
            files = list({file.name: file for file in _class_files(app.container)}.values())
            names = [file.name for file in files]
            observed = of_class_files(files)
    if not names:
        raise LearnError(f"{app.name} has no class to learn from")
    return Artifact(digest, tuple(names), observed, is_app)


def _class_files(container: Container) -> Iterator[ClassFile]:
    for entry in _entries(container):
        if not entry.name.endswith(".class") or entry.name.startswith("META-INF/"):
            continue
        if entry.name.endswith(("module-info.class", "package-info.class")):
            continue
        try:
            yield read_class(entry.read())
        except (ClassFileError, EntryError):
            continue


def _entries(container: Container) -> Iterator[Entry]:
    yield from container.entries.values()
    for _, part in container.parts:
        yield from _entries(part)


def release_of(purl: str, path: str | None, version: str | None) -> str:
    """The release that an artifact is: the version that its signature says, else that of its package. Empty where neither is
    known: the version of a package that only wraps a file (``path``), such as an app, is not the SDK's."""
    return version or ("" if path is not None else purl.partition("?")[0].rpartition("@")[2])


def owned(names: Sequence[str], sdk: str, index: ClueIndex, *, alone: bool) -> list[bool]:
    """Which classes of an artifact are the SDK's own.

    Args:
        names: of the classes.
        sdk: whose artifact it is.
        index: the clues of the whole catalog; a class that they give to another SDK (bundled code) is not learned.
        alone: no other SDK names this artifact as its own: then classes that no clue knows are the SDK's too, where they stand
            beside its own or were renamed; in packages of their own, or without one class of the SDK, they are somebody else's.
    """
    ids = [signature.id for signature in index.signatures]
    owners = [None if reference is None else ids[reference.signature] for reference in index.class_owners(names)]
    beside = {_root(name) for name, owner in zip(names, owners, strict=True) if owner == sdk}
    return [
        owner == sdk or (owner is None and alone and bool(beside) and (_root(name) in beside or _is_renamed(name)))
        for name, owner in zip(names, owners, strict=True)
    ]


def own_marks(artifact: Artifact, sdk: str, index: ClueIndex, *, alone: bool) -> tuple[Hashes, int]:
    """The marks, sorted, and the number of an artifact's classes that are the SDK's own; see :func:`owned`."""
    mine = np.array(owned(artifact.names, sdk, index, alone=alone and not artifact.is_app), np.bool_)
    return np.unique(artifact.observed.mark[mine[artifact.observed.row]]), int(mine.sum())


def _root(name: str) -> str:
    """The first two segments of a class's package."""
    return ".".join(name.split(".")[:-1][:2])


def _is_renamed(name: str) -> bool:
    """Whether the vendor's shrinker gave the name: ``com.loc.ab``, ``a.b.Other``, or no package at all."""
    segments = name.split(".")
    return (
        len(segments) == 1 or len(segments[-1].partition("$")[0]) <= 3 or len(segments[0]) <= 2 or len(segments[1]) <= 1
    )


@dataclass(frozen=True, slots=True)
class _Learned:
    """What one release brings."""

    version: str
    sha256: tuple[str, ...]
    classes: int
    marks: Hashes


def learn(
    sdk: str,
    artifacts: Iterable[tuple[str, Artifact, bool]],
    index: ClueIndex,
    common: Hashes,
    *,
    most: int = MOST_MARKS,
) -> Marks:
    """The marks of one SDK.

    Args:
        sdk: id of its signature.
        artifacts: (version, artifact, whether no other SDK names this artifact), in any order.
        index: the clues of the catalog.
        common: marks that so many SDKs have that they say nothing; sorted.
        most: marks kept of the SDK; see :data:`MOST_MARKS`.

    Raises:
        LearnError: no artifact has a class of this SDK.
    """
    found: dict[str, list[tuple[Artifact, Hashes, int]]] = {}
    for version, artifact, alone in artifacts:
        marks, classes = own_marks(artifact, sdk, index, alone=alone)
        if classes:
            found.setdefault(version, []).append((artifact, marks, classes))
    if not found:
        raise LearnError(f"{sdk}: no artifact has a class of this SDK")
    learned = [
        _Learned(
            version,
            tuple(sorted(artifact.sha256 for artifact, _, _ in rows)),
            sum(count for _, _, count in rows),
            np.setdiff1d(np.unique(np.concatenate([marks for _, marks, _ in rows])), common, assume_unique=True),
        )
        for version, rows in sorted(found.items(), key=lambda item: version_key(item[0]))
    ][-MOST_RELEASES:]
    return _marks(sdk, learned, most)


def _marks(sdk: str, learned: Sequence[_Learned], most: int) -> Marks:
    union = np.unique(np.concatenate([release.marks for release in learned]))
    bits = np.zeros(len(union), np.uint64)
    for number, release in enumerate(learned):
        bits[np.searchsorted(union, release.marks)] |= np.uint64(1 << number)
    # Sampled by the hash without its kind bits, which are the same in every SDK.
    by_hash = sample_key(union)
    order = np.argsort(by_hash, kind="stable")
    kept = np.zeros(len(union), np.bool_)
    kept[order[:most]] = True
    limit = int(by_hash[order[most]]) if len(union) > most else 1 << 64
    telling = order[most:][bits[order[most:]] != np.uint64((1 << len(learned)) - 1)]
    # References tell little about a release and are many.
    telling = telling[kinds(union[telling]) != MarkKind.REFERENCE]
    kept[telling[:MOST_TELLING]] = True
    releases = tuple(
        Release(release.version, module, release.sha256, release.classes, len(release.marks))
        for release, module in zip(learned, _modules([release.marks for release in learned]), strict=True)
    )
    return Marks(sdk, releases, min(limit, (1 << 64) - 1), union[kept], bits[kept])


def _modules(releases: Sequence[Hashes]) -> list[int]:
    """Number the modules of an SDK: releases that share their marks are of one module."""
    module = list(range(len(releases)))
    for later in range(len(releases)):
        for earlier in range(later):
            size = min(len(releases[earlier]), len(releases[later]))
            shared = len(np.intersect1d(releases[earlier], releases[later], assume_unique=True))
            if size and shared >= ONE_PRODUCT * size:
                old, new = sorted((module[earlier], module[later]))[::-1]
                module = [new if number == old else number for number in module]
    names = {number: place for place, number in enumerate(dict.fromkeys(module))}
    return [names[number] for number in module]


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Order of versions: numbers as numbers, words before numbers (``1.0-beta`` before ``1.0.1``)."""
    parts: list[tuple[int, int, str]] = []
    word = ""
    for character in f"{version}.":
        if character.isascii() and character.isalnum() and (not word or word.isdigit() == character.isdigit()):
            word += character
            continue
        if word:
            parts.append((1, int(word[:18]), "") if word.isdigit() else (0, 0, word))
        word = character if character.isascii() and character.isalnum() else ""
    return tuple(parts)


def common_marks(learned: Mapping[str, Hashes], share: float = 0.04, least: int = 6) -> Hashes:
    """The marks that so many SDKs have that they say nothing about any of them; sorted.

    Args:
        learned: every mark of each SDK.
        share: of the SDKs; and at least ``least`` of them.
    """
    every = np.concatenate([np.zeros(0, np.uint64), *learned.values()])
    marks, count = np.unique(every, return_counts=True)
    return marks[count >= max(least, share * len(learned))]
