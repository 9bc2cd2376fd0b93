"""Write binary XML manifests and small resource tables, as aapt does, for tests.

``manifest`` makes a whole manifest from a few words; ``E`` and ``write_axml`` any document::

    write_axml(E("manifest", {"package": "a.b"}, E("application", {}, E("service", {"android:name": ".S"}))))
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["ANDROID", "ATTRIBUTE_IDS", "Attribute", "E", "Reference", "Typed", "manifest", "write_arsc", "write_axml"]

ANDROID = "http://schemas.android.com/apk/res/android"
_NONE = 0xFFFFFFFF

ATTRIBUTE_IDS = {
    "theme": 0x01010000, "label": 0x01010001, "icon": 0x01010002, "name": 0x01010003, "permission": 0x01010006,
    "readPermission": 0x01010007, "writePermission": 0x01010008, "protectionLevel": 0x01010009,
    "permissionGroup": 0x0101000A, "sharedUserId": 0x0101000B, "enabled": 0x0101000E, "debuggable": 0x0101000F,
    "exported": 0x01010010, "process": 0x01010011, "authorities": 0x01010018, "value": 0x01010024,
    "resource": 0x01010025, "mimeType": 0x01010026, "scheme": 0x01010027, "host": 0x01010028,
    "targetActivity": 0x01010202, "minSdkVersion": 0x0101020C, "versionCode": 0x0101021B, "versionName": 0x0101021C,
    "targetSdkVersion": 0x01010270, "maxSdkVersion": 0x01010271, "testOnly": 0x01010272, "allowBackup": 0x01010280,
    "glEsVersion": 0x01010281, "required": 0x0101028E, "usesCleartextTraffic": 0x010104EC,
    "compileSdkVersion": 0x01010572, "versionCodeMajor": 0x01010576, "appComponentFactory": 0x0101057A,
    "foregroundServiceType": 0x01010599, "usesPermissionFlags": 0x01010644,
}  # fmt: skip
"""From the framework's public resource ids."""


@dataclass(frozen=True)
class Reference:
    """A resource reference, ``@0x7f…``."""

    number: int


@dataclass(frozen=True)
class Typed:
    """Any ``Res_value``, with the text of the source if there is one."""

    type: int
    data: int
    raw: str | None = None


Attribute = str | int | bool | Reference | Typed


class E:
    """An element: name, attributes by ``android:name`` or plain name, children."""

    def __init__(self, name: str, attributes: Mapping[str, Attribute] | None = None, *children: E) -> None:
        self.name = name
        self.attributes = dict(attributes or {})
        self.children = children


def manifest(
    package: str = "com.example.app",
    *,
    attributes: Mapping[str, Attribute] | None = None,
    permissions: Iterable[str] = (),
    application: Mapping[str, Attribute] | None = None,
    components: Iterable[E] = (),
    meta_data: Mapping[str, Attribute] | None = None,
    more: Iterable[E] = (),
    min_sdk: int | None = 21,
    target_sdk: int | None = 34,
    utf8: bool = False,
) -> bytes:
    """A binary manifest. ``components`` go into ``<application>``, ``more`` beside it."""
    levels = {"android:minSdkVersion": min_sdk, "android:targetSdkVersion": target_sdk}
    sdks = {name: number for name, number in levels.items() if number is not None}
    entries = [
        E("meta-data", {"android:name": name, "android:value": value}) for name, value in (meta_data or {}).items()
    ]
    root = E(
        "manifest",
        {"package": package, **(attributes or {})},
        E("uses-sdk", sdks),
        *(E("uses-permission", {"android:name": name}) for name in permissions),
        *more,
        E("application", application, *components, *entries),
    )
    return write_axml(root, utf8=utf8)


