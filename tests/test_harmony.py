"""HarmonyOS: modules and packages of Ark byte code, the lists beside it, and what cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import elfwriter, realapps
from support.abcwriter import abc_file
from support.catalogs import catalog_of
from support.zipwriter import build_zip

import sdkfp
from sdkfp import Catalog
from sdkfp.ark import AbcError, read_abc
from sdkfp.ohpm import Module, module_of, packages_of_file
from sdkfp.report import OhpmRecord

MODULE_JSON = json.dumps(
    {
        "app": {"bundleName": "com.maker.app", "versionCode": 7, "versionName": "1.2", "minAPIVersion": 12},
        "module": {
            "name": "entry",
            "type": "entry",
            "requestPermissions": [{"name": "ohos.permission.INTERNET"}],
            "abilities": [{"name": "EntryAbility"}],
        },
    }
).encode()
RECORDS = [
    "&entry/src/main/ets/pages/Index&",
    "&@ohos/axios/index&2.2.0",
    "&@ohos/axios/src/main/ets/components/Axios&2.2.0",
    "&@vendor/push/Index&3.4.1",
    "&common_utils/src/main/ets/Util&1.0.0",
    "_ESModuleRecord",
    "_GLOBAL",
]
SIGNATURES = {
    "vendor-push": "clues: [{package: '@vendor/push'}]\nversion: [{package: '@vendor/push'}]",
    "vendor-all": "clues: [{package: '@wide/*'}]\nversion: [{package: '@wide/*', pattern: '(.+)'}]",
    "hinted": "clues: [{package: common_utils, strength: hint}]",
}


def hap(files: dict[str, bytes] | None = None, module: bytes = MODULE_JSON) -> bytes:
    return build_zip({"module.json": module, "resources.index": b"x", "pack.info": b"{}", **(files or {})})


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("sigs"), SIGNATURES)


def test_a_module_of_an_app(catalog: Catalog) -> None:
    library = elfwriter.write(elfwriter.SharedObject(soname="libentry.so"))
    data = hap({"ets/modules.abc": abc_file(RECORDS), "libs/arm64-v8a/libentry.so": library})
    report = sdkfp.scan(data, catalog=catalog, name="entry.hap")
    assert (report.app.kind, report.app.package, report.app.version_name) == ("hap", "com.maker.app", "1.2")
    assert [permission.name for permission in report.app.permissions] == ["ohos.permission.INTERNET"]
    assert report.app.native_libraries == ("libentry.so",)
    found = {sdk.id: sdk for sdk in report.sdks}
    assert {sdk: found[sdk].certainty.value for sdk in found} == {"vendor-push": "identified", "hinted": "suspected"}
    push = found["vendor-push"]
    assert push.version is not None
    assert push.version.value == "3.4.1"
    assert [(e.kind.value, e.grade.value, e.feature, e.location) for e in push.evidence] == [
        ("package", "defined", "package @vendor/push=3.4.1", "entry.hap!ets/modules.abc")
    ]
    assert report.unexplained.ohpm == (OhpmRecord("@ohos/axios", ("2.2.0",), 2),)
    assert report.not_examined == ()
    jsonschema.Draft202012Validator(sdkfp.json_schema()).validate(json.loads(report.to_json()))


def test_features_are_in_the_notation() -> None:
    text = sdkfp.extract(hap({"ets/modules.abc": abc_file(RECORDS)}), name="a.hap").format()
    assert "module @ohos/axios/src/main/ets/components/Axios @ a.hap!ets/modules.abc\n" in text
    assert "package @ohos/axios=2.2.0 @ a.hap!ets/modules.abc\n" in text
    assert "_ESModuleRecord" not in text
    assert sdkfp.FeatureSet.parse(text).format() == text


def test_every_module_of_an_app_is_read(catalog: Catalog) -> None:
    entry = hap({"ets/modules.abc": abc_file(["&@vendor/push/Index&3.4.1"])})
    other = hap({"ets/modules.abc": abc_file(["&@wide/thing/Index&9.1"])})
    data = build_zip({"pack.info": b"{}", "entry.hap": entry, "other.hap": other})
    report = sdkfp.scan(data, catalog=catalog, name="x.app")
    assert report.app.kind == "app"
    assert [(sdk.id, sdk.evidence[0].location) for sdk in report.sdks] == [
        ("vendor-all", "x.app!other.hap!ets/modules.abc"),
        ("vendor-push", "x.app!entry.hap!ets/modules.abc"),
    ]


@pytest.mark.parametrize(
    ("record", "module"),
    [
        ("&entry/src/main/ets/pages/Index&", Module("entry/src/main/ets/pages/Index", None, None)),
        ("&@ohos/axios/index&2.2.0", Module("@ohos/axios/index", "@ohos/axios", "2.2.0")),
        ("com.other.app&library/Index&1.0.0-rc.2", Module("library/Index", "library", "1.0.0-rc.2")),
        ("&library/Index&snapshot", Module("library/Index", "library", None)),
        (
            "pkg_modules/.ohpm/@ohos+mpchart@3.0.27/pkg_modules/@ohos/mpchart/src/main/ets/Utils",
            Module("@ohos/mpchart/src/main/ets/Utils", "@ohos/mpchart", "3.0.27"),
        ),
        (
            "pkg_modules/.ohpm/underscore@1.13.7/pkg_modules/underscore/modules/isFunction",
            Module("underscore/modules/isFunction", "underscore", "1.13.7"),
        ),
        (
            "pkg_modules/.ohpm/@ohos+flutter_ohos@853ksruaozxudtz+uwp9ujj=/pkg_modules/@ohos/flutter_ohos/src/A",
            Module("@ohos/flutter_ohos/src/A", "@ohos/flutter_ohos", None),
        ),
        ("com.maker.app/entry/ets/pages/Index", Module("com.maker.app/entry/ets/pages/Index", None, None)),
        ("&@ohos&1.0.0", Module("@ohos", None, None)),
        ("&&", Module("", None, None)),
        ("a&b", Module("a&b", None, None)),
    ],
)
def test_what_the_name_of_a_record_says(record: str, module: Module) -> None:
    assert module_of(record) == module


CONTEXT = json.dumps(
    {
        "entry": {"packageName": "entry", "moduleName": "entry", "version": "", "isSO": False},
        "@ohos/axios": {"packageName": "@ohos/axios", "moduleName": "", "version": "2.2.0", "isSO": False},
        "libentry.so": {"packageName": "libentry.so", "moduleName": "", "version": "1.0.0", "isSO": True},
        "odd": "x",
    }
).encode()
SOURCE_MAP = (
    b'{"entry|@ohos/axios|2.2.0|index.js":{"package-info" : "@ohos/axios|2.2.0"},"b":{"package-info":"library|"}}'
)


@pytest.mark.parametrize(
    ("name", "data", "packages"),
    [
        ("pkgContextInfo.json", CONTEXT, [("@ohos/axios", "2.2.0")]),
        ("ets/sourceMaps.map", SOURCE_MAP * 3, [("@ohos/axios", "2.2.0"), ("library", None)]),
        ("package/oh-package.json5", b'{"name": "@a/b", "version": "1.2.3"}', [("@a/b", "1.2.3")]),
        ("oh-package.json5", b'\xef\xbb\xbf{"name": "lib", "version": "next"}', [("lib", None)]),
        ("oh-package.json5", b'{"name": "a b"}', []),
        ("oh-package.json5", b'{"name": 7, "version": []}', []),
    ],
)
def test_lists_beside_the_byte_code(name: str, data: bytes, packages: list[tuple[str, str | None]]) -> None:
    assert packages_of_file(name, data) == packages


def test_lists_that_are_none_are_notes_and_the_rest_is_read(catalog: Catalog) -> None:
    files = {
        "ets/modules.abc": abc_file(RECORDS),
        "pkgContextInfo.json": b"[1]",
        "a/oh-package.json5": b"{" * 100_000,
        "b/oh-package.json5": b"// comment\n{}",
    }
    report = sdkfp.scan(hap(files), catalog=catalog, name="a.hap")
    assert [(note.location, note.code) for note in report.not_examined] == [
        ("a.hap!a/oh-package.json5", "package-list-malformed"),
        ("a.hap!b/oh-package.json5", "package-list-malformed"),
        ("a.hap!pkgContextInfo.json", "package-list-malformed"),
    ]
    assert "vendor-push" in [sdk.id for sdk in report.sdks]


# --- Byte code that lies -----------------------------------------------------------------------------------------------------


def test_header_and_names() -> None:
    file = read_abc(abc_file(RECORDS, version=(9, 0, 0, 0)))
    assert (file.version, file.records, file.problems) == ("9.0.0.0", tuple(RECORDS[:5]), ())
    long = "&" + "a" * 500 + "/b&1.0"
    assert read_abc(abc_file([long, "é/ü"])).records == (long, "é/ü")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PANDA",
        b"PANDA\0\0\0" + bytes(20),
        abc_file(["a"], magic=b"PANDB\0\0\0"),
        abc_file(["a"], index=1 << 31),
        b"\0" * 100,
    ],
)
def test_what_is_no_byte_code_is_an_error_of_its_own(data: bytes, catalog: Catalog) -> None:
    with pytest.raises(AbcError):
        read_abc(data)
    report = sdkfp.scan(hap({"ets/modules.abc": data}), catalog=catalog, name="a.hap")
    assert [(note.location, note.code) for note in report.not_examined] == [("a.hap!ets/modules.abc", "abc-malformed")]
    assert report.app.package == "com.maker.app"


@pytest.mark.parametrize(
    ("data", "records"),
    [
        (abc_file(["a", "b"], count=1 << 30), 2),
        (abc_file(["a", "b"], size=1 << 30), 2),
        (abc_file(["a", "b"], offsets=[0, 60]), 1),
        (abc_file(["a", "b"], offsets=[1 << 31, 5, 60], count=3), 1),
        (abc_file(["x" * 2000, "b"]), 1),
    ],
)
def test_damage_is_read_around_and_noted(data: bytes, records: int) -> None:
    file = read_abc(data)
    assert len(file.records) == records
    assert file.problems


def test_without_classes_the_index_may_lie_anywhere() -> None:
    assert read_abc(abc_file([], index=(1 << 32) - 256)).records == ()


def test_names_that_are_repeated_without_end_cost_little() -> None:
    data = abc_file(["n" * 900], offsets=[60] * 200_000, count=200_000)
    assert len(read_abc(data).records) == 1


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_gives_names_or_the_error(data: st.DataObject) -> None:
    whole = bytearray(abc_file(RECORDS))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        file = read_abc(cut)
    except AbcError:
        return
    for record in file.records:
        assert isinstance(module_of(record).path, str)


# --- Real packages, and the command line -----------------------------------------------------------------------------------


@pytest.mark.network
@pytest.mark.parametrize(
    ("key", "package"),
    [
        ("react_native_openharmony_release.har", "@rnoh/react-native-openharmony=0.84.2"),
        ("async_storage.har", "@react-native-oh-tpl/async-storage=1.21.0-0.2.2"),
        ("fast_image.har", "@react-native-ohos/react-native-fast-image=9.2.1-rc.2"),
    ],
)
def test_libraries_from_a_registry_say_what_they_are(key: str, package: str, real_app: Callable[[str], Path]) -> None:
    assert key in realapps.keys("har")
    report = sdkfp.scan(real_app(key))
    names = [*(f"{row.name}={row.releases[0]}" for row in report.unexplained.ohpm)]
    names += [
        e.feature.removeprefix("package ") for sdk in report.sdks for e in sdk.evidence if e.kind.value == "package"
    ]
    assert names == [package]
    assert report.app.kind == "har"


def test_the_table_names_packages_that_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / "a.hap"
    path.write_bytes(hap({"ets/modules.abc": abc_file(RECORDS)}))
    done = subprocess.run(
        [sys.executable, "-m", "sdkfp", "scan", str(path), "--lang", "en"], capture_output=True, check=True
    )
    assert "Packages that no signature knows: @ohos/axios 2.2.0 · @vendor/push 3.4.1 · common_utils 1.0.0" in (
        done.stdout.decode()
    )
    assert b"no code" not in done.stdout
