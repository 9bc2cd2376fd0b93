"""The case that regulators name most: a push SDK whose code is able to read the list of installed apps.

The two archives are the vendor's own, out of public packages; the example in docs/behaviours.md shows what comes out.
"""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from support import realapps
from support.readapp import package

import sdkfp
from sdkfp import Report

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed"),
]
ASKED = ("android.permission.INTERNET", "android.permission.QUERY_ALL_PACKAGES")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("classic")
    archives = [realapps.path(key) for key in ("jpush-android-4.8.1.jar", "jcore-android-3.3.2.jar")]
    dexes = _dexed(folder, realapps.path("bundletool-all-1.17.2.jar"), archives)
    return sdkfp.scan(package(*dexes, permissions=ASKED), name="app.apk")


def _dexed(folder: Path, tools: Path, archives: list[Path]) -> list[bytes]:
    """The archives as dex files, made by D8."""
    output = folder / "dex.zip"
    command = ["java", "-cp", str(tools), "com.android.tools.r8.D8", "--min-api", "21", "--output", str(output)]
    subprocess.run([*command, *map(str, archives)], check=True, capture_output=True, timeout=300)
    with zipfile.ZipFile(output) as made:
        return [made.read(name) for name in sorted(made.namelist())]


def test_a_push_sdk_that_is_able_to_read_the_list_of_installed_apps(report: Report) -> None:
    sdks = {sdk.id: sdk for sdk in report.sdks}
    (able,) = (c for c in sdks["jcore"].collects if (c.type, c.claim) == ("installed_apps", "able_to_read"))
    (use,) = (u for u in able.reads if u.read == "method Landroid/content/pm/PackageManager;->getInstalledPackages")
    assert use.count == len(use.sites) == 2
    assert all(site.class_name and site.class_name.startswith("cn.jiguang.") for site in use.sites)
    assert "android.permission.QUERY_ALL_PACKAGES" in use.more_with


def test_its_declaration_and_who_else_can(report: Report) -> None:
    (push,) = (sdk for sdk in report.sdks if sdk.id == "jpush")
    (declared,) = (c for c in push.collects if (c.type, c.claim) == ("installed_apps", "declared"))
    assert declared.source is not None
    assert declared.source.startswith("https://docs.jiguang.cn/")
    assert push.comparison is not None
    assert "installed_apps" in push.comparison.declared_and_able
    assert {"imei", "mac"} <= {*push.comparison.declared_in_required, *push.comparison.declared_and_able}
    assert report.reads is not None
    (apps,) = (each for each in report.reads if each.type == "installed_apps")
    assert {"jcore", "jpush"} <= {reader.id for reader in apps.readers}
    assert apps.declared_by == ("jpush",)


def test_the_permission_that_gives_more_is_asked_for_and_others_are_not(report: Report) -> None:
    uses = {each.name: each for each in report.permissions}
    assert uses["android.permission.QUERY_ALL_PACKAGES"].needed_by == ("jcore", "jpush")
    assert uses["android.permission.READ_PHONE_STATE"].requested is False
    (core,) = (sdk for sdk in report.sdks if sdk.id == "jcore")
    (imei,) = (c for c in core.collects if (c.type, c.claim) == ("imei", "able_to_read"))
    assert imei.permission_requested is False


def test_it_is_in_the_graph(report: Report) -> None:
    edges = {(edge.source, edge.type, edge.target) for edge in report.graph.edges}
    assert ("jcore", "reads", "type:installed_apps") in edges
