"""The main job through the front door: synthetic apps, whole and damaged, and the command line."""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import elfwriter
from support.axmlwriter import E, manifest
from support.catalogs import write_signatures
from support.dexwriter import DexWriter
from support.zipwriter import Member, build_zip

import sdkfp
from sdkfp import App, Catalog, ContainerError, FeatureSet, LimitExceededError, Limits, SdkfpError
from sdkfp.container.window import Window
from sdkfp.dex import Dex

SIGNATURES = {
    "vendor-push": """
        clues: [{class: com.vendor.push.}, {service: com.vendor.push.PushService}, {library: 'libvendor*.so'}]
        version: [{constant: com.vendor.push.Conf.VERSION}]
        requires: [vendor-core]
    """,
    "vendor-core": "clues: [{class: com.vendor.core.}]",
    "mapbox": "clues: [{class: com.mapbox.maps.}, {permission: com.mapbox.MAPS, strength: hint}]",
    "x5": "clues: [{class: com.tencent.smtt.}, {library: libmttwebview.so}]",
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return Catalog.load(write_signatures(tmp_path_factory.mktemp("sigs"), SIGNATURES), builtin=False, cache=False)


LIBRARY = elfwriter.write(elfwriter.SharedObject(symbols=[elfwriter.Symbol("Java_com_vendor_push_Native_start")]))


def dex_with_push() -> bytes:
    return (
        DexWriter()
        .add_class("com.maker.app.Main", superclass="android.app.Activity")
        .add_class("com.vendor.push.Conf", static_strings={"VERSION": "3.2.1"})
        .add_class("com.vendor.push.PushService", superclass="android.app.Service")
        .add_class("com.vendor.core.a", superclass="java.lang.Object")
        .add_class("b.c", superclass="java.lang.Object")
        .build()
    )


def app_with_push(**more: bytes) -> bytes:
    return build_zip(
        {
            "AndroidManifest.xml": manifest(
                "com.maker.app", components=[E("service", {"android:name": "com.vendor.push.PushService"})]
            ),
            "classes.dex": dex_with_push(),
            "lib/arm64-v8a/libvendor321.so": LIBRARY,
            "lib/x86/libvendor321.so": LIBRARY,
            **more,
        }
    )


def test_a_whole_app(catalog: Catalog) -> None:
    report = sdkfp.scan(app_with_push(), catalog=catalog, name="app.apk")
    core, push = report.sdks
    assert (core.id, push.id) == ("vendor-core", "vendor-push")
    assert push.version is not None
    assert push.version.value == "3.2.1"
    assert {(e.grade.value, e.location) for e in push.evidence} == {
        ("defined", "app.apk!classes.dex"),
        ("native", "app.apk!lib/arm64-v8a/libvendor321.so"),
        ("native", "app.apk!lib/x86/libvendor321.so"),
        ("manifest", "app.apk!AndroidManifest.xml"),
    }
    assert report.app.package == "com.maker.app"
    assert report.app.abis == ("arm64-v8a", "x86")
    cover = report.unexplained
    assert (cover.total.classes, cover.sdks.classes, cover.own.classes, cover.nobody.classes) == (5, 3, 1, 1)
    assert cover.packages[0].name == "b"
    assert report.not_examined == ()


def test_the_same_input_gives_the_same_bytes_whatever_the_door(catalog: Catalog, tmp_path: Path) -> None:
    data = app_with_push()
    path = tmp_path / "app.apk"
    path.write_bytes(data)
    by_path = sdkfp.scan(path, catalog=catalog).to_json()
    assert sdkfp.scan(str(path), catalog=catalog).to_json() == by_path
    assert sdkfp.scan(data, catalog=catalog, name="app.apk").to_json() == by_path
    assert sdkfp.scan(io.BytesIO(data), catalog=catalog, name="app.apk").to_json() == by_path
    with path.open("rb") as file:
        assert sdkfp.scan(file, catalog=catalog).to_json() == by_path
    jsonschema.Draft202012Validator(sdkfp.json_schema()).validate(json.loads(by_path))


def test_features_are_enough_to_identify(catalog: Catalog) -> None:
    data = app_with_push()
    again = FeatureSet.parse(sdkfp.extract(data, name="app.apk").format())
    found = {sdk.signature.id: sdk for sdk in sdkfp.identify(again, catalog).sdks}
    direct = {sdk.id: sdk for sdk in sdkfp.scan(data, catalog=catalog).sdks}
    assert {sdk: len(found[sdk].evidence) for sdk in found} == {sdk: len(direct[sdk].evidence) for sdk in direct}


def test_no_sdk_is_reported_for_an_app_that_has_none(catalog: Catalog) -> None:
    """Mention-only, string-only and look-alike names: each of them makes a false alarm elsewhere."""
    dex = (
        DexWriter()
        .add_class(
            "com.maker.app.Main",
            static_strings={
                "TILES": "https://api.mapbox.com/v4/mapbox.satellite/{z}/{x}/{y}.png",
                "TRACKERS": "com.tencent.smtt.sdk.WebView,com.vendor.push.PushService",
                "SIZE": "x5",
            },
        )
        .add_class("com.mapboxes.maps.Slider")
        .add_class("org.x5.tencent.smtt.View")
        .mention("com.mapbox.maps.MapView", "com.vendor.push.PushService")
        .build()
    )
    data = build_zip(
        {"AndroidManifest.xml": manifest("com.maker.app"), "classes.dex": dex, "assets/com.mapbox.maps.txt": b"x"}
    )
    report = sdkfp.scan(data, catalog=catalog)
    assert report.sdks == ()
    assert [m.sdk for m in report.unexplained.mentioned] == ["mapbox", "vendor-push"]
    assert report.unexplained.nobody.classes == 2


def test_a_class_in_another_dex_is_defined_not_mentioned(catalog: Catalog) -> None:
    first = DexWriter().add_class("com.maker.app.Main").mention("com.mapbox.maps.MapView").build()
    second = DexWriter().add_class("com.mapbox.maps.MapView").build()
    report = sdkfp.scan(build_zip({"classes.dex": first, "classes2.dex": second}), catalog=catalog)
    assert [(sdk.id, len(sdk.evidence)) for sdk in report.sdks] == [("mapbox", 1)]


def test_a_bare_dex_a_directory_and_a_library_archive(catalog: Catalog, tmp_path: Path) -> None:
    assert [sdk.id for sdk in sdkfp.scan(dex_with_push(), catalog=catalog).sdks] == ["vendor-core", "vendor-push"]
    (tmp_path / "lib" / "x86").mkdir(parents=True)
    (tmp_path / "lib" / "x86" / "libvendor1.so").write_bytes(LIBRARY)
    (tmp_path / "classes.dex").write_bytes(dex_with_push())
    report = sdkfp.scan(tmp_path, catalog=catalog)
    assert [sdk.id for sdk in report.sdks] == ["vendor-core", "vendor-push"]
    assert report.app.kind == "directory"
    jar = build_zip({"com/mapbox/maps/MapView.class": b"", "META-INF/MANIFEST.MF": b""})
    aar = build_zip({"AndroidManifest.xml": b"<manifest package='com.mapbox'/>", "classes.jar": jar})
    for archive in (jar, aar):
        report = sdkfp.scan(archive, catalog=catalog)
        assert [(sdk.id, sdk.classes) for sdk in report.sdks] == [("mapbox", 1)]


def damaged(name: str) -> bytes:
    good = dex_with_push()
    wrong = {
        "magic": b"xex\n" + good[4:],
        "version": b"dex\n999\x00" + good[8:],
        "big-endian": good[:40] + b"\x12\x34\x56\x78" + good[44:],
        "header only": good[:80],
        "string table off the end": good[:60] + b"\xff\xff\xff\x7f" + good[64:],
        "empty": b"",
        "text": b"not a dex",
    }
    return wrong[name]


@pytest.mark.parametrize(
    "name", ["magic", "version", "big-endian", "header only", "string table off the end", "empty", "text"]
)
def test_a_damaged_dex_is_not_examined_and_the_rest_is_read(name: str, catalog: Catalog) -> None:
    second = DexWriter().add_class("com.mapbox.maps.MapView").build()
    data = build_zip(
        {"AndroidManifest.xml": manifest("com.maker.app"), "classes.dex": damaged(name), "classes2.dex": second}
    )
    report = sdkfp.scan(data, catalog=catalog, name="app.apk")
    assert [sdk.id for sdk in report.sdks] == ["mapbox"]
    assert {n.location for n in report.not_examined} == {"app.apk!classes.dex"}
    assert report.not_examined[0].code in ("dex-malformed", "dex-damaged")


def test_a_broken_manifest_is_not_examined(catalog: Catalog) -> None:
    report = sdkfp.scan(
        build_zip({"AndroidManifest.xml": b"\x03\x00junk", "classes.dex": dex_with_push()}), catalog=catalog
    )
    assert [sdk.id for sdk in report.sdks] == ["vendor-core", "vendor-push"]
    assert [n.code for n in report.not_examined] == ["manifest-malformed"]
    assert report.app.package is None


def test_an_unreadable_entry_is_named_once(catalog: Catalog) -> None:
    members = [
        Member("AndroidManifest.xml", manifest("com.maker.app")),
        Member("classes.dex", dex_with_push()),
        Member("classes2.dex", b"", payload=b"\xff\xff\xff garbage", central={"size": 5000}, local={"size": 5000}),
    ]
    report = sdkfp.scan(build_zip(members), catalog=catalog, name="a.apk")
    assert [n.location for n in report.not_examined] == ["a.apk!classes2.dex"]
    assert len(report.sdks) == 2


@pytest.mark.parametrize("data", [b"", b"PK", b"just text, no package at all", b"\0" * 5000])
def test_what_is_no_package_is_refused(data: bytes, catalog: Catalog) -> None:
    with pytest.raises(ContainerError):
        sdkfp.scan(data, catalog=catalog)


def test_a_hundred_thousand_entries_and_a_bomb(catalog: Catalog) -> None:
    many = build_zip({**{f"res/{n}": b"" for n in range(100_000)}, "classes.dex": dex_with_push()})
    assert len(sdkfp.scan(many, catalog=catalog).sdks) == 2
    with pytest.raises(LimitExceededError):
        sdkfp.scan(many, catalog=catalog, limits=Limits(max_entries=1000))
    bomb = build_zip({"classes.dex": dex_with_push(), "classes2.dex": bytes(50_000_000)})
    report = sdkfp.scan(bomb, catalog=catalog, limits=Limits(max_entry_bytes=1_000_000))
    assert [n.code for n in report.not_examined] == ["entry-too-large"]
    assert len(report.sdks) == 2


APP = app_with_push()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_to_an_app_gives_a_report_or_a_typed_error(catalog: Catalog, data: st.DataObject) -> None:
    raw = bytearray(APP)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw))) :]
    try:
        report = sdkfp.scan(bytes(raw), catalog=catalog)
    except SdkfpError:
        return
    report.to_json()


