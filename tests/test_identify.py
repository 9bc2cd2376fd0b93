"""Matching and identification, through the library's door, from cases in a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from support.catalogs import catalog_of

from sdkfp import FeatureSet
from sdkfp.identification import Learned, LearnedSdk, identify, own_prefixes

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "identify.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, case["signatures"])
    answer = identify(FeatureSet.parse(case["features"]), catalog)
    found = {sdk.signature.id: sdk for sdk in answer.sdks}
    assert {sdk: found[sdk].certainty.value for sdk in found} == {
        sdk: wanted["certainty"] for sdk, wanted in case["expect"].items()
    }
    for sdk, wanted in case["expect"].items():
        version = found[sdk].version
        if "version" in wanted:
            assert (version.value if version else None) == wanted["version"]
        if "candidates" in wanted:
            assert list(version.candidates if version else ()) == wanted["candidates"]
        if "classes" in wanted:
            assert found[sdk].classes == wanted["classes"]
        if "evidence" in wanted:
            assert len(found[sdk].evidence) == wanted["evidence"]
    if "mentioned" in case:
        assert [mention.sdk for mention in answer.mentioned] == case["mentioned"]


def test_coverage_adds_up_and_tells_own_from_nobody(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, {"one": "clues: [{class: com.one.sdk.}]"})
    features = FeatureSet.parse(
        "class com.one.sdk.A @ x\nclass com.maker.app.Main @ x\nclass com.maker.lib.Util @ x\nclass org.other.a.b @ x\nclass a.b @ x\n"
    )
    answer = identify(features, catalog, own_packages=["com.maker.app"], class_bytes=[[100, 10, 20, 5, 7]])
    cover = answer.coverage
    assert (cover.total.classes, cover.total.dex_bytes) == (5, 142)
    assert (cover.sdks.classes, cover.sdks.dex_bytes) == (1, 100)
    assert (cover.own.classes, cover.own.dex_bytes) == (2, 30)
    assert (cover.nobody.classes, cover.nobody.dex_bytes) == (2, 12)
    assert [name for name, _ in cover.packages] == ["a", "org.other.a"]
    assert cover.renamed.classes == 3  # `A` of the SDK, `b` and `b`: short names are counted wherever they are
    assert answer.owners == (("one", "", "", None, None),)


def test_an_app_does_not_contain_itself(tmp_path: Path) -> None:
    """A vendor's demo app below the vendor's prefix is its own code; what a longer clue names is the SDK all the same."""
    catalog = catalog_of(
        tmp_path, {"wide": "clues: [{class: com.vendor.kit.}]", "deep": "clues: [{class: com.vendor.kit.demo.push.}]"}
    )
    features = FeatureSet.parse(
        "class com.vendor.kit.demo.Main @ x\nclass com.vendor.kit.demo.push.A @ x\nactivity com.vendor.kit.demo.Main @ m\n"
    )
    answer = identify(features, catalog, own_packages=["com.vendor.kit.demo"])
    assert [sdk.signature.id for sdk in answer.sdks] == ["deep"]
    assert answer.owners == (("", "deep"),)
    elsewhere = identify(features, catalog, own_packages=["com.other.app"])
    assert [sdk.signature.id for sdk in elsewhere.sdks] == ["deep", "wide"]


@pytest.mark.parametrize(
    ("package", "prefix"),
    [
        ("com.netease.cloudmusic", "com.netease."),
        ("io.github.user.app", "io.github.user."),
        ("cn.com.bank.mobile", "cn.com.bank."),
        ("app.single", "app.single."),
    ],
)
def test_own_prefix_is_the_makers_domain(package: str, prefix: str) -> None:
    assert own_prefixes([package]) == (prefix,)


@pytest.mark.parametrize("package", ["app", "", ".", "a..b"])
def test_a_package_that_is_no_domain_has_no_own_prefix(package: str) -> None:
    assert own_prefixes([package]) == ()


@pytest.mark.parametrize(
    ("names", "certainty"),
    [
        ("class a.b.c @ x\nclass a.b.d @ x\n", "identified"),
        ("class com.copy.Kept @ x\nclass com.copy.Other @ x\n", "suspected"),
    ],
)
def test_marks_alone_identify_under_renamed_names_only(names: str, certainty: str, tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, {"vendor": "clues: [{class: com.vendor.sdk.}]"})
    found = Learned(
        FeatureSet.parse("mark vendor 0.90 @ x"), {"vendor": LearnedSdk(90, 100, 10, 2)}, (("vendor", "vendor"),)
    )
    answer = identify(FeatureSet.parse(names), catalog, learn=lambda *_: found)
    assert [(sdk.signature.id, sdk.certainty.value, sdk.classes) for sdk in answer.sdks] == [("vendor", certainty, 2)]
