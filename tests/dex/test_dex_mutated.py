"""Damaged dex files: whatever is changed, reading ends soon, and with nothing but a DexError if it fails."""

from __future__ import annotations

import random
import struct
import time
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.dexread import check_everything
from support.dexwriter import (
    ConstString,
    DexWriter,
    Encoded,
    FieldAccess,
    Invoke,
    Method,
    NewInstance,
    Raw,
    StaticField,
    build_container,
)

from sdkfp.dex import open_dexes
from sdkfp.errors import DexError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECONDS = 3.0
STRING = "Ljava/lang/String;"
TELLING = (0, 1, 4, 0x70, 0x7F, 0x80, 0xFF, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
"""Numbers at which arithmetic tends to break."""


def sample(version: str) -> DexWriter:
    switch = Raw((0x002B, 4, 0, 0x000E, 0x0100, 1, 0, 0, 3, 0))
    return (
        DexWriter(version)
        .add_class("com.example.A", interfaces=["java.lang.Runnable"], static_strings={"V": "1.2", "Ü": "😀"})
        .add_class(
            "com.example.B",
            superclass="com.example.A",
            static_fields=[StaticField("a", "[I", Encoded(b"\x1c\x02\x04\x01\x1e")), StaticField("s", STRING, "s")],
            fields={"f": "I"},
            methods=[
                Method("m", f"({STRING}I)V", [ConstString(0, "text"), Invoke("static", "a.b.C", "d", "(I)V", (0,))]),
                Method("n", code=[FieldAccess("sget-object", 0, "a.b.C", "f", STRING), NewInstance(0, "a.b.C")]),
                Method("o", code=[switch]),
                *(Method(f"p{number}", code=[Raw((0x0012,) * number + (0x000E,))]) for number in range(40)),
            ],
        )
    )


SINGLE = sample("035").build()
CONTAINER = build_container([sample("041"), sample("041")])


def read_in_time(data: bytes) -> None:
    start = time.perf_counter()
    try:
        for dex in open_dexes(data):
            check_everything(dex)
    except DexError:
        pass
    assert time.perf_counter() - start < SECONDS


def put(data: bytearray, place: int, width: int, value: int) -> None:
    place %= len(data) - 4
    data[place : place + width] = struct.pack("<I", value)[:width]


numbers = st.one_of(st.sampled_from(TELLING), st.integers(0, len(SINGLE) + 8), st.integers(0, 0xFFFFFFFF))
changes = st.lists(st.tuples(st.integers(0, 1 << 16), st.sampled_from((1, 2, 4)), numbers), min_size=1, max_size=6)
aligned = st.lists(st.tuples(st.integers(8, 400).map(lambda n: 4 * n), st.just(4), numbers), min_size=1, max_size=4)


@given(st.sampled_from((SINGLE, CONTAINER)), st.one_of(changes, aligned))
@settings(max_examples=400, deadline=None)
@example(SINGLE, [(0x38, 4, 0xFFFFFFFF)])
@example(CONTAINER, [(0x20, 4, 0)])
def test_changed_numbers(original: bytes, patches: list[tuple[int, int, int]]) -> None:
    data = bytearray(original)
    for place, width, value in patches:
        put(data, place, width, value)
    read_in_time(bytes(data))


@given(st.sampled_from((SINGLE, CONTAINER)), st.integers(0, 1 << 16), st.integers(0, 1 << 16), st.binary(max_size=64))
@settings(max_examples=150, deadline=None)
def test_cut_moved_and_overwritten(original: bytes, first: int, second: int, rubbish: bytes) -> None:
    first, second = sorted((first % len(original), second % len(original)))
    read_in_time(original[:first])
    read_in_time(original[:first] + original[second:])
    read_in_time(original[:first] + rubbish + original[first:])
    read_in_time(original[:8] + rubbish + original[8 + len(rubbish) :])


@given(st.binary(max_size=600))
@settings(max_examples=100, deadline=None)
def test_rubbish_behind_the_magic(rubbish: bytes) -> None:
    for version in (b"035", b"041"):
        read_in_time(b"dex\n" + version + b"\0" + rubbish)
        read_in_time(SINGLE[:4] + version + SINGLE[7:0x38] + rubbish)


@pytest.mark.network
def test_a_real_file_damaged(real_app: Callable[[str], Path]) -> None:
    with zipfile.ZipFile(real_app("appium-settings-2.5.1")) as archive:
        original = archive.read("classes.dex")
    rng = random.Random(20)
    for _ in range(60):
        data = bytearray(original)
        for _ in range(rng.choice((1, 3, 30))):
            tables = rng.random() < 0.5
            place = rng.randrange(0x20, 0x70) & ~3 if tables else rng.randrange(0x70, len(data))
            put(data, place, rng.choice((1, 4)), rng.choice((*TELLING, rng.randrange(len(data)))))
        read_in_time(bytes(data))
