"""Binary XML as Android reads it (``ResXMLTree`` in ``frameworks/base/libs/androidfw/ResourceTypes.cpp``).

What counts there counts here: the file's own type field is not looked at, unknown chunks are passed over, and the
resource id, not the name, says which attribute of the framework an attribute is.
"""

from __future__ import annotations

import struct

from sdkfp.errors import ManifestError
from sdkfp.manifest.strings import StringPool
from sdkfp.manifest.tree import (
    ANDROID_ATTRIBUTES,
    ANDROID_NAMESPACE,
    MAX_PROBLEMS,
    Builder,
    Document,
    Element,
    Type,
    Value,
)

__all__ = ["parse_axml"]

_CHUNK = struct.Struct("<HHI")
_START = struct.Struct("<IIHHH")
_ATTRIBUTE = struct.Struct("<IIIHxBI")
_NONE = 0xFFFFFFFF
_STRING_POOL, _RESOURCE_MAP = 0x0001, 0x0180
_START_ELEMENT, _END_ELEMENT = 0x0102, 0x0103
_FIRST_NODE, _LAST_NODE = 0x0100, 0x017F


def parse_axml(data: bytes) -> Document:
    """Read binary XML.

    Raises:
        ManifestError: it has no element.
    """
    if len(data) < _CHUNK.size:
        raise ManifestError(f"the manifest has only {len(data)} bytes")
    return _Parser(data).parse()


class _Parser:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pool = StringPool(b"", 0, 0)
        self.ids: tuple[int, ...] = ()
        self.keys: list[str | None] = []
        """For every index of the resource map the attribute's key; None where it is not read."""
        self.builder = Builder()

    def parse(self) -> Document:
        _, at, size = _CHUNK.unpack_from(self.data, 0)
        end = min(size, len(self.data))
        if size > len(self.data):
            self._problem(f"it declares {size} bytes and has {len(self.data)}")
        while at + _CHUNK.size <= end:
            kind, header_size, size = _CHUNK.unpack_from(self.data, at)
            if header_size < _CHUNK.size or header_size > size or at + size > end:
                self._problem(f"the chunk at byte {at} does not fit: {size} bytes, header {header_size}")
                break
            self._chunk(kind, at, header_size, at + size)
            at += size
        return self.builder.document()

    def _problem(self, text: str) -> None:
        if len(self.builder.problems) < MAX_PROBLEMS:
            self.builder.problems.append(text)

    def _chunk(self, kind: int, at: int, header_size: int, end: int) -> None:
        if kind == _START_ELEMENT:
            self._start(at + header_size, end)
        elif kind == _END_ELEMENT:
            self.builder.end()
        elif (
            self.builder.root is None and kind == _STRING_POOL
        ):  # Android reads no pool and no map after the first element
            self.pool = StringPool(self.data, at, end - at)
        elif self.builder.root is None and kind == _RESOURCE_MAP:
            count = (end - at - header_size) // 4
            self.ids = struct.unpack_from(f"<{count}I", self.data, at + header_size)
            self.keys = [ANDROID_ATTRIBUTES.get(number) for number in self.ids]

    def _start(self, at: int, end: int) -> None:
        if at + _START.size > end:
            self._problem(f"the element at byte {at} does not fit into its chunk")
            return
        _, name, start, size, count = _START.unpack_from(self.data, at)
        attributes: dict[str, Value] = {}
        first = at + start
        if size < _ATTRIBUTE.size or first + size * count > end:
            if count:
                self._problem(f"the attributes of the element at byte {at} do not fit into its chunk")
        else:
            for place in range(first, first + size * count, size):
                self._attribute(attributes, place)
        self.builder.start(Element(self.pool.get(name) or "", attributes))

    def _attribute(self, attributes: dict[str, Value], at: int) -> None:
        namespace, name, raw, _, kind, number = _ATTRIBUTE.unpack_from(self.data, at)
        has_id = name < len(self.keys) and self.ids[name]
        key = self.keys[name] if has_id else self._named(namespace, name)
        # Of attributes with one id Android takes the first.
        if key is not None and key not in attributes:
            text = self.pool.get(number) if kind == Type.STRING else (self.pool.get(raw) if raw != _NONE else None)
            attributes[key] = Value(kind, number, text)

    def _named(self, namespace: int, name: int) -> str | None:
        """The key of an attribute without resource id: ``package``, ``split`` and the like have none."""
        text = self.pool.get(name)
        if namespace == _NONE or not text:
            return text or None
        # The framework finds its own attributes by id only. A document without any ids is not from Android's tools;
        # there is nothing to go by but names.
        if not self.ids and self.pool.get(namespace) == ANDROID_NAMESPACE:
            return f"android:{text}"
        return None
