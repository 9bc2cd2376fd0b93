"""Clues with ``*``: the same answer whether few names meet many clues or many names few, and time that does not grow with the catalog."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.catalogs import catalog_of

from sdkfp import Catalog, FeatureSet
from sdkfp.identification import identify

NAMES = {
    "libpay1x.so": {"pay", "pay-one", "any"},
    "libpay2x.so": {"pay", "any"},
    "libpay.so": {"any"},
    "libother.so": {"any"},
    "libvendor7y.so": {"vendor-7", "any"},
    "libvendor7.so": {"any"},
    "elsewhere.so": set(),
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    signatures = {f"vendor-{number}": f"clues: [{{library: 'libvendor{number}y*.so'}}]" for number in range(300)}
    signatures |= {
        "any": "clues: [{library: 'lib*.so'}]",
        "pay": "clues: [{library: 'libpay*x.so'}]",
        "pay-one": "clues: [{library: 'libpay1*.so'}]\nexcept: [{library: 'libpay1*z.so'}]",
    }
    return catalog_of(tmp_path_factory.mktemp("patterns"), signatures)


def found(catalog: Catalog, names: list[str]) -> set[str]:
    lines = "\n".join(f"library {name} @ a.apk!lib/x86/{name}" for name in names)
    return {sdk.signature.id for sdk in identify(FeatureSet.parse(lines), catalog).sdks}


@pytest.mark.parametrize("name", NAMES)
def test_alone_and_among_many(catalog: Catalog, name: str) -> None:
    """A column of one name is looked up by name, one of hundreds by clue."""
    many = [f"zz{number}.so" for number in range(400)]
    assert found(catalog, [name]) == NAMES[name]
    column = "".join(f"library {other} @ a.apk\n" for other in [*many, name])
    assert {sdk.signature.id for sdk in identify(FeatureSet.parse(column), catalog).sdks} == NAMES[name]


def test_exceptions(catalog: Catalog) -> None:
    assert found(catalog, ["libpay1abcz.so"]) == {"any"}


def test_many_clues_cost_little(tmp_path: Path, catalog: Catalog) -> None:
    """Two thousand columns of one name against 300 patterns: a pass over every pattern for each would be 600,000 looks."""
    lines = "\n".join(f"library lib{number}.so @ a.apk!lib/x86/lib{number}.so" for number in range(2000))
    features = FeatureSet.parse(lines)
    small = catalog_of(tmp_path, {"any": "clues: [{library: 'lib*.so'}]"})

    def seconds(chosen: Catalog) -> float:
        best = float("inf")
        for _ in range(3):
            begin = time.process_time()
            identify(features, chosen)
            best = min(best, time.process_time() - begin)
        return best

    assert seconds(catalog) < 3 * seconds(small)
