"""Learn the rename-proof marks of signatures that are read already, from vendors' files that are at hand."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sdkfp._files import write_whole
from sdkfp.catalog import builtin_directory
from sdkfp.errors import CatalogError, SdkfpError

if TYPE_CHECKING:
    from sdkfp.lint.workspace import Workspace
    from sdkfp.marks.format import Marks
    from sdkfp.signature import Artifact, Signature

__all__ = ["LearnedMarks", "files_by_hash", "learn_marks", "relearn_marks"]

_FEWEST = 15
"""With fewer marks an SDK is never looked for by them (:class:`sdkfp.marks.match.Thresholds`, ``tiny``)."""


def files_by_hash(folder: Path) -> dict[str, Path]:
    """The files below a folder by their SHA-256.

    Raises:
        CatalogError: there is no such folder, or a file in it cannot be read.
    """
    if not folder.is_dir():
        raise CatalogError(f"{folder}: not a directory")
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while part := file.read(1 << 20):
                    digest.update(part)
        except OSError as error:
            raise CatalogError(f"{path} cannot be read: {error.strerror or error}") from None
        found[digest.hexdigest()] = path
    return found


def learn_marks(
    workspace: Workspace, sdk: str, at_hand: Mapping[str, Path], *, only: Collection[str] | None = None
) -> Marks:
    """The marks of one signature: the same bytes each time from the same files, clues and ``common.marks``.

    Args:
        workspace: with the signature. Its own ``common.marks`` are used where it is a whole catalog, else the built-in ones.
        sdk: id of the signature.
        at_hand: files by their SHA-256; artifacts of the signature that are not among them are left out.
        only: SHA-256 of the artifacts to learn from; by default all.

    Raises:
        LearnError: no file is at hand, or none has a class of the SDK.
        ContainerError: a file cannot be opened.
    """
    from sdkfp.marks.format import read_common  # noqa: PLC0415 - loads numpy
    from sdkfp.marks.learn import learn, read_artifact, release_of  # noqa: PLC0415 - as above

    users = Counter(sha256 for other in workspace.catalog for sha256 in {a.sha256 for a in other.artifacts})
    rows = [
        (release_of(a.purl, a.path, a.version), read_artifact(at_hand[a.sha256]), users[a.sha256] == 1)
        for a in workspace.catalog[sdk].artifacts
        if a.sha256 in at_hand and (only is None or a.sha256 in only)
    ]
    own = workspace[sdk].path.parent
    places = (own / "common.marks", own.parent / "common.marks", builtin_directory() / "common.marks")
    common = next(place for place in places if place.exists())
    return learn(sdk, rows, workspace.catalog.index, read_common(common.read_bytes()))


class LearnedMarks(msgspec.Struct, frozen=True):
    """What became of the marks of one signature."""

    sdk: str
    path: str
    """Of the file of marks."""
    marks: int = 0
    releases: tuple[str, ...] = ()
    """Versions, the oldest first; empty where one is not known."""
    changed: bool = False
    """Whether the file was written: it is new, or was another."""
    notes: tuple[str, ...] = ()
    """Why nothing was learned, or less than there is, in English sentences."""


def relearn_marks(workspace: Workspace, at_hand: Mapping[str, Path]) -> Iterator[LearnedMarks]:
    """Learn the marks of every examined signature that names artifacts, and write them beside it.

    Args:
        workspace: with the signatures.
        at_hand: files by their SHA-256. A file of marks that was learned from more than is at hand is left as it is.

    Raises:
        SdkfpError: a file cannot be written; it is unchanged then.
    """
    for file, signature in workspace.examined:
        if signature.artifacts:
            yield _relearn(workspace, file.path.with_suffix(".marks"), signature, at_hand)


def _relearn(workspace: Workspace, path: Path, signature: Signature, at_hand: Mapping[str, Path]) -> LearnedMarks:
    from sdkfp.marks.format import write_marks  # noqa: PLC0415 - loads numpy

    there = _read(path)
    lost = sorted(_sources(there) - at_hand.keys()) if there is not None else []
    if lost:
        note = f"learned from a file that is not at hand (sha256 {lost[0]}): left as it is"
        return LearnedMarks(signature.id, str(path), notes=(note,))
    missing = [artifact for artifact in signature.artifacts if artifact.sha256 not in at_hand]
    notes = [f"{_shown(artifact)} is not at hand" for artifact in missing]
    if len(missing) == len(signature.artifacts):
        return LearnedMarks(signature.id, str(path), notes=tuple(notes))
    try:
        marks = learn_marks(workspace, signature.id, at_hand)
    except SdkfpError as error:
        within = (
            "; name a library inside a package with `path`" if any(_may_wrap(a) for a in signature.artifacts) else ""
        )
        return LearnedMarks(signature.id, str(path), notes=(*notes, f"{error}{within}"))
    if len(marks.marks) < _FEWEST:
        notes.append(f"fewer than {_FEWEST} marks: too few to find the SDK by")
    data = write_marks(marks)
    changed = not path.exists() or path.read_bytes() != data
    if changed:
        try:
            write_whole(path, data)
        except OSError as error:
            raise SdkfpError(f"{path} cannot be written: {error.strerror or error}; nothing was changed") from None
    releases = tuple(release.version for release in marks.releases)
    return LearnedMarks(signature.id, str(path), len(marks.marks), releases, changed, tuple(notes))


def _read(path: Path) -> Marks | None:
    """The marks that are there; ``None`` where there are none, or what is there is damaged."""
    from sdkfp.marks.format import read_marks  # noqa: PLC0415 - loads numpy

    try:
        return read_marks(path.read_bytes())
    except (OSError, SdkfpError):
        return None


def _sources(marks: Marks) -> set[str]:
    return {sha256 for release in marks.releases for sha256 in release.sha256}


def _shown(artifact: Artifact) -> str:
    return f"{artifact.purl}#{artifact.path}" if artifact.path else artifact.purl


def _may_wrap(artifact: Artifact) -> bool:
    return artifact.path is None and not artifact.purl.startswith("pkg:maven/")
