"""What D8 and R8 leave in a dex file: a string with the compiler, its version and how it was run.

Source: the R8 project, ``src/main/java/com/android/tools/r8/dex/Marker.java``: ``~~R8{"compilation-mode":"release",…}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sdkfp.dex.file import Dex
from sdkfp.dex.strings import decode_mutf8

__all__ = ["Marker", "marker_properties", "read_markers"]

_PREFIX = b"~~"
_COMPILERS = (b"~~D8{", b"~~R8{", b"~~L8{")
_LONGEST = 4096


@dataclass(frozen=True, slots=True, order=True)
class Marker:
    """One run of a compiler."""

    compiler: str
    """``D8``, ``R8`` or ``L8`` (which compiles the library of newer Java classes)."""
    version: str | None
    mode: str | None
    """``debug`` or ``release``."""
    min_api: int | None
    """The Android API level that the code was compiled for."""
    r8_mode: str | None
    """``full`` or ``compatibility``; of R8 only."""


def read_markers(dex: Dex) -> list[Marker]:
    """The markers of a dex file, each once, sorted; a file that was put together from libraries has one for each."""
    return sorted({_marker(compiler, content) for compiler, content in _contents(dex)}, key=str)


def marker_properties(dex: Dex) -> list[tuple[str, str]]:
    """The markers as properties, each once, sorted: (``~~D8.version``, ``8.0.46``)."""
    found = set()
    for compiler, content in _contents(dex):
        for key, value in content.items():
            texts = value if isinstance(value, list) else [value]
            if all(isinstance(text, (str, int)) for text in texts):
                found.add((f"~~{compiler}.{key}", ",".join(map(str, texts))))
    return sorted(found)


def _contents(dex: Dex) -> Iterator[tuple[str, dict[str, Any]]]:
    """(compiler, what it says) of every marker."""
    for text in dex.strings_starting_with(_PREFIX):
        content = _content(text) if text.startswith(_COMPILERS) else None
        if isinstance(content, dict):
            yield text[2:4].decode("ascii"), content


def _content(text: bytes) -> object:
    try:
        return json.loads(decode_mutf8(text[4:])) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None


def _marker(compiler: str, content: Mapping[str, Any]) -> Marker:
    words = {key: value for key, value in content.items() if isinstance(value, str)}
    level = content.get("min-api")
    return Marker(
        compiler,
        words.get("version"),
        words.get("compilation-mode"),
        level if isinstance(level, int) and not isinstance(level, bool) and abs(level) < 1 << 31 else None,
        words.get("r8-mode"),
    )
