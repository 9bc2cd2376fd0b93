"""Clues with ``*``: the same answer whether few names meet many clues or many names few, and time that does not grow with the catalog."""

from __future__ import annotations

import time

import msgspec
import pytest
from support.catalogs import catalog_of

from sdkfp import Catalog, FeatureSet
from sdkfp.features import Kind
from sdkfp.identification import identify
from sdkfp.index import ClueIndex

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


def test_the_cost_does_not_grow_with_the_clues(catalog: Catalog) -> None:
    """Columns of one name, as an app with a thousand libraries has: a look at every pattern would cost ten times as much."""
    signature = catalog["vendor-1"]

    def index(count: int) -> ClueIndex:
        clues = [msgspec.structs.replace(signature.clues[0], name=f"libvendor{n:04}y*.so") for n in range(count)]
        return ClueIndex(
            [msgspec.structs.replace(signature, id=f"v{n}", clues=(clue,)) for n, clue in enumerate(clues)]
        )

    def seconds(chosen: ClueIndex) -> float:
        begin = time.process_time()
        for number in range(1000):
            list(chosen.exact(Kind.LIBRARY, [f"libvendor{number:04}y1.so"]))
        return time.process_time() - begin

    small, large = index(200), index(2000)
    assert min(seconds(large) for _ in range(3)) < 3 * min(seconds(small) for _ in range(3))
