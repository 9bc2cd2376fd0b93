"""Versions of SDKs and ranges of them. Vendors keep to no common scheme, so numbers and words are compared one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["in_range", "is_contradictory", "version_key"]

_TOKEN = re.compile(r"\d+|[a-z]+")
_BOUND = re.compile(r"(>=|<=|==|>|<)\s*([^,\s]+)")
_BEFORE_RELEASE = frozenset(
    ("a", "alpha", "b", "beta", "c", "rc", "m", "milestone", "pre", "preview", "dev", "snapshot")
)
_LONGEST = 64
"""Characters of a version that are compared."""

Key = tuple[tuple[int, int, str], ...]


def version_key(version: str) -> Key:
    """A key to compare versions by: numbers as numbers, ``1.0`` as ``1``, ``1.0-beta2`` before ``1.0``, ``v1`` as ``1``."""
    items = []
    for token in _TOKEN.findall(version[:_LONGEST].lower().removeprefix("v")):
        if token.isdigit():
            items.append((0, int(token), ""))
        else:
            items.append((-1 if token in _BEFORE_RELEASE else 0, 0, token))
    while items and items[-1] == (0, 0, ""):
        items.pop()
    return (*items, (0, 0, ""))


def _compare(one: str, other: str) -> int:
    a, b = version_key(one), version_key(other)
    size = max(len(a), len(b))
    end = ((0, 0, ""),)
    a, b = a + end * (size - len(a)), b + end * (size - len(b))
    return (a > b) - (a < b)


def in_range(version: str, text: str) -> bool:
    """Whether a version meets a range such as ``>=4.0, <5``."""
    return all(_meets(_compare(version, bound), operator) for operator, bound in _bounds(text))


def is_contradictory(text: str) -> bool:
    """Whether no version can meet a range, such as ``>=5, <4``."""
    bounds = list(_bounds(text))
    for lower, low in bounds:
        for upper, high in bounds:
            if lower in (">", ">=", "==") and upper in ("<", "<=", "=="):
                order = _compare(low, high)
                if order > 0 or (order == 0 and not ("=" in lower and "=" in upper)):
                    return True
    return False


def _bounds(text: str) -> Iterator[tuple[str, str]]:
    yield from _BOUND.findall(text)


def _meets(order: int, operator: str) -> bool:
    if order == 0:
        return "=" in operator
    return operator in ((">", ">=") if order > 0 else ("<", "<="))
