"""Fixtures that every test module may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import realapps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def real_app() -> Callable[[str], Path]:
    """``real_app(key)`` gives the path of a pinned real file (see ``support/corpus.toml``) or skips, saying why."""
    return realapps.path
