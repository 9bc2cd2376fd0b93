"""The example of a batch, run as a reader would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pebble", reason="the extra 'batch' is not installed")
pytest.importorskip("duckdb", reason="duckdb, which the example asks, is not installed")

ROOT = Path(__file__).parents[2]
OUTPUT = """\
Counts(total=2, pending=0, failed=0, apps=2)
2  adjust
2  glide
2  greenrobot-eventbus
2  gson
2  kotlin-stdlib
2  okhttp3
2  okio
2  retrofit2
2  sensors-analytics
2  timber
1  glide-annotations
"""


def test_batch_to_parquet(tmp_path: Path) -> None:
    apps = [str(ROOT / "examples" / name) for name in ("hello.apk", "hello-r8.apk")]
    command = [
        sys.executable,
        "-X",
        "utf8",
        str(ROOT / "examples" / "batch_to_parquet.py"),
        str(tmp_path / "out"),
        *apps,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # also where sdkfp is not installed
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == OUTPUT
