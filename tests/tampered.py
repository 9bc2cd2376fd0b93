"""A collection of tampered apps: known tricks against tools, each with the outcome that is expected of a scan.

    python tests/tampered.py FOLDER       writes every app and expected.json

Every app is the same small one: its own code, the SDK ``vendor-push`` with its service and a native library, and ``vendor-core``. A
trick hides, bends or blows up something. ``installs`` says whether Android itself would install the app and load its dex files, as its
parsers are written (libziparchive, androidfw, libdexfile, bionic's linker in the Android Open Source Project): then nothing may stay
hidden from a scan.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from support import elfwriter
from support.axmlwriter import E, write_axml
from support.dexcode import uleb128
from support.dexpatch import CLASS_DEFS, STRING_IDS, TYPE_IDS, class_def, number, patched
from support.dexwriter import DexWriter, repair_checksums
from support.zipwriter import STORED, Member, build_zip, deflate

__all__ = ["SIGNATURES", "TRICKS", "Trick"]

SIGNATURES = {
    "vendor-push": """
        clues: [{class: com.vendor.push.}, {service: com.vendor.push.PushService}, {library: libvendorpush.so}]
    """,
    "vendor-core": "clues: [{class: com.vendor.core.}]",
}
PACKAGE = "com.maker.app"
ALL = ("vendor-core", "vendor-push")
CLASSES = ("com.maker.app.Main", "com.vendor.core.A", "com.vendor.push.PushService")


@dataclass(frozen=True)
class Trick:
    """One way to tamper."""

    name: str
    why: str
    build: Callable[[], bytes]
    installs: bool
    sdks: tuple[str, ...] = ALL
    """Those that a scan finds."""
    package: str | None = PACKAGE
    """That a scan reads from the manifest."""
    notes: tuple[str, ...] = ()
    """Codes in ``not_examined``, each once."""
    refused: str | None = None
    """The error, where nothing can be read."""
    tools: tuple[str, ...] = ("aapt2", "dexdump")
    """The tools of the platform that read the app as Android does; aapt stands in for aapt2 where that one asks for more."""
    seen: tuple[str, ...] = CLASSES
    """The classes in ``classes.dex``: all that dexdump can see of an app that Android installs."""


TRICKS: dict[str, Trick] = {}


def trick(
    name: str, why: str, *, installs: bool, **expected: object
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Put a builder into the collection."""

    def add(build: Callable[[], bytes]) -> Callable[[], bytes]:
        TRICKS[name] = Trick(name, why, build, installs, **expected)  # type: ignore[arg-type] # the fields of Trick
        return build

    return add


# ---- the app


def axml(**knobs: object) -> bytes:
    service = E("service", {"android:name": "com.vendor.push.PushService"})
    root = E(
        "manifest",
        {"package": PACKAGE},
        E("uses-sdk", {"android:minSdkVersion": 21, "android:targetSdkVersion": 34}),
        E("uses-permission", {"android:name": "android.permission.INTERNET"}),
        E("application", {}, service),
    )
    return write_axml(root, **knobs)  # type: ignore[arg-type] # the knobs of write_axml


def dex() -> bytes:
    return (
        DexWriter()
        .add_class("com.maker.app.Main", superclass="android.app.Activity")
        .add_class("com.vendor.core.A", static_strings={"NAME": "core"})
        .add_class("com.vendor.push.PushService", superclass="android.app.Service")
        .build()
    )


def library(**knobs: object) -> bytes:
    symbol = elfwriter.Symbol("Java_com_vendor_push_Native_start")
    return elfwriter.write(elfwriter.SharedObject(soname="libvendorpush.so", symbols=[symbol], **knobs))  # type: ignore[arg-type] # the fields of SharedObject


def members(**replaced: Member | bytes) -> list[Member]:
    """The entries of the app; ``manifest``, ``dex`` and ``so`` replace theirs."""
    found: dict[str, Member | bytes] = {"manifest": axml(), "dex": dex(), "so": library(), **replaced}
    names = {"manifest": "AndroidManifest.xml", "dex": "classes.dex", "so": "lib/arm64-v8a/libvendorpush.so"}
    return [item if isinstance(item, Member) else Member(names[key], item) for key, item in found.items()]