def write_axml(
    root: E,
    *,
    utf8: bool = False,
    file_type: int = 0x0003,
    declared_size: int | None = None,
    blank_names: bool = False,
    resource_map: bool = True,
    before_elements: bytes = b"",
    strings_declared: int | None = None,
    pool_junk: bytes = b"",
) -> bytes:
    """Binary XML.

    Args:
        file_type, declared_size: what the file's header says.
        blank_names: leave the names of the framework's attributes empty, as some packers do; their ids remain.
        resource_map: write the map of resource ids.
        before_elements: chunks between the map and the first element.
        strings_declared: the number of strings that the pool's header says it has.
        pool_junk: bytes between the index of the pool and its first string.
    """
    writer = _Writer(blank_names=blank_names)
    writer.collect(root)
    nodes = writer.namespace(0x0100) + writer.element(root) + writer.namespace(0x0101)
    pool = _pool(writer.strings, utf8=utf8, declared=strings_declared, junk=pool_junk)
    ids = b"".join(struct.pack("<I", ATTRIBUTE_IDS[name]) for name in writer.framework)
    resources = struct.pack("<HHI", 0x0180, 8, 8 + len(ids)) + ids if resource_map else b""
    body = pool + resources + before_elements + nodes
    return struct.pack("<HHI", file_type, 8, 8 + len(body) if declared_size is None else declared_size) + body


class _Writer:
    def __init__(self, *, blank_names: bool) -> None:
        self.blank_names = blank_names
        self.framework: list[str] = []
        self.strings: list[str] = []
        self._index: dict[str, int] = {}

    def collect(self, root: E) -> None:
        """The names of the framework's attributes come first in the pool, in step with the resource map."""
        found: set[str] = set()
        todo = [root]
        while todo:
            element = todo.pop()
            found.update(name[8:] for name in element.attributes if name.startswith("android:"))
            todo += element.children
        self.framework = sorted(found, key=lambda name: ATTRIBUTE_IDS[name])
        self.strings = ["" if self.blank_names else name for name in self.framework]

    def string(self, text: str) -> int:
        if text not in self._index:
            self._index[text] = len(self.strings)
            self.strings.append(text)
        return self._index[text]

    def namespace(self, kind: int) -> bytes:
        return struct.pack("<HHIIIII", kind, 16, 24, 1, _NONE, self.string("android"), self.string(ANDROID))

    def element(self, element: E) -> bytes:
        rows = [self._attribute(name, element.attributes[name]) for name in sorted(element.attributes, key=_order)]
        name = self.string(element.name)
        size = 36 + 20 * len(rows)
        start = struct.pack("<HHIII", 0x0102, 16, size, 1, _NONE)
        start += struct.pack("<IIHHHHHH", _NONE, name, 20, 20, len(rows), 0, 0, 0) + b"".join(rows)
        end = struct.pack("<HHIIIII", 0x0103, 16, 24, 1, _NONE, _NONE, name)
        return start + b"".join(self.element(child) for child in element.children) + end

    def _attribute(self, name: str, value: Attribute) -> bytes:
        if name.startswith("android:"):
            namespace, index = self.string(ANDROID), self.framework.index(name[8:])
        else:
            namespace, index = _NONE, self.string(name)
        kind, data, raw = self._value(value)
        return struct.pack("<IIIHBBI", namespace, index, raw, 8, 0, kind, data)

    def _value(self, value: Attribute) -> tuple[int, int, int]:
        if isinstance(value, bool):
            return 0x12, _NONE if value else 0, _NONE
        if isinstance(value, int):
            return 0x10, value & _NONE, _NONE
        if isinstance(value, Reference):
            return 0x01, value.number, _NONE
        if isinstance(value, Typed):
            return value.type, value.data, _NONE if value.raw is None else self.string(value.raw)
        return 0x03, self.string(value), self.string(value)


def _order(name: str) -> tuple[int, str]:
    return (ATTRIBUTE_IDS[name[8:]], "") if name.startswith("android:") else (1 << 32, name)


def _pool(strings: list[str], *, utf8: bool, declared: int | None = None, junk: bytes = b"") -> bytes:
    data, offsets = bytearray(), []
    for text in strings:
        offsets.append(len(data))
        units = len(text.encode("utf-16-le")) // 2
        if utf8:
            raw = text.encode()
            data += _length8(units) + _length8(len(raw)) + raw + b"\0"
        else:
            data += _length16(units) + text.encode("utf-16-le") + b"\0\0"
    data += bytes(-len(data) % 4)
    index = struct.pack(f"<{len(offsets)}I", *offsets) + junk
    begin = 28 + len(index)
    count = len(strings) if declared is None else declared
    return struct.pack("<HHIIIIII", 1, 28, begin + len(data), count, 0, 0x100 if utf8 else 0, begin, 0) + index + data


