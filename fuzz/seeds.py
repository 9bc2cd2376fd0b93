"""The first inputs of every target, made by the writers of the tests."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Iterator, Mapping

import tampered
import targets  # noqa: F401 - makes the test support importable
from support import elfwriter
from support.axmlwriter import E, Reference, manifest, write_arsc, write_axml
from support.dexcode import Instruction
from support.dexpatch import sample
from support.dexwriter import ConstString, DexWriter, FieldAccess, Invoke, Method, build_container
from support.zipwriter import STORED, Member, build_zip

__all__ = ["seeds"]

_MODULE = b"""{"app": {"bundleName": "com.maker.app", "versionName": "1.0", "versionCode": 3, "minAPIVersion": 9},
"module": {"name": "entry", "type": "entry", "abilities": [{"name": "Main", "skills": [{"actions": ["a.b"]}]}],
"extensionAbilities": [{"name": "Push", "type": "service"}], "requestPermissions": [{"name": "ohos.permission.INTERNET"}],
"metadata": [{"name": "key", "value": "value"}]}}"""
_SIGNATURE = b"""id: vendor-push
name: {en: Vendor Push, zh: \xe6\x8e\xa8\xe9\x80\x81}
organization: vendor
categories: [push]
purl: pkg:maven/com.vendor/push
clues:
  - class: com.vendor.push.
  - service: com.vendor.push.PushService
    strength: hint
except: [{class: com.vendor.push.test.}]
version:
  - constant: com.vendor.push.Conf.VERSION
    pattern: 'v(.+)'
requires: [vendor-core]
collects:
  - {type: android_id, purpose: push, need: required, basis: vendor_docs, source: 'https://a.example/p', as_of: 2026-11-01}
  - {type: oaid, purpose: push, need: optional, basis: vendor_docs, source: 'https://a.example', as_of: 2026-11-01, versions: '>=1'}
artifacts:
  - purl: pkg:maven/com.vendor/push@1.0
    sha256: 0000000000000000000000000000000000000000000000000000000000000000
    version: '1.0'
examples:
  match:
    - origin: pkg:maven/com.vendor/push@1.0
      features: |
        class com.vendor.push.Conf
  miss:
    - {why: another vendor, features: 'class com.vendorpush.A'}
"""
_ORGANIZATION = b"id: vendor\nname: {en: Vendor, zh: \xe5\x8e\x82}\ncountry: CN\nwebsite: https://vendor.example\n"
_FEATURES = b"""class com.adjust.sdk.Adjust @ base.apk!classes.dex
refers com.adjust.sdk.A$B @ base.apk!classes2.dex
library libmsaoaidsec.so @ base.apk!lib/arm64-v8a/libmsaoaidsec.so
metadata KEY=VALUE
constant com.umeng.commonsdk.UMConfigure.VERSION="9.6.1"
mark umeng-analytics 0.93
# a remark
"""
_POLICY = """# Privacy policy

| SDK | Company | Data | Purpose |
|---|---|---|---|
| Vendor Push (com.vendor.push) | Vendor | Android ID, IMEI | push |

