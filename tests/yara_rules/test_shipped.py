"""The rules that ship for SDKs: the same answers on both engines, on made and on real files."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import TYPE_CHECKING

import pytest
from support import realapps
from support.dexcode import ConstString, Method
from support.dexwriter import DexWriter
from support.elfwriter import SharedObject, write

from sdkfp.catalog import Catalog, builtin_directory
from sdkfp.packers import read_packers
from sdkfp.yara import CompiledRules, Engine, RuleSource, Target, compile_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIRECTORY = builtin_directory()
SOURCES = tuple(
    RuleSource(path.stem, str(path), path.read_text(encoding="utf-8"))
    for folder in ("sdks", "nursery")
    for path in sorted((DIRECTORY / folder).glob("*.yar"))
)
ENGINES: list[Engine] = ["yara", "yara-x"] if importlib.util.find_spec("yara_x") else ["yara"]


@cache
def compiled(engine: Engine) -> CompiledRules:
    return compile_rules((*SOURCES, *read_packers(DIRECTORY / "packers").sources), engine=engine)


def found(target: Target, data: bytes) -> list[str]:
    """What both engines find."""
    answers = [[match.name for match in compiled(engine).match(target, data, timeout_s=30)] for engine in ENGINES]
    assert answers.count(answers[0]) == len(answers)
    return answers[0]


def test_every_rule_file_stands_beside_its_signature() -> None:
    catalog = Catalog.load(cache=False)
    assert SOURCES
    assert [source.namespace for source in SOURCES if source.namespace not in catalog] == []


def test_every_yara_clue_names_a_rule() -> None:
    rules = {name for target in compiled("yara").targets for name in compiled("yara").names(target)}
    clues = {
        f"{signature.id}/{clue.name}"
        for signature in Catalog.load(cache=False)
        for clue in signature.clues
        if clue.kind.value == "yara"
    }
    assert clues
    assert clues <= rules


DEX = [
    ("adjust/adjust_endpoints", ("https://app.adjust.com", "https://gdpr.adjust.com")),
    ("alipay-sdk/alipay_endpoints", ("https://mcgw.alipay.com/sdklog.do", "https://mobilegw.alipay.com/mgw.htm")),
    (
        "amap-location/amap_location_endpoints",
        ("http://apilocate.amap.com/mobile/binary", "http://abroad.apilocate.amap.com/mobile/binary"),
    ),
    ("branch/branch_endpoints", ("https://api.branch.io/", "https://bnc.lt/a/")),
    ("bugly/bugly_endpoint", ("https://android.bugly.qq.com/rqd/async",)),
    ("bugsnag/bugsnag_endpoints", ("https://notify.bugsnag.com", "https://sessions.bugsnag.com")),
    ("umeng-common/umeng_endpoints", ("https://ulogs.umeng.com/unify_logs", "https://plbslog.umeng.com")),
    ("umeng-common/umeng_endpoints", ("https://ulogs.umeng.com", "https://ulogs.umengcloud.com")),
]


def dex(strings: tuple[str, ...]) -> bytes:
    code = [ConstString(0, string) for string in strings]
    return DexWriter().add_class("a.a", methods=[Method("a", code=code)]).build()


@pytest.mark.parametrize(("rule", "strings"), DEX)
def test_a_renamed_sdk_is_known_by_its_endpoints(rule: str, strings: tuple[str, ...]) -> None:
    assert found("dex", dex(strings)) == [rule]


@pytest.mark.parametrize(("rule", "strings"), DEX)
def test_a_longer_or_a_lone_string_is_no_endpoint(rule: str, strings: tuple[str, ...]) -> None:
    assert found("dex", dex(tuple(f"{string}?" for string in strings))) == []
    assert found("dex", dex(tuple(f"see {string}" for string in strings))) == []
    if len(strings) > 1:
        assert found("dex", dex(strings[:1])) == []


def test_every_rule_for_dex_is_tested() -> None:
    assert {rule for rule, _ in DEX} == set(compiled("yara").names("dex"))


ELF = [
    ("ffmpeg/ffmpeg_license", b"libavcodec license: LGPL version 2.1 or later\0"),
    ("libpng/libpng_version", b"libpng version 1.6.35 - July 15, 2018\n\0"),
    ("libvpx/libvpx_interface", b"WebM Project VP9 Encoder v1.8.2-173-g77960f37b\0"),
    ("openssl/openssl_version", b"OpenSSL 1.0.2k  26 Jan 2017\0"),
    ("openssl/openssl_version", b"OpenSSL 3.0.13+quic 30 Jan 2024\0"),
    ("sqlite/sqlite_engine", b"SQLite format 3\0CREATE TABLE sqlite_master(sql text)\0sqlite_sequence\0"),
    ("zlib/zlib_copyright", b" deflate 1.2.11 Copyright 1995-2017 Jean-loup Gailly and Mark Adler \0"),
    ("zlib/zlib_copyright", b" inflate 1.2.3 Copyright 1995-2005 Mark Adler \0"),
]


@pytest.mark.parametrize(("rule", "text"), ELF)
def test_a_statically_linked_library_is_known_by_its_texts(rule: str, text: bytes) -> None:
    assert found("elf", write(SharedObject(data=text))) == [rule]


@pytest.mark.parametrize(
    "text",
    [
        b"needs OpenSSL 1.1.1 or later\0OpenSSL_version\0openssl 1.0.2k  26 Jan 2017\0",
        b"cannot find libavcodec\0libavcodec.so\0libpng version mismatch\0libpng version 1.6.35\0",
        b"PRAGMA table_info(sqlite_master)\0SQLite format\0",
        b"deflate 1.2.11\0inflate failed\0WebM Project VP9\0",
    ],
)
def test_a_library_that_only_speaks_of_another_is_not_it(text: bytes) -> None:
    assert found("elf", write(SharedObject(data=text))) == []


def test_every_rule_for_elf_is_tested() -> None:
    assert {rule for rule, _ in ELF} == set(compiled("yara").names("elf"))


REAL = {
    "realm@6.1.0/arm64-v8a/librealmreact.so": ["openssl/openssl_version"],
    "realm@6.1.0/armeabi-v7a/librealmreact.so": ["openssl/openssl_version"],
    "realm@2.29.2/arm64-v8a/librealmreact.so": ["openssl/openssl_version"],
    "realm@2.29.2/armeabi-v7a/librealmreact.so": ["openssl/openssl_version"],
}


@pytest.mark.network
@pytest.mark.parametrize("key", realapps.keys("so"))
def test_both_engines_agree_on_real_libraries(key: str, real_app: Callable[[str], Path]) -> None:
    names = found("elf", real_app(key).read_bytes())
    if "BaiduMapSDK" in key:
        assert set(names) <= {"libpng/libpng_version", "sqlite/sqlite_engine"}
    else:
        assert names == REAL.get(key, [])
