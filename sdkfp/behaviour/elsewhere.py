"""Reads outside of dex code: in native libraries, and in the manifest."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import NamedTuple

from sdkfp.app import App
from sdkfp.behaviour.records import Grade, Site
from sdkfp.vocabulary import ReadKind, Reads

__all__ = ["OutsideHit", "manifest_reads", "native_reads"]


class OutsideHit(NamedTuple):
    """One read at one place."""

    read: int
    """Position in ``Reads.items``."""
    grade: Grade
    site: Site


def native_reads(app: App, reads: Reads) -> Iterator[OutsideHit]:
    """The imported functions, and the constants: with grade ``native`` where a function that takes them is imported."""
    functions = _by_name(reads, (ReadKind.IMPORT,))
    constants = _by_name(reads, (ReadKind.PROPERTY, ReadKind.PATH))
    for location, library in app.native.items():
        imported = set(library.imported)
        for name in functions:
            if name in imported:
                yield from (OutsideHit(position, Grade.NATIVE, Site(location)) for position in functions[name])
        usable = {kind for kind, takers in reads.natives.items() if not imported.isdisjoint(takers)}
        for name in library.system_names:
            for position in constants.get(name, ()):
                grade = Grade.NATIVE if reads.items[position].kind in usable else Grade.STRING
                yield OutsideHit(position, grade, Site(location))


def manifest_reads(app: App, reads: Reads) -> Iterator[OutsideHit]:
    """The components that filter for an action of the vocabulary."""
    wanted = _by_name(reads, (ReadKind.ACTION,))
    for file in app.manifests:
        for component in file.manifest.components:
            actions = dict.fromkeys(action for each in component.filters for action in each.actions)
            for action in actions:
                for position in wanted.get(action, ()):
                    site = Site(file.location, component.target or component.name)
                    yield OutsideHit(position, Grade.MANIFEST, site)


def _by_name(reads: Reads, kinds: Container[ReadKind]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for position, read in enumerate(reads.items):
        if read.kind in kinds:
            found.setdefault(read.name, []).append(position)
    return found
