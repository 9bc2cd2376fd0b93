"""Reads outside of dex code: in native libraries, and in the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sdkfp.app import App
from sdkfp.behaviour.records import Grade, Site
from sdkfp.vocabulary import ReadKind, Reads

__all__ = ["OutsideHit", "manifest_reads", "native_reads"]

_NATIVE_KINDS = (ReadKind.PROPERTY, ReadKind.PATH)


class OutsideHit(NamedTuple):
    """One read at one place."""

    read: int
    """Position in ``Reads.items``."""
    grade: Grade
    site: Site


def native_reads(app: App, reads: Reads) -> Iterator[OutsideHit]:
    """The constants in native libraries, with grade ``native`` where the library imports a function that takes them."""
    wanted: dict[str, list[int]] = {}
    for position, read in enumerate(reads.items):
        if read.kind in _NATIVE_KINDS:
            wanted.setdefault(read.name, []).append(position)
    for location, library in app.native.items():
        imported = set(library.imported)
        usable = {kind for kind, functions in reads.natives.items() if not imported.isdisjoint(functions)}
        for name in library.system_names:
            for position in wanted.get(name, ()):
                grade = Grade.NATIVE if reads.items[position].kind in usable else Grade.STRING
                yield OutsideHit(position, grade, Site(location))


def manifest_reads(app: App, reads: Reads) -> Iterator[OutsideHit]:
    """The components that filter for an action of the vocabulary."""
    wanted: dict[str, list[int]] = {}
    for position, read in enumerate(reads.items):
        if read.kind is ReadKind.ACTION:
            wanted.setdefault(read.name, []).append(position)
    for file in app.manifests:
        for component in file.manifest.components:
            actions = dict.fromkeys(action for each in component.filters for action in each.actions)
            for action in actions:
                for position in wanted.get(action, ()):
                    site = Site(file.location, component.target or component.name)
                    yield OutsideHit(position, Grade.MANIFEST, site)
