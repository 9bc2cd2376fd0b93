"""Packages of HarmonyOS (ohpm): which of them a module's byte code, source map and lists name, and in which release.

Names of records have two forms, after the setting ``useNormalizedOHMUrl`` of the project::

    &@ohos/axios/src/main/ets/components/Axios&2.2.0                       bundle & path & release
    pkg_modules/.ohpm/@ohos+mpchart@3.0.27/pkg_modules/@ohos/mpchart/index  folders as ohpm lays them out

A module of the app itself has no release in the first form and begins with the bundle's name in the second. Modules in other
places give no package. A package from the project's own folders has a hash in place of the release: none is given then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["OHPM_FILES", "Module", "module_of", "packages_of_file"]

_FOLDER = re.compile(r"(?:pkg|oh|node)_modules/\.ohpm/[^/]{1,200}?@([^/@]{1,100})/(?:pkg|oh|node)_modules/(.+)")
_RELEASE = re.compile(r"\d+(?:\.\d+){1,3}(?:[-+][\w.+-]{1,40})?")
_PACKAGE = re.compile(r"(@[^/|&@\s]{1,100}/)?[^/|&@\s]{1,100}")
_IN_MAP = re.compile(rb'"package-info"\s*:\s*"((?:@[^/|"]{1,100}/)?[^/|"]{1,100})\|([^|"]{0,60})"')
_MOST = 20_000

OHPM_FILES = ("pkgContextInfo.json", "sourceMaps.map", "oh-package.json5", "oh-package.json")
"""File names of the lists, in whatever folder of the package."""


class Module(NamedTuple):
    """One record of the byte code."""

    path: str
    """Of the source module, with its package before it."""
    package: str | None
    """``None`` for a module of the app itself."""
    release: str | None


def module_of(record: str) -> Module:
    """What the name of a record says."""
    parts = record.split("&")
    if len(parts) == 3:
        _, path, release = parts
        package = _first(path) if release else None
        return Module(path, package, release if package and _RELEASE.fullmatch(release) else None)
    found = _FOLDER.search(record)
    if found is None:
        return Module(record, None, None)
    path, package = found[2], _first(found[2])
    return Module(path, package, found[1] if package and _RELEASE.fullmatch(found[1]) else None)


def packages_of_file(name: str, data: bytes) -> list[tuple[str, str | None]]:
    """(package, release) of one of :data:`OHPM_FILES`, each once.

    Raises:
        ValueError: it is not what it should be.
    """
    file = name.rpartition("/")[2]
    if file == "sourceMaps.map":
        found: Iterable[tuple[str, str | None]] = _of_source_map(data)
    else:
        try:
            content = json.loads(data.decode("utf-8-sig"))
        except RecursionError as error:
            raise ValueError(str(error)) from None
        if not isinstance(content, dict):
            raise ValueError("it is no JSON object")
        found = _of_context(content) if file == "pkgContextInfo.json" else _of_own(content)
    return list(dict.fromkeys(found))[:_MOST]


def _first(path: str) -> str | None:
    """The package at the start of a path: two segments with a scope, else one."""
    segments = path.split("/")
    package = "/".join(segments[: 2 if path.startswith("@") else 1])
    return package if len(segments) > package.count("/") + 1 and _PACKAGE.fullmatch(package) else None


def _of_source_map(data: bytes) -> Iterator[tuple[str, str | None]]:
    for found in _IN_MAP.finditer(data):
        package, release = (text.decode("utf-8", "replace") for text in found.groups())
        yield package, release if _RELEASE.fullmatch(release) else None


def _of_context(content: dict[str, object]) -> Iterator[tuple[str, str | None]]:
    """What the build writes for the loader: modules of the app have a module name, native libraries are marked."""
    for row in content.values():
        if not isinstance(row, dict) or row.get("isSO") or row.get("moduleName"):
            continue
        yield from _of_own({"name": row.get("packageName"), "version": row.get("version")})


def _of_own(content: dict[str, object]) -> Iterator[tuple[str, str | None]]:
    """A package's own name and release."""
    name, release = content.get("name"), content.get("version")
    if isinstance(name, str) and _PACKAGE.fullmatch(name):
        yield name, release if isinstance(release, str) and _RELEASE.fullmatch(release) else None
