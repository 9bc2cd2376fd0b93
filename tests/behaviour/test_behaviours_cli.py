"""The command line: behaviours, the summary of a scan, lookup --collects, vocabulary."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.catalogs import write_signatures
from support.dexwriter import Method
from support.readapp import STRING, call, dex_of, package

DEVICE_ID = call(f"Landroid/telephony/TelephonyManager;->getDeviceId(){STRING}", 0)
APPS = call("Landroid/content/pm/PackageManager;->getInstalledPackages(I)Ljava/util/List;", 0, 1)
SIGNATURES = {
    "vendor": """
        clues: [{class: com.vendor.sdk.}]
        collects:
          - {type: imei, purpose: push, need: optional, basis: vendor_docs, source: 'https://vendor.example/p', as_of: 2026-01-01}
    """
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cli")
    write_signatures(place / "sigs", SIGNATURES)
    dex = dex_of(
        [("com.vendor.sdk.A", [Method("m", code=[DEVICE_ID, APPS])]), ("com.maker.app.B", [Method("n", code=[APPS])])]
    )
    (place / "app.apk").write_bytes(package(dex, permissions=["android.permission.READ_SMS"]))
    return place


def sdkfp(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sdkfp", *arguments, "--signatures", str(folder / "sigs"), "--lang", "en"]
    if "vocabulary" not in arguments:
        command.append("--no-builtin")
    command = [str(folder / part) if part.endswith((".apk", "saved.json")) else part for part in command]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def test_behaviours_say_who_where_and_what_is_declared(folder: Path) -> None:
    done = sdkfp(folder, "behaviours", "app.apk")
    assert done.returncode == 0, done.stderr
    assert "Installed app list  [installed_apps]" in done.stdout
    assert "the app's own code: able to read (call, 1 places)" in done.stdout
    assert "com.vendor.sdk.A.m()V  @ app.apk!classes.dex" in done.stdout
    assert "vendor: declared: optional, push, https://vendor.example/p (2026-01-01)" in done.stdout
    assert "the manifest does not request what this needs" in done.stdout
    assert "static evidence does not tell" in done.stdout


def test_behaviours_of_one_type_and_one_sdk(folder: Path) -> None:
    one_type = sdkfp(folder, "behaviours", "app.apk", "--type", "installed_apps")
    assert "[imei]" not in one_type.stdout
    one_sdk = sdkfp(folder, "behaviours", "app.apk", "--type", "installed_apps", "--sdk", "vendor")
    assert "the app's own code" not in one_sdk.stdout
    assert "com.vendor.sdk.A.m()V" in one_sdk.stdout
    assert sdkfp(folder, "behaviours", "app.apk", "--type", "sms").returncode == 1
    wrong = sdkfp(folder, "behaviours", "app.apk", "--type", "emei")
    assert (wrong.returncode, "unknown type 'emei'" in wrong.stderr) == (2, True)
    assert sdkfp(folder, "behaviours", "missing.apk").returncode == 3


def test_behaviours_as_json_and_of_a_saved_report(folder: Path) -> None:
    done = sdkfp(folder, "behaviours", "app.apk", "--json", "--type", "imei")
    data = json.loads(done.stdout)
    assert [each["type"] for each in data["reads"]] == ["imei"]
    (vendor,) = data["sdks"]
    assert {claim["claim"] for claim in vendor["collects"]} == {"declared", "able_to_read"}
    assert data["legend"]
    (folder / "saved.json").write_text(sdkfp(folder, "scan", "app.apk", "--json").stdout, "utf-8")
    assert sdkfp(folder, "behaviours", "saved.json").stdout == sdkfp(folder, "behaviours", "app.apk").stdout


def test_a_scan_has_one_line_for_each_sdk(folder: Path) -> None:
    done = sdkfp(folder, "scan", "app.apk")
    assert "the app's own code: able to read: Installed app list" in done.stdout
    assert (
        "vendor: able to read, not declared: Installed app list · declared and able to read: IMEI / MEID" in done.stdout
    )
    assert "Requested permissions that no code found needs: android.permission.READ_SMS" in done.stdout


def test_who_is_declared_to_collect_something(folder: Path) -> None:
    done = sdkfp(folder, "lookup", "--collects", "imei")
    assert done.stdout.startswith("vendor  ")
    assert "optional, push, https://vendor.example/p (2026-01-01)" in done.stdout
    assert json.loads(sdkfp(folder, "lookup", "--collects", "imei", "--json").stdout)[0]["id"] == "vendor"
    assert sdkfp(folder, "lookup", "--collects", "sms").returncode == 1
    assert sdkfp(folder, "lookup", "--collects", "emei").returncode == 2
    assert sdkfp(folder, "lookup").returncode == 2
    assert sdkfp(folder, "lookup", "vendor", "--collects", "imei").returncode == 2


@pytest.mark.parametrize("which", ["types", "reads", "rules", "purposes", "categories"])
def test_vocabularies_are_printed(which: str, folder: Path) -> None:
    done = sdkfp(folder, "vocabulary", which)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 10
    json.loads(sdkfp(folder, "vocabulary", which, "--json").stdout)