def app(*more: Member, **replaced: Member | bytes) -> bytes:
    return build_zip([*members(**replaced), *more])


@trick("untouched", "the app as it is, to compare with", installs=True)
def _untouched() -> bytes:
    return app()


# ---- ZIP


@trick(
    "fake-encryption-flag", "bit 0 of the flags says encrypted; nothing is, and Android does not look", installs=True
)
def _fake_encryption() -> bytes:
    flags = {"flags": 0x0001}
    return build_zip([Member(m.name, m.data, central=flags, local=flags) for m in members()])


@trick(
    "unknown-method-stored-manifest",
    "a compression method that does not exist; Android releases took whatever is not deflate for stored",
    installs=True,
    tools=("dexdump",),  # of today: they refuse the manifest
)
def _unknown_method() -> bytes:
    method = {"method": 0x2E3C}
    return app(manifest=Member("AndroidManifest.xml", axml(), method=STORED, central=method, local=method))


@trick(
    "methods-differ",
    "the local header names another compression method than the central one, which counts",
    installs=True,
)
def _methods_differ() -> bytes:
    return build_zip([Member(m.name, m.data, local={"method": 0x1111}) for m in members()])


@trick(
    "local-sizes-lie", "sizes and checksum of the local headers are nonsense; the central ones count", installs=False
)
def _local_sizes() -> bytes:
    lies = {"size": 0xFFFFFFFF, "compressed_size": 1, "crc": 0xDEADBEEF}
    return build_zip([Member(m.name, m.data, local=lies) for m in members()])


@trick("names-differ", "the local headers have other names", installs=False)
def _names_differ() -> bytes:
    return build_zip([Member(m.name, m.data, local_name=b"x" * len(m.raw_name)) for m in members()])


@trick(
    "directory-of-the-same-name",
    "directories named classes.dex/ and AndroidManifest.xml/ beside the files, so that unpacking to disk fails",
    installs=True,
)
def _directories() -> bytes:
    return build_zip([Member("classes.dex/", method=STORED), Member("AndroidManifest.xml/", method=STORED), *members()])


@trick("two-of-a-name", "classes.dex twice, the first one real", installs=False, notes=("entry-duplicate",))
def _two_of_a_name() -> bytes:
    return app(Member("classes.dex", DexWriter().add_class("com.harmless.A").build()))


@trick(
    "names-in-other-case",
    "CLASSES.DEX and androidmanifest.xml beside the real ones, which overwrite them on some file systems",
    installs=True,
)
def _other_case() -> bytes:
    decoy = DexWriter().add_class("com.harmless.A").build()
    return app(Member("CLASSES.DEX", decoy), Member("androidmanifest.xml", b"<manifest/>"))


@trick("path-traversal", "names that lead out of a folder when unpacked", installs=True)
def _traversal() -> bytes:
    return app(Member("../../../../tmp/evil", b"x"), Member("/etc/passwd", b"x"), Member("..\\..\\evil", b"x"))


@trick("name-with-nul", "a name that ends early for programs written in C", installs=False)
def _nul() -> bytes:
    return app(Member("classes.dex\0.png", b"x"))


@trick(
    "bytes-before",
    "a script before the archive; Android reads a ZIP from its end",
    installs=False,
    notes=("bytes-before-archive",),
)
def _bytes_before() -> bytes:
    return build_zip(members(), prepend=b"#!/bin/sh\nexit 0\n" * 40)


@trick(
    "dex-before",
    "a dex file before the archive (the Janus trick): signed as an archive, run as a dex file by old systems",
    installs=False,
    notes=("bytes-before-archive",),
)
def _dex_before() -> bytes:
    return build_zip(members(), prepend=DexWriter().add_class("com.evil.A").build(), count_prepended=True)


@trick(
    "end-record-in-comment", "a second end record, of an empty archive, inside the comment of the first", installs=False
)
def _end_in_comment() -> bytes:
    return build_zip(members(), comment=b"PK\x05\x06" + bytes(16) + b"\x00\x01" + b"c" * 300)


