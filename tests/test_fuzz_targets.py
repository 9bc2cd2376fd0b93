"""Every fuzz target over its seeds, so that the targets stay in step with the product; and how a finding is told."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fuzz"))

from seeds import seeds
from targets import TARGETS

from sdkfp import SdkfpError


@pytest.mark.parametrize("target", TARGETS)
def test_seeds(target: str) -> None:
    """Nothing but our own errors comes out, and most seeds are read, or they would lead nowhere."""
    refused = 0
    for data in seeds(target).values():
        with contextlib.suppress(SdkfpError):
            TARGETS[target](data)
            continue
        refused += 1
    assert refused <= len(seeds(target)) // 5
