"""What a manifest says, from binary and from plain XML."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar
from xml.sax.saxutils import quoteattr

import pytest
from apkInspector.axml import ManifestStruct
from support.axmlwriter import ANDROID, Attribute, E, Reference, Typed, manifest, write_arsc, write_axml
from support.zipwriter import build_zip

from sdkfp.errors import ManifestError
from sdkfp.features import Column, FeatureSet
from sdkfp.manifest import (
    Application,
    Component,
    ComponentKind,
    DeclaredPermission,
    IntentFilter,
    Manifest,
    MetaData,
    Permission,
    Queries,
    UsesFeature,
    UsesLibrary,
    read_manifest,
)

EVERYTHING = E(
    "manifest",
    {
        "package": "com.example.app",
        "split": "config.arm64_v8a",
        "platformBuildVersionCode": 33,
        "android:versionCode": 7,
        "android:versionCodeMajor": 1,
        "android:versionName": "1.2.3-β",
        "android:sharedUserId": "com.example.shared",
        "android:compileSdkVersion": 35,
    },
    E("uses-sdk", {"android:minSdkVersion": 21, "android:targetSdkVersion": 34}),
    E("uses-permission", {"android:name": "android.permission.CAMERA", "android:maxSdkVersion": 28}),
    E("uses-permission-sdk-23", {"android:name": "android.permission.READ_SMS"}),
    E(
        "uses-permission",
        {"android:name": "android.permission.BLUETOOTH_SCAN", "android:usesPermissionFlags": Typed(0x11, 0x10000)},
    ),
    E(
        "permission",
        {"android:name": "com.example.P", "android:protectionLevel": Typed(0x11, 2), "android:permissionGroup": "g"},
    ),
    E("uses-feature", {"android:name": "android.hardware.camera", "android:required": False}),
    E("uses-feature", {"android:glEsVersion": Typed(0x11, 0x00030001)}),
    E(
        "queries",
        {},
        E("package", {"android:name": "com.other"}),
        E("intent", {}, E("action", {"android:name": "a.SEND"}), E("data", {"android:mimeType": "image/*"})),
        E("provider", {"android:authorities": "com.a;com.b"}),
    ),
    E(
        "application",
        {
            "android:name": ".App",
            "android:label": "Example",
            "android:process": ":main",
            "android:appComponentFactory": "androidx.core.app.CoreComponentFactory",
            "android:debuggable": True,
            "android:allowBackup": False,
            "android:usesCleartextTraffic": True,
        },
        E(
            "activity",
            {"android:name": "Main", "android:theme": Reference(0x7F030000)},
            E(
                "intent-filter",
                {},
                E("action", {"android:name": "android.intent.action.MAIN"}),
                E("category", {"android:name": "android.intent.category.LAUNCHER"}),
                E("data", {"android:scheme": "https", "android:host": "example.com"}),
                E("data", {"android:scheme": "https", "android:host": "example.org"}),
            ),
            E("meta-data", {"android:name": "inner", "android:value": True}),
        ),
        E("activity-alias", {"android:name": ".Alias", "android:targetActivity": ".Main", "android:enabled": False}),
        E(
            "service",
            {"android:name": "org.vendor.Push", "android:process": ":push", "android:permission": "com.example.P"},
        ),
        E(
            "service",
            {"android:name": ".Located", "android:foregroundServiceType": Typed(0x11, 8), "android:exported": True},
        ),
        E("receiver", {"android:name": ".R"}, E("intent-filter", {}, E("action", {"android:name": "a.BOOT"}))),
        E("provider", {"android:name": ".P", "android:authorities": "one;two", "android:readPermission": "r"}),
        E("meta-data", {"android:name": "KEY", "android:value": "VALUE"}),
        E("meta-data", {"android:name": "NUMBER", "android:value": -23}),
        E("meta-data", {"android:name": "FILE", "android:resource": Reference(0x7F010000)}),
        E("uses-library", {"android:name": "org.apache.http.legacy", "android:required": False}),
        E("uses-native-library", {"android:name": "libOpenCL.so"}),
    ),
)

EXPECTED = Manifest(
    package="com.example.app",
    version_code=(1 << 32) + 7,
    version_name="1.2.3-β",
    min_sdk=21,
    target_sdk=34,
    compile_sdk=35,
    shared_user_id="com.example.shared",
    split="config.arm64_v8a",
    permissions=(
        Permission("android.permission.CAMERA", max_sdk_version=28),
        Permission("android.permission.READ_SMS", sdk_23=True),
        Permission("android.permission.BLUETOOTH_SCAN", never_for_location=True),
    ),
    declared_permissions=(DeclaredPermission("com.example.P", 2, "g"),),
    application=Application(
        name="com.example.app.App",
        label="Example",
        process="com.example.app:main",
        component_factory="androidx.core.app.CoreComponentFactory",
        debuggable=True,
        allow_backup=False,
        uses_cleartext_traffic=True,
    ),
    components=(
        Component(
            ComponentKind.ACTIVITY,
            "com.example.app.Main",
            exported=True,
            filters=(
                IntentFilter(
                    actions=("android.intent.action.MAIN",),
                    categories=("android.intent.category.LAUNCHER",),
                    schemes=("https",),
                    hosts=("example.com", "example.org"),
                ),
            ),
            meta_data=(MetaData("inner", "true"),),
        ),
        Component(ComponentKind.ACTIVITY, "com.example.app.Alias", target="com.example.app.Main", enabled=False),
        Component(ComponentKind.SERVICE, "org.vendor.Push", process="com.example.app:push", permission="com.example.P"),
        Component(ComponentKind.SERVICE, "com.example.app.Located", exported=True, foreground_service_type=8),
        Component(
            ComponentKind.RECEIVER, "com.example.app.R", exported=True, filters=(IntentFilter(actions=("a.BOOT",)),)
        ),
        Component(ComponentKind.PROVIDER, "com.example.app.P", permission="r", authorities=("one", "two")),
    ),
    meta_data=(MetaData("KEY", "VALUE"), MetaData("NUMBER", "-23"), MetaData("FILE", "@0x7f010000")),
    queries=Queries(("com.other",), (IntentFilter(actions=("a.SEND",), mime_types=("image/*",)),), ("com.a", "com.b")),
    uses_libraries=(UsesLibrary("org.apache.http.legacy", required=False),),
    uses_native_libraries=(UsesLibrary("libOpenCL.so"),),
    uses_features=(UsesFeature("android.hardware.camera", required=False), UsesFeature(None, gl_es_version=0x00030001)),
)


def as_text(element: E, depth: int = 0) -> str:
    """The element as plain XML, as a developer writes it."""
    words = {"android:protectionLevel": "0x2", "android:usesPermissionFlags": "0x10000"}

    def value(name: str, given: object) -> str:
        if isinstance(given, bool):
            return str(given).lower()
        if isinstance(given, Reference):
            return f"@0x{given.number:08x}"
        return words.get(name, hex(given.data)) if isinstance(given, Typed) else str(given)

    attributes = "".join(f" {name}={quoteattr(value(name, given))}" for name, given in element.attributes.items())
    if depth == 0:
        attributes += f' xmlns:android="{ANDROID}" xmlns:tools="http://schemas.android.com/tools" tools:ignore="x"'
    return f"<{element.name}{attributes}>{''.join(as_text(child, depth + 1) for child in element.children)}</{element.name}>"


@pytest.mark.parametrize("utf8", [False, True])
def test_everything_from_binary_xml(*, utf8: bool) -> None:
    assert read_manifest(write_axml(EVERYTHING, utf8=utf8)) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("head", ["", '<?xml version="1.0"?>\n<!-- comment -->'])
def test_everything_from_plain_xml(encoding: str, head: str) -> None:
    assert read_manifest((head + as_text(EVERYTHING)).encode(encoding)) == EXPECTED


def test_features() -> None:
    features = FeatureSet(EXPECTED.features("a.apk!AndroidManifest.xml"))
    assert features.format().replace(" @ a.apk!AndroidManifest.xml", "").splitlines() == [
        "activity com.example.app.Main",
        "activity com.example.app.Alias",
        "service org.vendor.Push",
        "service com.example.app.Located",
        "receiver com.example.app.R",
        "provider com.example.app.P",
        "permission android.permission.CAMERA",
        "permission android.permission.READ_SMS",
        "permission android.permission.BLUETOOTH_SCAN",
        "metadata KEY=VALUE",
        "metadata NUMBER=-23",
        "metadata FILE=@0x7f010000",
        "metadata inner=true",
        "action android.intent.action.MAIN",
        "action a.BOOT",
    ]
    assert all(
        isinstance(column, Column) and column.location == "a.apk!AndroidManifest.xml" for column in features.columns
    )


def test_features_are_given_once() -> None:
    same = [E("service", {"android:name": ".S"}, E("intent-filter", {}, E("action", {"android:name": "a"})))] * 3
    read = read_manifest(manifest(permissions=["p", "p"], components=same))
    assert [list(column.names) for column in read.features("")] == [["com.example.app.S"], ["p"], ["a"]]
    assert len(read.components) == 3


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (".A", "com.example.app.A"),
        ("A", "com.example.app.A"),
        ("a.B", "a.B"),
        (".x.A$B", "com.example.app.x.A$B"),
        ("", ""),
        ("类", "com.example.app.类"),
    ],
)
def test_names_of_classes(written: str, name: str) -> None:
    read = read_manifest(manifest(components=[E("service", {"android:name": written})]))
    assert [component.name for component in read.components] == [name]


@pytest.mark.parametrize(
    ("element", "target_sdk", "exported"),
    [
        (E("service", {}), 34, False),
        (E("service", {}, E("intent-filter")), 34, True),
        (E("service", {"android:exported": False}, E("intent-filter")), 34, False),
        (E("provider", {}), 17, False),
        (E("provider", {}), 16, True),
        (E("provider", {}), None, True),
    ],
)
def test_exported_by_default(element: E, target_sdk: int | None, *, exported: bool) -> None:
    read = read_manifest(manifest(components=[element], target_sdk=target_sdk))
    assert [component.exported for component in read.components] == [exported]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        ("", ""),
        ("x" * 40_000, "x" * 40_000),
        ("\U0001f600 & <é>", "\U0001f600 & <é>"),
        (True, "true"),
        (False, "false"),
        (-1, "-1"),
        (Typed(0x11, 0xFF, "255"), "0xff"),
        (Typed(0x04, 0x3FC00000), "1.5"),
        (Typed(0x1C, 0xFF336699), "#ff336699"),
        (Typed(0x02, 0x01010001), "?0x01010001"),
        (Typed(0x05, 0x1001, "16dp"), "16dp"),
        (Typed(0x05, 0x1001), "0x1001"),
        (Typed(0x00, 0), None),
        (Typed(0x00, 1), ""),
        (Reference(0), None),
        (Reference(0x7F010000), "@0x7f010000"),
    ],
)
def test_values(value: Attribute, text: str | None) -> None:
    read = read_manifest(manifest(meta_data={"k": value}))
    assert read.meta_data == (MetaData("k", text),)


class TestReferences:
    VALUES: ClassVar[dict[int, Attribute]] = {
        0x7F010000: "Label",
        0x7F010001: "1.2.3",
        0x7F010005: Reference(0x7F010000),
        0x7F020000: True,
        0x7F020009: 42,
        0x7F030000: Reference(0x7F030000),
    }

    @pytest.mark.parametrize("form", ["plain", "sparse", "short", "compact"])
    def test_are_looked_up(self, form: str) -> None:
        data = manifest(
            attributes={"android:versionName": Reference(0x7F010001), "android:versionCode": Reference(0x7F020009)},
            application={"android:label": Reference(0x7F010005)},
            components=[E("service", {"android:name": ".S", "android:exported": Reference(0x7F020000)})],
            meta_data={"n": Reference(0x7F020009), "absent": Reference(0x7F01FFFF), "circle": Reference(0x7F030000)},
        )
        table = write_arsc(self.VALUES, others={0x7F010000: "标签", 0x7F010001: "no"}, form=form)
        read = read_manifest(data, resources=lambda: table)
        assert (read.version_name, read.version_code) == ("1.2.3", 42)
        assert read.application is not None
        assert read.application.label == "Label"
        assert read.components[0].exported
        assert [each.value for each in read.meta_data] == ["42", "@0x7f01ffff", "@0x7f030000"]

    def test_other_configuration_if_there_is_no_default(self) -> None:
        table = write_arsc({}, others={0x7F010000: "标签"})
        read = read_manifest(manifest(application={"android:label": Reference(0x7F010000)}), resources=lambda: table)
        assert read.application == Application(label="标签")

    def test_table_is_asked_for_once_and_only_if_needed(self) -> None:
        asked = []

        def resources() -> bytes | None:
            asked.append(1)
            return None

        read_manifest(manifest(meta_data={"a": "b"}), resources=resources)
        assert not asked
        read = read_manifest(manifest(meta_data={"a": Reference(0x7F010000), "b": Reference(1)}), resources=resources)
        assert [each.value for each in read.meta_data] == ["@0x7f010000", "@0x00000001"]
        assert len(asked) == 1


class TestTampering:
    """What Android reads in spite of it is read here."""

    PLAIN = manifest(permissions=["p"], components=[E("service", {"android:name": ".S", "android:exported": True})])

    def services(self, data: bytes) -> list[tuple[str, bool]]:
        read = read_manifest(data)
        assert [permission.name for permission in read.permissions] == ["p"]
        return [(component.name, component.exported) for component in read.components]

    ROOT = E(
        "manifest",
        {"package": "com.example.app"},
        E("uses-permission", {"android:name": "p"}),
        E("application", {}, E("service", {"android:name": ".S", "android:exported": True})),
    )

    @pytest.mark.parametrize(
        "knobs",
        [
            {"file_type": 0x0000},
            {"file_type": 0xABCD},
            {"blank_names": True},
            {"before_elements": b"\x34\x12\x08\x00\x10\x00\x00\x00" + bytes(8)},
            {"before_elements": b"\x04\x01\x10\x00\x1c\x00\x00\x00" + bytes(20)},
            {"strings_declared": 500},
            {"pool_junk": bytes(64)},
            {"resource_map": False},
        ],
    )
    @pytest.mark.parametrize("utf8", [False, True])
    def test_read_all_the_same(self, knobs: dict[str, object], *, utf8: bool) -> None:
        data = write_axml(self.ROOT, utf8=utf8, **knobs)  # type: ignore[arg-type]
        assert self.services(data) == [("com.example.app.S", True)]
        assert read_manifest(data).problems == ()

    def test_name_without_id_is_not_the_frameworks(self) -> None:
        fake = E("service", {"name": ".Decoy", "android:name": ".S", "exported": False, "android:exported": True})
        read = read_manifest(manifest(components=[fake]))
        assert [(component.name, component.exported) for component in read.components] == [("com.example.app.S", True)]

    def test_longer_than_declared(self) -> None:
        assert self.services(write_axml(self.ROOT) + bytes(1000)) == [("com.example.app.S", True)]

    def test_shorter_than_declared(self) -> None:
        data = write_axml(self.ROOT, declared_size=1 << 30)
        assert self.services(data) == [("com.example.app.S", True)]
        assert read_manifest(data).problems == (f"it declares {1 << 30} bytes and has {len(data)}",)

    def test_cut_off_in_the_middle(self) -> None:
        data = write_axml(self.ROOT)
        read = read_manifest(data[: data.index(b"\x03\x01\x10\x00") + 8])
        assert [permission.name for permission in read.permissions] == ["p"]
        assert len(read.problems) == 3
        assert read.problems[-1] == "it ends inside <uses-permission>"

    def test_second_application_is_passed_over(self) -> None:
        more = [E("application", {"android:name": "a.First"}, E("service", {"android:name": "a.S"}))]
        read = read_manifest(manifest(more=more, application={"android:name": "a.Second"}))
        assert read.application == Application("a.First")
        assert [component.name for component in read.components] == ["a.S"]

    def test_second_root_is_a_problem(self) -> None:
        first, second = write_axml(self.ROOT), write_axml(E("second", {}))
        nodes = second[second.index(b"\x02\x01\x10\x00") :]
        read = read_manifest(first[:4] + (len(first) + len(nodes)).to_bytes(4, "little") + first[8:] + nodes)
        assert len(read.problems) == 1
        assert "beside the root" in read.problems[0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "has only 0 bytes"),
        (b"\x03\x00\x08", "has only 3 bytes"),
        (b"\x03\x00\x08\x00\x08\x00\x00\x00", "has no element"),
        (bytes(1000), "has no element"),
        (b"\xff" * 1000, "has no element"),
        (write_axml(E("resources", {})), "begins with <resources>"),
        (b"<resources/>", "begins with <resources>"),
        (b"<manifest", "not well-formed"),
        (b"<manifest package='a'></x>", "not well-formed"),
        (b"<?xml version='1.0' encoding='no-such'?><manifest/>", "encoding"),
        (b"<!DOCTYPE manifest [<!ENTITY a 'b'>]><manifest package='&a;'/>", "DOCTYPE"),
        (b"<!DOCTYPE manifest SYSTEM 'file:///etc/passwd'><manifest/>", "DOCTYPE"),
        (b"<" + bytes(8 << 20), "more than 8388608 are not read"),
        (b"<manifest>" + b"<a/>" * 200_000, "more than 200000 elements"),
    ],
)
def test_no_manifest(data: bytes, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_manifest(data)


def test_smallest() -> None:
    assert read_manifest(b"<manifest/>") == Manifest("")
    assert read_manifest(write_axml(E("manifest", {}))) == Manifest("")


def test_deep_nesting_costs_no_stack() -> None:
    depth = 100_000
    data = b"<manifest package='a'>" + b"<x>" * depth + b"</x>" * depth + b"</manifest>"
    assert read_manifest(data).package == "a"


class TestWriter:
    """The writer that all tests use, held against the readers of other people."""

    @pytest.mark.oracle
    @pytest.mark.parametrize("utf8", [False, True])
    def test_aapt2_reads_it(self, tmp_path: Path, *, utf8: bool) -> None:
        if shutil.which("aapt2") is None:
            pytest.skip("aapt2 is not installed")
        path = tmp_path / "t.apk"
        path.write_bytes(build_zip({"AndroidManifest.xml": write_axml(EVERYTHING, utf8=utf8)}))
        command = ["aapt2", "dump", "xmltree", "--file", "AndroidManifest.xml", str(path)]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        seen = [re.sub(r" \(line=\d+\)| \(Raw: .*\)$|^N: .*", "", line.strip()) for line in lines]
        assert [line for line in seen if line.startswith("E:")] == [f"E: {each.name}" for each in _flat(EVERYTHING)]
        assert f'A: {ANDROID}:name(0x01010003)="org.vendor.Push"' in seen
        assert f"A: {ANDROID}:value(0x01010024)=-23" in seen
        assert f"A: {ANDROID}:resource(0x01010025)=@0x7f010000" in seen

    @pytest.mark.oracle
    @pytest.mark.parametrize("form", ["plain", "sparse"])
    def test_aapt2_finds_resources(self, tmp_path: Path, form: str) -> None:
        if shutil.which("aapt2") is None:
            pytest.skip("aapt2 is not installed")
        data = manifest(attributes={"android:versionName": Reference(0x7F020003), "android:versionCode": 1})
        table = write_arsc({0x7F010000: "x", 0x7F020003: "1.2.3"}, form=form)
        path = tmp_path / "t.apk"
        path.write_bytes(build_zip({"AndroidManifest.xml": data, "resources.arsc": table}))
        seen = subprocess.run(
            ["aapt2", "dump", "badging", str(path)], check=True, capture_output=True, text=True
        ).stdout
        assert "package: name='com.example.app' versionCode='1' versionName='1.2.3'" in seen

    def test_apkinspector_reads_it(self) -> None:
        parsed = ManifestStruct.parse(io.BytesIO(write_axml(EVERYTHING)))
        assert parsed.string_pool.string_list[:2] == ["theme", "label"]
        assert "com.example.app" in parsed.string_pool.string_list
        assert parsed.resource_map.resids[:2] == [0x01010000, 0x01010001]


def _flat(element: E) -> list[E]:
    return [element, *(each for child in element.children for each in _flat(child))]
