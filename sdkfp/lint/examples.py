"""The examples of signatures, run against the whole catalog, and what they prove."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sdkfp.catalog import Catalog
from sdkfp.errors import CatalogError, NotationError
from sdkfp.features import FeatureSet, Kind
from sdkfp.identification import Certainty, Identification, Identified, identify
from sdkfp.lint.issue import Finding, Issue, Rule, Severity
from sdkfp.lint.workspace import Workspace
from sdkfp.signature import Clue, Example, Signature, Strength

__all__ = ["RULES", "check_examples", "check_listings", "read_listings"]

_REMEDY_OWN = "add a feature that a sure clue of this SDK meets, or mend the clue"
_REMEDY_OTHER = "narrow the clue that met, say `requires` or `bundles`, or take the line out of the listing"
_REMEDY_MISS = "narrow the clue, or say `except`"
_REMEDY_VERSION = "mend the version rule, or the version of the example"
_REMEDY_LISTING = "narrow the clue: the app has no SDK"


def check_examples(catalog: Catalog, *, only: Iterable[str] | None = None) -> list[Issue]:
    """Run every example against all signatures.

    A match example identifies its own SDK, at the version it names, and may identify what that SDK requires or bundles, nothing else.
    A miss example does not find its SDK. Nursery entries are suspected where others are identified.

    Args:
        catalog: loaded with ``cache=False``: the cached form has no examples.
        only: ids of the signatures whose examples are run; by default all.
    """
    wanted = catalog.signatures if only is None else set(only)
    return sorted(issue for signature in catalog if signature.id in wanted for issue in _check(catalog, signature))


def check_listings(catalog: Catalog, listings: Iterable[tuple[str, FeatureSet]]) -> list[Issue]:
    """Feature listings of apps without SDKs: nothing may be found in them.

    Args:
        catalog: the signatures.
        listings: each with its path, for the messages.
    """
    found = []
    for path, features in listings:
        for sdk in identify(features, catalog).sdks:
            met = _met(sdk)
            message = f"an app without SDKs shows {sdk.signature.id} as {sdk.certainty.value} ({met})"
            found.append(Issue(path, 1, 1, "listing-finds", Severity.ERROR, message, _REMEDY_LISTING))
    return sorted(found)


def read_listings(directory: Path) -> list[tuple[str, FeatureSet]]:
    """The feature listings (``*.txt``) of a folder, with their paths.

    Raises:
        CatalogError: there is none, or one cannot be read.
    """
    found = [(str(path), _read_listing(path)) for path in sorted(directory.glob("*.txt"))]
    if not found:
        raise CatalogError(f"{directory}: no feature listing (*.txt) in it")
    return found


def _read_listing(path: Path) -> FeatureSet:
    try:
        return FeatureSet.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, NotationError) as error:
        raise CatalogError(f"{path}: {error}") from None


def _check(catalog: Catalog, signature: Signature) -> Iterator[Issue]:
    allowed = _closure(catalog, signature.id)
    for example in signature.match:
        answer = identify(example.feature_set(), catalog)
        for rule, message, remedy in _match_problems(signature, example, answer, allowed):
            yield Issue(signature.path, max(example.line, 1), 1, rule, Severity.ERROR, message, remedy)
    for example in signature.miss:
        for sdk in identify(example.feature_set(), catalog).sdks:
            if sdk.signature.id == signature.id:
                message = f"the miss example ({example.why}) finds {signature.id}: {_met(sdk)}"
                yield Issue(
                    signature.path, max(example.line, 1), 1, "miss-finds", Severity.ERROR, message, _REMEDY_MISS
                )


def _match_problems(
    signature: Signature, example: Example, answer: Identified, allowed: set[str]
) -> Iterator[tuple[str, str, str]]:
    found = {sdk.signature.id: sdk for sdk in answer.sdks}
    own = found.pop(signature.id, None)
    wanted = Certainty.SUSPECTED if signature.nursery else Certainty.IDENTIFIED
    if own is None:
        yield "match-misses", f"the match example does not find {signature.id}", _REMEDY_OWN
    elif own.certainty is not wanted:
        message = f"the match example makes {signature.id} {own.certainty.value}, not {wanted.value}"
        yield "match-misses", message, _REMEDY_OWN
    elif example.version is not None and (own.version is None or own.version.value != example.version):
        read = "none" if own.version is None else own.version.value or " or ".join(own.version.candidates)
        yield "match-version", f"the match example gives the version {read}, not {example.version}", _REMEDY_VERSION
    for other, sdk in found.items():
        if other not in allowed:
            yield "match-finds-other", f"the match example also finds {other}: {_met(sdk)}", _REMEDY_OTHER


def _met(sdk: Identification) -> str:
    first = sdk.evidence[0]
    return f"`{first.clue}` meets `{first.feature.format(with_location=False)}`"


def _closure(catalog: Catalog, sdk: str) -> set[str]:
    """The SDK and everything that it requires or bundles, directly or not."""
    found: set[str] = set()
    waiting = [sdk]
    while waiting:
        here = waiting.pop()
        if here not in found and here in catalog:
            found.add(here)
            waiting += [*catalog[here].requires, *catalog[here].bundles]
    return found


def _no_example(workspace: Workspace) -> Iterator[Finding]:
    for file, signature in workspace.examined:
        if signature.nursery:
            continue
        if not signature.match:
            yield Finding(file, ("examples",), "there is no match example: nothing shows that the clues work")
        if not signature.miss:
            yield Finding(file, ("examples",), "there is no miss example: nothing shows what it must not find")


def _unproven_clue(workspace: Workspace) -> Iterator[Finding]:
    for file, signature in workspace.examined:
        if signature.nursery or not signature.match:
            continue
        met: set[Clue] = set()
        for example in signature.match:
            answer = identify(example.feature_set(), workspace.catalog)
            met.update(e.clue for sdk in answer.sdks if sdk.signature.id == signature.id for e in sdk.evidence)
        for position, clue in enumerate(signature.clues):
            if clue.strength is Strength.SURE and clue.kind is not Kind.YARA and clue not in met:
                message = f"no match example meets the sure clue `{clue}`"
                yield Finding(file, ("clues", position, clue.kind.value), message)


RULES = (
    Rule("no-example", Severity.ERROR, "add one under `examples`, or move the file to nursery/", _no_example),
    Rule("unproven-clue", Severity.ERROR, "add such a feature to a match example, or make it a hint", _unproven_clue),
)
