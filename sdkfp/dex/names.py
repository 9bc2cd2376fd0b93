"""Methods and fields as text, in the notation ``Lcom/a/B;->name(Ljava/lang/String;)V``."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdkfp.dex.strings import UNREADABLE, decode_mutf8
from sdkfp.errors import DexError

if TYPE_CHECKING:
    from sdkfp.dex.header import Report
    from sdkfp.dex.strings import StringTable
    from sdkfp.dex.tables import FieldTable, MethodTable, ProtoTable

__all__ = ["UNKNOWN", "Names", "TextBudget"]

UNKNOWN = "?"
"""Stands in names for what cannot be read."""
MOST_PARAMETERS = 255
"""A call passes its arguments in at most 255 registers."""


class TextBudget:
    """Bounds the text made out of one file: few bytes of a hostile file can name the same long string very often."""

    def __init__(self, characters: int, report: Report) -> None:
        self._left = characters
        self._report = report

    def spend(self, characters: int) -> bool:
        """Take so many characters; False (and reported) when they are used up."""
        self._left -= characters
        if self.exhausted:
            self._report("The names and constants of the file are longer than the file can hold; some are not read.")
        return not self.exhausted

    @property
    def exhausted(self) -> bool:
        return self._left < 0


@dataclass(slots=True)
class Names:
    """Makes the text of method and field references; each is made once."""

    data: bytes
    strings: StringTable
    types: list[bytes]
    methods: MethodTable
    fields: FieldTable
    protos: ProtoTable
    budget: TextBudget
    report: Report
    _methods: dict[int, str] = field(default_factory=dict)
    _fields: dict[int, str] = field(default_factory=dict)
    _protos: dict[int, bytes] = field(default_factory=dict)

    def method(self, index: int) -> str:
        """``Lcom/a/B;->name(I)V``; ``?`` for each part that cannot be read."""
        known = self._methods.get(index)
        if known is None:
            if not 0 <= index < len(self.methods):
                raise DexError(f"there is no method_id {index}; the table has {len(self.methods)}")
            known = UNKNOWN if self.budget.exhausted else self._method(index)
            self._methods[index] = known
        return known

    def field(self, index: int) -> str:
        """``Lcom/a/B;->name:I``; ``?`` for each part that cannot be read."""
        known = self._fields.get(index)
        if known is None:
            if not 0 <= index < len(self.fields):
                raise DexError(f"there is no field_id {index}; the table has {len(self.fields)}")
            known = UNKNOWN if self.budget.exhausted else self._field(index)
            self._fields[index] = known
        return known

    def _method(self, index: int) -> str:
        proto_idx = int(self.methods.proto_idx[index])
        signature = self._protos.get(proto_idx)
        if signature is None:
            signature = self._protos[proto_idx] = self._signature(proto_idx)
        owner, name = int(self.methods.class_idx[index]), int(self.methods.name_idx[index])
        return self._text(self._type(owner), b"->", self.strings[name], signature)

    def _field(self, index: int) -> str:
        owner, name, type_idx = (
            int(self.fields.class_idx[index]),
            int(self.fields.name_idx[index]),
            int(self.fields.type_idx[index]),
        )
        return self._text(self._type(owner), b"->", self.strings[name], b":", self._type(type_idx))

    def _signature(self, proto_idx: int) -> bytes:
        """``(Ljava/lang/String;I)V``."""
        if proto_idx >= len(self.protos):
            self.report("Methods name prototypes that are not in their table.")
            return b"(?)?"
        result = self._type(int(self.protos.return_type_idx[proto_idx]))
        offset = int(self.protos.parameters_off[proto_idx])
        parameters = self._parameters(offset) if offset else ()
        if parameters is None:
            self.report("Parameter lists of prototypes do not lie in the file or are too long.")
            parameters = (UNREADABLE,)
        if not self.budget.spend(sum(map(len, parameters)) + len(result)):
            return b"(?)?"
        return b"".join((b"(", *parameters, b")", result))

    def _parameters(self, offset: int) -> tuple[bytes, ...] | None:
        if offset + 4 > len(self.data):
            return None
        (size,) = struct.unpack_from("<I", self.data, offset)
        if size > MOST_PARAMETERS or offset + 4 + 2 * size > len(self.data):
            return None
        return tuple(self._type(index) for index in struct.unpack_from(f"<{size}H", self.data, offset + 4))

    def _type(self, index: int) -> bytes:
        if index < len(self.types):
            return self.types[index]
        self.report("Methods, fields or prototypes name types that are not in the type table.")
        return UNREADABLE

    def _text(self, *parts: bytes) -> str:
        if not self.budget.spend(sum(map(len, parts))):
            return UNKNOWN
        return decode_mutf8(b"".join(parts))
