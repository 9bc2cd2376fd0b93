"""The examples of the graph and of the gate, run as a reader would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import sdkfp
from sdkfp import Report

ROOT = Path(__file__).parents[2]
APP = ROOT / "examples" / "hello.apk"


def run(example: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "utf8", str(ROOT / "examples" / example), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # also where sdkfp is not installed
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the example app as it would be without one SDK."""
    report = sdkfp.scan(APP)
    older = msgspec.structs.replace(report, sdks=tuple(sdk for sdk in report.sdks if sdk.id != "greenrobot-eventbus"))
    file = tmp_path_factory.mktemp("released") / "released.json"
    file.write_bytes(older.to_json())
    assert Report.from_json(file.read_bytes()) == older
    return file


def test_graph_query() -> None:
    done = run("graph_query.py", APP, "okio", "retrofit2")
    assert done.stderr == ""
    assert done.stdout == (
        "okio is used by okhttp3, retrofit2\n"
        "  Lokhttp3/Cache$CacheResponseBody$1; extends Lokio/ForwardingSource; @ hello.apk!classes.dex\n"
        "  Lretrofit2/OkHttpCall$ExceptionCatchingResponseBody$1; extends Lokio/ForwardingSource; @ hello.apk!classes.dex\n"
        "shortest chain: app → okhttp3 → okio\n"
        "without retrofit2 would go: gson\n"
    )


def test_the_gate_stops_what_is_new(released: Path, tmp_path: Path) -> None:
    done = run("ci_gate.py", released, APP)
    assert done.stderr == ""
    assert done.returncode == 1
    assert done.stdout == (
        "sdk greenrobot-eventbus: class org.greenrobot.eventbus.AsyncPoster @ hello.apk!classes.dex\nstop\n"
    )
    accepted = tmp_path / "accepted.json"
    findings = [{"finding": "sdk greenrobot-eventbus", "why": "asked for"}]
    accepted.write_text(json.dumps({"schema": "urn:sdkfp:schema:baseline:1", "accepted": findings}), "utf-8")
    done = run("ci_gate.py", released, APP, accepted)
    assert (done.returncode, done.stdout, done.stderr) == (0, "go on\n", "")
