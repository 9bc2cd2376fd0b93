"""Changes numbers in a written dex file, and reads the result within bounded time."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

from sdkfp.dex import Dex, open_dexes
from support.dexread import check_everything
from support.dexwriter import ConstString, DexWriter, FieldAccess, Invoke, Method, NewInstance

if TYPE_CHECKING:
    from collections.abc import Callable

# Where the header has the size of a table; the offset follows.
STRING_IDS, TYPE_IDS, PROTO_IDS, FIELD_IDS, METHOD_IDS, CLASS_DEFS = range(0x38, 0x68, 8)
TABLES = (STRING_IDS, TYPE_IDS, PROTO_IDS, FIELD_IDS, METHOD_IDS, CLASS_DEFS)
STRING = "Ljava/lang/String;"
SECONDS = 5.0
"""What reading a hostile file of some hundred kilobytes may take on a busy machine."""


def sample() -> bytes:
    return (
        DexWriter()
        .add_class("com.example.A", interfaces=["java.lang.Runnable"])
        .add_class(
            "com.example.B",
            superclass="com.example.A",
            static_strings={"VERSION": "1.2"},
            methods=[
                Method(
                    "m",
                    f"({STRING})V",
                    [ConstString(0, "text"), Invoke("static", "a.b.C", "d"), NewInstance(0, "a.b.C")],
                ),
                Method("n", code=[FieldAccess("sget-object", 0, "a.b.C", "f", STRING)]),
            ],
        )
        .build()
    )


def number(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")


def patched(data: bytes, *changes: tuple[int, int]) -> bytes:
    """The data with 32-bit numbers put at some offsets."""
    out = bytearray(data)
    for offset, value in changes:
        struct.pack_into("<I", out, offset, value)
    return bytes(out)


def class_def(data: bytes, row: int, column: int) -> int:
    """Where a number of a class definition stands."""
    return number(data, CLASS_DEFS + 4) + 32 * row + 4 * column


def read(data: bytes) -> Dex:
    (dex,) = open_dexes(data)
    return dex


def read_in_time(data: bytes) -> Dex:
    start = time.perf_counter()
    dex = read(data)
    check_everything(dex)
    assert time.perf_counter() - start < SECONDS
    return dex


def expect_problem(data: bytes, words: str) -> Dex:
    dex = read_in_time(data)
    assert any(words in problem for problem in dex.problems), dex.problems
    return dex


def many_classes(head: bytes, count: int, row: Callable[[int], tuple[int, ...]], tail: bytes) -> bytes:
    """A file with other class definitions: ``row`` gets the offset of ``tail``, which follows them."""
    at = len(head) + 32 * count
    table = struct.pack("<8I", *row(at)) * count
    return patched(head + table + tail, (CLASS_DEFS, count), (CLASS_DEFS + 4, len(head)))
