"""From typed attribute values to text, numbers and booleans, with resource references looked up."""

from __future__ import annotations

import struct
from collections.abc import Callable

from sdkfp.manifest.arsc import ResourceTable
from sdkfp.manifest.tree import Element, Type, Value

__all__ = ["Values"]

_MAX_STEPS = 20
"""References that refer to references; Android stops there, too."""


class Values:
    """Gives the attributes of elements as Python values. The resource table is read only if a reference is met."""

    def __init__(self, resources: Callable[[], bytes | None] | None) -> None:
        self._resources = resources
        self._table: ResourceTable | None = None

    def text(self, element: Element, name: str) -> str | None:
        """The attribute as text: strings as they are, booleans ``true``/``false``, references looked up, else ``@0x7f…``."""
        value = self._resolved(element.attributes.get(name))
        return None if value is None else _text(value)

    def reference(self, element: Element, name: str) -> str | None:
        """The attribute as text, a reference as its id."""
        value = element.attributes.get(name)
        return None if value is None else _text(value)

    def integer(self, element: Element, name: str) -> int | None:
        """The attribute as a number; None where it is missing or no number."""
        value = self._resolved(element.attributes.get(name))
        if value is None:
            return None
        if value.type == Type.STRING:
            return _parse_integer(value.string or "")
        if Type.INT_DEC <= value.type <= Type.BOOLEAN:
            return _signed(value.data)
        return None

    def boolean(self, element: Element, name: str) -> bool | None:
        """The attribute as a boolean; None where it is missing or neither ``true`` nor ``false`` nor a number."""
        value = self._resolved(element.attributes.get(name))
        if value is None:
            return None
        if value.type == Type.STRING:
            return {"true": True, "false": False, "1": True, "0": False}.get((value.string or "").strip().lower())
        return bool(value.data) if Type.INT_DEC <= value.type <= Type.BOOLEAN else None

    def _resolved(self, value: Value | None) -> Value | None:
        for _ in range(_MAX_STEPS):
            if value is None or value.type not in (Type.REFERENCE, Type.DYNAMIC_REFERENCE):
                break
            if value.data == 0:  # @null and @empty
                return None
            found = self._look_up(value.data)
            if found is None:
                break
            value = found
        return value

    def _look_up(self, number: int) -> Value | None:
        if self._table is None:
            if self._resources is None:
                return None
            self._table = ResourceTable(self._resources() or b"")
        return self._table.get(number)


def _text(value: Value) -> str | None:  # noqa: PLR0911 - one line a type
    kind, data, string = value
    if kind == Type.STRING:
        return string
    if kind in (Type.REFERENCE, Type.DYNAMIC_REFERENCE):
        return f"@0x{data:08x}" if data else None
    if kind == Type.NULL:
        return "" if data else None
    if kind == Type.BOOLEAN:
        return "true" if data else "false"
    if kind == Type.INT_DEC:
        return str(_signed(data))
    if kind == Type.INT_HEX:
        return f"0x{data:x}"
    if kind == Type.FLOAT:
        return f"{struct.unpack('<f', struct.pack('<I', data))[0]:g}"
    if kind == Type.ATTRIBUTE:
        return f"?0x{data:08x}"
    if Type.FIRST_COLOR <= kind <= Type.LAST_COLOR:
        return f"#{data:08x}"
    # Dimensions and fractions: no app's meaning hangs on them; the text of the source where the file keeps it.
    return string or f"0x{data:x}"


def _signed(data: int) -> int:
    return data - (1 << 32) if data >= 1 << 31 else data


def _parse_integer(text: str) -> int | None:
    text = text.strip()
    if len(text) > 20:
        return None
    try:
        return int(text, 16) if text[:2] in ("0x", "0X") else int(text)
    except ValueError:
        return None
