"""The examples of the library and of the disclosure, run as a reader would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.policies import html_policy

ROOT = Path(__file__).parents[2]
APP = ROOT / "examples" / "hello.apk"


def run(example: str, *arguments: object) -> str:
    command = [sys.executable, "-X", "utf8", str(ROOT / "examples" / example), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # also where sdkfp is not installed
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


LIBRARY = """\
org.example.hello 1.0: 11 SDKs
  adjust, 5.0.1, identified: class com.adjust.sdk.ActivityHandler
    able to read 6 types; android_id in com.adjust.sdk.AndroidIdUtil
  glide, version unknown, identified: class com.bumptech.glide.GeneratedAppGlideModule
    able to read 1 types; network_type in com.bumptech.glide.manager.SingletonConnectivityReceiver$FrameworkConnectivityMonitorPreApi24
  glide-annotations, version unknown, identified: class com.bumptech.glide.annotation.Excludes
  greenrobot-eventbus, version unknown, identified: class org.greenrobot.eventbus.AsyncPoster
  gson, 2.11.0, identified: class com.google.gson.ExclusionStrategy
  kotlin-stdlib, 1.9.10, identified: class kotlin.ArrayIntrinsicsKt
  okhttp3, 4.12.0, identified: class okhttp3.Address
  okio, version unknown, identified: class okio.-Base64
  retrofit2, version unknown, identified: class retrofit2.AndroidMainExecutor
  sensors-analytics, 5.2.1, identified: class com.sensorsdata.analytics.android.sdk.AbstractSAConfigOptions
    able to read 7 types; imei in com.sensorsdata.analytics.android.sdk.util.SensorsDataUtils
  timber, version unknown, identified: class timber.log.Timber
not explained: 1 of 2975 classes
from its features alone: 11 SDKs
"""


def test_library() -> None:
    assert run("library.py", APP) == LIBRARY


def test_disclosure(tmp_path: Path) -> None:
    policy = tmp_path / "policy.html"
    policy.write_text(html_policy([("神策分析SDK", "某公司", "统计分析", "安卓ID、设备信息", "")]), "utf-8")
    *first, head, _, row = run("disclosure.py", APP, policy).rstrip().splitlines()
    assert first == [
        "not named: adjust: imei, android_id, oaid, gaid, app_instance_id, device_info, network_type, carrier_sim, running_apps",
        "named without running_apps: sensors-analytics",
        "  table 1, row 2: 神策分析SDK | 某公司 | 统计分析 | 安卓ID、设备信息",
    ]
    assert head == "| SDK名称(包名) | 开发者名称 | 收集信息范围 | 使用目的 | 隐私政策链接 |"
    name, developer, scope, purpose, link = row.strip("| ").split(" | ")
    assert (name, developer, purpose) == ("Adjust<br>(com.adjust.sdk)", "Adjust GmbH", "广告归因")
    assert scope.endswith("、运营商与SIM卡状态(MCC/MNC)<br>〔待确认:运行中进程/任务列表〕")
    assert link == "<https://www.adjust.com/terms/privacy-policy/>"
