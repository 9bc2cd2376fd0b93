"""The same real app as APK, XAPK, APKS and AAB gives the same SDKs; packages whose parts are missing or broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support import elfwriter
from support.axmlwriter import E, manifest
from support.bundles import as_aab, as_apks, as_xapk, bundletool_apks
from support.catalogs import catalog_of
from support.dexwriter import DexWriter
from support.zipwriter import build_zip

import sdkfp
from sdkfp import Catalog, Report

Found = dict[str, tuple[str, str | None, int]]
APPS = ["react-native-viewpager-sample-0.2.13", "apidemos-5.0.0", "appium-uia2-server-2.8.0"]


def found(report: Report) -> Found:
    """Certainty, version and number of classes of each SDK."""
    return {
        sdk.id: (sdk.certainty.value, sdk.version.value if sdk.version else None, sdk.classes) for sdk in report.sdks
    }


@pytest.mark.network
@pytest.mark.parametrize("key", APPS)
def test_a_base_and_its_splits_are_one_app(key: str, real_app: Callable[[str], Path]) -> None:
    whole = sdkfp.scan(real_app(key))
    assert whole.sdks
    for build, kind in ((as_xapk, "xapk"), (as_apks, "apks")):
        report = sdkfp.scan(build(real_app(key)), name="app.bundle")
        assert (report.app.kind, report.app.package) == (kind, whole.app.package)
        assert found(report) == found(whole)
        assert report.app.native_libraries == whole.app.native_libraries
        places = [e.location.split("!") for sdk in report.sdks for e in sdk.evidence if e.kind.value != "mark"]
        parts = {place[1] for place in places}
        assert all(part.endswith(".apk") for part in parts)


@pytest.mark.network
@pytest.mark.oracle
@pytest.mark.parametrize("key", APPS)
def test_an_app_bundle_is_the_app(key: str, real_app: Callable[[str], Path], tmp_path: Path) -> None:
    whole = sdkfp.scan(real_app(key))
    bundle = as_aab(real_app(key), tmp_path)
    report = sdkfp.scan(bundle)
    assert (report.app.kind, report.app.package, report.app.target_sdk) == (
        "aab",
        whole.app.package,
        whole.app.target_sdk,
    )
    assert found(report) == found(whole)
    assert report.not_examined == ()
    for_devices = sdkfp.scan(bundletool_apks(bundle, tmp_path))
    assert for_devices.app.kind == "apks"
    assert found(for_devices) == found(whole)
    assert {note.code for note in for_devices.not_examined} <= {"part-variant"}


# --- Parts that are missing or broken --------------------------------------------------------------------------------------

SIGNATURES = {
    "vendor": """
        clues: [{class: com.vendor.sdk.}, {library: libvendor.so}, {file: assets/vendor.cfg}, {service: com.vendor.sdk.S}]
        version: [{property: META-INF/com.vendor_sdk.version}]
    """,
    "other": "clues: [{class: com.other.kit.}]",
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("sigs"), SIGNATURES)


DEX = DexWriter().add_class("com.vendor.sdk.A").add_class("a.b").build()
SPLIT = manifest("com.maker.app", attributes={"split": "config.x86"})
NATIVE = {"AndroidManifest.xml": SPLIT, "lib/x86/libvendor.so": elfwriter.write(elfwriter.SharedObject())}


def codes(report: Report) -> list[tuple[str, str]]:
    return [(note.location, note.code) for note in report.not_examined]


def test_a_split_without_its_base_is_what_it_is(catalog: Catalog) -> None:
    for data, place in (
        (build_zip(NATIVE), "x!lib/x86/libvendor.so"),
        (
            build_zip({"manifest.json": b"{}", "config.x86.apk": build_zip(NATIVE)}),
            "x!config.x86.apk!lib/x86/libvendor.so",
        ),
    ):
        report = sdkfp.scan(data, catalog=catalog, name="x")
        assert [(sdk.id, sdk.evidence[0].location) for sdk in report.sdks] == [("vendor", place)]
        assert report.unexplained.total.classes == 0


def test_a_base_that_is_no_package_does_not_hide_the_split(catalog: Catalog) -> None:
    data = build_zip({"manifest.json": b"{}", "base.apk": b"PK\3\4 cut", "config.x86.apk": build_zip(NATIVE)})
    report = sdkfp.scan(data, catalog=catalog, name="x")
    assert [sdk.id for sdk in report.sdks] == ["vendor"]
    assert codes(report) == [("x!base.apk", "part-unreadable")]


@pytest.mark.parametrize("broken", [b"", b"\x00" * 40, b"\xff" * 4000, b"\x0a\xff\xff\xff\xff\x7f"])
def test_a_bundle_with_a_broken_manifest_still_tells_what_is_inside(broken: bytes, catalog: Catalog) -> None:
    data = build_zip(
        {
            "BundleConfig.pb": b"",
            "base/manifest/AndroidManifest.xml": broken,
            "base/dex/classes.dex": DEX,
            "base/assets/vendor.cfg": b"x",
            "base/root/META-INF/com.vendor_sdk.version": b"3.1.4\n",
            "feature/dex/classes.dex": DexWriter().add_class("com.other.kit.B").build(),
        }
    )
    report = sdkfp.scan(data, catalog=catalog, name="x.aab")
    assert [sdk.id for sdk in report.sdks] == ["other", "vendor"]
    vendor = report.sdks[1]
    assert vendor.version is not None
    assert vendor.version.value == "3.1.4"
    assert [evidence.feature for evidence in vendor.evidence] == [
        "class com.vendor.sdk.A",
        "file assets/vendor.cfg",
    ]
    assert [location for location, _ in codes(report)] == ["x.aab!base/manifest/AndroidManifest.xml"]


def test_a_library_that_is_none_is_named_and_the_others_are_read(catalog: Catalog) -> None:
    files = {
        "AndroidManifest.xml": manifest("com.maker.app"),
        "classes.dex": DEX,
        "lib/x86/libvendor.so": b"#!/bin/sh\necho no library\n",
        "lib/x86/libcut.so": NATIVE["lib/x86/libvendor.so"][:40],
        "lib/x86/libempty.so": b"",
        "lib/x86/libgood.so": elfwriter.write(
            elfwriter.SharedObject(symbols=[elfwriter.Symbol("Java_com_other_kit_N_a")])
        ),
    }
    report = sdkfp.scan(build_zip(files), catalog=catalog, name="x.apk")
    assert codes(report) == [
        (f"x.apk!lib/x86/{name}", "library-malformed") for name in ("libcut.so", "libempty.so", "libvendor.so")
    ]
    assert [sdk.id for sdk in report.sdks] == ["other", "vendor"]


@pytest.mark.parametrize(
    ("content", "version"),
    [
        (b"1.2.3\n", "1.2.3"),
        (b"", None),
        (b"latest", None),
        (b"task ':sdk:writeVersionFile' property 'version'", None),
        (b"1.2.3\n4.5.6\n", None),
        (b"9" * 70, None),
        (b"\x00\xff\xfe1.2", None),
        (b"1" * 100_000, None),
    ],
)
def test_version_files_are_read_as_they_are_and_never_made_up(
    content: bytes, version: str | None, catalog: Catalog
) -> None:
    data = build_zip(
        {
            "AndroidManifest.xml": manifest("com.maker.app"),
            "classes.dex": DEX,
            "META-INF/com.vendor_sdk.version": content,
        }
    )
    (sdk,) = sdkfp.scan(data, catalog=catalog).sdks
    assert (sdk.version.value if sdk.version else None) == version


def test_native_methods_name_an_sdk_whose_classes_are_renamed_or_absent(catalog: Catalog) -> None:
    library = elfwriter.write(elfwriter.SharedObject(symbols=[elfwriter.Symbol("Java_com_vendor_sdk_Native_start")]))
    renamed = {
        "AndroidManifest.xml": manifest("com.maker.app", components=[E("activity", {"android:name": ".Main"})]),
        "classes.dex": DexWriter().add_class("a.a").add_class("a.b").build(),
        "lib/arm64-v8a/libnative-lib.so": library,
        "lib/x86/libnative-lib.so": library,
    }
    for files in (renamed, {"lib/arm64-v8a/libnative-lib.so": library, "AndroidManifest.xml": SPLIT}):
        (sdk,) = sdkfp.scan(build_zip(files), catalog=catalog, name="x.apk").sdks
        assert (sdk.id, sdk.certainty.value, sdk.classes) == ("vendor", "identified", 0)
        assert {(e.kind.value, e.feature) for e in sdk.evidence} == {("jni", "jni com.vendor.sdk.Native")}
        assert len(sdk.evidence) == sum(name.endswith(".so") for name in files)
