"""Every kind of read, and what must not be taken for one, in written apps through the front door."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import elfwriter
from support.axmlwriter import E
from support.catalogs import catalog_of
from support.dexwriter import (
    ConstClass,
    ConstString,
    DexWriter,
    FieldAccess,
    Instruction,
    Invoke,
    Method,
    NewInstance,
    Raw,
)
from support.readapp import (
    SDK,
    STRING,
    call,
    class_with,
    dex_of,
    from_parameter,
    goto_over,
    if_eqz,
    package,
    parse_uri,
    query,
    result,
    setting,
)

import sdkfp
from sdkfp import App, Catalog, SdkfpError, identify
from sdkfp.behaviour import Finding, Grade, Owners, observe
from sdkfp.vocabulary import Weight

DEVICE_ID = f"Landroid/telephony/TelephonyManager;->getDeviceId(){STRING}"
APPS = "Landroid/content/pm/PackageManager;->getInstalledPackages(I)Ljava/util/List;"
FIND_METHOD = f"Ljava/lang/Class;->getMethod({STRING}[Ljava/lang/Class;)Ljava/lang/reflect/Method;"
FOR_NAME = f"Ljava/lang/Class;->forName({STRING})Ljava/lang/Class;"
CONTACTS = ("android.provider.ContactsContract$Contacts", "CONTENT_URI", "Landroid/net/Uri;")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(
        tmp_path_factory.mktemp("sigs"),
        {
            "vendor": "clues: [{class: com.vendor.sdk.}, {library: libvendor.so}]",
            "other": "clues: [{class: com.vendor.other.}]",
        },
    )


def observed(catalog: Catalog, data: bytes, most_sites: int = 20) -> tuple[Finding, ...]:
    with App.open(data, name="app.apk") as app:
        features = app.features()
        owners = Owners.of(features, identify(features, catalog))
        return observe(app, owners, catalog.surfaces, most_sites=most_sites).findings


def grades(found: tuple[Finding, ...], *, support: bool = False) -> list[tuple[str, str, int]]:
    """(type, grade, count), without what only supports unless that is wanted."""
    wanted = [f for f in found if support or f.read.weight is Weight.READ]
    return sorted((f.read.type, f.grade.value, f.count) for f in wanted)


def in_method(catalog: Catalog, *code: Instruction) -> list[tuple[str, str, int]]:
    return grades(observed(catalog, package(class_with(code))))


def test_a_call_is_a_read_at_its_site(catalog: Catalog) -> None:
    (found,) = observed(catalog, package(class_with([ConstString(0, "x"), call(DEVICE_ID, 0), call(DEVICE_ID, 0)])))
    assert (found.owner, found.read.type, found.grade, found.count) == ("vendor", "imei", Grade.CALL, 2)
    assert str(found.read) == "method Landroid/telephony/TelephonyManager;->getDeviceId"
    first, second = found.sites
    assert (first.location, first.class_name, first.method, first.offset) == ("app.apk!classes.dex", SDK, "m()V", 2)
    assert second.offset == 5
    assert not found.truncated


def test_every_overload_counts(catalog: Catalog) -> None:
    other = call(f"Landroid/telephony/TelephonyManager;->getDeviceId(I){STRING}", 0, 1)
    assert in_method(catalog, call(DEVICE_ID, 0), other) == [("imei", "call", 2)]


@pytest.mark.parametrize(
    "reference",
    [
        f"Lcom/maker/Telephony;->getDeviceId(){STRING}",  # the same name in another class
        f"Landroid/telephony/TelephonyManager;->getDeviceIdentity(){STRING}",  # another name in the same class
        f"Landroid/telephony/TelephonyManager$Inner;->getDeviceId(){STRING}",
    ],
)
def test_another_class_or_name_is_no_read(catalog: Catalog, reference: str) -> None:
    assert in_method(catalog, call(reference, 0)) == []


def test_fields_are_read_not_written(catalog: Catalog) -> None:
    serial = ("android.os.Build", "SERIAL", STRING)
    assert in_method(catalog, FieldAccess("sget-object", 0, *serial)) == [("serial", "call", 1)]
    assert in_method(catalog, FieldAccess("sput-object", 0, *serial)) == []


# ---- constants that reach a call


def test_the_constant_decides_what_a_setting_gives(catalog: Catalog) -> None:
    assert in_method(catalog, ConstString(1, "android_id"), setting(1)) == [("android_id", "call", 1)]
    assert in_method(catalog, ConstString(1, "android_id", jumbo=True), setting(1)) == [("android_id", "call", 1)]
    assert in_method(catalog, ConstString(1, "adb_enabled"), setting(1)) == []


def test_a_constant_beside_the_call_is_only_a_string_where_another_one_reaches_it(catalog: Catalog) -> None:
    code: list[Instruction] = [ConstString(2, "android_id"), ConstString(1, "adb_enabled"), setting(1)]
    assert in_method(catalog, *code) == [("android_id", "string", 1)]


def test_a_constant_in_another_method_is_only_a_string(catalog: Catalog) -> None:
    methods = [
        Method("a", code=[ConstString(0, "android_id")]),
        Method("b", code=[ConstString(1, "adb_enabled"), setting(1)]),
    ]
    assert grades(observed(catalog, package(dex_of([(SDK, methods)])))) == [("android_id", "string", 1)]


def test_moves_and_casts_hand_a_value_on(catalog: Catalog) -> None:
    move, cast = Raw((0x07 | 1 << 8 | 3 << 12,), 4), Raw((0x1F | 1 << 8, 0), 2)
    assert in_method(catalog, ConstString(3, "android_id"), move, cast, setting(1)) == [("android_id", "call", 1)]
    far = Raw((0x08 | 1 << 8, 3), 4)
    assert in_method(catalog, ConstString(3, "android_id"), far, setting(1)) == [("android_id", "call", 1)]


def test_a_value_that_is_overwritten_does_not_reach(catalog: Catalog) -> None:
    code: list[Instruction] = [ConstString(1, "android_id"), ConstString(1, "adb_enabled"), setting(1)]
    assert in_method(catalog, *code) == [("android_id", "string", 1)]


def test_after_a_jump_the_only_definition_counts(catalog: Catalog) -> None:
    code: list[Instruction] = [ConstString(1, "android_id"), if_eqz(2, 3), goto_over(1), setting(1)]
    assert in_method(catalog, *code) == [("android_id", "call", 1)]


def test_after_a_jump_two_definitions_decide_nothing(catalog: Catalog) -> None:
    two: list[Instruction] = [
        ConstString(1, "android_id"),
        if_eqz(2, 5),
        ConstString(1, "adb_enabled"),
        goto_over(1),
        setting(1),
    ]
    assert in_method(catalog, *two) == [("android_id", "same_method", 1)]


def test_what_another_method_returns_decides_nothing(catalog: Catalog) -> None:
    unknown: list[Instruction] = [call(f"Lcom/maker/K;->key(){STRING}", kind="static"), result(1), setting(1)]
    assert in_method(catalog, *unknown) == []
    assert in_method(catalog, ConstString(3, "android_id"), *unknown) == [("android_id", "same_method", 1)]


@pytest.mark.parametrize(
    ("uri", "type_"),
    [
        ("content://sms", "sms"),
        ("content://sms/inbox", "sms"),
        ("content://com.android.contacts/data/phones", "contacts"),
        ("content://call_log/calls", "call_log"),
        ("content://com.vivo.vms.IdProvider/IdentifierId/OAID", "oaid"),
    ],
)
def test_a_query_of_a_uri(catalog: Catalog, uri: str, type_: str) -> None:
    assert in_method(catalog, ConstString(1, uri), *parse_uri(1), query(1)) == [(type_, "call", 1)]


@pytest.mark.parametrize("uri", ["content://smsx/inbox", "content://sms-cb", "content://com.maker/sms"])
def test_a_query_of_another_uri(catalog: Catalog, uri: str) -> None:
    assert in_method(catalog, ConstString(1, uri), *parse_uri(1), query(1)) == []


def test_a_uri_out_of_a_field_of_the_framework(catalog: Catalog) -> None:
    assert in_method(catalog, FieldAccess("sget-object", 1, *CONTACTS), query(1)) == [("contacts", "call", 1)]
    assert in_method(catalog, FieldAccess("sget-object", 1, *CONTACTS)) == [("contacts", "string", 1)]


def test_a_constant_by_way_of_a_static_field(catalog: Catalog) -> None:
    where = (SDK, "INBOX", "Landroid/net/Uri;")
    methods = [
        Method(
            "<clinit>", code=[ConstString(1, "content://sms"), *parse_uri(1), FieldAccess("sput-object", 1, *where)]
        ),
        Method("m", code=[FieldAccess("sget-object", 1, *where), query(1)]),
    ]
    found = observed(catalog, package(dex_of([(SDK, methods)])))
    assert ("sms", "indirect", 1) in grades(found)
    (indirect,) = (f for f in found if f.grade is Grade.INDIRECT)
    assert indirect.sites[0].method == "m()V"


def test_a_constant_by_way_of_a_method(catalog: Catalog) -> None:
    helper = Method("get", f"({STRING}){STRING}", [from_parameter(1, 2), setting(1)])
    user = Method(
        "m",
        code=[ConstString(3, "android_id"), Invoke("static", "com.vendor.other.H", "get", f"({STRING}){STRING}", (3,))],
    )
    first = dex_of([("com.vendor.other.H", [helper])])
    second = dex_of([(SDK, [user])])
    found = observed(catalog, package(first, second))
    assert [(f.owner, f.read.type, f.grade) for f in found] == [("vendor", "android_id", Grade.INDIRECT)]


def test_a_media_drm_gives_its_identifier_only_by_that_name(catalog: Catalog) -> None:
    drm = call(f"Landroid/media/MediaDrm;->getPropertyByteArray({STRING})[B", 0, 1)
    assert in_method(catalog, ConstString(1, "deviceUniqueId"), drm) == [("drm_id", "call", 1)]
    assert in_method(catalog, ConstString(1, "vendor"), drm) == []


@pytest.mark.parametrize(("number", "types"), [(19, ["health_fitness"]), (21, ["health_fitness"]), (1, [])])
def test_a_number_decides_which_sensor(catalog: Catalog, number: int, types: list[str]) -> None:
    const = Raw((0x13 | 1 << 8, number), 2)  # const/16
    sensor = call("Landroid/hardware/SensorManager;->getDefaultSensor(I)Landroid/hardware/Sensor;", 0, 1)
    assert [row[0] for row in in_method(catalog, const, sensor)] == types


def test_small_and_negative_numbers(catalog: Catalog) -> None:
    video = call("Landroid/media/MediaRecorder;->setVideoSource(I)V", 0, 1)
    camera, minus = Raw((0x12 | 1 << 8 | 1 << 12,), 2), Raw((0x12 | 1 << 8 | 15 << 12,), 2)  # const/4 1 and -1
    assert in_method(catalog, camera, video) == [("camera", "call", 1)]
    assert in_method(catalog, minus, video) == []


def test_commands_properties_paths_actions_and_interfaces(catalog: Catalog) -> None:
    execute = call(f"Ljava/lang/Runtime;->exec({STRING})Ljava/lang/Process;", 0, 1)
    assert in_method(catalog, ConstString(1, "pm list packages -3"), execute) == [("installed_apps", "call", 1)]
    assert in_method(catalog, ConstString(1, "cat /proc/net/arp"), execute) == [("wifi_info", "call", 1)]
    assert in_method(catalog, ConstString(1, "ls"), execute) == []
    prop = call(f"Landroid/os/SystemProperties;->get({STRING}){STRING}", 1, kind="static")
    assert in_method(catalog, ConstString(1, "ro.serialno"), prop) == [("serial", "call", 1)]
    reader = call(f"Ljava/io/FileReader;-><init>({STRING})V", 0, 1, kind="direct")
    assert in_method(catalog, ConstString(1, "/sys/class/net/wlan0/address"), reader) == [("mac", "call", 1)]
    action = call(f"Landroid/content/IntentFilter;->addAction({STRING})V", 0, 1)
    assert in_method(catalog, ConstString(1, "android.intent.action.PACKAGE_ADDED"), action) == [
        ("installed_apps", "call", 1)
    ]
    token = call(f"Landroid/os/Parcel;->writeInterfaceToken({STRING})V", 0, 1)
    assert in_method(catalog, ConstString(1, "com.heytap.openid.IOpenID"), token) == [("oaid", "call", 1)]


# ---- classes


def test_a_class_of_the_app_below_the_frameworks_counts(catalog: Catalog) -> None:
    manager = "Lcom/maker/Manager;->getLastKnownLocation(Ljava/lang/String;)Landroid/location/Location;"
    first = class_with([call(manager, 0, 1)])
    second = DexWriter().add_class("com.maker.Manager", superclass="com.maker.Base").build()
    third = DexWriter().add_class("com.maker.Base", superclass="android.location.LocationManager").build()
    found = grades(observed(catalog, package(first, second, third)))
    assert found == [("location_coarse", "call", 1), ("location_precise", "call", 1)]


def test_a_class_that_defines_the_method_itself_does_not(catalog: Catalog) -> None:
    manager = "Lcom/maker/Manager;->getLastKnownLocation(Ljava/lang/String;)Landroid/location/Location;"
    own = Method("getLastKnownLocation", "(Ljava/lang/String;)Landroid/location/Location;", [Raw((0x0E,))], access=1)
    defined = (
        DexWriter().add_class("com.maker.Manager", superclass="android.location.LocationManager", methods=[own]).build()
    )
    assert grades(observed(catalog, package(class_with([call(manager, 0, 1)]), defined))) == []


def test_classes_that_go_in_a_circle_end(catalog: Catalog) -> None:
    first = DexWriter().add_class(
        "com.maker.A", superclass="com.maker.B", interfaces=["android.location.LocationListener"]
    )
    second = DexWriter().add_class("com.maker.B", superclass="com.maker.A")
    assert observed(catalog, package(first.build(), second.build())) == ()


def test_a_callback_counts_where_the_app_defines_it(catalog: Catalog) -> None:
    method = Method("onCallStateChanged", f"(I{STRING})V", [Raw((0x0E,))], access=1)
    abstract = Method("onCallStateChanged", f"(I{STRING})V", None, access=0x401)
    for defined, expected in ((method, [("call_log", "callback", 1)]), (abstract, [])):
        dex = DexWriter().add_class(SDK, superclass="android.telephony.PhoneStateListener", methods=[defined])
        found = observed(catalog, package(dex.build()))
        assert grades(found) == expected
        assert all(site.offset is None for each in found for site in each.sites)
    elsewhere = DexWriter().add_class(SDK, superclass="com.maker.Listener", methods=[method])
    assert observed(catalog, package(elsewhere.build())) == ()


# ---- reflection


def test_reflection_by_constant_names(catalog: Catalog) -> None:
    named: list[Instruction] = [
        ConstString(0, "android.telephony.TelephonyManager"),
        call(FOR_NAME, 0, kind="static"),
        result(0),
        ConstString(1, "getDeviceId"),
        call(FIND_METHOD, 0, 1, 2),
    ]
    assert in_method(catalog, *named) == [("imei", "reflection", 1)]
    by_class: list[Instruction] = [
        ConstClass(0, "android.telephony.TelephonyManager"),
        ConstString(1, "getDeviceId"),
        call(FIND_METHOD, 0, 1, 2),
    ]
    assert in_method(catalog, *by_class) == [("imei", "reflection", 1)]


def test_reflection_needs_both_names_in_one_method(catalog: Catalog) -> None:
    only_name: list[Instruction] = [ConstString(1, "getDeviceId"), call(FIND_METHOD, 0, 1, 2)]
    assert in_method(catalog, *only_name) == []
    other_class: list[Instruction] = [ConstString(0, "com.maker.TelephonyManager"), *only_name]
    assert in_method(catalog, *other_class) == []
    not_looked_up: list[Instruction] = [
        ConstString(0, "android.telephony.TelephonyManager"),
        ConstString(1, "getDeviceId"),
    ]
    assert in_method(catalog, *not_looked_up) == []


def test_a_property_by_reflection_and_by_a_method_that_does_so(catalog: Catalog) -> None:
    lookup: list[Instruction] = [
        ConstString(0, "android.os.SystemProperties"),
        call(FOR_NAME, 0, kind="static"),
        result(0),
        ConstString(1, "get"),
        call(FIND_METHOD, 0, 1, 2),
    ]
    assert in_method(catalog, *lookup, ConstString(3, "ro.serialno")) == [("serial", "reflection", 1)]
    helper = Method("prop", f"({STRING}){STRING}", lookup)
    user = Method("m", code=[ConstString(0, "ro.serialno"), Invoke("static", SDK, "prop", f"({STRING}){STRING}", (0,))])
    found = observed(catalog, package(dex_of([(SDK, [helper, user])])))
    assert grades(found) == [("serial", "reflection", 1)]
    assert found[0].sites[0].method == "m()V"


# ---- outside of dex code


def native(data: bytes, *imports: str) -> bytes:
    symbols = tuple(elfwriter.Symbol(name, defined=False) for name in imports)
    return elfwriter.write(elfwriter.SharedObject(data=data, symbols=symbols))


def test_native_reads_need_a_function_that_takes_the_constant(catalog: Catalog) -> None:
    with_function = native(b"ro.serialno\0/proc/net/arp\0", "__system_property_get")
    found = observed(catalog, package(more={"lib/arm64-v8a/libvendor.so": with_function}))
    assert grades(found) == [("serial", "native", 1), ("wifi_info", "string", 1)]
    assert {f.owner for f in found} == {"vendor"}
    assert found[0].sites[0].location == "app.apk!lib/arm64-v8a/libvendor.so"
    assert found[0].sites[0].class_name is None


def test_native_imports(catalog: Catalog) -> None:
    library = native(b"", "ACameraManager_openCamera", "slCreateEngine")
    found = observed(catalog, package(more={"lib/arm64-v8a/libmine.so": library}))
    assert grades(found, support=True) == [("camera", "native", 1), ("microphone", "native", 1)]
    assert {f.owner for f in found} == {None}


def test_components_that_filter_for_an_action(catalog: Catalog) -> None:
    actions = E("intent-filter", {}, E("action", {"android:name": "android.provider.Telephony.SMS_RECEIVED"}))
    receiver = E("receiver", {"android:name": "com.vendor.sdk.Receiver"}, actions)
    dex = DexWriter().add_class("com.vendor.sdk.Receiver", superclass="android.content.BroadcastReceiver").build()
    (found,) = observed(catalog, package(dex, components=[receiver]))
    assert (found.owner, found.read.type, found.grade) == ("vendor", "sms", Grade.MANIFEST)
    assert found.sites[0].class_name == "com.vendor.sdk.Receiver"
    assert found.sites[0].method is None


# ---- who


def test_who_owns_a_read(catalog: Catalog) -> None:
    methods = [Method("m", code=[call(DEVICE_ID, 0)])]
    names = (SDK, "com.maker.app.Main", "org.strange.deep.er.X")
    report = sdkfp.scan(package(dex_of([(name, methods) for name in names])), catalog=catalog)
    assert report.reads is not None
    (imei,) = report.reads
    assert [(reader.kind, reader.id) for reader in imei.readers] == [
        ("app", "app"),
        ("sdk", "vendor"),
        ("package", "package:org.strange.deep"),
    ]


# ---- many, none, hostile


def test_many_sites_are_counted_and_the_first_are_kept(catalog: Catalog) -> None:
    number = 70_000
    dex = class_with([call(DEVICE_ID, 0)] * number)
    (found,) = observed(catalog, package(dex), most_sites=3)
    assert found.count == number
    assert [site.offset for site in found.sites] == [0, 3, 6]
    assert found.truncated
    report = sdkfp.scan(package(dex), catalog=catalog)
    (claim,) = report.sdks[0].collects
    assert (claim.count, len(claim.reads[0].sites)) == (number, 20)


def test_an_app_without_code(catalog: Catalog) -> None:
    report = sdkfp.scan(package(), catalog=catalog)
    assert report.reads == ()
    assert report.legend  # what is not found may still be there


def test_class_files_are_said_to_be_unread(catalog: Catalog, tmp_path: Path) -> None:
    report = sdkfp.scan(
        package(permissions=None, more={"com/vendor/sdk/A.class": b"\xca\xfe\xba\xbe"}), catalog=catalog
    )
    assert [note.code for note in report.not_examined] == ["reads-class-files"]


def test_strings_with_a_common_beginning_are_capped_and_that_is_said(catalog: Catalog) -> None:
    code: list[Instruction] = [ConstString(0, f"content://sms/{number:05}") for number in range(4200)]
    with App.open(package(class_with(code)), name="app.apk") as app:
        features = app.features()
        result_ = observe(app, Owners.of(features, identify(features, catalog)), catalog.surfaces)
    assert sum(f.count for f in result_.findings) == 4096
    assert [note.code for note in result_.not_examined] == ["reads-limited"]


def test_a_method_without_end_is_not_followed_and_that_is_said(catalog: Catalog) -> None:
    nops: list[Instruction] = [Raw((0,) * 200_001)]
    with App.open(package(class_with([ConstString(1, "android_id"), *nops, setting(1)])), name="app.apk") as app:
        features = app.features()
        result_ = observe(app, Owners.of(features, identify(features, catalog)), catalog.surfaces)
    assert grades(result_.findings) == [("android_id", "string", 1)]
    assert [note.code for note in result_.not_examined] == ["reads-limited"]


def test_traces_end_when_the_way_is_long(catalog: Catalog) -> None:
    filler: list[Instruction] = [NewInstance(5, "java.lang.Object")] * 500
    code: list[Instruction] = [ConstString(1, "android_id"), *filler, setting(1)]
    assert in_method(catalog, *code) == [("android_id", "same_method", 1)]


def test_calls_that_hand_on_what_they_get_from_each_other_end(catalog: Catalog) -> None:
    deep: list[Instruction] = [ConstString(1, "content://sms")]
    for _ in range(40):
        deep += parse_uri(1)
    assert in_method(catalog, *deep, query(1)) == [("sms", "same_method", 1)]


# ---- files that lie


def busy_dex() -> bytes:
    """A dex file in which every kind of look-up has something to do."""
    where = (SDK, "INBOX", "Landroid/net/Uri;")
    methods = [
        Method(
            "<clinit>", code=[ConstString(1, "content://sms"), *parse_uri(1), FieldAccess("sput-object", 1, *where)]
        ),
        Method("m", code=[FieldAccess("sget-object", 1, *where), query(1), ConstString(1, "android_id"), setting(1)]),
        Method("h", f"({STRING}){STRING}", [from_parameter(1, 2), setting(1)]),
        Method("u", code=[ConstString(3, "android_id"), Invoke("static", SDK, "h", f"({STRING}){STRING}", (3,))]),
        Method("r", code=[ConstClass(0, "android.os.Build"), ConstString(1, "getSerial"), call(FIND_METHOD, 0, 1, 2)]),
    ]
    return DexWriter().add_class(SDK, superclass="android.location.LocationManager", methods=methods).build()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0x20, len(busy_dex()) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_damaged_file_gives_an_answer_or_a_typed_error(catalog: Catalog, changes: list[tuple[int, int]]) -> None:
    data = bytearray(busy_dex())
    for place, value in changes:
        data[place] = value
    with contextlib.suppress(SdkfpError):
        for found in observed(catalog, bytes(data)):
            assert found.count >= len(found.sites) > 0
