"""Small text files that libraries leave in a package: ``.properties``, ``.version``, and the like.

AndroidX artifacts bring ``META-INF/<group>_<artifact>.version``; Play services and Firebase a ``<artifact>.properties`` at the
root, Fabric below ``fabric/``; Maven and Gradle leave theirs in ``META-INF``, Kotlin's build tools a
``kotlin-tooling-metadata.json``. Libraries keep settings and texts of all kinds in other ``.properties``: of those only the
keys that speak of a version are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice

__all__ = ["MAX_BYTES", "is_property_file", "read_properties"]

MAX_BYTES = 64 * 1024
_MOST_ROWS = 200
_HOMES = ("META-INF/", "fabric/")
"""Folders where every key is read; the root of the package is another."""
_VERSION = re.compile(r"[\w.+-]{0,20}\d[\w.+-]{0,40}")
_TOOLING = "kotlin-tooling-metadata.json"


def is_property_file(name: str) -> bool:
    """Whether an entry of a package is one of these files."""
    if name.endswith(".version"):
        return name.rpartition("/")[0] == "META-INF"
    return name.endswith(".properties") or name == _TOOLING


def read_properties(name: str, data: bytes) -> list[tuple[str, str]]:
    """(name in the feature notation, value) of each property.

    ``FILE.key`` for each line of a properties file or field of a JSON object, ``FILE`` for a file that is one value.
    """
    text = data.decode("utf-8", "replace")
    if name.endswith(".version"):
        value = text.strip()
        return [(name, value)] if value and value.isprintable() and "\ufffd" not in value else []
    rows = _json_rows(text) if name.endswith(".json") else _lines(text)
    if "/" in name and not name.startswith(_HOMES):
        rows = ((key, value) for key, value in rows if "version" in key.lower() and _VERSION.fullmatch(value))
    return [(f"{name}.{key}", value) for key, value in islice(rows, _MOST_ROWS)]


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() and not key.lstrip().startswith(("#", "!")):
            yield key.strip(), value.strip()


def _json_rows(text: str) -> Iterator[tuple[str, str]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(content, dict):
        yield from ((key, value) for key, value in content.items() if isinstance(value, str))
