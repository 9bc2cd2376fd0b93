"""Pieces of work that end badly, for tests of what runs them in processes of their own."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from typing import NoReturn

from sdkfp.errors import ContainerError

__all__ = ["crash", "die", "double", "exhaust", "hang", "leave", "own_error", "pid", "unpicklable"]


def double(number: int) -> int:
    return 2 * number


def pid() -> int:
    return os.getpid()


def hang() -> NoReturn:
    while True:
        time.sleep(0.01)


def crash() -> None:
    ctypes.string_at(0)


def exhaust(size: int) -> int:
    return len(bytearray(size))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> NoReturn:
    raise SystemExit(0)


def own_error() -> NoReturn:
    raise ContainerError("not a package")


def unpicklable() -> NoReturn:
    class LocalError(Exception):
        pass

    raise LocalError("only known here")
