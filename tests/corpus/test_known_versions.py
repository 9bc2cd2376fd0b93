"""Every version that is read in the real apps: checked by hand once, pinned in ``versions.toml``, and enough of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from support import realapps

import sdkfp
from sdkfp import Catalog, Report

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PINNED: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("versions.toml").read_text("utf-8"))
ENOUGH = 0.6
"""Of the identified SDKs of all apps."""


@cache
def catalog() -> Catalog:
    return Catalog.builtin()


@cache
def report_of(path: Path) -> Report:
    return sdkfp.scan(path, catalog=catalog())


def versions(report: Report) -> dict[str, str | None]:
    """The version of every identified SDK, ``None`` where none was read."""
    return {
        sdk.id: sdk.version.value if sdk.version else None for sdk in report.sdks if sdk.certainty.value == "identified"
    }


@pytest.mark.network
@pytest.mark.parametrize("key", realapps.keys("apk"))
def test_every_version_is_one_that_was_checked(key: str, real_app: Callable[[str], Path]) -> None:
    found = {sdk: version for sdk, version in versions(report_of(real_app(key))).items() if version is not None}
    pinned = PINNED.get(key, {})
    assert {sdk: found.get(sdk) for sdk in pinned} == pinned
    unchecked = {sdk: version for sdk, version in found.items() if sdk not in pinned}
    assert unchecked == {}, f"check these by hand and add them to versions.toml under [{key}]"


@pytest.mark.network
def test_most_identified_sdks_have_a_version(real_app: Callable[[str], Path]) -> None:
    found = [version for key in realapps.keys("apk") for version in versions(report_of(real_app(key))).values()]
    assert len(found) > 500
    assert sum(version is not None for version in found) >= ENOUGH * len(found)