# ---- the command line


def run(*arguments: str, stdin: bytes | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", **environment}
    return subprocess.run(
        [sys.executable, "-m", "sdkfp", *arguments], input=stdin, capture_output=True, env=env, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli")
    write_signatures(path / "sigs", SIGNATURES)
    (path / "应用 app.apk").write_bytes(app_with_push())
    return path


def test_cli_scan_prints_a_table_and_json(folder: Path) -> None:
    arguments = ["scan", str(folder / "应用 app.apk"), "--signatures", str(folder / "sigs"), "--no-builtin"]
    table = run(*arguments)
    assert table.returncode == 0, table.stderr
    text = table.stdout.decode()
    assert "Vendor-Push" in text
    assert "3.2.1" in text
    assert "not explained 20%" in text
    assert "已识别" in run(*arguments, "--lang", "zh").stdout.decode()
    report = json.loads(run(*arguments, "--json").stdout)
    assert [sdk["id"] for sdk in report["sdks"]] == ["vendor-core", "vendor-push"]
    assert report["app"]["name"] == "应用 app.apk"


def test_cli_reads_standard_input(folder: Path) -> None:
    done = run("scan", "-", "--json", "--signatures", str(folder / "sigs"), "--no-builtin", stdin=app_with_push())
    assert [sdk["id"] for sdk in json.loads(done.stdout)["sdks"]] == ["vendor-core", "vendor-push"]


def test_cli_features_prints_the_notation(folder: Path) -> None:
    text = run("features", str(folder / "应用 app.apk")).stdout.decode()
    assert "class com.vendor.push.Conf @ 应用 app.apk!classes.dex\n" in text
    assert 'constant com.vendor.push.Conf.VERSION="3.2.1" @ 应用 app.apk!classes.dex\n' in text
    only = run("features", str(folder / "应用 app.apk"), "--kind", "service").stdout.decode()
    assert only == "service com.vendor.push.PushService @ 应用 app.apk!AndroidManifest.xml\n"
    assert (
        json.loads(run("features", str(folder / "应用 app.apk"), "--kind", "library", "--json").stdout)[0]["kind"]
        == "library"
    )
    assert run("features", str(folder / "应用 app.apk"), "--kind", "nonsense").returncode == 2


def test_cli_lookup(folder: Path) -> None:
    some = ["--signatures", str(folder / "sigs"), "--no-builtin"]
    found = run("lookup", "com.vendor.push.PushService", *some)
    assert found.returncode == 0
    assert found.stdout.decode().startswith("vendor-push")
    assert json.loads(run("lookup", "libvendor9.so", "--json", *some).stdout)[0]["id"] == "vendor-push"
    missing = run("lookup", "com.nobody.knows", *some)
    assert missing.returncode == 1
    assert b"nothing in the catalog meets" in missing.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["scan", "nowhere.apk"], 3, b"nowhere.apk"),
        (["scan"], 2, b"Missing argument"),
        (["nonsense"], 2, b"No such command"),
        (["scan", "x.apk", "--signatures", "nowhere"], 4, b"nowhere"),
    ],
)
def test_cli_errors_have_their_codes(arguments: list[str], code: int, message: bytes) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert b"Traceback" not in done.stderr


