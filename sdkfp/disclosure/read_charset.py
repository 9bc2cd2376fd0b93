"""The encoding of text that does not say it."""

from __future__ import annotations

from collections.abc import Sequence

import charset_normalizer

__all__ = ["best"]

_EXAMINED = 1 << 20


def best(data: bytes, names: Sequence[str]) -> tuple[str, str] | None:
    """The text in the encoding that fits best, and its name; ``None`` where none fits."""
    found = charset_normalizer.from_bytes(data[:_EXAMINED], cp_isolation=list(names)).best()
    if found is None:
        return None
    return data.decode(found.encoding, "replace"), found.encoding
