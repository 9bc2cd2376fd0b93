"""Versions and ranges."""

from __future__ import annotations

import pytest

from sdkfp.versions import in_range, is_contradictory, version_key


@pytest.mark.parametrize(
    ("version", "text", "inside"),
    [
        ("4.8.1", ">=4.0, <5", True),
        ("5.0", ">=4.0, <5", False),
        ("4", "==4.0.0", True),
        ("4.10", "> 4.9", True),
        ("4.0-beta1", ">=4.0", False),
        ("4.0-beta10", "> 4.0-beta9", True),
        ("3.3.12.0", ">3.3.9", True),
        ("v3.2", ">=3", True),
        ("1.0.0.final", ">=1.0", True),
        ("", ">=0.1", False),
    ],
)
def test_a_version_in_a_range(version: str, text: str, *, inside: bool) -> None:
    assert in_range(version, text) is inside


@pytest.mark.parametrize(
    ("text", "contradictory"),
    [
        (">=5, <4", True),
        (">4, <=4", True),
        (">=4, <=4", False),
        ("==1, ==2", True),
        ("==1.0, ==1", False),
        ("==3, <3", True),
        (">=1", False),
        ("<2, >1, >=1.5", False),
    ],
)
def test_a_range_that_no_version_meets(text: str, *, contradictory: bool) -> None:
    assert is_contradictory(text) is contradictory


def test_any_text_gives_a_key() -> None:
    keys = [version_key(text) for text in ("", "四", "9" * 200, "1..2", "-1", "1.0", "1")]
    assert keys[-1] == keys[-2]
    assert sorted(keys)
