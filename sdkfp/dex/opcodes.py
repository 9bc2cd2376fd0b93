"""What the reader needs to know of each opcode. Source: Android documents, "Dalvik bytecode" and "Instruction formats"."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

__all__ = ["CONST_STRING_JUMBO", "KIND", "LONGEST_INSTRUCTION", "WIDTH", "WIDTHS", "Kind"]

CONST_STRING_JUMBO = 0x1B
"""The only one of them with an index of 32 bits instead of 16."""
LONGEST_INSTRUCTION = 5
"""Code units, payloads aside."""


class Kind(IntEnum):
    """What the index operand of an instruction names."""

    OTHER = 0
    STRING = 1
    TYPE = 2
    FIELD = 3
    METHOD = 4


# First opcode, last opcode, code units; every other opcode, the unused ones too, takes one unit.
_WIDER = (
    (0x02, 0x02, 2),  # move/from16
    (0x03, 0x03, 3),
    (0x05, 0x05, 2),
    (0x06, 0x06, 3),
    (0x08, 0x08, 2),
    (0x09, 0x09, 3),
    (0x13, 0x13, 2),  # const/16
    (0x14, 0x14, 3),
    (0x15, 0x16, 2),
    (0x17, 0x17, 3),
    (0x18, 0x18, 5),  # const-wide
    (0x19, 0x1A, 2),
    (0x1B, 0x1B, 3),  # const-string/jumbo
    (0x1C, 0x1C, 2),
    (0x1F, 0x20, 2),  # check-cast, instance-of
    (0x22, 0x23, 2),  # new-instance, new-array
    (0x24, 0x26, 3),  # filled-new-array, fill-array-data
    (0x29, 0x29, 2),  # goto/16
    (0x2A, 0x2C, 3),  # goto/32, the two switches
    (0x2D, 0x3D, 2),  # comparisons and branches
    (0x44, 0x6D, 2),  # array, instance and static field operations
    (0x6E, 0x72, 3),  # invoke
    (0x74, 0x78, 3),  # invoke/range
    (0x90, 0xAF, 2),  # three-register arithmetic
    (0xD0, 0xE2, 2),  # arithmetic with a literal
    (0xFA, 0xFB, 4),  # invoke-polymorphic
    (0xFC, 0xFD, 3),  # invoke-custom
    (0xFE, 0xFF, 2),  # const-method-handle, const-method-type
)
_OPERANDS = (
    (0x1A, 0x1B, Kind.STRING),
    (0x1C, 0x1C, Kind.TYPE),  # const-class
    (0x1F, 0x20, Kind.TYPE),
    (0x22, 0x25, Kind.TYPE),
    (0x52, 0x6D, Kind.FIELD),
    (0x6E, 0x72, Kind.METHOD),
    (0x74, 0x78, Kind.METHOD),
    (0xFA, 0xFB, Kind.METHOD),
)

WIDTH = np.ones(256, np.int32)
"""Code units of an instruction, by opcode."""
KIND = np.zeros(256, np.uint8)
""":class:`Kind` by opcode."""

for _first, _last, _width in _WIDER:
    WIDTH[_first : _last + 1] = _width
for _first, _last, _kind in _OPERANDS:
    KIND[_first : _last + 1] = _kind
WIDTHS: list[int] = WIDTH.tolist()
"""The same for code that goes from one instruction to the next."""
WIDTH.flags.writeable = KIND.flags.writeable = False