def _length8(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number >> 8 | 0x80, number & 0xFF])


def _length16(number: int) -> bytes:
    return struct.pack("<H", number) if number < 0x8000 else struct.pack("<HH", number >> 16 | 0x8000, number & 0xFFFF)


def write_arsc(
    values: Mapping[int, Attribute], *, others: Mapping[int, Attribute] | None = None, form: str = "plain"
) -> bytes:
    """A resource table with the values of ids 0xPPTTEEEE.

    Args:
        values: in the default configuration.
        others: in another configuration (``zh``), written first.
        form: how entries are indexed and written: plain, sparse, short (16-bit offsets) or compact.
    """
    strings: list[str] = []
    packages = []
    for package in sorted({number >> 24 for number in (*values, *(others or {}))}):
        highest: dict[int, int] = {}
        for number in (*values, *(others or {})):
            if number >> 24 == package:
                kind = number >> 16 & 0xFF
                highest[kind] = max(highest.get(kind, 0), number & 0xFFFF)
        chunks = b"".join(
            struct.pack("<HHIBBHI", 0x0202, 16, 16 + 4 * (top + 1), kind, 0, 0, top + 1) + bytes(4 * (top + 1))
            for kind, top in sorted(highest.items())
        )
        for language, table in ((b"zh", others or {}), (b"\0\0", values)):
            for kind in sorted({number >> 16 & 0xFF for number in table if number >> 24 == package}):
                entries = {n & 0xFFFF: table[n] for n in sorted(table) if n >> 16 == package << 8 | kind}
                chunks += _type(kind, entries, language, strings, form)
        types = _pool([f"type{number}" for number in range(1, max(highest) + 1)], utf8=True)
        keys = _pool(["key"], utf8=True)
        name = "com.example".encode("utf-16-le")
        header = struct.pack("<I256sIIIII", package, name, 288, max(highest), 288 + len(types), 1, 0)
        body = types + keys + chunks
        packages.append(struct.pack("<HHI", 0x0200, 8 + len(header), 8 + len(header) + len(body)) + header + body)
    pool = _pool(strings, utf8=True)
    body = struct.pack("<I", len(packages)) + pool + b"".join(packages)
    return struct.pack("<HHI", 0x0002, 12, 8 + len(body)) + body


def _type(kind: int, entries: Mapping[int, Attribute], language: bytes, strings: list[str], form: str) -> bytes:
    body, places = bytearray(), {}
    for number, value in entries.items():
        places[number] = len(body)
        type_, data = _resource(value, strings)
        if form == "compact":
            body += struct.pack("<HHI", 0, type_ << 8 | 0x0008, data)
        else:
            body += struct.pack("<HHIHBBI", 8, 0, 0, 8, 0, type_, data)
    count = max(entries) + 1
    if form == "sparse":
        index, flags, count = b"".join(struct.pack("<HH", n, at // 4) for n, at in places.items()), 1, len(places)
    elif form == "short":
        index, flags = b"".join(struct.pack("<H", places[n] // 4 if n in places else 0xFFFF) for n in range(count)), 2
        index += bytes(-len(index) % 4)
    else:
        index, flags = b"".join(struct.pack("<I", places.get(n, _NONE)) for n in range(count)), 0
    config = struct.pack("<I4s2s54x", 64, b"\0" * 4, language)
    start = 20 + len(config) + len(index)
    header = struct.pack("<BBHII", kind, flags, 0, count, start)
    return struct.pack("<HHI", 0x0201, 20 + len(config), start + len(body)) + header + config + index + bytes(body)


def _resource(value: Attribute, strings: list[str]) -> tuple[int, int]:
    if isinstance(value, bool):
        return 0x12, _NONE if value else 0
    if isinstance(value, int):
        return 0x10, value & _NONE
    if isinstance(value, Reference):
        return 0x01, value.number
    if isinstance(value, Typed):
        return value.type, value.data
    strings.append(value)
    return 0x03, len(strings) - 1
