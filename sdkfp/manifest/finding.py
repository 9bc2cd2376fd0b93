"""Where the manifests of a package are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sdkfp.container import Container, ContainerKind, Entry
from sdkfp.errors import ContainerError, ManifestError, NotExamined
from sdkfp.manifest.reading import read_manifest
from sdkfp.manifest.records import Manifest

__all__ = ["ManifestFile", "read_manifests"]

_BUNDLES = frozenset({ContainerKind.XAPK, ContainerKind.APKM, ContainerKind.APKS, ContainerKind.APP})
"""Their parts are one app; the archives inside other packages are not the app itself."""
_MODULE_MANIFEST = re.compile(r"([^/]+)/manifest/AndroidManifest\.xml")
_PLACES = {
    ContainerKind.APK: ("AndroidManifest.xml",),
    ContainerKind.AAR: ("AndroidManifest.xml",),
    ContainerKind.HAP: ("module.json", "config.json"),
    ContainerKind.HSP: ("module.json", "config.json"),
    ContainerKind.HAR: ("package/src/main/module.json",),
    ContainerKind.DIRECTORY: ("AndroidManifest.xml", "module.json"),
}


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A manifest and where it is."""

    location: str
    manifest: Manifest


def read_manifests(container: Container) -> tuple[tuple[ManifestFile, ...], tuple[NotExamined, ...]]:
    """The manifests of an app, of its splits and of its modules, that of the base first.

    A directory, an APK, an AAR or a HarmonyOS module has one; a bundle has one for every package in it. There is none
    in a JAR, a bare dex file or a bare library.

    Returns:
        The manifests, and those that cannot be read.
    """
    results = [_read(entry, resources) for entry, resources in _entries(container)]
    found = [result for result in results if isinstance(result, ManifestFile)]
    found.sort(key=lambda file: file.manifest.split is not None)
    return tuple(found), tuple(result for result in results if isinstance(result, NotExamined))


def _read(entry: Entry, resources: Callable[[], bytes | None]) -> ManifestFile | NotExamined:
    try:
        return ManifestFile(entry.location, read_manifest(entry.read(), resources=resources))
    except ManifestError as error:
        return NotExamined(entry.location, "manifest-malformed", f"{entry.location}: {error}")
    except ContainerError as error:
        return NotExamined(entry.location, "manifest-unreadable", str(error))


def _entries(container: Container) -> Iterator[tuple[Entry, Callable[[], bytes | None]]]:
    if container.kind in _BUNDLES:
        for _, part in container.parts:
            yield from _entries(part)
        return
    entries = container.entries
    if container.kind is ContainerKind.AAB:
        # The module "base" has no split name and so comes first.
        names = [name for name in entries if _MODULE_MANIFEST.fullmatch(name)]
    else:
        names = [name for name in _PLACES.get(container.kind, ()) if name in entries][:1]
    for name in names:
        yield entries[name], lambda: _resources(container)


def _resources(container: Container) -> bytes | None:
    entry = container.entries.get("resources.arsc")
    try:
        return entry.read() if entry else None
    except ContainerError:  # it is then in the container's not_examined; references stay what they are
        return None