@trick(
    "zip64-lies",
    "extra fields and an end record of the 64-bit form with offsets outside the file, where 32 bits say it all",
    installs=True,
)
def _zip64_lies() -> bytes:
    extra = struct.pack("<HHQQ", 1, 16, 1 << 62, 1 << 62)
    end64 = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, 1 << 40, 1 << 60)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 1 << 62, 1)
    data = build_zip([Member(m.name, m.data, extra=extra) for m in members()])
    at = data.rindex(b"PK\x05\x06")
    return data[:at] + end64 + locator + data[at:]


@trick("huge-central-directory", "150,000 empty entries before those that matter", installs=False)
def _huge_directory() -> bytes:
    empty = [Member(f"res/{n:06}", method=STORED) for n in range(150_000)]
    return build_zip([*empty, *members()])


@trick(
    "endless-central-directory",
    "more entries than the limits allow",
    installs=False,
    refused="LimitExceededError",
)
def _endless_directory() -> bytes:
    header = build_zip([Member("a", method=STORED, local=None)])
    entry = header[: header.rindex(b"PK\x05\x06")]
    count = 300_000
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, count * len(entry), 0, 0)
    return entry * count + end


@trick(
    "overlapping-entries",
    "a thousand entries share one compressed run of bytes, each inflating to 8 MB; Android opens only those that it needs",
    installs=True,
    tools=("aapt", "dexdump"),  # aapt2 opens every entry
)
def _overlapping() -> bytes:
    zeros = deflate(bytes(8 << 20), 9)
    place = {"offset": 0, "compressed_size": len(zeros), "size": 8 << 20, "crc": zlib.crc32(bytes(8 << 20))}
    first = Member("assets/0.bin", payload=zeros, central={**place})
    shared = [Member(f"assets/{n}.bin", payload=b"", local=None, central={**place}) for n in range(1, 1000)]
    return build_zip([first, *shared, *members()])


@trick(
    "bomb",
    "an asset of more than 1 GB with the magic of a dex file, in 1 MB",
    installs=True,
    notes=("entry-too-large",),
)
def _bomb() -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 24)
    packed = b"".join([stream.compress(b"dex\n035\0"), *(stream.compress(block) for _ in range(66)), stream.flush()])
    return app(Member("assets/data.bin", payload=packed, central={"size": 0xFFFF}, local={"size": 0xFFFF}))


@trick(
    "nested-archives",
    "archives in assets, one inside the other, the code in the innermost",
    installs=True,
    notes=("part-too-deep",),
)
def _nested() -> bytes:
    inner = app()
    for _ in range(6):
        inner = build_zip({"AndroidManifest.xml": axml(), "assets/inner.apk": inner})
    return app(Member("assets/outer.apk", inner))


@trick(
    "hidden-dex", "a dex file with the only SDK code, named like a picture", installs=True, seen=("com.maker.app.Main",)
)
def _hidden_dex() -> bytes:
    plain = DexWriter().add_class("com.maker.app.Main").build()
    return app(Member("assets/logo.png", dex()), dex=plain)


# ---- binary XML


@trick(
    "axml-wrong-type",
    "the file's header does not say that it is binary XML; Android does not look",
    installs=True,
    tools=("aapt", "dexdump"),  # aapt2 looks
)
def _axml_type() -> bytes:
    return app(manifest=axml(file_type=0x0000))


@trick(
    "axml-size-beyond", "the file's header has a size far beyond the end", installs=False, notes=("manifest-damaged",)
)
def _axml_size() -> bytes:
    return app(manifest=axml(declared_size=0x7FFFFFF0))


@trick("axml-string-count", "the string pool says it has a hundred million strings", installs=False)
def _axml_strings() -> bytes:
    return app(manifest=axml(strings_declared=100_000_000))


@trick("axml-junk-chunks", "chunks of unknown types between the resource map and the first element", installs=True)
def _axml_junk() -> bytes:
    return app(manifest=axml(before_elements=struct.pack("<HHI", 0x7777, 8, 8 + 64) + b"j" * 64))


@trick(
    "axml-chunk-of-nothing",
    "a chunk with a size of zero before the first element, on which a reader could stay for ever",
    installs=False,
    package=None,
    notes=("manifest-malformed",),
)
def _axml_zero() -> bytes:
    return app(manifest=axml(before_elements=struct.pack("<HHI", 0x7777, 8, 0)))


