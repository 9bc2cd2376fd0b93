"""Rules about claims, sources and artifacts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlsplit

from sdkfp.lint.issue import Finding, Rule, Severity
from sdkfp.lint.workspace import Workspace
from sdkfp.signature import Signature

__all__ = ["RULES"]

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def _urls(signature: Signature) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if signature.website is not None:
        yield ("website",), signature.website
    for position, claim in enumerate(signature.collects):
        yield ("collects", position, "source"), claim.source
    for position, source in enumerate(signature.sources):
        yield ("sources", position, "url"), source.url


def _url(workspace: Workspace) -> Iterator[Finding]:
    for file, signature in workspace.examined:
        for place, url in _urls(signature):
            problem = _url_problem(url)
            if problem:
                yield Finding(file, place, f"{url[:120]!r} {problem}")


def _url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if parts.username is not None:
        return "carries a user name"
    if port is not None:
        return "names a port"
    if not _HOST.fullmatch(host):
        return f"has the host {host!r}, which is no public name"
    return "ends in punctuation" if url[-1] in ".,;:)\"'" else None


def _claim_twice(workspace: Workspace) -> Iterator[Finding]:
    for file, signature in workspace.examined:
        seen = set()
        for position, claim in enumerate(signature.collects):
            key = (claim.type, claim.purpose, claim.versions, claim.source)
            if key in seen:
                message = f"the claim {claim.type} for {claim.purpose} stands twice"
                yield Finding(file, ("collects", position), message)
            seen.add(key)


def _future_date(workspace: Workspace) -> Iterator[Finding]:
    """A day of grace: the author's calendar may be ahead of this one."""
    latest = (date.today() + timedelta(days=1)).isoformat()
    for file, signature in workspace.examined:
        dated = [*(("collects", i, c.as_of) for i, c in enumerate(signature.collects))]
        dated += [("sources", i, s.as_of) for i, s in enumerate(signature.sources)]
        for key, position, day in dated:
            if day > latest:
                yield Finding(file, (key, position, "as_of"), f"{day} is in the future")


def _purl(workspace: Workspace) -> Iterator[Finding]:
    from packageurl import PackageURL  # noqa: PLC0415 - needed only here

    for file, signature in workspace.examined:
        for place, text, with_version in _purls(signature):
            try:
                version = PackageURL.from_string(text).version
            except ValueError:
                yield Finding(file, place, f"{text[:120]!r} is not a package URL")
                continue
            if with_version and not version:
                yield Finding(file, place, f"{text[:120]!r} names no version: nobody could check the hash")
            elif not with_version and version:
                yield Finding(file, place, f"{text[:120]!r} names a version, but stands for all of them")


def _purls(signature: Signature) -> Iterator[tuple[tuple[str | int, ...], str, bool]]:
    if signature.purl is not None:
        yield ("purl",), signature.purl, False
    for position, artifact in enumerate(signature.artifacts):
        yield ("artifacts", position, "purl"), artifact.purl, True


def _no_source(workspace: Workspace) -> Iterator[Finding]:
    """No source, no fact."""
    for file, signature in workspace.examined:
        if not signature.nursery and not signature.artifacts and not signature.sources:
            yield Finding(file, ("clues",), "nothing says what the clues were read from")


RULES = (
    Rule("url", Severity.ERROR, "give the document's public address", _url),
    Rule("claim-twice", Severity.ERROR, "take one of the two out", _claim_twice),
    Rule("future-date", Severity.ERROR, "give the date of the document, or the day on which it was read", _future_date),
    Rule("purl", Severity.ERROR, "write pkg:TYPE/NAME, with @VERSION for an artifact", _purl),
    Rule("no-source", Severity.ERROR, "name the artifact (purl and sha256) or the document", _no_source),
)
