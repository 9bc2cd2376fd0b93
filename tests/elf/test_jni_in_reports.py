"""A report names an SDK by the JNI names that its library exports, though its classes are renamed or not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from support.axmlwriter import manifest
from support.catalogs import catalog_of
from support.dexwriter import DexWriter
from support.elfwriter import SharedObject, Symbol, write
from support.zipwriter import build_zip

import sdkfp
from sdkfp import Catalog
from sdkfp.elf import read_library

SIGNATURES = {
    "vendor-push": "clues: [{class: com.vendor.push.}]",
    "vendor-pushy": "clues: [{class: com.vendor.pushy.}]",
    "vendor-video": "clues: [{jni: com.vendor.video.Decoder}]",
}
BUILT_IN = cache(Catalog.builtin)
RENAMED = DexWriter().add_class("a.a").add_class("b.c.d").build()


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("sigs"), SIGNATURES)


def app_with(library: bytes, dex: bytes | None) -> bytes:
    """An app with a library under a name that says nothing."""
    entries = {"AndroidManifest.xml": manifest("com.maker.app"), "lib/arm64-v8a/liba.so": library}
    return build_zip(entries if dex is None else {**entries, "classes.dex": dex})


@pytest.mark.parametrize("dex", [pytest.param(RENAMED, id="renamed"), pytest.param(None, id="absent")])
@pytest.mark.parametrize(
    ("symbol", "found"),
    [
        ("Java_com_vendor_push_Native_start", {"vendor-push": "jni com.vendor.push.Native"}),
        (
            "Java_com_vendor_push_inner_1x_Core_00024Task_run__I",
            {"vendor-push": "jni com.vendor.push.inner_x.Core$Task"},
        ),
        ("Java_com_vendor_video_Decoder_open", {"vendor-video": "jni com.vendor.video.Decoder"}),
        ("Java_com_vendor_pushed_Native_start", {}),
        ("JavaScript_com_vendor_push_Native_start", {}),
    ],
)
def test_a_jni_name_identifies(symbol: str, found: dict[str, str], dex: bytes | None, catalog: Catalog) -> None:
    library = write(SharedObject(symbols=[Symbol(symbol), Symbol("JNI_OnLoad")]))
    report = sdkfp.scan(app_with(library, dex), name="a.apk", catalog=catalog)
    assert {sdk.id: sdk.evidence[0].feature for sdk in report.sdks} == found
    for sdk in report.sdks:
        assert (sdk.certainty.value, sdk.classes) == ("identified", 0)
        (evidence,) = sdk.evidence
        assert (evidence.grade.value, evidence.location) == ("native", "a.apk!lib/arm64-v8a/liba.so")


@pytest.mark.network
@pytest.mark.parametrize("dex", [pytest.param(RENAMED, id="renamed"), pytest.param(None, id="absent")])
@pytest.mark.parametrize(
    ("key", "sdk"),
    [
        ("arm64-v8a/libweibosdkcore.so", "weibo-sdk"),
        ("armeabi-v7a/libindoor.so", "baidu-location"),
        ("arm64-v8a/libBaiduMapSDK_base_v5_1_0.so", "baidu-map"),
        ("realm@6.1.0/arm64-v8a/librealmreact.so", "realm-js"),
    ],
)
def test_a_real_library_is_known_by_its_jni_names(
    key: str, sdk: str, dex: bytes | None, real_app: Callable[[str], Path]
) -> None:
    data = real_app(key).read_bytes()
    classes = {method.class_name for method in read_library(data).jni_methods}
    report = sdkfp.scan(app_with(data, dex), catalog=BUILT_IN(), reads=False)
    (found,) = [record for record in report.sdks if record.id == sdk]
    assert (found.certainty.value, found.classes) == ("identified", 0)
    assert [e.feature for e in found.evidence if e.kind.value == "jni" and e.feature.removeprefix("jni ") in classes]
