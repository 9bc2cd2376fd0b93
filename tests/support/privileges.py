"""Permissions mean nothing to root: tests of them run as nobody."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["folder_for_everybody", "without_privileges"]


@contextlib.contextmanager
def folder_for_everybody() -> Iterator[Path]:
    """A folder that nobody may read too; pytest keeps its own ones from others, also while another run of it starts."""
    with tempfile.TemporaryDirectory(prefix="sdkfp-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


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
