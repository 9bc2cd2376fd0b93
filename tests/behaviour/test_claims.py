"""What is declared beside what code is able to read: claims, comparison, permissions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest
from support.catalogs import catalog_of
from support.dexwriter import ConstString, FieldAccess, Instruction, Method
from support.readapp import STRING, call, dex_of, package, setting

import sdkfp
from sdkfp import Catalog, Report, SignatureError
from sdkfp.behaviour import CollectsRecord, PermissionUse

DEVICE_ID = call(f"Landroid/telephony/TelephonyManager;->getDeviceId(){STRING}", 0)
ACTIVE_NETWORK = call("Landroid/net/ConnectivityManager;->getActiveNetworkInfo()Landroid/net/NetworkInfo;", 0)
MODEL = FieldAccess("sget-object", 0, "android.os.Build", "MODEL", STRING)
LATITUDE = call("Landroid/location/Location;->getLatitude()D", 0)
ANDROID_ID: list[Instruction] = [ConstString(1, "android_id"), setting(1)]
PHONE = "android.permission.READ_PHONE_STATE"
NETWORK = "android.permission.ACCESS_NETWORK_STATE"
CONTACTS = "android.permission.READ_CONTACTS"


def claim(name: str, **more: str) -> str:
    fields = {
        "type": name,
        "purpose": "push",
        "need": "required",
        "basis": "vendor_docs",
        "source": "'https://vendor.example/p'",
        "as_of": "2026-01-01",
        **more,
    }
    return "{" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}"


def signature(*claims: str, more: str = "") -> str:
    listed = f"collects: [{', '.join(claims)}]" if claims else ""
    version = "version: [{constant: com.vendor.sdk.Conf.VERSION}]"
    return f"clues: [{{class: com.vendor.sdk.}}]\n{version}\n{listed}\n{more}"


def scan(
    folder: Path,
    signatures: dict[str, str],
    code: Sequence[Instruction],
    permissions: list[str] | None = None,
    others: Sequence[tuple[str, Sequence[Instruction]]] = (),
) -> Report:
    classes = [("com.vendor.sdk.A", code), *others]
    dex = dex_of([(name, [Method("m", code=found)]) for name, found in classes])
    return sdkfp.scan(package(dex, permissions=permissions), catalog=catalog_of(folder, signatures), name="app.apk")


def able(report: Report, sdk: str = "vendor") -> dict[str, CollectsRecord]:
    (found,) = (each for each in report.sdks if each.id == sdk)
    return {claim.type: claim for claim in found.collects if claim.claim == "able_to_read"}


def test_declared_and_able_to_read_stand_beside_each_other(tmp_path: Path) -> None:
    declared = signature(claim("imei"), claim("sms"), claim("user_profile"))
    report = scan(tmp_path, {"vendor": declared}, [DEVICE_ID, *ANDROID_ID], [PHONE])
    (sdk,) = report.sdks
    assert sdk.comparison is not None
    assert sdk.comparison.declared_and_able == ("imei",)
    assert sdk.comparison.able_not_declared == ("android_id",)
    assert sdk.comparison.declared_not_found == ("sms",)
    assert sdk.comparison.not_observable == ("user_profile",)
    assert [(c.type, c.claim) for c in sdk.collects] == [
        ("sms", "declared"),  # what people ask about comes first
        ("imei", "able_to_read"),
        ("imei", "declared"),
        ("android_id", "able_to_read"),
        ("user_profile", "declared"),
    ]
    found = able(report)["imei"]
    assert (found.purpose, found.need, found.source) == (None, None, None)
    assert found.permission_requested is True
    assert able(report)["android_id"].permission_requested is None  # needs none


def test_without_its_permission_a_read_cannot_succeed_and_the_report_says_so(tmp_path: Path) -> None:
    report = scan(tmp_path, {"vendor": signature()}, [DEVICE_ID], [])
    assert able(report)["imei"].permission_requested is False
    assert able(report)["imei"].reads[0].any_of == (PHONE, "android.permission.READ_PRIVILEGED_PHONE_STATE")
    without_manifest = scan(tmp_path, {"vendor": signature()}, [DEVICE_ID], None)
    assert able(without_manifest)["imei"].permission_requested is None


def test_without_a_known_declaration_there_is_no_comparison(tmp_path: Path) -> None:
    (sdk,) = scan(tmp_path, {"vendor": signature()}, [DEVICE_ID], []).sdks
    assert sdk.comparison is None
    assert [claim.type for claim in sdk.collects] == ["imei"]


def test_what_only_supports_makes_no_claim_alone(tmp_path: Path) -> None:
    report = scan(tmp_path, {"vendor": signature()}, [MODEL, LATITUDE, ConstString(1, "android_id")], [])
    assert able(report) == {}
    assert report.reads == ()


def test_what_only_supports_counts_where_the_type_is_declared(tmp_path: Path) -> None:
    report = scan(
        tmp_path, {"vendor": signature(claim("device_info"), claim("android_id"))}, [MODEL, ANDROID_ID[0]], []
    )
    found = able(report)
    assert {name: each.weight.value for name, each in found.items() if each.weight} == {
        "device_info": "support",
        "android_id": "support",
    }
    assert report.sdks[0].comparison is not None
    assert set(report.sdks[0].comparison.declared_and_able) == {"device_info", "android_id"}
    assert report.sdks[0].comparison.able_not_declared == ()


def test_a_declared_type_may_be_read_by_an_sdk_that_is_required(tmp_path: Path) -> None:
    signatures = {
        "vendor": signature(claim("imei"), more="requires: [core]"),
        "core": "clues: [{class: com.maker2.core.}]\nrequires: [vendor]",  # a circle does no harm
    }
    report = scan(tmp_path, signatures, [], [], [("com.maker2.core.C", [DEVICE_ID])])
    (vendor,) = (sdk for sdk in report.sdks if sdk.id == "vendor")
    assert vendor.comparison is not None
    assert vendor.comparison.declared_in_required == ("imei",)
    assert vendor.comparison.declared_not_found == ()


@pytest.mark.parametrize(
    ("versions", "kept", "in_range"),
    [("'>=2.0'", True, True), ("'>=3.0'", False, None), ("'<2.5, >=1'", True, True)],
)
def test_a_declaration_for_other_versions_is_left_out(
    versions: str, *, kept: bool, in_range: bool | None, tmp_path: Path
) -> None:
    from support.dexwriter import DexWriter  # noqa: PLC0415 - the only test that needs constants

    dex = DexWriter().add_class("com.vendor.sdk.Conf", static_strings={"VERSION": "2.4.1"}).build()
    catalog = catalog_of(tmp_path, {"vendor": signature(claim("imei", versions=versions))})
    (sdk,) = sdkfp.scan(package(dex), catalog=catalog).sdks
    assert bool(sdk.collects) is kept
    assert [each.version_in_range for each in sdk.collects] == ([in_range] if kept else [])


def test_without_a_version_a_declaration_with_a_range_stays_and_is_marked(tmp_path: Path) -> None:
    report = scan(tmp_path, {"vendor": signature(claim("imei", versions="'>=3.0'"))}, [], [])
    (declared,) = report.sdks[0].collects
    assert declared.versions == ">=3.0"
    assert declared.version_in_range is None


def test_a_range_that_no_version_meets_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match=r"no version meets the range '>=3.0, <2'"):
        catalog_of(tmp_path, {"vendor": signature(claim("imei", versions="'>=3.0, <2'"))})


def permission(report: Report, name: str) -> PermissionUse:
    (found,) = (each for each in report.permissions if each.name == name)
    return found


def test_permissions_and_who_needs_them(tmp_path: Path) -> None:
    signatures = {
        "vendor": signature(more="# none"),
        "maps": "clues: [{class: com.maker2.maps.}, {permission: com.maker2.X}]",
    }
    asked = [PHONE, CONTACTS, "com.maker2.X", "android.permission.VIBRATE"]
    others = [("com.maker2.maps.M", [DEVICE_ID, ACTIVE_NETWORK])]
    report = scan(tmp_path, signatures, [DEVICE_ID], asked, others)
    phone = permission(report, PHONE)
    assert (phone.requested, phone.needed_by, phone.types, phone.code_found) == (
        True,
        ("maps", "vendor"),
        ("imei",),
        True,
    )
    contacts = permission(report, CONTACTS)
    assert (contacts.requested, contacts.needed_by, contacts.code_found) == (True, (), False)
    network = permission(report, NETWORK)
    assert (network.requested, network.needed_by) == (False, ("maps",))
    vibrate = permission(report, "android.permission.VIBRATE")
    assert vibrate.code_found is None  # the vocabulary does not know what needs it
    assert permission(report, "com.maker2.X").brought_by == ("maps",)
    assert not any("PRIVILEGED" in each.name for each in report.permissions)  # an alternative that nobody asked for


def test_the_report_with_reads_keeps_to_its_schema_and_reads_back(tmp_path: Path) -> None:
    report = scan(tmp_path, {"vendor": signature(claim("imei"))}, [DEVICE_ID, *ANDROID_ID], [PHONE])
    data = report.to_json()
    jsonschema.Draft202012Validator(sdkfp.json_schema()).validate(json.loads(data))
    assert Report.from_json(data) == report
    assert report == scan(tmp_path, {"vendor": signature(claim("imei"))}, [DEVICE_ID, *ANDROID_ID], [PHONE])


def test_nothing_in_a_report_is_a_verdict(tmp_path: Path) -> None:
    report = scan(tmp_path, {"vendor": signature(claim("imei"))}, [DEVICE_ID, *ANDROID_ID], [PHONE])
    text = report.to_json().decode()
    assert "able_to_read" in text
    assert "violat" not in text.lower()
    assert "违规" not in text
    assert {limit.id for limit in report.legend} >= {"able", "declared", "consent", "frequency", "server"}


def test_a_scan_that_does_not_look_says_so(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, {"vendor": signature(claim("imei"))})
    app = package(dex_of([("com.vendor.sdk.A", [Method("m", code=[DEVICE_ID])])]))
    report = sdkfp.scan(app, catalog=catalog, reads=False)
    assert report.reads is None
    (sdk,) = report.sdks
    assert (sdk.comparison, [each.claim for each in sdk.collects]) == (None, ["declared"])


def test_types_come_in_the_order_of_concern(tmp_path: Path) -> None:
    catalog = Catalog.builtin()
    first = catalog.vocabulary.reads.first
    report = scan(tmp_path, {"vendor": signature(*(claim(name) for name in reversed(first)), claim("imei"))}, [], [])
    assert report.reads is not None
    assert [each.type for each in report.reads] == [*first, "imei"]
