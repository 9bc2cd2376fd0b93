"""What D8 and R8 leave in a dex file: a string with the compiler, its version and how it was run.

Source: the R8 project, ``src/main/java/com/android/tools/r8/dex/Marker.java``: ``~~R8{"compilation-mode":"release",…}``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sdkfp.dex.file import Dex
from sdkfp.dex.strings import decode_mutf8

__all__ = ["Marker", "read_markers"]

_PREFIXES = (b"~~D8{", b"~~R8{", b"~~L8{")
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
    found = (_marker(text) for prefix in _PREFIXES for text in dex.strings_starting_with(prefix))
    return sorted({marker for marker in found if marker is not None}, key=str)


def _marker(text: bytes) -> Marker | None:
    if len(text) > _LONGEST:
        return None
    try:
        content = json.loads(decode_mutf8(text[4:]))
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    words = {key: value for key, value in content.items() if isinstance(value, str)}
    level = content.get("min-api")
    return Marker(
        text[2:4].decode("ascii"),
        words.get("version"),
        words.get("compilation-mode"),
        level if isinstance(level, int) and not isinstance(level, bool) and abs(level) < 1 << 31 else None,
        words.get("r8-mode"),
    )
