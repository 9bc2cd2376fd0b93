"""One target under atheris; started by run.py.

python fuzz/one.py TARGET CORPUS… [options of libFuzzer]
"""

from __future__ import annotations

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["sdkfp"]):
    from targets import TARGETS

    from sdkfp import SdkfpError

name = sys.argv[1]
target = TARGETS[name]


def test_one_input(data: bytes) -> None:
    with contextlib.suppress(SdkfpError):
        target(data)


atheris.Setup([sys.argv[0], *sys.argv[2:]], test_one_input)
atheris.Fuzz()