def test_cli_wrong_signatures_are_all_named(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "a.yaml").write_text("id: a\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("id: c\n", encoding="utf-8")
    done = run("scan", str(folder / "应用 app.apk"), "--signatures", str(tmp_path))
    assert done.returncode == 4
    assert b"a.yaml:1:1" in done.stderr
    assert b"b.yaml:1:5" in done.stderr


def test_import_loads_nothing_heavy() -> None:
    code = "import sdkfp, sys; print([m for m in ('numpy', 'lief', 'networkx', 'yara', 'yaml', 'rich', 'typer') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"[]"


def test_every_public_name_is_there() -> None:
    assert all(getattr(sdkfp, name) is not None for name in sdkfp.__all__)
    assert set(dir(sdkfp)) == set(sdkfp.__all__)


def test_code_hidden_under_other_names_is_found(catalog: Catalog) -> None:
    hidden = DexWriter().add_class("com.mapbox.maps.MapView").build()
    members = {
        "AndroidManifest.xml": manifest("com.maker.app"),
        "assets/data/i11.dat": hidden,
        "assets/plugin.jar": build_zip({"classes.dex": dex_with_push()}),
        "assets/core.bin": LIBRARY,
        "assets/other.bin": build_zip({"readme": b"x"}),
        "assets/note.txt": b"dex\nis not here" * 10,
        "res/drawable/a.png": hidden,
    }
    data = build_zip(
        [Member(name, content, method=0 if name.endswith("i11.dat") else 8) for name, content in members.items()]
    )
    with App.open(data, name="a.apk") as app:
        features = app.features()
        assert [(part.location, part.hidden) for part in app.dexes if part.hidden] == [
            ("a.apk!assets/data/i11.dat", True)
        ]
        assert "jni com.vendor.push.Native @ a.apk!assets/core.bin" in features.format()
        codes = {(note.location, note.code) for note in app.not_examined}
    assert codes == {("a.apk!assets/note.txt", "dex-malformed"), ("a.apk!assets/other.bin", "archive-unopened")}
    report = sdkfp.scan(data, catalog=catalog, name="a.apk")
    assert [sdk.id for sdk in report.sdks] == ["mapbox", "vendor-core", "vendor-push"]
    assert [(found.location, found.kind) for found in report.app.embedded] == [
        ("a.apk!assets/core.bin", "so"),
        ("a.apk!assets/data/i11.dat", "dex"),
        ("a.apk!assets/plugin.jar", "apk"),
    ]


def test_a_bundle_is_one_app_and_each_finding_says_in_which_split(catalog: Catalog) -> None:
    base = build_zip({"AndroidManifest.xml": manifest("com.maker.app"), "classes.dex": dex_with_push()})
    split = manifest("com.maker.app", attributes={"split": "config.arm64_v8a"})
    native = build_zip({"AndroidManifest.xml": split, "lib/arm64-v8a/libvendor9.so": LIBRARY})
    data = build_zip({"manifest.json": b"{}", "base.apk": base, "config.arm64_v8a.apk": native})
    report = sdkfp.scan(data, catalog=catalog, name="app.xapk")
    assert report.app.kind == "xapk"
    assert report.app.package == "com.maker.app"
    assert {e.location for sdk in report.sdks for e in sdk.evidence} == {
        "app.xapk!base.apk!classes.dex",
        "app.xapk!config.arm64_v8a.apk!lib/arm64-v8a/libvendor9.so",
    }
    assert report.not_examined == ()


def test_a_library_archive_is_not_its_own_app_and_shows_its_version(
    catalog: Catalog, real_app: Callable[[str], Path]
) -> None:
    """The package of an AAR's manifest is the SDK's own; constants are read from .class files too."""
    jar = build_zip({"com/mapbox/maps/MapView.class": b""})
    aar = build_zip({"AndroidManifest.xml": b"<manifest package='com.mapbox.maps'/>", "classes.jar": jar})
    assert [sdk.certainty.value for sdk in sdkfp.scan(aar, catalog=catalog).sdks] == ["identified"]
    report = sdkfp.scan(real_app("jcore-android-3.3.2.jar"))
    assert {sdk.id: sdk.version.value for sdk in report.sdks if sdk.version} == {"jcore": "3.3.2"}


def test_the_quick_look_says_that_it_is_one(catalog: Catalog) -> None:
    whole = sdkfp.scan(app_with_push(), catalog=catalog, name="a.apk")
    quick = sdkfp.scan(app_with_push(), catalog=catalog, name="a.apk", names_only=True)
    assert [(sdk.id, sdk.certainty, sdk.version, sdk.classes) for sdk in quick.sdks] == [
        (sdk.id, sdk.certainty, sdk.version, sdk.classes) for sdk in whole.sdks
    ]
    assert [note.code for note in quick.not_examined] == ["names-only"]
    kinds = {e.kind.value for sdk in whole.sdks for e in sdk.evidence} - {
        e.kind.value for sdk in quick.sdks for e in sdk.evidence
    }
    assert kinds == {"jni"}
    assert {edge.type for edge in quick.graph.edges} == {"embeds", "requires"}


def test_nothing_large_waits_for_the_collector() -> None:
    """A process that scans many apps holds the dex files of one: no circle of references keeps those of the last ones."""
    path = Path(__file__).parents[1] / "examples" / "hello.apk"
    gc.collect()
    gc.disable()
    try:
        assert sdkfp.scan(path).sdks
        left = [held for held in gc.get_objects() if isinstance(held, (App, Dex)) or _holds_bytes(held)]
    finally:
        gc.enable()
    assert not left


def _holds_bytes(held: object) -> bool:
    return isinstance(held, Window) and bool(held._raw)
