"""Manifests of bundles (protocol buffers) and of HarmonyOS modules (JSON), and where packages keep their manifests."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.axmlwriter import ANDROID, ATTRIBUTE_IDS, Attribute, E, Reference, Typed, manifest, write_axml
from support.zipwriter import build_zip

from sdkfp.container import open_container
from sdkfp.errors import ManifestError
from sdkfp.manifest import (
    Application,
    Component,
    ComponentKind,
    IntentFilter,
    Manifest,
    MetaData,
    Permission,
    Platform,
    Queries,
    UsesLibrary,
    read_manifest,
    read_manifests,
)

APP = E(
    "manifest",
    {"package": "com.example.app", "android:versionCode": 7, "android:versionName": "1.2"},
    E("uses-sdk", {"android:minSdkVersion": 21, "android:targetSdkVersion": 34}),
    E("uses-permission", {"android:name": "android.permission.CAMERA"}),
    E(
        "application",
        {"android:label": Reference(0x7F010000), "android:debuggable": True},
        E("service", {"android:name": ".S"}, E("intent-filter", {}, E("action", {"android:name": "a"}))),
        E("service", {"android:name": ".T", "android:foregroundServiceType": Typed(0x11, 8)}),
        E("meta-data", {"android:name": "k", "android:value": "v"}),
        E("meta-data", {"android:name": "n", "android:value": -5}),
        E("meta-data", {"android:name": "float", "android:value": Typed(0x04, 0x3FC00000)}),
        E("meta-data", {"android:name": "empty", "android:value": Typed(0x00, 1)}),
        E("meta-data", {"android:name": "theme", "android:value": Typed(0x02, 0x01010000)}),
    ),
)


def varint(number: int) -> bytes:
    out = bytearray()
    number &= (1 << 64) - 1
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def as_proto(element: E) -> bytes:
    """The ``XmlNode`` of an element, as aapt2 writes it."""
    body = field(1, field(1, "android") + field(2, ANDROID)) + field(3, element.name)
    for name, value in element.attributes.items():
        local = name.removeprefix("android:")
        attribute = (field(1, ANDROID) if local != name else b"") + field(2, local) + field(3, str(value))
        if local != name:
            attribute += field(5, ATTRIBUTE_IDS[local])
        body += field(4, attribute + item(value))
    body += b"".join(field(5, as_proto(child)) for child in element.children)
    return field(1, body) + field(3, field(1, 12))


def item(value: Attribute) -> bytes:
    """The ``compiled_item`` of an attribute, which text has none of."""
    if isinstance(value, bool):
        return field(6, field(7, field(8, int(value))))
    if isinstance(value, int):
        return field(6, field(7, field(6, value)))
    if isinstance(value, Reference):
        return field(6, field(1, field(2, value.number) + field(3, "string/x")))
    if not isinstance(value, Typed):
        return b""
    compiled = {
        0x00: field(7, field(2, b"")),
        0x02: field(1, field(1, 1) + field(2, value.data)),
        0x04: field(7, varint(3 << 3 | 5) + struct.pack("<I", value.data)),
        0x11: field(7, field(7, value.data)),
    }
    return field(6, compiled[value.type])


class TestProtocolBuffers:
    def test_same_as_binary(self) -> None:
        read = read_manifest(as_proto(APP))
        assert read == read_manifest(write_axml(APP))
        assert read.application == Application(label="@0x7f010000", debuggable=True)
        assert [each.value for each in read.meta_data] == ["v", "-5", "1.5", "", "?0x01010000"]

    def test_id_decides_over_name(self) -> None:
        attribute = field(1, ANDROID) + field(2, "decoy") + field(3, "a.B") + field(5, ATTRIBUTE_IDS["name"])
        decoy = field(1, "urn:other") + field(2, "package") + field(3, "decoy")
        service = field(1, field(3, "service") + field(4, attribute))
        application = field(1, field(3, "application") + field(5, service))
        root = field(1, field(3, "manifest") + field(4, decoy) + field(5, application))
        read = read_manifest(root)
        assert read.package == ""
        assert [component.name for component in read.components] == ["a.B"]

    def test_reference_by_name_only(self) -> None:
        attribute = (
            field(1, ANDROID)
            + field(2, "versionName")
            + field(3, "@string/v")
            + field(6, field(1, field(3, "string/v")))
        )
        assert read_manifest(field(1, field(3, "manifest") + field(4, attribute))).version_name == "@string/v"

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"\x0a", "number does not end"),
            (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "number does not end"),
            (b"\x0a\x7f" + bytes(20), "ends outside"),
            (field(1, b"\x0b"), "wire type 3"),
            (field(1, field(3, "resources")), "begins with <resources>"),
            (b"\x0a\x00" * 3, "begins with <>"),
        ],
    )
    def test_malformed(self, data: bytes, message: str) -> None:
        with pytest.raises(ManifestError, match=message):
            read_manifest(data)

    def test_deep_nesting_costs_no_stack_and_little_time(self) -> None:
        data = b""
        for _ in range(3000):
            data = field(1, field(3, "x") + (field(5, data) if data else b""))
        assert read_manifest(field(1, field(3, "manifest") + field(5, data))) == Manifest("")

    @given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6), st.integers(1, 2000))
    @settings(max_examples=300, deadline=None)
    def test_changed_bytes(self, changes: list[tuple[int, int]], cut: int) -> None:
        data = bytearray(as_proto(APP))
        for place, value in changes:
            data[1 + place % (len(data) - 1)] = value
        for each in (data, data[:cut]):
            with suppress(ManifestError):
                read_manifest(bytes(each)).features("x")

    @pytest.mark.network
    @pytest.mark.oracle
    @pytest.mark.parametrize("key", ["appium-settings-8.0.10", "selendroid-test-app"])
    def test_as_aapt2_converts(self, key: str, real_app: Callable[[str], Path], tmp_path: Path) -> None:
        if shutil.which("aapt2") is None:
            pytest.skip("aapt2 is not installed")
        path, converted = real_app(key), tmp_path / "proto.apk"
        subprocess.run(
            ["aapt2", "convert", "--output-format", "proto", "-o", converted, path], check=True, capture_output=True
        )
        with open_container(path) as binary, open_container(converted) as proto:
            data = proto.read("AndroidManifest.xml")
            assert data[:1] == b"\x0a"
            assert read_manifest(data) == read_manifest(binary.read("AndroidManifest.xml"))


MODULE = {
    "app": {
        "bundleName": "com.example.harmony",
        "debug": True,
        "versionCode": 1000003,
        "versionName": "1.0.3",
        "minAPIVersion": 50000012,
        "targetAPIVersion": 60000020,
        "label": "$string:app_name",
    },
    "module": {
        "name": "entry",
        "type": "entry",
        "requestPermissions": [{"name": "ohos.permission.INTERNET"}, {"name": "ohos.permission.APP_TRACKING_CONSENT"}],
        "querySchemes": ["https"],
        "metadata": [{"name": "client_id", "value": "123"}, {"name": "file", "resource": "$profile:x"}],
        "dependencies": [{"bundleName": "com.example.harmony", "moduleName": "library"}],
        "abilities": [
            {
                "name": "EntryAbility",
                "exported": True,
                "skills": [
                    {
                        "actions": ["action.system.home"],
                        "entities": ["entity.system.home"],
                        "uris": [{"scheme": "https", "host": "h"}],
                    }
                ],
            }
        ],
        "extensionAbilities": [
            {"name": "Push", "type": "remoteNotification", "metadata": [{"name": "m", "value": "1"}]}
        ],
    },
}
FA = {
    "app": {
        "bundleName": "com.example.fa",
        "version": {"code": 3, "name": "1.3"},
        "apiVersion": {"compatible": 5, "target": 6},
    },
    "deviceConfig": {},
    "module": {
        "package": "com.example.fa.entry",
        "name": ".MyApplication",
        "distro": {"moduleType": "entry", "moduleName": "entry"},
        "reqPermissions": [{"name": "ohos.permission.LOCATION"}],
        "abilities": [
            {"name": ".MainAbility", "type": "page", "visible": True},
            {"name": "com.vendor.Push", "type": "service", "permissions": ["p"]},
            {"name": ".Data", "type": "data", "uri": "dataability://x"},
        ],
        "metaData": {"customizeData": [{"name": "k", "value": "v"}]},
    },
}


class TestHarmony:
    def test_stage_model(self) -> None:
        assert read_manifest(json.dumps(MODULE).encode()) == Manifest(
            platform=Platform.HARMONYOS,
            package="com.example.harmony",
            version_code=1000003,
            version_name="1.0.3",
            min_sdk=50000012,
            target_sdk=60000020,
            permissions=(Permission("ohos.permission.INTERNET"), Permission("ohos.permission.APP_TRACKING_CONSENT")),
            application=Application(label="$string:app_name", debuggable=True),
            components=(
                Component(
                    ComponentKind.ACTIVITY,
                    "EntryAbility",
                    exported=True,
                    filters=(IntentFilter(("action.system.home",), ("entity.system.home",), ("https",), ("h",)),),
                ),
                Component(ComponentKind.SERVICE, "Push", meta_data=(MetaData("m", "1"),)),
            ),
            meta_data=(MetaData("client_id", "123"), MetaData("file", "$profile:x")),
            queries=Queries(intents=(IntentFilter(schemes=("https",)),)),
            uses_libraries=(UsesLibrary("library"),),
        )

    def test_fa_model(self) -> None:
        assert read_manifest(json.dumps(FA).encode("utf-8-sig")) == Manifest(
            platform=Platform.HARMONYOS,
            package="com.example.fa",
            version_code=3,
            version_name="1.3",
            min_sdk=5,
            target_sdk=6,
            permissions=(Permission("ohos.permission.LOCATION"),),
            application=Application(name="com.example.fa.entry.MyApplication"),
            components=(
                Component(ComponentKind.ACTIVITY, "com.example.fa.entry.MainAbility", exported=True),
                Component(ComponentKind.SERVICE, "com.vendor.Push", permission="p"),
                Component(ComponentKind.PROVIDER, "com.example.fa.entry.Data", authorities=("dataability://x",)),
            ),
            meta_data=(MetaData("k", "v"),),
        )

    def test_features(self) -> None:
        columns = read_manifest(json.dumps(MODULE).encode()).features("x.hap!module.json")
        assert [(column.kind.value, list(column.names)) for column in columns] == [
            ("activity", ["EntryAbility"]),
            ("service", ["Push"]),
            ("permission", ["ohos.permission.INTERNET", "ohos.permission.APP_TRACKING_CONSENT"]),
            ("metadata", ["client_id", "file", "m"]),
            ("action", ["action.system.home"]),
        ]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"{", "is not JSON"),
            (b"{} {}", "is not JSON"),
            (b'{"app": {}}', "describes no module"),
            (b'{"a":' * 100_000, "is not JSON"),
            (b"{\xff}", "is not JSON"),
        ],
    )
    def test_malformed(self, data: bytes, message: str) -> None:
        with pytest.raises(ManifestError, match=message):
            read_manifest(data)

    _json = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "value", "uris"]), inner, max_size=3)
        ),
        max_leaves=6,
    )

    @given(st.data())
    @settings(max_examples=200, deadline=None)
    def test_values_of_wrong_types(self, data: st.DataObject) -> None:
        sound = data.draw(st.sampled_from([MODULE, FA]))
        content = json.loads(json.dumps(sound))
        part = content[data.draw(st.sampled_from(["app", "module"]))]
        for _ in range(3):
            part[data.draw(st.sampled_from(sorted(part)))] = data.draw(self._json)
        read = read_manifest(json.dumps(content).encode())
        for column in read.features("x"):
            "".join(column.names).encode()


class TestWhereTheyAre:
    def test_base_comes_first(self) -> None:
        split = write_axml(E("manifest", {"package": "com.example.app", "split": "config.x"}))
        contents = {
            "manifest.json": b"{}",
            "config.x.apk": build_zip({"AndroidManifest.xml": split}),
            "base.apk": build_zip(
                {"AndroidManifest.xml": manifest(), "assets/inner.apk": build_zip({"classes.dex": b""})}
            ),
            "broken.apk": build_zip({"AndroidManifest.xml": b"nonsense"}),
        }
        with open_container(build_zip(contents), name="x.xapk") as container:
            files, failed = read_manifests(container)
        assert [(file.location, file.manifest.split) for file in files] == [
            ("x.xapk!base.apk!AndroidManifest.xml", None),
            ("x.xapk!config.x.apk!AndroidManifest.xml", "config.x"),
        ]
        assert [(note.location, note.code) for note in failed] == [
            ("x.xapk!broken.apk!AndroidManifest.xml", "manifest-malformed")
        ]

    def test_app_bundle(self) -> None:
        feature = E("manifest", {"package": "com.example.app", "split": "feature"})
        contents = {
            "BundleConfig.pb": b"",
            "feature/manifest/AndroidManifest.xml": as_proto(feature),
            "base/manifest/AndroidManifest.xml": as_proto(APP),
            "base/assets/manifest/AndroidManifest.xml": b"an asset",
        }
        with open_container(build_zip(contents), name="x.aab") as container:
            files, failed = read_manifests(container)
        assert [file.location for file in files] == [
            "x.aab!base/manifest/AndroidManifest.xml",
            "x.aab!feature/manifest/AndroidManifest.xml",
        ]
        assert not failed

    @pytest.mark.parametrize(
        ("contents", "location"),
        [
            (
                {"AndroidManifest.xml": b"<manifest package='a'/>", "classes.jar": b"", "R.txt": b""},
                "AndroidManifest.xml",
            ),
            ({"module.json": json.dumps(MODULE).encode(), "pack.info": b""}, "module.json"),
            ({"config.json": json.dumps(FA).encode(), "resources.index": b""}, "config.json"),
            ({"config.json": b"of something else"}, None),
            ({"a.class": b"", "module.json": b"of something else"}, None),
        ],
    )
    def test_one_place(self, contents: dict[str, bytes], location: str | None) -> None:
        with open_container(build_zip(contents), name="x") as container:
            files, failed = read_manifests(container)
        assert [file.location for file in files] == ([f"x!{location}"] if location else [])
        assert not failed

    def test_unreadable_entry(self) -> None:
        data = build_zip({"AndroidManifest.xml": b"x" * 500}).replace(b"PK\x03\x04", b"PK\x03\x05")
        with open_container(data, name="x.apk") as container:
            files, failed = read_manifests(container)
        assert not files
        assert [note.code for note in failed] == ["manifest-unreadable"]

    def test_directory(self, tmp_path: Path) -> None:
        (tmp_path / "AndroidManifest.xml").write_bytes(manifest())
        with open_container(tmp_path) as container:
            ((file,), failed) = read_manifests(container)
        assert file.manifest.package == "com.example.app"
        assert not failed

    @pytest.mark.network
    def test_real_har(self, real_app: Callable[[str], Path]) -> None:
        with open_container(real_app("react_native_openharmony_release.har")) as container:
            ((file,), _) = read_manifests(container)
        assert (file.manifest.package, file.manifest.split) == ("com.rnoh.tester", "react_native_openharmony")
        assert [each.name for each in file.manifest.permissions] == [
            "ohos.permission.INTERNET",
            "ohos.permission.VIBRATE",
        ]
