"""Java class files, as AAR and JAR artifacts carry them: names, hierarchy, constants and references from the constant pool.

Format: The Java Virtual Machine Specification, chapter 4 ("The class File Format"). No byte code is decoded.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from sdkfp.errors import SdkfpError

__all__ = ["ClassFile", "ClassFileError", "read_class"]

_MAGIC = b"\xca\xfe\xba\xbe"
# Bytes after the tag, by constant pool tag (table 4.4-B); tag 1 (Utf8) has a length of its own.
_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
_UTF8, _CLASS, _STRING, _FIELD, _METHOD, _INTERFACE_METHOD, _NAME_AND_TYPE = 1, 7, 8, 9, 10, 11, 12
_ACC_STATIC = 0x0008


class ClassFileError(SdkfpError):
    """A class file is malformed."""


@dataclass(frozen=True, slots=True)
class ClassFile:
    """What one class file says about itself."""

    name: str
    """Dotted, nested classes with ``$``."""
    superclass: str | None
    interfaces: tuple[str, ...]
    static_strings: tuple[tuple[str, str], ...]
    """(field, value) of static String fields with a ConstantValue attribute."""
    strings: tuple[str, ...]
    """String constants, in the order of the pool."""
    methods: tuple[tuple[str, str, str], ...]
    """(class, name, descriptor) of the methods referred to."""
    classes: tuple[str, ...]
    """Classes referred to, arrays left out."""
    fields: tuple[tuple[str, str, str], ...] = ()
    """(class, name, descriptor) of the fields referred to."""


def read_class(data: bytes) -> ClassFile:
    """Read one class file.

    Raises:
        ClassFileError: it is not a class file, or an index or size in it is wrong.
    """
    try:
        return _read(data)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise ClassFileError(f"malformed class file: {error}") from None


@dataclass(frozen=True, slots=True)
class _Pool:
    """The constant pool: tag and position of each entry."""

    data: bytes
    tags: list[int]
    places: list[int]

    def utf8(self, index: int) -> str:
        at = self._place(index, _UTF8)
        size = _u2(self.data, at)
        raw = self.data[at + 2 : at + 2 + size]
        if len(raw) != size:
            raise ValueError("a string runs over the end")
        # Modified UTF-8 (section 4.4.7): U+0000 as C0 80, surrogates one by one.
        return raw.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")

    def class_name(self, index: int) -> str:
        return self.utf8(_u2(self.data, self._place(index, _CLASS)))

    def name_and_type(self, index: int) -> tuple[str, str]:
        at = self._place(index, _NAME_AND_TYPE)
        return self.utf8(_u2(self.data, at)), self.utf8(_u2(self.data, at + 2))

    def _place(self, index: int, tag: int) -> int:
        if not 0 < index < len(self.tags) or self.tags[index] != tag:
            raise ValueError(f"constant {index} is not of tag {tag}")
        return self.places[index]


def _u2(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big") if at + 2 <= len(data) else _over()


def _over() -> int:
    raise ValueError("the file ends too early")


def _read_pool(data: bytes) -> tuple[_Pool, int]:
    count = _u2(data, 8)
    tags, places = [0], [0]
    at = 10
    while len(tags) < count:
        tag = data[at]
        tags.append(tag)
        places.append(at + 1)
        at += 3 + _u2(data, at + 1) if tag == _UTF8 else 1 + _SIZES[tag]
        if tag in (5, 6):  # Long and Double take two entries
            tags.append(0)
            places.append(0)
    return _Pool(data, tags, places), at


def _read(data: bytes) -> ClassFile:
    if data[:4] != _MAGIC:
        raise ClassFileError("not a class file: it does not begin with CAFEBABE")
    pool, at = _read_pool(data)
    name = pool.class_name(_u2(data, at + 2))
    super_index = _u2(data, at + 4)
    count = _u2(data, at + 6)
    interfaces = tuple(_dotted(pool.class_name(_u2(data, at + 8 + 2 * i))) for i in range(count))
    static_strings = _static_strings(pool, at + 8 + 2 * count)
    strings, methods, classes, fields = [], [], [], []
    for index, tag in enumerate(pool.tags):
        if tag == _STRING:
            strings.append(pool.utf8(_u2(data, pool.places[index])))
        elif tag in (_METHOD, _INTERFACE_METHOD):
            owner = pool.class_name(_u2(data, pool.places[index]))
            methods.append((_dotted(owner), *pool.name_and_type(_u2(data, pool.places[index] + 2))))
        elif tag == _FIELD:
            owner = pool.class_name(_u2(data, pool.places[index]))
            fields.append((_dotted(owner), *pool.name_and_type(_u2(data, pool.places[index] + 2))))
        elif tag == _CLASS and not (referred := pool.class_name(index)).startswith("["):
            classes.append(_dotted(referred))
    return ClassFile(
        name=_dotted(name),
        superclass=_dotted(pool.class_name(super_index)) if super_index else None,
        interfaces=interfaces,
        static_strings=static_strings,
        strings=tuple(strings),
        methods=tuple(methods),
        classes=tuple(classes),
        fields=tuple(fields),
    )


def _static_strings(pool: _Pool, at: int) -> tuple[tuple[str, str], ...]:
    """Static fields with a ConstantValue attribute (section 4.7.2) that is a String."""
    data = pool.data
    found = []
    fields, at = _u2(data, at), at + 2
    for _ in range(fields):
        flags, field_name, attributes = _u2(data, at), _u2(data, at + 2), _u2(data, at + 6)
        at += 8
        for _ in range(attributes):
            (size,) = struct.unpack_from(">I", data, at + 2)
            if size == 2 and flags & _ACC_STATIC and pool.utf8(_u2(data, at)) == "ConstantValue":
                value = _u2(data, at + 6)
                if 0 < value < len(pool.tags) and pool.tags[value] == _STRING:
                    found.append((pool.utf8(field_name), pool.utf8(_u2(data, pool.places[value]))))
            at += 6 + size
            if at > len(data):
                raise ValueError("an attribute runs over the end")
    return tuple(found)


def _dotted(internal: str) -> str:
    return internal.replace("/", ".")
