"""The signature workshop's checks: every example of every signature against the whole catalog."""

from __future__ import annotations

from collections.abc import Iterator

from sdkfp.catalog import Catalog
from sdkfp.errors import NotationError, SignatureIssue
from sdkfp.features import Kind
from sdkfp.identification import Certainty, Identified, identify
from sdkfp.signature import Clue, Example, Signature, Strength

__all__ = ["check_examples"]


def check_examples(catalog: Catalog) -> list[SignatureIssue]:
    """Run every example against all signatures.

    A match example identifies its own SDK, at the version it names, and may identify what that SDK requires or bundles, nothing else.
    A miss example does not find its SDK. Every sure clue is met by a match example, every exception by a miss or match example.

    Args:
        catalog: loaded with ``cache=False``: the cached form has no examples.
    """
    return sorted(issue for signature in catalog for issue in _check(catalog, signature))


def _check(catalog: Catalog, signature: Signature) -> Iterator[SignatureIssue]:
    if not signature.nursery and not signature.match:
        yield _issue(signature, 1, "there is no match example: nothing shows that the clues work")
    if not signature.nursery and not signature.miss:
        yield _issue(signature, 1, "there is no miss example: nothing shows what it must not find")
    met: set[Clue] = set()
    for example in signature.match:
        try:
            answer = identify(example.feature_set(), catalog)
        except NotationError as error:
            yield _issue(signature, example.line, str(error))
            continue
        met |= {evidence.clue for sdk in answer.sdks if sdk.signature.id == signature.id for evidence in sdk.evidence}
        yield from _check_match(catalog, signature, example, answer)
    for example in signature.miss:
        found = {sdk.signature.id for sdk in identify(example.feature_set(), catalog).sdks}
        if signature.id in found:
            yield _issue(signature, example.line, f"the miss example ({example.why}) finds {signature.id}")
    if not signature.nursery:
        for clue in signature.clues:
            if clue.strength is Strength.SURE and clue.kind is not Kind.YARA and clue not in met:
                yield _issue(signature, 1, f"no match example meets the sure clue `{clue}`")


def _check_match(
    catalog: Catalog, signature: Signature, example: Example, answer: Identified
) -> Iterator[SignatureIssue]:
    found = {sdk.signature.id: sdk for sdk in answer.sdks}
    own = found.pop(signature.id, None)
    wanted = Certainty.SUSPECTED if signature.nursery else Certainty.IDENTIFIED
    if own is None:
        yield _issue(signature, example.line, f"the match example does not find {signature.id}")
    elif own.certainty is not wanted:
        yield _issue(
            signature, example.line, f"the match example makes {signature.id} {own.certainty.value}, not {wanted.value}"
        )
    elif example.version is not None and (own.version is None or own.version.value != example.version):
        read = "none" if own.version is None else own.version.value or " or ".join(own.version.candidates)
        yield _issue(signature, example.line, f"the match example gives the version {read}, not {example.version}")
    allowed = _closure(catalog, signature.id)
    for other, sdk in found.items():
        if other not in allowed:
            clue = sdk.evidence[0]
            message = f"the match example also finds {other} (`{clue.clue}` meets `{clue.feature.format(with_location=False)}`)"
            yield _issue(signature, example.line, message)


def _closure(catalog: Catalog, sdk: str) -> set[str]:
    """The SDK and everything that it requires or bundles, directly or not."""
    found: set[str] = set()
    waiting = [sdk]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += [*catalog[here].requires, *catalog[here].bundles]
    return found


def _issue(signature: Signature, line: int, message: str) -> SignatureIssue:
    return SignatureIssue(signature.path, max(line, 1), 1, message)
