"""Native libraries made for the test: every field of the record, and which header is believed."""

from __future__ import annotations

import time

import pytest
from support.elfwriter import BASE, GLOBAL, LOCAL, WEAK, Note, SharedObject, Symbol, write

from sdkfp.elf import AndroidIdent, JniMethod, NativeLibrary, library_features, read_library
from sdkfp.features import Kind

IDENT = (21).to_bytes(4, "little") + b"r23b".ljust(64, b"\0") + b"7779620".ljust(64, b"\0")
LIBRARY = SharedObject(
    soname="libvendor.so",
    needed=("liblog.so", "libc.so"),
    symbols=(
        Symbol("malloc", defined=False),
        Symbol("JNI_OnLoad"),
        Symbol("Java_com_vendor_x_Native_start"),
        Symbol("vendor_weak", binding=WEAK),
        Symbol("vendor_unique", binding=10),
        Symbol("vendor_local", binding=LOCAL),
    ),
    notes=(Note(b"Android", 1, IDENT), Note(b"GNU", 3, bytes.fromhex("8eeb4183cc9f79c0f9e1c5fb9370934b2e4db1e8"))),
    data=b"com/vendor/x/Native\0OpenSSL 1.1.1k  25 Mar 2021\0/proc/net/arp\0ro.serialno\0",
    comment=b"Android (7714059, based on r416183c1) clang version 12.0.8\0Linker: LLD 12.0.8\0",
)


def made(**changes: object) -> NativeLibrary:
    return read_library(write(SharedObject(**changes)))  # type: ignore[arg-type]  # the fields of SharedObject by name


@pytest.mark.parametrize(
    ("machine", "bits", "abi"),
    [
        (183, 64, "arm64-v8a"),
        (40, 32, "armeabi-v7a"),
        (3, 32, "x86"),
        (62, 64, "x86_64"),
        (8, 32, "mips"),
        (8, 64, "mips64"),
        (243, 64, "riscv64"),
        (164, 32, "machine-164"),
        (183, 32, "machine-183"),
    ],
)
def test_the_abi_follows_from_machine_and_class(machine: int, bits: int, abi: str) -> None:
    library = made(machine=machine, bits=bits, symbols=(Symbol("f"), Symbol("g", defined=False)))
    assert (library.abi, library.bits, library.exported, library.imported) == (abi, bits, ("f",), ("g",))


@pytest.mark.parametrize("sections", ["true", "stripped", "false"])
def test_the_dynamic_segment_decides_whatever_the_section_headers_say(sections: str) -> None:
    library = read_library(write(LIBRARY.__class__(**{**LIBRARY.__dict__, "sections": sections})))
    assert library == NativeLibrary(
        abi="arm64-v8a",
        bits=64,
        soname="libvendor.so",
        needed=("liblog.so", "libc.so"),
        exported=("JNI_OnLoad", "Java_com_vendor_x_Native_start", "vendor_weak", "vendor_unique"),
        imported=("malloc",),
        jni_methods=(JniMethod("com.vendor.x.Native", "start", None),),
        has_jni_onload=True,
        named_classes=("com.vendor.x.Native",),
        build_id="8eeb4183cc9f79c0f9e1c5fb9370934b2e4db1e8",
        android_ident=AndroidIdent(21, "r23b", "7779620"),
        comment=()
        if sections == "stripped"
        else ("Android (7714059, based on r416183c1) clang version 12.0.8", "Linker: LLD 12.0.8"),
        version_strings=("OpenSSL 1.1.1k  25 Mar 2021",),
        system_names=("/proc/net/arp", "ro.serialno"),
        unread=(),
    )


@pytest.mark.parametrize("hashes", [{"gnu"}, {"sysv"}, {"gnu", "sysv"}, set()])
@pytest.mark.parametrize("bits", [32, 64])
def test_symbols_are_counted_by_any_hash_table_or_by_the_next_table(hashes: set[str], bits: int) -> None:
    symbols = (Symbol("in", defined=False), Symbol("one"), Symbol("two"))
    # without hash tables the addresses of other tables bound the symbols: here that of the relocations
    start = BASE + (120 if bits == 32 else 176)
    behind = {17: start + 4 * (16 if bits == 32 else 24)}
    library = made(bits=bits, symbols=symbols, hashes=frozenset(hashes), dynamic={} if hashes else behind)
    assert (library.exported, library.imported, library.unread) == (("one", "two"), ("in",), ())


