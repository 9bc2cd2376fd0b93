"""Real libraries out of public packages, with readelf as the oracle."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from support import realapps

from sdkfp.elf import read_library, tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    RealApp = Callable[[str], Path]

LIBRARIES = realapps.keys("so")
_SYMBOL = re.compile(
    r"\s*\d+:\s+[0-9a-f]+\s+\S+\s+\S+\s+(?P<binding>\S+)\s+\S+\s+(?:\[.*?\]\s+)?(?P<place>\S+)\s+(?P<name>[^\s@]+)"
)


def readelf(path: Path, *options: str) -> str:
    program = shutil.which("readelf")
    if program is None:
        pytest.skip("readelf is not installed")
    done = subprocess.run([program, "--wide", *options, str(path)], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.network
@pytest.mark.oracle
@pytest.mark.parametrize("key", LIBRARIES)
def test_a_real_library_reads_as_readelf_reads_it(key: str, real_app: RealApp) -> None:
    path = real_app(key)
    library = read_library(path.read_bytes())
    rows = [found for line in readelf(path, "--dyn-syms").splitlines() if (found := _SYMBOL.match(line))]
    exported = {row["name"] for row in rows if row["place"] != "UND" and row["binding"] in ("GLOBAL", "WEAK", "UNIQUE")}
    imported = {row["name"] for row in rows if row["place"] == "UND"}
    dynamic, notes = readelf(path, "--dynamic"), readelf(path, "--notes")
    assert exported
    assert (set(library.exported), set(library.imported)) == (exported, imported)
    assert list(library.needed) == re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    assert [library.soname] == re.findall(r"\(SONAME\).*\[(.*)\]", dynamic)
    assert ([library.build_id] if library.build_id else []) == re.findall(r"Build ID: ([0-9a-f]+)", notes)
    assert (library.android_ident is not None) == ("Android" in notes)
    comment = readelf(path, "--string-dump=.comment")
    assert set(library.comment) == {
        text[:400] for text in re.findall(r"^ +\[ *[0-9a-f]+\]  (.*)$", comment, re.MULTILINE)
    }
    assert library.unread == ()


@pytest.mark.network
@pytest.mark.parametrize("key", LIBRARIES[::6])
def test_a_real_library_without_section_headers_reads_the_same(key: str, real_app: RealApp) -> None:
    data = real_app(key).read_bytes()
    form, start, count = ("<Q", 0x28, 0x3C) if data[4] == 2 else ("<I", 0x20, 0x30)
    stripped = bytearray(data)
    struct.pack_into(form, stripped, start, 0)
    struct.pack_into("<HH", stripped, count, 0, 0)
    false = bytearray(data)
    (sections,) = struct.unpack_from(form, false, start)
    false[sections:] = b"\x5a" * (len(false) - sections)
    library = read_library(data)
    for changed in (stripped, false):
        again = read_library(bytes(changed))
        assert (again.exported, again.imported, again.needed) == (library.exported, library.imported, library.needed)
        assert (again.soname, again.build_id, again.android_ident) == (
            library.soname,
            library.build_id,
            library.android_ident,
        )
        assert (again.jni_methods, again.named_classes) == (library.jni_methods, library.named_classes)


@pytest.mark.network
@pytest.mark.parametrize("key", LIBRARIES[::6])
def test_columns_lief_and_pyelftools_say_the_same(key: str, real_app: RealApp, monkeypatch: pytest.MonkeyPatch) -> None:
    data = real_app(key).read_bytes()
    plain = read_library(data)
    monkeypatch.setattr(tables, "_plain_names", lambda *_: None)
    assert read_library(data) == plain
    monkeypatch.setattr(tables, "_read_with_lief", lambda _: None)
    assert read_library(data) == plain


@pytest.mark.network
def test_what_real_libraries_say(real_app: RealApp) -> None:
    jcore = read_library(real_app("arm64-v8a/libjcore117.so").read_bytes())
    assert (jcore.abi, jcore.soname, jcore.has_jni_onload) == ("arm64-v8a", "libjcore117.so", True)
    assert jcore.registered_classes == ("cn.jiguang.service.Protocol",)
    weibo = read_library(real_app("armeabi-v7a/libweibosdkcore.so").read_bytes())
    assert (weibo.abi, weibo.registered_classes) == ("armeabi-v7a", ())
    assert "com.sina.deviceidjnisdk.DeviceIdFactory" in {method.class_name for method in weibo.jni_methods}
