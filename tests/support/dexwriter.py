"""A small writer of valid dex files, so that tests need no Android tools.

::

    DexWriter().add_class(
        "com.example.A",
        superclass="com.example.Base",
        static_strings={"VERSION": "1.2"},
        methods=[Method("m", code=[ConstString(0, "x"), Invoke("static", "android.util.Log", "d", "(Ljava/lang/String;)V", (0,))])],
    ).build()

Classes are named in Java's way (``com.example.A``), field types and method descriptors in the dex way
(``Ljava/lang/String;``, ``(I)V``). Specification: "Dalvik executable format" and "Dalvik bytecode" of the Android documents.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from support.dexcode import (
    ACC_CONSTRUCTOR,
    ACC_PRIVATE,
    ACC_PUBLIC,
    ACC_STATIC,
    NO_INDEX,
    Collector,
    ConstClass,
    ConstString,
    Encoded,
    FieldAccess,
    Instruction,
    Invoke,
    Method,
    MethodKey,
    NewInstance,
    Raw,
    ReturnVoid,
    SortedPool,
    StaticField,
    descriptor_of,
    mutf8,
    shorty,
    split_descriptor,
    uleb128,
    utf16_size,
)

__all__ = [
    "ConstClass",
    "ConstString",
    "DexWriter",
    "Encoded",
    "FieldAccess",
    "Instruction",
    "Invoke",
    "Method",
    "NewInstance",
    "Raw",
    "ReturnVoid",
    "StaticField",
    "build_container",
    "repair_checksums",
]


@dataclass(frozen=True, slots=True)
class _Class:
    descriptor: str
    superclass: str | None
    interfaces: tuple[str, ...]
    access: int
    source_file: str | None
    static_fields: tuple[StaticField, ...]
    instance_fields: tuple[tuple[str, str], ...]
    methods: tuple[Method, ...]


class DexWriter:
    """Collects classes and writes them as one dex file."""

    def __init__(self, version: str = "035") -> None:
        self.version = version
        self._classes: list[_Class] = []
        self._mentioned: list[str] = []

    def add_class(
        self,
        name: str,
        *,
        superclass: str | None = "java.lang.Object",
        interfaces: Sequence[str] = (),
        static_strings: Mapping[str, str] | None = None,
        static_fields: Sequence[StaticField] = (),
        fields: Mapping[str, str] | None = None,
        methods: Sequence[Method] = (),
        access: int = ACC_PUBLIC,
        source_file: str | None = None,
    ) -> DexWriter:
        """Define a class; ``static_strings`` are static final String fields, ``fields`` instance fields (name: type)."""
        strings = [StaticField(key, "Ljava/lang/String;", value) for key, value in (static_strings or {}).items()]
        self._classes.append(
            _Class(
                descriptor_of(name),
                descriptor_of(superclass) if superclass else None,
                tuple(descriptor_of(interface) for interface in interfaces),
                access,
                source_file,
                (*strings, *static_fields),
                tuple((fields or {}).items()),
                tuple(methods),
            )
        )
        return self

    def mention(self, *names: str) -> DexWriter:
        """Put classes into the type table without defining them."""
        self._mentioned.extend(descriptor_of(name) for name in names)
        return self

    def build(self) -> bytes:
        """The dex file."""
        return build_container([self]) if self.version >= "041" else repair_checksums(self._write(0))

    def _write(self, base: int) -> bytes:
        """The file with wrong checksums, its offsets counted from ``base`` bytes before it."""
        collector = Collector()
        classes = self._in_order()
        for item in classes:
            _collect(item, collector)
        for descriptor in self._mentioned:
            collector.type(descriptor)
        return _Layout(self.version, base, SortedPool(collector), classes).write()

    def _in_order(self) -> list[_Class]:
        """A superclass or interface defined here comes before its subclasses (the format asks for that)."""
        by_name = {item.descriptor: item for item in self._classes}
        done: dict[str, _Class] = {}

        def visit(item: _Class) -> None:
            for parent in (item.superclass, *item.interfaces):
                if parent in by_name and parent not in done and parent != item.descriptor:
                    visit(by_name[parent])
            done[item.descriptor] = item

        for item in self._classes:
            if item.descriptor not in done:
                visit(item)
        return list(done.values())


def _collect(item: _Class, pool: Collector) -> None:
    for descriptor in (item.descriptor, item.superclass, *item.interfaces):
        if descriptor:
            pool.type(descriptor)
    if item.source_file:
        pool.string(item.source_file)
    for static in item.static_fields:
        pool.field((item.descriptor, static.name, static.type))
        if isinstance(static.value, str):
            pool.string(static.value)
    for name, type_ in item.instance_fields:
        pool.field((item.descriptor, name, type_))
    for method in item.methods:
        pool.method((item.descriptor, method.name, method.descriptor))
        for instruction in method.code or ():
            instruction.units(pool)


class _Layout:
    """Places the sections of one dex file."""

    def __init__(self, version: str, base: int, pool: SortedPool, classes: list[_Class]) -> None:
        self.version, self.base, self.pool, self.classes = version, base, pool, classes
        self.header_size = 0x78 if version >= "041" else 0x70
        self.map: list[tuple[int, int, int]] = []  # type code, count, offset
        sizes = [
            (0x0001, len(pool.strings), 4),
            (0x0002, len(pool.types), 4),
            (0x0003, len(pool.protos), 12),
            (0x0004, len(pool.fields), 8),
            (0x0005, len(pool.methods), 8),
            (0x0006, len(classes), 32),
        ]
        at = base + self.header_size
        self.tables: list[tuple[int, int]] = []  # count, offset
        for code, count, width in sizes:
            self.tables.append((count, at if count else 0))
            if count:
                self.map.append((code, count, at))
            at += count * width
        self.data_offset = at
        self.data = bytearray()

    def here(self) -> int:
        return self.data_offset + len(self.data)

    def align(self) -> None:
        self.data += bytes(-self.here() % 4)

    def section(self, code: int, items: Sequence[bytes], alignment: int = 1) -> list[int]:
        """Append items and note the section in the map; the offsets of the items."""
        offsets = []
        for item in items:
            if alignment == 4:
                self.align()
            offsets.append(self.here())
            self.data += item
        if offsets:
            self.map.append((code, len(offsets), offsets[0]))
        return offsets

    def write(self) -> bytes:
        pool = self.pool
        lists = sorted({p[1] for p in pool.protos if p[1]} | {c.interfaces for c in self.classes if c.interfaces})
        list_offset = dict(zip(lists, self.section(0x1001, [self._type_list(x) for x in lists], 4), strict=True))
        code_offsets = self._code()
        values = [self._static_values(item) for item in self.classes]
        encoded = self.section(0x2005, [value for value in values if value])
        value_offset = iter(encoded)
        value_offsets = [next(value_offset) if value else 0 for value in values]
        bodies = [self._class_data(item, code_offsets) for item in self.classes]
        body_offset = iter(self.section(0x2000, [body for body in bodies if body]))
        body_offsets = [next(body_offset) if body else 0 for body in bodies]
        string_data = [uleb128(utf16_size(text)) + mutf8(text) + b"\0" for text in pool.strings]
        string_offsets = self.section(0x2002, string_data)
        self.align()
        map_offset = self.here()
        self._write_map(map_offset)
        tables = b"".join(
            (
                struct.pack(f"<{len(string_offsets)}I", *string_offsets),
                struct.pack(f"<{len(pool.types)}I", *map(pool.string, pool.types)),
                *(self._proto_id(proto, list_offset) for proto in pool.protos),
                *(struct.pack("<HHI", pool.type(c), pool.type(t), pool.string(n)) for c, n, t in pool.fields),
                *(struct.pack("<HHI", pool.type(c), pool.proto(d), pool.string(n)) for c, n, d in pool.methods),
                *map(self._class_def(list_offset), self.classes, body_offsets, value_offsets),
            )
        )
        return self._header(map_offset) + tables + bytes(self.data)

    def _header(self, map_offset: int) -> bytes:
        size = self.here() - self.base
        pairs = [number for table in self.tables for number in table]
        data = (0, 0) if self.version >= "041" else (len(self.data), self.data_offset)
        tail = struct.pack("<II", 0, self.base) if self.version >= "041" else b""
        fixed = struct.pack("<III", size, self.header_size, 0x12345678) + struct.pack("<III", 0, 0, map_offset)
        return f"dex\n{self.version}\0".encode() + bytes(24) + fixed + struct.pack("<14I", *pairs, *data) + tail

    def _write_map(self, map_offset: int) -> None:
        entries = sorted([(0x0000, 1, self.base), *self.map, (0x1000, 1, map_offset)], key=lambda entry: entry[2])
        self.data += struct.pack("<I", len(entries))
        for code, count, offset in entries:
            self.data += struct.pack("<HHII", code, 0, count, offset)

    def _type_list(self, descriptors: Sequence[str]) -> bytes:
        return struct.pack(f"<I{len(descriptors)}H", len(descriptors), *map(self.pool.type, descriptors))

    def _proto_id(self, proto: tuple[str, tuple[str, ...]], list_offset: Mapping[tuple[str, ...], int]) -> bytes:
        result, parameters = proto
        name = self.pool.string(shorty(result, parameters))
        return struct.pack("<III", name, self.pool.type(result), list_offset.get(parameters, 0))

    def _class_def(self, list_offset: Mapping[tuple[str, ...], int]) -> Callable[[_Class, int, int], bytes]:
        def encode(item: _Class, body: int, values: int) -> bytes:
            return struct.pack(
                "<8I",
                self.pool.type(item.descriptor),
                item.access,
                self.pool.type(item.superclass) if item.superclass else NO_INDEX,
                list_offset.get(item.interfaces, 0),
                self.pool.string(item.source_file) if item.source_file else NO_INDEX,
                0,
                body,
                values,
            )

        return encode

    def _code(self) -> dict[MethodKey, int]:
        keys, items = [], []
        for item in self.classes:
            for method in item.methods:
                if method.code is not None:
                    keys.append((item.descriptor, method.name, method.descriptor))
                    items.append(self._code_item(method))
        return dict(zip(keys, self.section(0x2001, items, 4), strict=True))

    def _code_item(self, method: Method) -> bytes:
        code = list(method.code or ())
        if not code or not isinstance(code[-1], Raw):
            code.append(ReturnVoid())
        units = [unit for instruction in code for unit in instruction.units(self.pool)]
        _, parameters = split_descriptor(method.descriptor)
        ins = sum(2 if parameter in "JD" else 1 for parameter in parameters) + (not method.access & ACC_STATIC)
        outs = max((len(i.registers) for i in code if isinstance(i, Invoke)), default=0)
        registers = max(instruction.registers_used() for instruction in code) + ins
        return struct.pack(f"<HHHHII{len(units)}H", registers, ins, outs, 0, 0, len(units), *units)

    def _static_values(self, item: _Class) -> bytes:
        fields = self._sorted_statics(item)
        while fields and fields[-1].value is None:
            fields.pop()
        return uleb128(len(fields)) + b"".join(map(self._encoded_value, fields)) if fields else b""

    def _encoded_value(self, static: StaticField) -> bytes:
        value = static.value
        if isinstance(value, Encoded):
            return value.data
        if isinstance(value, bool):
            return bytes([0x1F | value << 5])
        if isinstance(value, str):
            return _number(0x17, self.pool.string(value))
        if value is None:
            return b"\x1e" if static.type[0] in "L[" else _zero(static.type)
        size = (value.bit_length() + 8) // 8
        return bytes([_VALUE_TYPE[static.type] | (size - 1) << 5]) + value.to_bytes(size, "little", signed=True)

    def _sorted_statics(self, item: _Class) -> list[StaticField]:
        return sorted(item.static_fields, key=lambda f: self.pool.field((item.descriptor, f.name, f.type)))

    def _class_data(self, item: _Class, code: Mapping[MethodKey, int]) -> bytes:
        pool = self.pool
        direct: list[tuple[int, tuple[int, ...]]] = []
        virtual: list[tuple[int, tuple[int, ...]]] = []
        for method in item.methods:
            key = (item.descriptor, method.name, method.descriptor)
            constructor = ACC_CONSTRUCTOR if method.name.startswith("<") else 0
            own = method.access & (ACC_STATIC | ACC_PRIVATE) or constructor
            row = (pool.method(key), (method.access | constructor, code.get(key, 0)))
            (direct if own else virtual).append(row)
        statics = [(pool.field((item.descriptor, f.name, f.type)), (f.access,)) for f in self._sorted_statics(item)]
        instance = [(pool.field((item.descriptor, name, type_)), (ACC_PUBLIC,)) for name, type_ in item.instance_fields]
        lists = (statics, sorted(instance), sorted(direct), sorted(virtual))
        if not any(lists):
            return b""
        out = bytearray(b"".join(uleb128(len(rows)) for rows in lists))
        for rows in lists:
            before = 0
            for index, rest in rows:
                out += b"".join(map(uleb128, (index - before, *rest)))
                before = index
        return bytes(out)


_VALUE_TYPE = {"B": 0x00, "S": 0x02, "C": 0x03, "I": 0x04, "J": 0x06}


def _zero(type_: str) -> bytes:
    codes = {**_VALUE_TYPE, "F": 0x10, "D": 0x11, "Z": 0x1F}
    return bytes([codes[type_]]) if type_ == "Z" else bytes([codes[type_], 0])


def _number(code: int, value: int) -> bytes:
    size = max(1, (value.bit_length() + 7) // 8)
    return bytes([code | (size - 1) << 5]) + value.to_bytes(size, "little")


def repair_checksums(data: bytes) -> bytes:
    """The dex file (up to version 040) with a right SHA-1 signature and Adler-32 checksum."""
    return _sign(data, 0, len(data))


def _sign(data: bytes, start: int, end: int) -> bytes:
    signature = hashlib.sha1(data[start + 32 : end], usedforsecurity=False).digest()
    checksum = struct.pack("<I", zlib.adler32(signature + data[start + 32 : end]))
    return data[: start + 8] + checksum + signature + data[start + 32 :]


def build_container(writers: Sequence[DexWriter]) -> bytes:
    """A version 041 container file with one logical dex file per writer."""
    out = b""
    starts = []
    for writer in writers:
        starts.append(len(out))
        out += writer._write(len(out))
    for start in starts:
        out = out[: start + 0x70] + struct.pack("<I", len(out)) + out[start + 0x74 :]
    for start, end in zip(starts, [*starts[1:], len(out)], strict=True):
        out = _sign(out, start, end)
    return out
