"""Text from the app, made safe for documents."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["LONGEST", "safe_url", "visible"]

LONGEST = 300
"""Characters of one text from the app that a document shows; names may be a megabyte."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][!-~]*)?")
_LONGEST_URL = 2000


@lru_cache(maxsize=4096)
def visible(text: str, longest: int = LONGEST) -> str:
    r"""The text with every control, direction, zero-width and unassigned character as ``\u{…}``, no longer than this.

    Spaces of any kind become plain ones; what is cut off is stood for by ``…``.
    """
    cut = text[:longest]
    if not (cut.isascii() and cut.isprintable()):
        cut = "".join(_shown(character) for character in cut)
    return cut if len(text) <= longest else cut + "…"


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _INVISIBLE:
        return f"\\u{{{ord(character):x}}}"
    return " " if category == "Zs" else character


def safe_url(text: str | None) -> str | None:
    """The text if it is a plain ``http`` or ``https`` address; ``None`` if it is anything else."""
    return text if text and len(text) <= _LONGEST_URL and _URL.fullmatch(text) else None