def test_a_library_without_exports_keeps_its_imports() -> None:
    library = made(symbols=(Symbol("puts", defined=False),), hashes=frozenset({"sysv"}))
    assert (library.exported, library.imported) == ((), ("puts",))


def test_a_name_that_is_no_unicode_is_kept_readable() -> None:
    assert made(symbols=(Symbol(b"caf\xe9"),)).exported == ("caf\\xe9",)


def test_old_notes_hold_the_api_level_only() -> None:
    library = made(notes=(Note(b"Android", 1, (9).to_bytes(4, "little")),))
    assert (library.android_ident, library.build_id) == (AndroidIdent(9, None, None), None)


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"/sys/class/net/wlan0/address\0", ("/sys/class/net/wlan0/address",)),
        (b"/sys/class/net/\0persist.sys.a-b\0", ("/sys/class/net/", "persist.sys.a-b")),
        (b"x/proc/net/arp\0", ()),  # not the whole string
        (b"/product/x\0/system/x\0", ()),
        (b"/proc/%d/cmdline\0", ()),  # a format
        (b"ro\0ro.\0row.col\0hero.x\0", ()),
        (b"/proc/" + b"a" * 200 + b"\0", ()),
    ],
)
def test_names_of_system_files_and_properties(data: bytes, names: tuple[str, ...]) -> None:
    assert made(data=data).system_names == names


def test_system_names_are_capped_and_that_is_said() -> None:
    library = made(data=b"".join(b"ro.p%d\0" % number for number in range(2000)))
    assert len(library.system_names) == 1024
    assert [code for code, _ in library.unread] == ["elf-too-many-strings"]


CLASSES = [
    (b"com/vendor/x/Y\0", ("com.vendor.x.Y",)),
    (b"Lcom/vendor/x/Y$Inner;\0", ("com.vendor.x.Y$Inner",)),
    (b"[Lcom/vendor/x/Y;\0", ("com.vendor.x.Y",)),
    (b"okhttp3/OkHttpClient\0", ("okhttp3.OkHttpClient",)),
    (b"com/vendor/x/y/a\0", ("com.vendor.x.y.a",)),
    (b"com/vendor/Y\0", ("com.vendor.Y",)),
    (b"com/Vendor\0", ()),
    (b"com/vendor/x\0", ()),
    (b"com/vendor/x/Y;\0", ()),
    (b"(Lcom/vendor/x/Y;)V\0", ()),
    (b"xcom/vendor/x/Y\0", ()),
    (b"com/vendor/x/Y.cpp\0", ()),
    (b"java/lang/String\0android/content/Context\0Ljavax/crypto/Cipher;\0org/json/JSONObject\0", ()),
    (b"TCP/TLS/RTP/SAVPF\0fields/day/relative\0int/double/bool/String\0", ()),
]


@pytest.mark.parametrize(("data", "expected"), CLASSES)
def test_classes_are_whole_descriptor_strings_outside_the_platform(data: bytes, expected: tuple[str, ...]) -> None:
    assert made(data=data).named_classes == expected


@pytest.mark.parametrize(
    ("data", "symbol", "registered"),
    [
        (b"com/vendor/x/Y\0com/vendor/x/z/Z\0", "JNI_OnLoad", ("com.vendor.x.Y", "com.vendor.x.z.Z")),
        (b"com/vendor/x/Y\0", "JNI_OnUnload", ()),
        (b"com/vendor/x/Y\0com/vendor/other/Z\0", "JNI_OnLoad", ()),
        (b"com/vendor/Y\0", "JNI_OnLoad", ()),
        (b"com/google/android/gms/common/A\0com/vendor/x/Y\0", "JNI_OnLoad", ()),
        (b"", "JNI_OnLoad", ()),
    ],
)
def test_classes_are_taken_as_registered_only_where_they_are_of_one_package(
    data: bytes, symbol: str, registered: tuple[str, ...]
) -> None:
    library = made(symbols=(Symbol(symbol),), data=data)
    assert library.registered_classes == registered


