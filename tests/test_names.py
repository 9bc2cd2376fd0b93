"""What build tools leave in a package: marker strings of compilers, small property files, service files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.dexcode import ConstString, Method
from support.dexwriter import DexWriter
from support.zipwriter import build_zip

import sdkfp
from sdkfp.dex import Marker, open_dexes, read_markers
from sdkfp.report import CompilerRecord

R8 = '~~R8{"backend":"dex","compilation-mode":"release","has-checksums":false,"min-api":21,"r8-mode":"full","version":"8.1.56"}'
D8 = '~~D8{"compilation-mode":"debug","has-checksums":false,"min-api":26,"version":"8.13.17"}'


def dex(*strings: str) -> bytes:
    code = [ConstString(0, string) for string in strings]
    return DexWriter().add_class("a.a", methods=[Method("a", code=code)]).build()


def markers(*strings: str) -> list[Marker]:
    (only,) = open_dexes(dex(*strings))
    return read_markers(only)


def test_markers_of_compilers_are_in_the_report() -> None:
    data = build_zip({"classes.dex": dex(R8, "~~", "~", "zzz", "\uffee"), "classes2.dex": dex(R8, D8)})
    assert sdkfp.scan(data, name="a.apk").app.toolchain == (
        CompilerRecord("D8", "8.13.17", "debug", 26, None, ("a.apk!classes2.dex",)),
        CompilerRecord("R8", "8.1.56", "release", 21, "full", ("a.apk!classes.dex", "a.apk!classes2.dex")),
    )


def test_a_dex_file_of_many_libraries_has_many_markers() -> None:
    some = [D8.replace("8.13.17", f"8.0.{n}") for n in range(30)]
    assert len(markers(*some, "~~D7{}", "\0~~R8{}", "a~~R8{}")) == 30


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("~~R8{}", [Marker("R8", None, None, None, None)]),
        ('~~R8{"min-api":true,"version":8}', [Marker("R8", None, None, None, None)]),
        ('~~R8{"min-api":99999999999}', [Marker("R8", None, None, None, None)]),
        ("~~R8{", []),
        ("~~R8{[]}", []),
        ("~~R8" + "{" * 3000, []),
        (f"~~R8{{{' ' * 5000}}}", []),
        (f" {R8}", []),
        ("~~X8{}", []),
    ],
)
def test_strings_that_only_look_like_markers(text: str, found: list[Marker]) -> None:
    assert markers(text, "other", "~", "~~~") == found


def test_markers_are_found_beside_strings_of_any_kind() -> None:
    others = ["", "\0", "\0~", "~\0", "~}", "~\x7f", "\x7f", "é", "\ud83d\ude00", "\uffff", "~~R", "~~S8{}"]
    for count in range(len(others) + 1):
        assert [marker.version for marker in markers(R8, *others[:count])] == ["8.1.56"]


def test_markers_are_properties_too() -> None:
    l8 = '~~L8{"desugared-library-identifiers":["com.tools.android:desugar_jdk_libs:1.1.1","x:y:2"],"min-api":21,"n":null}'
    found = sdkfp.extract(build_zip({"classes.dex": dex(l8)}), name="a.apk")
    assert [feature.format() for feature in found if feature.kind is sdkfp.Kind.PROPERTY] == [
        "property ~~L8.desugared-library-identifiers=com.tools.android:desugar_jdk_libs:1.1.1,x:y:2 @ a.apk!classes.dex",
        "property ~~L8.min-api=21 @ a.apk!classes.dex",
    ]


@pytest.mark.network
@pytest.mark.parametrize(
    ("key", "compiler", "version"),
    [("apidemos-5.0.0", "D8", "8.0.46"), ("fdroid-systemwebview-repack", "R8", "3.1.2-dev"), ("ck-20", None, None)],
)
def test_markers_of_real_apps(
    key: str, compiler: str | None, version: str | None, real_app: Callable[[str], Path]
) -> None:
    found = sdkfp.scan(real_app(key)).app.toolchain
    assert [record.version for record in found if record.compiler == compiler] == ([version] if compiler else [])
    assert bool(found) == bool(compiler)


def properties(**files: bytes) -> dict[str, str | None]:
    found = sdkfp.extract(build_zip({"classes.dex": dex(), **files}), name="a.apk")
    return {feature.name: feature.value for feature in found if feature.kind is sdkfp.Kind.PROPERTY}


def test_small_files_of_libraries_are_properties() -> None:
    assert properties(
        **{
            "META-INF/androidx.core_core.version": b"1.9.0\n",
            "META-INF/com/android/build/gradle/app-metadata.properties": b"androidGradlePluginVersion=8.1.2\n",
            "META-INF/maven/g/a/pom.properties": b"#Created by Maven\nversion=2.3\ngroupId=g\n",
            "play-services-base.properties": b"version=18.2.0\nclient=play-services-base\n",
            "fabric/com.vendor.kit.properties": b"fabric-version=2.9\nfabric-identifier=com.vendor.kit\n",
            "com/vendor/sdk/build.properties": b"sdk.version = 4.5.6-beta\nauthor=somebody\n",
            "kotlin-tooling-metadata.json": b'{"schemaVersion":"1.1.0","buildPluginVersion":"1.9.22","n":1}',
        }
    ) == {
        "META-INF/androidx.core_core.version": "1.9.0",
        "META-INF/com/android/build/gradle/app-metadata.properties.androidGradlePluginVersion": "8.1.2",
        "META-INF/maven/g/a/pom.properties.version": "2.3",
        "META-INF/maven/g/a/pom.properties.groupId": "g",
        "play-services-base.properties.version": "18.2.0",
        "play-services-base.properties.client": "play-services-base",
        "fabric/com.vendor.kit.properties.fabric-version": "2.9",
        "fabric/com.vendor.kit.properties.fabric-identifier": "com.vendor.kit",
        "com/vendor/sdk/build.properties.sdk.version": "4.5.6-beta",
        "kotlin-tooling-metadata.json.schemaVersion": "1.1.0",
        "kotlin-tooling-metadata.json.buildPluginVersion": "1.9.22",
    }


def test_files_that_only_look_like_them_give_nothing() -> None:
    assert (
        properties(
            **{
                "META-INF/a.version": b"",
                "META-INF/b.version": b"1.0\n2.0\n",
                "META-INF/deep/c.version": b"1.0",
                "d.version": b"1.0",
                "kotlin-tooling-metadata.json": b"[" * 50_000,
                "a/kotlin-tooling-metadata.json": b'{"a":"b"}',
                "org/xml/messages.properties": b"BadVersion=The version 1.0 is not supported.\nVersion=none\n",
                "e.properties": b"no line with a value\n# a=1\n! b=2\n=3\n",
            }
        )
        == {}
    )


def test_a_property_file_costs_little_however_large() -> None:
    many = b"".join(b"key%d=1\n" % n for n in range(5000))
    assert len(properties(**{"a.properties": many})) == 200
    report = sdkfp.scan(build_zip({"classes.dex": dex(), "a.properties": many * 10}), name="a.apk")
    assert [note.code for note in report.not_examined] == ["property-file-too-large"]


def test_other_marker_files_are_features_by_their_names() -> None:
    names = ["META-INF/services/java.sql.Driver", "META-INF/okio.kotlin_module", "assets/supplierconfig.json"]
    found = sdkfp.extract(build_zip({"classes.dex": dex(), **dict.fromkeys(names, b"x")}), name="a.apk")
    listed = {feature.name for feature in found if feature.kind is sdkfp.Kind.FILE}
    assert listed == {"classes.dex", *names}
