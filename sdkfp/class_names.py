"""What the name of a class says about how it came to be."""

from __future__ import annotations

import re

__all__ = ["is_renamed"]

_RENAMED = re.compile(r"(?!R(?:\$|$))(?:[a-z]{1,3}|[A-Za-z][A-Za-z0-9]?)(?:\$|$)")
"""A simple name (of the outermost class) that a shrinker may have given; ``R`` is the resource class."""


def is_renamed(name: str, simple_from: int | None = None) -> bool:
    """Whether a class has a name that a shrinker may have given it.

    Args:
        name: as ``com.a.B$C``.
        simple_from: where its simple name begins, if that is known already.
    """
    return _RENAMED.match(name, name.rfind(".") + 1 if simple_from is None else simple_from) is not None
