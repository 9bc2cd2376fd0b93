"""Learn a signature from artifacts: what several releases of an SDK have in common and no other SDK of the catalog has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sdkfp.catalog import Catalog
from sdkfp.learn.addresses import SETTINGS, LearnError
from sdkfp.learn.artifact import Library, Release, read_release
from sdkfp.learn.client import Limits
from sdkfp.learn.obtaining import obtain
from sdkfp.learn.proposal import Proposal, propose
from sdkfp.learn.yaml_text import has_signatures, merge, render, save, target_of
from sdkfp.signature import Names
from sdkfp.signature_reader import is_id

__all__ = [
    "SETTINGS",
    "LearnError",
    "Library",
    "Limits",
    "Proposal",
    "Release",
    "has_signatures",
    "is_id",
    "learn",
    "merge",
    "obtain",
    "propose",
    "read_release",
    "render",
    "save",
    "target_of",
]


def learn(
    sources: Iterable[str],
    catalog: Catalog,
    sdk: str,
    *,
    versions: Sequence[str] = (),
    name: Names | None = None,
    organization: str | None = None,
    categories: Iterable[str] = (),
    limits: Limits | None = None,
) -> Proposal:
    """Propose a signature from files, folders and packages.

    Args:
        sources: each is one release: a path, or a package URL with version (``#path`` names a file inside). A package is fetched
            from the registry that the user's settings name; nothing else is ever fetched.
        catalog: the signatures that there are.
        sdk: id of the signature.
        versions: of the sources, in their order, where file names and package URLs do not say; may be shorter.
        name, organization, categories: what only a person knows.
        limits: of each fetch.

    Raises:
        LearnError: a package cannot be fetched, or nothing is the SDK's own.
        ContainerError: a file cannot be opened.
    """
    releases = [read_release(source, catalog.vocabulary.reads, limits=limits) for source in sources]
    named = [*versions, *([None] * len(releases))]
    releases = [replace(r, version=v or r.version) for r, v in zip(releases, named, strict=False)]
    return propose(_different(releases), catalog, sdk, name=name, organization=organization, categories=categories)


def _different(releases: Sequence[Release]) -> list[Release]:
    """The releases, of those that are the same file the first."""
    return list({release.sha256 or release.label: release for release in reversed(releases)}.values())[::-1]
