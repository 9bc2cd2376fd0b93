"""Permissions mean nothing to root: tests of them run as nobody."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

__all__ = ["without_privileges"]


@contextlib.contextmanager
def without_privileges() -> Iterator[None]:
    """Give up the privileges of root for a while; nothing for other users."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
