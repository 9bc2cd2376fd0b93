"""Small text files that libraries leave in a package: ``.properties``, ``.version``, and the like.

AndroidX artifacts bring ``META-INF/<group>_<artifact>.version``; Play services and Firebase a ``<artifact>.properties`` at the
root; Kotlin's build tools a ``kotlin-tooling-metadata.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

__all__ = ["MAX_BYTES", "is_property_file", "read_properties"]

MAX_BYTES = 64 * 1024
_MOST_ROWS = 200
_TOOLING = "kotlin-tooling-metadata.json"


def is_property_file(name: str) -> bool:
    """Whether an entry of a package is one of these files."""
    folder = name.rpartition("/")[0]
    if name.endswith(".version"):
        return folder == "META-INF"
    return (name.endswith(".properties") and (folder == "" or folder.startswith("META-INF"))) or name == _TOOLING


def read_properties(name: str, data: bytes) -> list[tuple[str, str]]:
    """(name in the feature notation, value) of each property.

    ``FILE.key`` for each line of a properties file or field of a JSON object, ``FILE`` for a file that is one value.
    """
    text = data.decode("utf-8", "replace")
    if name.endswith(".version"):
        value = text.strip()
        return [(name, value)] if value and "\n" not in value else []
    rows = _json_rows(text) if name.endswith(".json") else _lines(text)
    return [(f"{name}.{key}", value) for key, value in rows][:_MOST_ROWS]


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