VERSIONS = [
    (b"OpenSSL 1.0.2k  26 Jan 2017\0", ("OpenSSL 1.0.2k  26 Jan 2017",)),
    (
        b"TLSv1 part of OpenSSL 1.0.2k  26 Jan 2017\0OpenSSL 1.0.2k  26 Jan 2017\0",
        ("TLSv1 part of OpenSSL 1.0.2k  26 Jan 2017",),
    ),
    (b" libpng version 1.6.35 - July 15, 2018\n\n\0", ("libpng version 1.6.35 - July 15, 2018",)),
    (b"WebM Project VP9 Encoder v1.8.2-173-g77960f37b\0", ("WebM Project VP9 Encoder v1.8.2-173-g77960f37b",)),
    (b"[realm-core-6.0.21]\0", ("[realm-core-6.0.21]",)),
    (b"vendor\09.6.1\0", ("9.6.1",)),
    (b"other\09.6.1\0", ()),
    (b"HTTP/1.1\0TLSv1.2\0MIME-Version: 1.0\0", ()),
    (b"listen on 127.0.0.1:8080\0id-aes256:2.16.840.1.101.3.4.1.41\0", ()),
    (b"%5.3f GiB of %8.8x\0fraction > 0.5f\0", ()),
    (b"/build/glog/glog-0.3.5/src/logging.cc\0", ()),
    (b"bell \x07 1.2.3\0", ()),
]


@pytest.mark.parametrize(("data", "expected"), VERSIONS)
def test_versions_are_whole_strings_beside_a_name(data: bytes, expected: tuple[str, ...]) -> None:
    assert made(soname="libvendor.so", data=data).version_strings == expected


def test_the_features_of_a_library() -> None:
    library = read_library(write(LIBRARY))
    place = "base.apk!lib/arm64-v8a/libvendor.so"
    features = library_features(library, "libvendor.so", place)
    assert features.format().splitlines() == [
        f"{line} @ {place}"
        for line in (
            "library libvendor.so",
            "soname libvendor.so",
            "symbol JNI_OnLoad",
            "symbol Java_com_vendor_x_Native_start",
            "symbol vendor_weak",
            "symbol vendor_unique",
            "needed liblog.so",
            "needed libc.so",
            "jni com.vendor.x.Native",
            "property libvendor.so.ndk=r23b",
        )
    ]


def test_a_class_that_is_only_named_is_only_mentioned() -> None:
    library = made(symbols=(Symbol("Java_com_vendor_x_Native_start"),), data=b"com/google/android/gms/ads/A\0")
    features = library_features(library, "liba.so", "a.apk!lib/x86/liba.so")
    assert [column.names for column in features.of(Kind.JNI)] == [("com.vendor.x.Native",)]
    assert [column.names for column in features.of(Kind.REFERS)] == [("com.google.android.gms.ads.A",)]


def test_a_library_of_60_megabytes_is_read_in_less_than_0_3_seconds() -> None:
    line = b"com/vendor/x/Y\0version 1.2.3 of a text that is neither short nor of any use to anybody who reads it\0"
    code = bytes(range(256)) * 4000
    data = (code + line * 100) * 57
    raw = write(
        SharedObject(symbols=[Symbol(f"vendor_function_{n}", binding=GLOBAL) for n in range(20_000)], data=data)
    )
    assert len(raw) > 58_000_000
    read_library(write(LIBRARY))  # loads LIEF
    taken = []
    for _ in range(3):
        start = time.process_time()
        library = read_library(raw)
        taken.append(time.process_time() - start)
    assert (len(library.exported), library.named_classes) == (20_000, ("com.vendor.x.Y",))
    assert min(taken) < 0.3
