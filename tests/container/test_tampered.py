"""ZIP files whose headers lie, as packers write them, and archives made to exhaust the reader."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib

import pytest
from apkInspector.headers import ZipEntry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.zipwriter import DEFLATED, STORED, Member, build_zip, deflate

from sdkfp.container import Container, ContainerKind, EntryError, EntryLimitError, Limits, open_container
from sdkfp.errors import LimitExceededError, SdkfpError

DEX = b"dex\n035\0" + bytes(range(256)) * 8
AXML = b"\x03\x00\x08\x00" + b"manifest" * 40


def opened(*members: Member, **knobs: object) -> Container:
    return open_container(build_zip(members, **knobs), name="t.apk")  # type: ignore[arg-type]


def codes(container: Container) -> list[str]:
    return [note.code for note in container.not_examined]


class TestLocalHeaders:
    @pytest.mark.parametrize(
        "local",
        [
            {"size": 1, "compressed_size": 1, "crc": 1},
            {"size": 0xFFFFFFFF, "compressed_size": 0xFFFFFFFF},
            {"method": 0x1234},
            {"method": STORED},
            {"flags": 0x0809},
            {"version": 0xFFFF},
        ],
    )
    def test_lies_do_not_count(self, local: dict[str, int]) -> None:
        with opened(Member("classes.dex", DEX, local=local)) as container:
            assert container.read("classes.dex") == DEX
            assert container.not_examined == ()

    def test_lengths_of_name_and_extra_field_come_from_here(self) -> None:
        member = Member("classes.dex", DEX, local_name=b"longer/classes.dex", local_extra=b"\xca\xfe" * 4)
        with opened(member) as container:
            assert list(container.entries) == ["classes.dex"]
            assert container.read("classes.dex") == DEX

    def test_none(self) -> None:
        with opened(Member("a", DEX, central={"offset": 12}), Member("b", DEX)) as container:
            with pytest.raises(EntryError, match=r"t\.apk!a has no local header"):
                container.read("a")
            assert codes(container) == ["entry-malformed"]
            assert container.read("b") == DEX

    def test_outside_the_file(self) -> None:
        with opened(Member("a", DEX, central={"offset": 0xFFFFFFF0})) as container, pytest.raises(EntryError):
            container.read("a")

    def test_entry_without_central_header_is_none(self) -> None:
        with opened(Member("a", DEX, central=None), Member("b", DEX)) as container:
            assert list(container.entries) == ["b"]


class TestMethodsAndSizes:
    @pytest.mark.parametrize("method", [1, 9, 12, 99, 0x5AA5])
    @pytest.mark.parametrize("data", [DEX, AXML])
    def test_methods_that_do_not_exist(self, method: int, data: bytes) -> None:
        central = {"method": method}
        with opened(
            Member("deflated", data, central=central, local=central),
            Member("stored", data, method=STORED, central=central, local=central),
            Member("stored-with-wrong-length", data, method=STORED, central={"method": method, "compressed_size": 77}),
        ) as container:
            assert [container.read(name) for name in container.entries] == [data, data, data]

    def test_a_method_not_known_is_not_guessed(self) -> None:
        member = Member("text", b"text " * 50, payload=b"BZh91AY&SY", central={"method": 12})
        with opened(member) as container, pytest.raises(EntryError, match="unknown compression method 12"):
            container.read("text")
        assert codes(container) == ["entry-method"]

    @pytest.mark.parametrize("declared", [0, 1, len(DEX) - 1, len(DEX) + 1, 0x7FFFFFFF, 0xFFFFFFFF])
    @pytest.mark.parametrize("field", ["size", "compressed_size"])
    def test_deflate_streams_end_where_they_end(self, field: str, declared: int) -> None:
        with opened(Member("classes.dex", DEX, central={field: declared}), Member("b", DEX)) as container:
            assert container.read("classes.dex") == DEX
            assert container.read("b") == DEX

    def test_stored_beyond_the_end(self) -> None:
        with opened(Member("a", DEX, method=STORED, central={"size": 1 << 30})) as container:
            with pytest.raises(EntryError, match="ends outside the file"):
                container.read("a")
            assert codes(container) == ["entry-malformed"]

    @pytest.mark.parametrize("payload", [b"", b"\xff" * 40, deflate(DEX)[:-9]])
    def test_broken_streams(self, payload: bytes) -> None:
        data = build_zip([Member("a", DEX, payload=payload)])
        with open_container(data) as container, pytest.raises(EntryError):
            container.read("a")
        assert codes(container) == ["entry-malformed"]


class TestEncryption:
    def test_bit_alone_changes_nothing(self) -> None:
        flags = {"flags": 0x0001}
        with opened(
            Member("classes.dex", DEX, central=flags, local=flags),
            Member("stored", DEX, method=STORED, central=flags, local=flags),
        ) as container:
            assert container.read("classes.dex") == container.read("stored") == DEX
            assert container.not_examined == ()

    def test_encrypted_entries_are_told_apart(self) -> None:
        flags, noise = {"flags": 0x0001}, bytes(byte ^ 0xA5 for byte in deflate(DEX))
        with opened(
            Member("deflated", DEX, payload=bytes(12) + noise, central=flags, local=flags),
            Member("stored", DEX, method=STORED, payload=bytes(12) + DEX, central=flags, local=flags),
        ) as container:
            for name in container.entries:
                with pytest.raises(EntryError, match=f"!{name} is encrypted"):
                    container.read(name)
            assert codes(container) == ["entry-encrypted"] * 2


class TestNames:
    def test_of_two_entries_with_one_name_the_first(self) -> None:
        with opened(Member("a", b"first"), Member("b", b"b"), Member("a", b"second")) as container:
            assert list(container.entries) == ["a", "b"]
            assert container.read("a") == b"first"
            assert [(note.location, note.code) for note in container.not_examined] == [("t.apk!a", "entry-duplicate")]

    @pytest.mark.parametrize(
        "name", ["../../etc/passwd", "/etc/passwd", "C:\\x", "a\0b", "", "a/", "\u202e", "a" * 65535]
    )
    def test_names_are_only_names(self, name: str) -> None:
        with opened(Member(name, b"data")) as container:
            assert list(container.entries) == [name]
            assert container.read(name) == b"data"

    def test_names_that_are_not_utf8(self) -> None:
        with opened(Member(b"\xff\xfe", b"1"), Member("文", b"2")) as container:
            assert list(container.entries) == ["\\xff\\xfe", "文"]
            assert container.read("\\xff\\xfe") == b"1"

    def test_long_names_are_cut_in_messages(self) -> None:
        with opened(Member("a" * 5000, payload=b"\xff")) as container, pytest.raises(EntryError) as caught:
            container.read("a" * 5000)
        assert len(str(caught.value)) < 400


class TestEndOfFile:
    @pytest.mark.parametrize("count", [False, True])
    def test_bytes_before(self, *, count: bool) -> None:
        with opened(Member("classes.dex", DEX), prepend=b"#!/bin/sh\n" * 9, count_prepended=count) as container:
            assert container.read("classes.dex") == DEX
            assert codes(container) == ["bytes-before-archive"]

    @pytest.mark.parametrize(
        "knobs", [{"comment": b"c" * 65535}, {"append": b"\0" * 100_000}, {"comment": b"PK\x05\x06"}]
    )
    def test_bytes_behind(self, knobs: dict[str, bytes]) -> None:
        with opened(Member("classes.dex", DEX), **knobs) as container:
            assert container.read("classes.dex") == DEX

    def test_end_record_of_nothing_behind(self) -> None:
        with opened(Member("classes.dex", DEX), append=build_zip({})) as container:
            assert container.read("classes.dex") == DEX

    def test_apk_signature_before_directory(self) -> None:
        with opened(Member("classes.dex", DEX), before_directory=bytes(4096)) as container:
            assert container.read("classes.dex") == DEX
            assert container.not_examined == ()

    @pytest.mark.parametrize(
        "end", [{"size": 0}, {"size": 1}, {"size": 0xFFFFFFFF}, {"offset": 7}, {"comment_length": 9}]
    )
    def test_lies_in_the_end_record(self, end: dict[str, int]) -> None:
        with opened(Member("classes.dex", DEX), Member("b", DEX), end=end) as container:
            assert container.read("classes.dex") == DEX
            assert container.read("b") == DEX

    def test_fewer_entries_declared(self) -> None:
        with opened(Member("a", DEX), Member("b", DEX), end={"records": 1}) as container:
            assert list(container.entries) == ["a"]
            assert codes(container) == ["entries-hidden"]

    def test_more_entries_declared(self) -> None:
        with opened(Member("a", DEX), Member("b", DEX), end={"records": 9}) as container:
            assert list(container.entries) == ["a", "b"]
            assert codes(container) == ["directory-truncated"]

    def test_more_than_65535_entries_without_zip64(self) -> None:
        members = [Member(str(number), local=None, method=STORED) for number in range(65540)]
        with opened(*members) as container:
            assert len(container.entries) == 65540
            assert container.not_examined == ()

    def test_empty_archive(self) -> None:
        with open_container(build_zip({})) as container:
            assert container.kind is ContainerKind.ZIP
            assert not container.entries

    def test_zip64(self) -> None:
        for knobs in ({}, {"prepend": b"x" * 99}):
            with opened(Member("a", DEX), Member("b", b"b"), zip64=True, **knobs) as container:
                assert container.read("a") == DEX
                assert container.read("b") == b"b"

    @pytest.mark.parametrize("field", ["size", "compressed_size", "offset"])
    @pytest.mark.parametrize("extra", [b"", b"\1\0\xff\xff", b"\1\0\x08\0", struct.pack("<HHQ", 1, 8, 1 << 63)])
    def test_zip64_extra_fields_that_lie(self, field: str, extra: bytes) -> None:
        with opened(Member("a", DEX, central={field: 0xFFFFFFFF}, extra=extra), Member("b", DEX)) as container:
            try:
                assert container.read("a") == DEX
            except EntryError:
                assert len(container.not_examined) == 1
            assert container.read("b") == DEX

    def test_zip_behind_a_dex_file(self) -> None:
        dex = b"dex\n035\0" + bytes(500)
        with open_container(dex + build_zip({"classes.dex": DEX})) as container:
            assert container.kind is ContainerKind.APK
            assert container.read("classes.dex") == DEX
            assert codes(container) == ["bytes-before-archive"]
        with open_container(dex + build_zip({"notes.txt": b""})) as container:
            assert container.kind is ContainerKind.DEX
            assert container.not_examined == ()


class TestLimits:
    def test_entries(self) -> None:
        data = build_zip({str(number): b"" for number in range(11)})
        with open_container(data, limits=Limits(max_entries=11)) as container:
            assert len(container.entries) == 11
        with pytest.raises(LimitExceededError, match="input has more than 10 entries"):
            open_container(data, limits=Limits(max_entries=10))

    @pytest.mark.parametrize("method", [STORED, DEFLATED, 99])
    def test_one_entry(self, method: int) -> None:
        data = build_zip(
            [Member("large", bytes(1001), central={"method": method}, method=method), Member("small", DEX[:1000])]
        )
        with open_container(data, name="t.apk", limits=Limits(max_entry_bytes=1000)) as container:
            with pytest.raises(EntryLimitError, match=r"t\.apk!large is larger than 1000 bytes"):
                container.read("large")
            assert container.read("small") == DEX[:1000]
            assert codes(container) == ["entry-too-large"]

    def test_all_entries_each_counted_once(self) -> None:
        data = build_zip({"a": bytes(600), "b": bytes(600)})
        with open_container(data, limits=Limits(max_total_bytes=1000)) as container:
            assert container.read("a") == container.read("a") == bytes(600)
            with pytest.raises(EntryLimitError, match="1000 bytes together"):
                container.read("b")
            assert container.read("a") == bytes(600)
            assert codes(container) == ["total-too-large"]

    def test_all_entries_with_those_of_parts(self) -> None:
        inner = build_zip({"classes.dex": bytes(600)})
        data = build_zip({"classes.dex": bytes(600), "assets/x.apk": inner})
        with open_container(data, limits=Limits(max_total_bytes=1000)) as container:
            container.read("classes.dex")
            with pytest.raises(LimitExceededError):
                container.parts[0][1].read("classes.dex")

    @pytest.mark.parametrize("declared", [1000, 10_000, 0xFFFFFFFE])
    def test_bomb_costs_what_the_limit_allows(self, declared: int) -> None:
        stream = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = b"".join(stream.compress(bytes(1 << 20)) for _ in range(200)) + stream.flush()
        data = build_zip([Member("bomb", payload=bomb, central={"size": declared})])
        limit = 8 << 20
        with open_container(data, limits=Limits(max_entry_bytes=limit)) as container:
            tracemalloc.start()
            with pytest.raises(EntryLimitError):
                container.read("bomb")
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 3 * limit

    def test_declared_size_is_not_allocated(self) -> None:
        data = build_zip([Member("a", DEX, central={"size": 1 << 30})])
        with open_container(data) as container:
            tracemalloc.start()
            assert container.read("a") == DEX
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 16 << 20


SOUND = build_zip(
    [
        Member("AndroidManifest.xml", AXML),
        Member("classes.dex", DEX),
        Member("lib/x.so", b"\x7fELF" * 50, method=STORED),
    ]
)


def exercise(data: bytes) -> None:
    """Open and read everything: only SdkfpError may come out, and soon."""
    begin = time.perf_counter()
    try:
        with open_container(data, limits=Limits(max_entry_bytes=1 << 20, max_total_bytes=4 << 20)) as container:
            for entry in container.entries.values():
                try:
                    entry.read()
                except SdkfpError:
                    pass
                else:
                    continue
                assert container.not_examined
            assert container.parts is not None
    except SdkfpError:
        pass
    assert time.perf_counter() - begin < 5


@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_changed_bytes(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SOUND)
    for place, value in changes:
        data[place] = value
    exercise(bytes(data))


_HEADERS = len(SOUND) - SOUND.index(b"PK\x01\x02")


@given(
    st.integers(0, _HEADERS - 4),
    st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFF0000, 0x0000FFFF]),
    st.integers(0, len(SOUND)),
)
@settings(max_examples=300, deadline=None)
def test_extreme_numbers_in_headers_and_cut_files(place: int, number: int, cut: int) -> None:
    data = bytearray(SOUND)
    struct.pack_into("<I", data, len(data) - _HEADERS + place, number)
    exercise(bytes(data))
    exercise(bytes(data[:cut]))


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes(data: bytes) -> None:
    exercise(data)
    exercise(data + b"PK\x05\x06" + data + bytes(22))


@pytest.mark.parametrize(
    "members",
    [
        [Member("classes.dex", DEX, central={"method": 0x1111}, local={"method": 0x1111})],
        [Member("classes.dex", DEX, central={"flags": 1}, local={"flags": 1})],
        [Member("classes.dex", DEX), Member("res/../AndroidManifest.xml", AXML, method=STORED)],
    ],
)
def test_apkinspector_reads_the_same(members: list[Member]) -> None:
    data = build_zip(members)
    oracle = ZipEntry.parse(io.BytesIO(data))
    with open_container(data) as container:
        assert list(container.entries) == oracle.namelist()
        for name in container.entries:
            assert container.read(name) == oracle.read(name)
