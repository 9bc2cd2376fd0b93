"""Rules about the rename-proof marks beside signatures: readable, of artifacts that the signature names, and reproducible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sdkfp.errors import SdkfpError
from sdkfp.lint.issue import Issue, Severity
from sdkfp.lint.marks_learning import files_by_hash, learn_marks

if TYPE_CHECKING:
    from sdkfp.lint.workspace import Workspace
    from sdkfp.marks.format import Marks
    from sdkfp.signature import Signature

__all__ = ["marks_issues"]

_RELEARN = "learn them again: sdkfp marks FILE.yaml --artifacts FOLDER"


def marks_issues(workspace: Workspace, artifacts: Path | None = None) -> Iterator[Issue]:
    """What is wrong with the ``.marks`` files.

    Args:
        workspace: with the files.
        artifacts: a folder of vendors' files: marks whose artifacts are all in it are learned again and compared.
    """
    at_hand = files_by_hash(artifacts) if artifacts is not None else {}
    for path in workspace.marks:
        if path.stem not in workspace:
            yield _issue(path, "marks-orphan", "no signature stands beside these marks", "take the file out")
            continue
        signature = workspace.catalog.signatures.get(path.stem)
        try:
            marks = _read(path)
        except (OSError, SdkfpError) as error:
            yield _issue(path, "marks-damaged", f"cannot be read: {error}", _RELEARN)
            continue
        if marks.sdk != path.stem:
            yield _issue(path, "marks-damaged", f"the marks are those of {marks.sdk}", _RELEARN)
        elif signature is not None:
            yield from _of_artifacts(workspace, path, marks, signature, at_hand)


def _of_artifacts(
    workspace: Workspace, path: Path, marks: Marks, signature: Signature, at_hand: Mapping[str, Path]
) -> Iterator[Issue]:
    sources = {sha256 for release in marks.releases for sha256 in release.sha256}
    unknown = sorted(sources - {artifact.sha256 for artifact in signature.artifacts})
    if unknown:
        message = f"learned from a file that the signature does not name (sha256 {unknown[0]})"
        yield _issue(path, "marks-unknown-artifact", message, "name it under `artifacts`, or learn again without it")
    elif sources <= at_hand.keys() and _learned(workspace, signature, sources, at_hand) != path.read_bytes():
        yield _issue(path, "marks-differ", "the artifacts that are at hand give other marks", _RELEARN)


def _learned(workspace: Workspace, signature: Signature, sources: set[str], at_hand: Mapping[str, Path]) -> bytes:
    """The bytes that the file should have."""
    from sdkfp.marks.format import write_marks  # noqa: PLC0415 - loads numpy

    try:
        return write_marks(learn_marks(workspace, signature.id, at_hand, only=sources))
    except SdkfpError:  # nothing of the SDK is in them
        return b""


def _read(path: Path) -> Marks:
    from sdkfp.marks.format import read_marks  # noqa: PLC0415 - loads numpy

    return read_marks(path.read_bytes())


def _issue(path: Path, rule: str, message: str, remedy: str) -> Issue:
    return Issue(str(path), 1, 1, rule, Severity.ERROR, message, remedy)