第三方SDK名称:Vendor Push
收集个人信息类型:设备标识符(Android ID)、位置信息
使用目的:消息推送
隐私政策链接:https://vendor.example/privacy
""".encode()


def seeds(target: str) -> Mapping[str, bytes]:
    """Named inputs for a target."""
    return dict(_SEEDS[target]())


def _packages() -> Iterator[tuple[str, bytes]]:
    for name, trick in tampered.TRICKS.items():
        if name not in ("bomb", "huge-central-directory", "endless-central-directory", "overlapping-entries"):
            yield name, trick.build()
    yield "zip64", build_zip(tampered.members(), zip64=True)
    yield "comment", build_zip(tampered.members(), comment=b"c" * 50, before_directory=bytes(64))
    yield (
        "aar",
        build_zip(
            {"AndroidManifest.xml": b"<manifest package='a.b'/>", "classes.jar": build_zip({"a/B.class": _class()})}
        ),
    )
    yield "xapk", build_zip({"manifest.json": b'{"package_name": "com.maker.app"}', "base.apk": tampered.app()})
    yield "tar", _tar({"package/oh-package.json5": b'{"name": "@v/x"}', "package/module.json": _MODULE})
    yield "dex", tampered.dex()
    yield "so", tampered.library()


def _dexes() -> Iterator[tuple[str, bytes]]:
    yield "sample", sample()
    code: list[Instruction] = [
        ConstString(0, "text"),
        Invoke("virtual", "android.content.Context", "getPackageManager"),
        FieldAccess("sget", 0, "a.B", "c", "I"),
    ]
    writer = DexWriter("039").add_class(
        "a.B", static_strings={"V": "1"}, fields={"f": "I"}, methods=[Method("m", code=code)]
    )
    yield "code", writer.build()
    yield "container", build_container([DexWriter("041").add_class("a.B"), DexWriter("041").add_class("a.C")])
    yield "empty", DexWriter().build()
    yield "app", tampered.dex()


def _class() -> bytes:
    """A class file ``a/B`` with a string constant."""
    names = [b"a/B", b"java/lang/Object", b"text"]
    pool = b"".join(b"\x01" + struct.pack(">H", len(name)) + name for name in names)
    pool += struct.pack(">BH", 7, 1) + struct.pack(">BH", 7, 2) + struct.pack(">BH", 8, 3)
    return struct.pack(">IHHH", 0xCAFEBABE, 0, 52, 7) + pool + struct.pack(">HHHHHHH", 0x21, 4, 5, 0, 0, 0, 0)


def _classes() -> Iterator[tuple[str, bytes]]:
    yield "class", _class()


def _manifests() -> Iterator[tuple[str, bytes]]:
    service = E(
        "service",
        {"android:name": ".S", "android:process": ":p"},
        E("intent-filter", {}, E("action", {"android:name": "a"})),
    )
    for utf8 in (False, True):
        body = manifest(
            permissions=["android.permission.CAMERA"],
            application={"android:label": Reference(0x7F010000)},
            components=[service],
            meta_data={"KEY": Reference(0x7F010001)},
            utf8=utf8,
        )
        for form in ("plain", "sparse", "short", "compact"):
            table = write_arsc({0x7F010000: "x", 0x7F010001: Reference(0x7F020003), 0x7F020003: "y"}, form=form)
            yield f"axml-{utf8}-{form}", body + b"\xf0RESOURCES\xf0" + table
    yield "blank", write_axml(E("manifest", {"package": "a.b", "android:versionCode": 3}), blank_names=True)
    yield (
        "text",
        b"<?xml version='1.0'?><manifest package='a.b' xmlns:android='http://schemas.android.com/apk/res/android'><application/></manifest>",
    )
    yield "proto", b"\x0a\x1c\x1a\x08manifest\x22\x10\x12\x07package\x1a\x05a.b.c"
    yield "harmony", _MODULE


def _libraries() -> Iterator[tuple[str, bytes]]:
    symbols = [elfwriter.Symbol("puts", defined=False), elfwriter.Symbol("Java_com_vendor_Native_start")]
    notes = [elfwriter.Note(b"GNU", 3, bytes(20)), elfwriter.Note(b"Android", 1, struct.pack("<I", 21) + b"r25c\0")]
    for bits in (32, 64):
        for sections in ("true", "stripped", "false"):
            library = elfwriter.SharedObject(
                bits=bits,
                needed=("libc.so",),
                symbols=symbols,
                notes=notes,
                data=b"vendor 1.2.3\0",
                sections=sections,
                comment=b"clang 12\0",
            )
            yield f"so-{bits}-{sections}", elfwriter.write(library)


def _haps() -> Iterator[tuple[str, bytes]]:
    module = build_zip(
        [
            Member("module.json", _MODULE),
            Member("ets/modules.abc", b"PANDA\0" * 4, method=STORED),
            Member("libs/arm64-v8a/libvendor.so", tampered.library()),
        ]
    )
    yield "hap", module
    yield "app", build_zip({"pack.info": b'{"summary": {"app": {"bundleName": "com.maker.app"}}}', "entry.hap": module})
    yield (
        "har",
        _tar({"package/oh-package.json5": b"{name: '@v/x', version: '1.0'}", "package/src/main/module.json": _MODULE}),
    )
    yield "old", build_zip({"config.json": b'{"app": {"bundleName": "a.b"}, "module": {"abilities": []}}'})


def _policies() -> Iterator[tuple[str, bytes]]:
    yield "markdown", _POLICY
    yield "text", _POLICY.replace(b"#", b"", 1)
    yield "gb18030", _POLICY.decode().replace("#", "", 1).encode("gb18030")
    rows = "<tr><td>SDK</td><td>Data</td></tr><tr><td>Vendor Push</td><td>Android ID</td></tr>"
    yield "html", f"<!doctype html><html><body><p>Policy</p><table>{rows}</table></body></html>".encode()
    yield "pdf", _pdf(b"BT /F1 12 Tf 20 200 Td (Vendor Push collects Android ID) Tj ET")
    yield "docx", _docx("Vendor Push: Android ID")


def _docx(text: str) -> bytes:
    """A document with one paragraph."""
    root = "http://schemas.openxmlformats.org"
    words = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    types = (
        f'<Types xmlns="{root}/package/2006/content-types"><Default Extension="rels" ContentType="{relations}"/>'
        f'<Override PartName="/word/document.xml" ContentType="{words}"/></Types>'
    )
    links = (
        f'<Relationships xmlns="{root}/package/2006/relationships"><Relationship Id="r" Target="word/document.xml" '
        f'Type="{root}/officeDocument/2006/relationships/officeDocument"/></Relationships>'
    )
    body = f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body>"
    document = f'<w:document xmlns:w="{root}/wordprocessingml/2006/main">{body}</w:document>'
    return build_zip(
        {"[Content_Types].xml": types.encode(), "_rels/.rels": links.encode(), "word/document.xml": document.encode()}
    )


def _pdf(content: bytes) -> bytes:
    """A page with some text operators."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(out) + end % (len(objects) + 1, table, len(objects) + 1, len(out))


def _signatures() -> Iterator[tuple[str, bytes]]:
    yield "signature", _SIGNATURE
    yield "organization", _ORGANIZATION


def _listings() -> Iterator[tuple[str, bytes]]:
    yield "features", _FEATURES


def _tar(entries: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(sink.getvalue(), mtime=0)


_SEEDS = {
    "container": _packages,
    "dex": _dexes,
    "classfile": _classes,
    "manifest": _manifests,
    "elf": _libraries,
    "hap": _haps,
    "policy": _policies,
    "signature": _signatures,
    "features": _listings,
    "app": _packages,
}
