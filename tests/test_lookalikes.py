"""The most used SDKs have miss examples for every sort of look-alike, or it is said why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkfp import Catalog, FeatureSet, Kind, identify

TABLE: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "lookalikes.yaml").read_text(encoding="utf-8")
)
SORTS = {"same_word", "sample", "no_op", "annotations", "mention", "list"}
PROOF = {
    "same_word": {Kind.CLASS},
    "sample": {Kind.CLASS},
    "no_op": {Kind.CLASS, Kind.FILE},
    "annotations": {Kind.CLASS},
    "mention": {Kind.REFERS},
    "list": {Kind.CONSTANT},
}
"""Of the kinds of features that a look-alike may be made of, one has to be in its listing."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.builtin(cache=False)  # the compiled one has no examples


def test_there_are_thirty_of_them() -> None:
    assert len(TABLE) >= 30


@pytest.mark.parametrize("sdk", TABLE)
def test_every_sort_of_look_alike_is_a_miss_example(sdk: str, catalog: Catalog) -> None:
    misses = {example.why: example.features for example in catalog[sdk].miss}
    assert set(TABLE[sdk]) == SORTS
    for sort, why in TABLE[sdk].items():
        if isinstance(why, dict):
            assert set(why) == {"none"}, f"{sort}: a reason under `none`"
            assert len(why["none"]) > 10, f"{sort}: why is there none?"
            continue
        assert why in misses, f"{sort}: no such miss example"
        listing = FeatureSet.parse(misses[why])
        assert any(listing.of(kind) for kind in PROOF[sort]), f"{sort}: the listing shows something else"
        assert sdk not in {found.signature.id for found in identify(listing, catalog).sdks}, sort


@pytest.mark.parametrize("sdk", TABLE)
def test_only_applicable_sorts_are_left_out(sdk: str) -> None:
    """A word of another vendor, a mention and a list of trackers there can always be."""
    for sort in ("same_word", "mention", "list"):
        assert isinstance(TABLE[sdk][sort], str)
