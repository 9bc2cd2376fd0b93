"""Manifests and resource tables with changed bytes: only ManifestError may come out, and soon."""

from __future__ import annotations

import struct
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from support.axmlwriter import E, Reference, manifest, write_arsc, write_axml

from sdkfp.errors import ManifestError
from sdkfp.manifest import read_manifest

_SERVICE = E(
    "service",
    {"android:name": ".S", "android:process": ":p"},
    E("intent-filter", {}, E("action", {"android:name": "a"})),
)
SOUND = [
    manifest(
        permissions=["android.permission.CAMERA"],
        application={"android:label": Reference(0x7F010000), "android:name": Reference(0x7F020003)},
        components=[_SERVICE],
        meta_data={"KEY": Reference(0x7F010001), "OTHER": "text"},
        utf8=utf8,
    )
    for utf8 in (False, True)
]
TABLES = [
    write_arsc(
        {0x7F010000: "x", 0x7F010001: Reference(0x7F020003), 0x7F020003: "y"}, others={0x7F010000: "z"}, form=form
    )
    for form in ("plain", "sparse", "short", "compact")
]
_numbers = st.sampled_from([0, 1, 7, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF])


def exercise(data: bytes, table: bytes) -> None:
    begin = time.perf_counter()
    try:
        read = read_manifest(data, resources=lambda: table)
    except ManifestError:
        pass
    else:
        for column in read.features("x"):
            assert all(isinstance(name, str) and name for name in column.names)
            "".join(column.names).encode()
    assert time.perf_counter() - begin < 5


def changed(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    """One of the files with some 32-bit numbers, or bytes, replaced and the end cut off."""

    @st.composite
    def change(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(st.sampled_from(sound)))
        for _ in range(draw(st.integers(1, 4))):
            if draw(st.booleans()):
                struct.pack_into("<I", data, 4 * draw(st.integers(0, len(data) // 4 - 1)), draw(_numbers))
            else:
                data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
        return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)

    return change()


@given(changed(SOUND), changed(TABLES))
@settings(max_examples=500, deadline=None)
def test_changed_manifests_and_tables(data: bytes, table: bytes) -> None:
    exercise(data, table)
    exercise(SOUND[0], table)


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes(data: bytes) -> None:
    for head in (b"", b"\x03\x00\x08\x00", SOUND[0][:300], b"<manifest>"):
        exercise(head + data, data)


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text(text: str) -> None:
    exercise(f"<manifest><application {text}/></manifest>".encode(errors="surrogatepass"), b"")


def test_one_attribute_for_very_many() -> None:
    """A size of 0 for an attribute would put 65,535 of them into 20 bytes, again and again."""
    start = struct.pack("<HHIII", 0x0102, 16, 36 + 20, 1, 0xFFFFFFFF) + struct.pack(
        "<IIHHH6x", 0xFFFFFFFF, 0, 20, 0, 0xFFFF
    )
    sound = write_axml(E("manifest", {"package": "a.b"}))
    place = sound.index(b"\x03\x01\x10\x00")
    data = sound[:place] + (start + bytes(20)) * 5000 + sound[place:]
    exercise(data[:4] + struct.pack("<I", len(data)) + data[8:], b"")


def test_very_many_chunks_of_nothing() -> None:
    data = SOUND[0][:8] + struct.pack("<HHI", 0x7777, 8, 8) * 1_000_000
    exercise(data[:4] + struct.pack("<I", len(data)) + data[8:], data)


def test_strings_of_a_table_that_overlap() -> None:
    """Each of the strings may be as long as the file; only those that are asked for cost anything."""
    size = 1 << 20
    offsets = size // 8
    pool = struct.pack("<HHIIIIII", 1, 28, size, offsets, 0, 0, 28 + 4 * offsets, 0) + bytes(4 * offsets)
    pool += (b"\x07\x80\xff\xff" + bytes(size))[: size - len(pool)]
    exercise(SOUND[0], struct.pack("<HHII", 2, 12, 12 + len(pool), 0) + pool)
