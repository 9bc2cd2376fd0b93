"""What :mod:`support.dexwriter` puts into methods and fields: instructions, values, and the encodings of the format."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

NO_INDEX = 0xFFFFFFFF
ACC_PUBLIC, ACC_PRIVATE, ACC_STATIC, ACC_FINAL = 0x1, 0x2, 0x8, 0x10
ACC_NATIVE, ACC_ABSTRACT, ACC_CONSTRUCTOR = 0x100, 0x400, 0x10000

_PARAMETER = re.compile(r"\[*(?:L[^;]+;|[ZBSCIJFD])")
_INVOKE = {"virtual": 0x6E, "super": 0x6F, "direct": 0x70, "static": 0x71, "interface": 0x72}
_KINDS = ("", "-wide", "-object", "-boolean", "-byte", "-char", "-short")
_FIELD = {
    f"{name}{kind}": base + step
    for name, base in {"iget": 0x52, "iput": 0x59, "sget": 0x60, "sput": 0x67}.items()
    for step, kind in enumerate(_KINDS)
}

FieldKey = tuple[str, str, str]  # class descriptor, name, type descriptor
MethodKey = tuple[str, str, str]  # class descriptor, name, method descriptor


class Pool(Protocol):
    """What an instruction asks for when it is encoded; before that, the same calls collect what the dex must hold."""

    def string(self, value: str) -> int: ...
    def type(self, descriptor: str) -> int: ...
    def field(self, key: FieldKey) -> int: ...
    def method(self, key: MethodKey) -> int: ...


class Instruction(Protocol):
    """One instruction (or some raw code units)."""

    def units(self, pool: Pool) -> Sequence[int]: ...
    def registers_used(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ConstString:
    register: int
    value: str
    jumbo: bool = False

    def units(self, pool: Pool) -> Sequence[int]:
        index = pool.string(self.value)
        if self.jumbo:
            return (0x1B | self.register << 8, index & 0xFFFF, index >> 16)
        return (0x1A | self.register << 8, index)

    def registers_used(self) -> int:
        return self.register + 1


@dataclass(frozen=True, slots=True)
class _TypeUse:
    register: int
    class_name: str

    opcode = 0

    def units(self, pool: Pool) -> Sequence[int]:
        return (self.opcode | self.register << 8, pool.type(descriptor_of(self.class_name)))

    def registers_used(self) -> int:
        return self.register + 1


class ConstClass(_TypeUse):
    opcode = 0x1C


class NewInstance(_TypeUse):
    opcode = 0x22


@dataclass(frozen=True, slots=True)
class Invoke:
    """``invoke-KIND {registers}, OWNER.name descriptor``; KIND/range where the registers are more than five."""

    kind: str
    owner: str
    name: str
    descriptor: str = "()V"
    registers: tuple[int, ...] = ()

    def units(self, pool: Pool) -> Sequence[int]:
        index = pool.method((descriptor_of(self.owner), self.name, self.descriptor))
        count = len(self.registers)
        if count > 5 or any(register > 15 for register in self.registers):
            return (_INVOKE[self.kind] + 6 | count << 8, index, self.registers[0])
        c, d, e, f, g = (*self.registers, 0, 0, 0, 0, 0)[:5]
        return (_INVOKE[self.kind] | g << 8 | count << 12, index, c | d << 4 | e << 8 | f << 12)

    def registers_used(self) -> int:
        return max(self.registers, default=-1) + 1


@dataclass(frozen=True, slots=True)
class FieldAccess:
    """``sget-object v0, OWNER.name:type`` and the other fifteen; the instance ones take ``object_register`` too."""

    operation: str
    register: int
    owner: str
    name: str
    type: str
    object_register: int = 0

    def units(self, pool: Pool) -> Sequence[int]:
        index = pool.field((descriptor_of(self.owner), self.name, self.type))
        first = self.register if self.operation.startswith("s") else self.register | self.object_register << 4
        return (_FIELD[self.operation] | first << 8, index)

    def registers_used(self) -> int:
        return max(self.register, self.object_register) + 1


@dataclass(frozen=True, slots=True)
class Raw:
    """Code units as they are."""

    code_units: tuple[int, ...]
    registers: int = 0

    def units(self, pool: Pool) -> Sequence[int]:  # noqa: ARG002 - needs nothing from the pool
        return self.code_units

    def registers_used(self) -> int:
        return self.registers


def ReturnVoid() -> Raw:  # noqa: N802 - reads as an instruction beside the classes above
    return Raw((0x0E,))


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    descriptor: str = "()V"
    code: Sequence[Instruction] | None = ()
    """None: no code item (abstract or native). A last return-void is added, unless the last instruction is :class:`Raw`."""
    access: int = ACC_PUBLIC | ACC_STATIC


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded_value, byte for byte."""

    data: bytes


@dataclass(frozen=True, slots=True)
class StaticField:
    name: str
    type: str
    value: str | int | bool | Encoded | None = None
    """None: no value of its own (null or zero)."""
    access: int = ACC_PUBLIC | ACC_STATIC | ACC_FINAL


def descriptor_of(class_name: str) -> str:
    """``com.a.B`` → ``Lcom/a/B;``; descriptors (``Lcom/a/B;``, ``[I``) stay as they are."""
    if class_name.endswith(";") or class_name.startswith("["):
        return class_name
    return f"L{class_name.replace('.', '/')};"


def split_descriptor(descriptor: str) -> tuple[str, tuple[str, ...]]:
    """Method descriptor → return type and parameter types."""
    parameters, _, result = descriptor[1:].partition(")")
    return result, tuple(_PARAMETER.findall(parameters))


def uleb128(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def mutf8(text: str) -> bytes:
    """Modified UTF-8: every UTF-16 code unit by itself, NUL as two bytes."""
    units = struct.unpack(f">{utf16_size(text)}H", text.encode("utf-16-be", "surrogatepass"))
    return b"".join(b"\xc0\x80" if unit == 0 else chr(unit).encode("utf-8", "surrogatepass") for unit in units)


def utf16_size(text: str) -> int:
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def _utf16_order(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


@dataclass(slots=True)
class Collector:
    """The pool before it is sorted: remembers what is asked for."""

    strings: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    protos: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    fields: set[FieldKey] = field(default_factory=set)
    methods: set[MethodKey] = field(default_factory=set)

    def string(self, value: str) -> int:
        self.strings.add(value)
        return 0

    def type(self, descriptor: str) -> int:
        self.types.add(descriptor)
        return self.string(descriptor)

    def field(self, key: FieldKey) -> int:
        self.fields.add(key)
        self.type(key[0])
        self.type(key[2])
        return self.string(key[1])

    def method(self, key: MethodKey) -> int:
        self.methods.add(key)
        result, parameters = split_descriptor(key[2])
        self.protos.add((result, parameters))
        self.string(shorty(result, parameters))
        for descriptor in (key[0], result, *parameters):
            self.type(descriptor)
        return self.string(key[1])


class SortedPool:
    """The pool in the order that the format prescribes."""

    def __init__(self, found: Collector) -> None:
        self.strings = sorted(found.strings, key=_utf16_order)
        self._string = {text: index for index, text in enumerate(self.strings)}
        self.types = sorted(found.types, key=self._string.__getitem__)
        self._type = {text: index for index, text in enumerate(self.types)}
        self.protos = sorted(found.protos, key=lambda p: (self._type[p[0]], [self._type[t] for t in p[1]]))
        self._proto = {proto: index for index, proto in enumerate(self.protos)}
        self.fields = sorted(found.fields, key=lambda f: (self._type[f[0]], self._string[f[1]], self._type[f[2]]))
        self._field = {key: index for index, key in enumerate(self.fields)}
        self.methods = sorted(found.methods, key=lambda m: (self._type[m[0]], self._string[m[1]], self.proto(m[2])))
        self._method = {key: index for index, key in enumerate(self.methods)}

    def string(self, value: str) -> int:
        return self._string[value]

    def type(self, descriptor: str) -> int:
        return self._type[descriptor]

    def proto(self, descriptor: str) -> int:
        return self._proto[split_descriptor(descriptor)]

    def field(self, key: FieldKey) -> int:
        return self._field[key]

    def method(self, key: MethodKey) -> int:
        return self._method[key]


def shorty(result: str, parameters: Iterable[str]) -> str:
    return "".join("L" if descriptor[0] in "L[" else descriptor for descriptor in (result, *parameters))
