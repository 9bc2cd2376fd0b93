"""A small writer of Java class files: names, string constants and method references, as a constant pool holds them.

Specification: The Java Virtual Machine Specification, chapter 4.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

__all__ = ["class_file"]


def class_file(
    name: str,
    strings: Sequence[str] = (),
    calls: Sequence[tuple[str, str, str]] = (),
    superclass: str = "java.lang.Object",
    interfaces: Sequence[str] = (),
    constants: Mapping[str, str] | None = None,
    reads: Sequence[tuple[str, str, str]] = (),
) -> bytes:
    """One class, with no members but static string constants.

    Args:
        name: dotted.
        calls: (class, name, descriptor) of methods that are referred to.
        constants: values of ``static final String`` fields, by name.
        reads: (class, name, descriptor) of fields that are referred to.
    """
    pool: list[bytes] = []

    def add(entry: bytes) -> int:
        if entry not in pool:
            pool.append(entry)
        return pool.index(entry) + 1

    def utf8(text: str) -> int:
        raw = text.encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")
        return add(struct.pack(">BH", 1, len(raw)) + raw)

    def class_of(dotted: str) -> int:
        return add(struct.pack(">BH", 7, utf8(dotted.replace(".", "/"))))

    this, above = class_of(name), class_of(superclass)
    beside = [class_of(interface) for interface in interfaces]
    for text in strings:
        add(struct.pack(">BH", 8, utf8(text)))
    for owner, method, descriptor in calls:
        pair = add(struct.pack(">BHH", 12, utf8(method), utf8(descriptor)))
        add(struct.pack(">BHH", 10, class_of(owner), pair))
    for owner, field, descriptor in reads:
        pair = add(struct.pack(">BHH", 12, utf8(field), utf8(descriptor)))
        add(struct.pack(">BHH", 9, class_of(owner), pair))
    fields = b""
    for field, value in (constants or {}).items():
        constant = add(struct.pack(">BH", 8, utf8(value)))
        fields += struct.pack(">HHHH", 0x19, utf8(field), utf8("Ljava/lang/String;"), 1)
        fields += struct.pack(">HIH", utf8("ConstantValue"), 2, constant)
    head = struct.pack(">IHHH", 0xCAFEBABE, 0, 52, len(pool) + 1)
    body = struct.pack(">HHHH", 0x21, this, above, len(beside)) + b"".join(struct.pack(">H", i) for i in beside)
    return head + b"".join(pool) + body + struct.pack(">H", len(constants or {})) + fields + struct.pack(">HH", 0, 0)
