"""The example of a signature from scratch, run as a reader would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTPUT = """\
before: 0 SDKs
refused: line 3: unknown category 'analytic'; did you mean 'analytics'?
after: acme-metrics 2.4.0, identified: 1 class, class com.acme.metrics.
"""


def test_own_signature() -> None:
    command = [sys.executable, "-X", "utf8", str(ROOT / "examples" / "own_signature.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # also where sdkfp is not installed
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == OUTPUT
