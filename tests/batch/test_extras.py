"""Without the packages of an extra the command says which extra to install, and nothing else breaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import batches

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("missing", "arguments", "status", "said"),
    [
        ("pyarrow", ["batch", "APPS", "-o", "OUT"], 3, "extra 'batch'"),
        ("fsspec", ["batch", "s3://bucket/", "-o", "OUT"], 3, "extra 'batch'"),
        ("distributed", ["batch", "APPS", "-o", "OUT", "--dask", "tcp://127.0.0.1:1"], 3, "extra 'cluster'"),
        ("pyarrow", ["stats", "OUT"], 5, "extra 'batch'"),
        ("matplotlib", ["stats", "MADE", "--png", "OUT"], 3, "extra 'plots'"),
        ("pyarrow,fsspec,distributed,matplotlib", ["lookup", "okhttp3"], 0, ""),
    ],
)
def test_missing_packages(tmp_path: Path, missing: str, arguments: list[str], status: int, said: str) -> None:
    apps = batches.write_apps(tmp_path / "apps", 1)
    places = {"APPS": str(apps), "OUT": str(tmp_path / "out"), "MADE": str(tmp_path / "made")}
    if "MADE" in arguments:
        from sdkfp.batch import run_batch  # noqa: PLC0415 - for one case only

        run_batch([apps], tmp_path / "made", batches.options(tmp_path))
    block = f"import sys; sys.modules.update(dict.fromkeys({missing.split(',')!r})); from sdkfp.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", block, *(places.get(word, word) for word in arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr
