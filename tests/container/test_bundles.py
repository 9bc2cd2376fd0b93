"""Packages of packages, and gzipped tars."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.zipwriter import Member, build_zip

from sdkfp.container import Container, ContainerKind, EntryLimitError, Limits, open_container
from sdkfp.errors import ContainerError, LimitExceededError, SdkfpError

BASE = build_zip({"AndroidManifest.xml": b"base", "classes.dex": b"dex\n035\0"})
SPLIT = build_zip({"AndroidManifest.xml": b"split", "lib/arm64-v8a/libx.so": b"\x7fELF"})


def hap(type_: str = "entry") -> bytes:
    module = {"app": {"bundleName": "com.example"}, "module": {"name": "m", "type": type_}}
    return build_zip({"module.json": json.dumps(module).encode(), "ets/modules.abc": b"PANDA", "pack.info": b"{}"})


def tar(contents: dict[str, bytes], *, format_: int = tarfile.PAX_FORMAT, links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as archive:
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return out.getvalue()


def kinds(container: Container) -> list[tuple[str, ContainerKind]]:
    return [(name, part.kind) for name, part in container.parts]


@pytest.mark.parametrize(
    ("contents", "kind", "parts"),
    [
        (
            {
                "manifest.json": b"{}",
                "com.example.apk": BASE,
                "config.arm64_v8a.apk": SPLIT,
                "Android/obb/main.obb": b"",
            },
            ContainerKind.XAPK,
            ["com.example.apk", "config.arm64_v8a.apk"],
        ),
        ({"info.json": b"{}", "base.apk": BASE, "split_x.apk": SPLIT}, ContainerKind.APKM, ["base.apk", "split_x.apk"]),
        ({"meta.sai_v2.json": b"{}", "base.apk": BASE}, ContainerKind.APKS, ["base.apk"]),
        (
            {"toc.pb": b"", "splits/base-master.apk": BASE, "splits/base-arm64_v8a.apk": SPLIT},
            ContainerKind.APKS,
            ["splits/base-master.apk", "splits/base-arm64_v8a.apk"],
        ),
        ({"toc.pb": b"", "universal.apk": BASE}, ContainerKind.APKS, ["universal.apk"]),
        (
            {"toc.pb": b"", "standalones/standalone-x86.apk": BASE},
            ContainerKind.APKS,
            ["standalones/standalone-x86.apk"],
        ),
        (
            {"BundleConfig.pb": b"", "base/manifest/AndroidManifest.xml": b"", "base/dex/classes.dex": b""},
            ContainerKind.AAB,
            [],
        ),
        ({"AndroidManifest.xml": b"", "classes.dex": b"", "manifest.json": b"", "x.apk": BASE}, ContainerKind.APK, []),
        ({"AndroidManifest.xml": b"", "config.json": b"", "resources.index": b""}, ContainerKind.APK, []),
        ({"config.json": b"", "resources.index": b"", "classes.dex": b""}, ContainerKind.HAP, []),
        ({"module.json": b"not json", "resources.index": b""}, ContainerKind.HAP, []),
        ({"module.json": b'{"module": []}', "pack.info": b""}, ContainerKind.HAP, []),
        ({"module.json": b"[" * 100_000, "pack.info": b""}, ContainerKind.HAP, []),
        ({"config.json": b"{}"}, ContainerKind.ZIP, []),
        ({"folder/x.apk": BASE}, ContainerKind.ZIP, []),
    ],
)
def test_kinds_and_parts(contents: dict[str, bytes], kind: ContainerKind, parts: list[str]) -> None:
    with open_container(build_zip(contents), name="x") as container:
        assert container.kind is kind
        assert [name for name, _ in container.parts] == parts
        assert all(part.kind is ContainerKind.APK for _, part in container.parts)
        assert container.not_examined == ()


def test_variants_for_other_devices_are_not_read_twice() -> None:
    contents = {"toc.pb": b"", "splits/base-master.apk": BASE, "standalones/standalone-hdpi.apk": BASE}
    with open_container(build_zip(contents), name="x.apks") as container:
        assert [name for name, _ in container.parts] == ["splits/base-master.apk"]
        assert [(note.location, note.code) for note in container.not_examined] == [
            ("x.apks!standalones/standalone-hdpi.apk", "part-variant")
        ]


def test_splits_in_a_file_are_read_in_place(tmp_path: Path) -> None:
    path = tmp_path / "x.xapk"
    members = [Member("manifest.json", b"{}"), Member("base.apk", BASE, method=0), Member("split.apk", SPLIT)]
    path.write_bytes(build_zip(members, prepend=b"prefix"))
    with open_container(path) as container:
        (_, base), (_, split) = container.parts
        assert base.location == "x.xapk!base.apk"
        assert base.entries["classes.dex"].location == "x.xapk!base.apk!classes.dex"
        assert base.read("classes.dex") == b"dex\n035\0"
        assert split.read("lib/arm64-v8a/libx.so") == b"\x7fELF"


@pytest.mark.parametrize(("type_", "kind"), [("entry", ContainerKind.HAP), ("shared", ContainerKind.HSP)])
def test_harmony_modules(type_: str, kind: ContainerKind) -> None:
    with open_container(hap(type_)) as container:
        assert container.kind is kind


def test_harmony_app() -> None:
    data = build_zip({"pack.info": b"{}", "entry.hap": hap(), "library.hsp": hap("shared"), "pack.res": b""})
    with open_container(data, name="x.app") as container:
        assert container.kind is ContainerKind.APP
        assert kinds(container) == [("entry.hap", ContainerKind.HAP), ("library.hsp", ContainerKind.HSP)]


class TestTar:
    CONTENTS: ClassVar[dict[str, bytes]] = {
        "package/oh-package.json5": b"{}",
        "package/libs/arm64-v8a/libx.so": b"\x7fELF",
        "package/" + "n" * 300: b"n",
    }

    @pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_har(self, format_: int) -> None:
        contents = dict(list(self.CONTENTS.items())[: 2 if format_ == tarfile.USTAR_FORMAT else 3])
        data = gzip.compress(tar(contents, format_=format_))
        with open_container(data, name="x.har") as container:
            assert container.kind is ContainerKind.HAR
            assert container.size == len(data)
            assert {name: container.read(name) for name in container.entries} == contents
            assert container.not_examined == ()
        with pytest.raises(ContainerError, match="closed"):
            container.read("package/oh-package.json5")

    def test_any_other(self) -> None:
        with open_container(gzip.compress(tar({"a": b"1"}))) as container:
            assert container.kind is ContainerKind.TAR

    def test_several_gzip_members(self) -> None:
        data = tar(self.CONTENTS)
        with open_container(gzip.compress(data[:700]) + gzip.compress(data[700:]) + b"trailing") as container:
            assert list(container.entries) == list(self.CONTENTS)

    def test_links_names_and_duplicates(self) -> None:
        data = tar({"../a": b"1", "/b": b"2", "./c": b"3"}, links={"link": "/etc/passwd", "../a": "x"})
        first = tar({"d": b"first"})[:1024]
        with open_container(gzip.compress(first + tar({"d": b"second"})[:1024] + data), name="x.tgz") as container:
            assert {name: container.read(name) for name in container.entries} == {
                "d": b"first", "../a": b"1", "/b": b"2", "./c": b"3",
            }  # fmt: skip
            assert [(note.location, note.code) for note in container.not_examined] == [
                ("x.tgz!d", "entry-duplicate"),
                ("x.tgz!link", "entry-special"),
                ("x.tgz!../a", "entry-special"),
            ]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"\x1f\x8b\x08" + bytes(50), "not a gzip file"),
            (gzip.compress(b"text" * 1000), "not a tar archive"),
            (gzip.compress(b""), "not a tar archive"),
            (gzip.compress(tar({}))[:-12], "cut off"),
        ],
        ids=["no gzip", "no tar", "empty", "cut off"],  # gzip writes the time: not in a test's name
    )
    def test_broken(self, data: bytes, message: str) -> None:
        with pytest.raises(ContainerError, match=message):
            open_container(data, name="x.har")

    def test_cut_off_inside(self) -> None:
        data = tar({"a": b"a" * 600, "b": b"b" * 600})
        with open_container(gzip.compress(data[: 512 + 1024 + 512 + 10]), name="x.har") as container:
            assert container.read("a") == b"a" * 600
            assert "b" not in container.entries or container.entries["b"].size == 600

    def test_limits(self) -> None:
        data = gzip.compress(tar({str(number): bytes(2000) for number in range(20)}))
        with pytest.raises(LimitExceededError, match="more than 10 entries"):
            open_container(data, limits=Limits(max_entries=10))
        with pytest.raises(LimitExceededError, match="larger than 10000 bytes when inflated"):
            open_container(data, limits=Limits(max_entry_bytes=10_000))
        with open_container(data, limits=Limits(max_entry_bytes=100_000)) as container:
            assert container.read("19") == bytes(2000)

    @given(
        st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
        st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(b"\0 01789xgLKS\xff\x80\n=")), min_size=1, max_size=8),
        st.integers(0, 12_000),
    )
    @settings(max_examples=200, deadline=None)
    def test_changed_bytes(self, format_: int, changes: list[tuple[int, int]], cut: int) -> None:
        data = bytearray(
            tar({"a": b"1", "b" * 60 + "/" + "c" * 60: b"2", "ü": b"3"}, format_=format_, links={"l": "a"})
        )
        for place, value in changes:
            data[place % len(data)] = value
        try:
            with open_container(gzip.compress(bytes(data[:cut]), 1)) as container:
                for entry in container.entries.values():
                    entry.read()
        except SdkfpError:
            pass

    def test_long_chains_of_long_names(self) -> None:
        """Readers that follow each such header with a call run out of stack."""
        info = tarfile.TarInfo("././@LongLink")
        info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1
        link = info.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")
        with open_container(gzip.compress(tar({"a": b"1"})[:1024] + link * 20_000), name="x.har") as container:
            assert container.read("a") == b"1"
            assert [note.code for note in container.not_examined] == ["directory-truncated"]


def test_bundles_share_the_limits() -> None:
    inner = build_zip({"classes.dex": bytes(3000)})
    data = build_zip({"manifest.json": b"{}", "a.apk": inner, "b.apk": inner})
    with open_container(data, limits=Limits(max_total_bytes=3500)) as container:
        (_, first), (_, second) = container.parts
        assert first.read("classes.dex") == bytes(3000)
        with pytest.raises(EntryLimitError):
            second.read("classes.dex")


@pytest.mark.network
@pytest.mark.oracle
def test_real_har(real_app: Callable[[str], Path]) -> None:
    path = real_app("react_native_openharmony_release.har")
    with open_container(path) as container, tarfile.open(path) as oracle:
        assert container.kind is ContainerKind.HAR
        files = [member for member in oracle.getmembers() if member.isfile()]
        assert list(container.entries) == [member.name for member in files]
        for member in files[::1000]:
            content = oracle.extractfile(member)
            assert content is not None
            assert container.read(member.name) == content.read()