@trick(
    "axml-blank-names", "the names of the framework's attributes are empty; their resource ids remain", installs=True
)
def _axml_blank() -> bytes:
    return app(manifest=axml(blank_names=True))


@trick("axml-pool-junk", "bytes between the index of the string pool and its first string", installs=True)
def _axml_pool_junk() -> bytes:
    return app(manifest=axml(pool_junk=b"\xcc" * 64))


@trick("axml-nonsense", "a manifest of random bytes", installs=False, package=None, notes=("manifest-malformed",))
def _axml_nonsense() -> bytes:
    return app(manifest=bytes(range(256)) * 9)


# ---- dex


@trick("dex-checksums-lie", "checksum and signature of the dex file are wrong", installs=False)
def _dex_checksums() -> bytes:
    data = dex()
    return app(dex=data[:8] + b"\xff" * 24 + data[32:])


@trick(
    "dex-overlapping-sections",
    "the type table lies on the string table",
    installs=False,
    notes=("dex-damaged",),
    sdks=("vendor-push",),
)
def _dex_overlap() -> bytes:
    data = dex()
    return app(dex=patched(data, (TYPE_IDS + 4, number(data, STRING_IDS + 4))))


@trick(
    "dex-string-loop",
    "all strings begin at one place, which is inside the index of strings itself",
    installs=False,
    notes=("dex-damaged",),
    sdks=("vendor-push",),
)
def _dex_loop() -> bytes:
    data = dex()
    table = number(data, STRING_IDS + 4)
    return app(dex=patched(data, *((table + 4 * n, table) for n in range(number(data, STRING_IDS)))))


@trick(
    "dex-class-data-bomb",
    "a class that promises four billion fields and methods",
    installs=False,
    notes=("dex-damaged",),
)
def _dex_bomb() -> bytes:
    data = dex()
    bomb = uleb128(0xFFFFFFFF) * 4 + b"\x00\x01" * 64
    return app(
        dex=repair_checksums(patched(data + bomb, (class_def(data, 0, 6), len(data)), (0x20, len(data) + len(bomb))))
    )


@trick(
    "dex-bytes-behind",
    "bytes behind the end that the header of the dex file gives",
    installs=False,
    notes=("dex-damaged",),
)
def _dex_behind() -> bytes:
    return app(dex=dex() + b"payload" * 100)


@trick("dex-million-classes", "a class table that says it has a billion rows", installs=False, notes=("dex-damaged",))
def _dex_classes() -> bytes:
    return app(dex=patched(dex(), (CLASS_DEFS, 1_000_000_000)))


@trick(
    "dex-nonsense",
    "a dex file of which only the magic is right",
    installs=False,
    sdks=("vendor-push",),
    notes=("dex-malformed",),
)
def _dex_nonsense() -> bytes:
    return app(dex=b"dex\n035\0" + b"\xff" * 64)


# ---- native libraries


@trick(
    "so-false-sections", "section headers that point elsewhere; the system's linker does not read them", installs=True
)
def _so_false() -> bytes:
    return app(so=library(sections="false"))


@trick("so-stripped-sections", "no section headers at all", installs=True)
def _so_stripped() -> bytes:
    return app(so=library(sections="stripped"))


@trick("so-nonsense", "a library of which only the magic is right", installs=True, notes=("library-malformed",))
def _so_nonsense() -> bytes:
    return app(so=b"\x7fELF" + b"\xff" * 300)


@trick("so-text", "a library that is text", installs=True, notes=("library-malformed",))
def _so_text() -> bytes:
    return app(so=b"not a library\n" * 10)


def expected() -> Mapping[str, Mapping[str, object]]:
    """The outcomes as plain data."""
    return {name: {k: v for k, v in asdict(found).items() if k != "build"} for name, found in TRICKS.items()}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in TRICKS.items():
        (folder / f"{name}.apk").write_bytes(found.build())
    (folder / "expected.json").write_text(json.dumps(expected(), indent=2) + "\n", encoding="utf-8")
    print(f"{len(TRICKS)} apps in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
