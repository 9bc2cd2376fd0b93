"""Manifests as protocol buffers, as Android App Bundles have them: ``aapt.pb.XmlNode`` of aapt2's ``Resources.proto``."""

from __future__ import annotations

from collections.abc import Iterator

from sdkfp.errors import ManifestError
from sdkfp.manifest.tree import ANDROID_ATTRIBUTES, ANDROID_NAMESPACE, Builder, Document, Element, Type, Value

__all__ = ["parse_proto"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_NODE_ELEMENT = 1
_ELEMENT_NAME, _ELEMENT_ATTRIBUTE, _ELEMENT_CHILD = 3, 4, 5
_ATTRIBUTE_NAMESPACE, _ATTRIBUTE_NAME, _ATTRIBUTE_VALUE, _ATTRIBUTE_ID, _ATTRIBUTE_ITEM = 1, 2, 3, 5, 6
_ITEM_REFERENCE, _ITEM_STRING, _ITEM_RAW_STRING, _ITEM_PRIMITIVE = 1, 2, 3, 7
_REFERENCE_TYPE, _REFERENCE_ID = 1, 2
_PRIMITIVES = {
    1: Type.NULL,
    2: Type.NULL,
    3: Type.FLOAT,
    6: Type.INT_DEC,
    7: Type.INT_HEX,
    8: Type.BOOLEAN,
    9: Type.FIRST_COLOR,
    10: Type.FIRST_COLOR,
    11: Type.FIRST_COLOR,
    12: Type.FIRST_COLOR,
    13: Type.DIMENSION,
    14: Type.FRACTION,
}
"""``Primitive.oneof_value``."""
_EMPTY = 2

Field = tuple[int, int | memoryview]
"""Number and value; the bytes of strings and messages, a number for the rest."""


def parse_proto(data: bytes) -> Document:
    """Read XML in protocol buffers.

    Raises:
        ManifestError: it is malformed or has no element.
    """
    builder = Builder()
    # What is still to be read, the next at the end, None for the end of an element: nesting must not cost stack.
    todo: list[memoryview | None] = [memoryview(data)]
    while todo:
        node = todo.pop()
        if node is None:
            builder.end()
            continue
        for number, value in _fields(node):
            if number == _NODE_ELEMENT and isinstance(value, memoryview):
                element, children = _element(value)
                builder.start(element)
                todo += (None, *reversed(children))
                break
    return builder.document()


def _element(data: memoryview) -> tuple[Element, list[memoryview]]:
    name = ""
    attributes: dict[str, Value] = {}
    children: list[memoryview] = []
    for number, value in _fields(data):
        if isinstance(value, memoryview):
            if number == _ELEMENT_NAME:
                name = _string(value)
            elif number == _ELEMENT_ATTRIBUTE:
                key, read = _attribute(value)
                if key is not None:
                    attributes.setdefault(key, read)
            elif number == _ELEMENT_CHILD:
                children.append(value)
    return Element(name, attributes), children


def _attribute(data: memoryview) -> tuple[str | None, Value]:
    namespace = name = text = ""
    resource, item = 0, None
    for number, value in _fields(data):
        if isinstance(value, int):
            resource = value if number == _ATTRIBUTE_ID else resource
        elif number == _ATTRIBUTE_NAMESPACE:
            namespace = _string(value)
        elif number == _ATTRIBUTE_NAME:
            name = _string(value)
        elif number == _ATTRIBUTE_VALUE:
            text = _string(value)
        elif number == _ATTRIBUTE_ITEM:
            item = _item(value)
    if resource:
        key = ANDROID_ATTRIBUTES.get(resource)
    elif namespace == ANDROID_NAMESPACE:
        key = f"android:{name}"
    else:
        key = None if namespace else name
    if item is None or (item.type == Type.REFERENCE and not item.data):  # a reference by name only
        return key, Value(Type.STRING, 0, text)
    return key, item


def _item(data: memoryview) -> Value | None:
    """The value that aapt2 compiled from the text; None for what no manifest has."""
    for number, value in _fields(data):
        if isinstance(value, memoryview):
            if number == _ITEM_REFERENCE:
                return _reference(value)
            if number in (_ITEM_STRING, _ITEM_RAW_STRING):
                texts = [each for which, each in _fields(value) if which == 1 and isinstance(each, memoryview)]
                return Value(Type.STRING, 0, _string(texts[-1]) if texts else "")
            if number == _ITEM_PRIMITIVE:
                return _primitive(value)
    return None


def _reference(data: memoryview) -> Value:
    kind = identifier = 0
    for number, value in _fields(data):
        if isinstance(value, int):
            kind = value if number == _REFERENCE_TYPE else kind
            identifier = value if number == _REFERENCE_ID else identifier
    return Value(Type.ATTRIBUTE if kind else Type.REFERENCE, identifier & 0xFFFFFFFF, None)


def _primitive(data: memoryview) -> Value | None:
    for number, value in _fields(data):
        if number in _PRIMITIVES:
            bits = int(number == _EMPTY) if isinstance(value, memoryview) else value & 0xFFFFFFFF
            return Value(_PRIMITIVES[number], bits, None)
    return None


def _string(data: memoryview) -> str:
    return bytes(data).decode("utf-8", "replace")


def _fields(data: memoryview) -> Iterator[Field]:
    """The fields of a message (https://protobuf.dev/programming-guides/encoding)."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(wire)
        if size is None:
            if wire != _BYTES:
                raise ManifestError(f"the manifest is no protocol buffer: wire type {wire}")
            size, at = _varint(data, at)
        if at + size > len(data):
            raise ManifestError("the manifest is no protocol buffer: a field ends outside its message")
        part = data[at : at + size]
        yield tag >> 3, part if wire == _BYTES else int.from_bytes(part, "little")
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise ManifestError("the manifest is no protocol buffer: a number does not end")
