"""encoded_array and encoded_value, as far as static fields need them: strings are read, everything else is passed over.

Source: Android documents, "Dalvik executable format", "encoded_value encoding".
"""

from __future__ import annotations

__all__ = ["ValueReader"]

VALUE_STRING = 0x17
VALUE_ARRAY = 0x1C
VALUE_ANNOTATION = 0x1D
VALUE_NULL = 0x1E
VALUE_BOOLEAN = 0x1F

# Most bytes of a number or index, by value type: byte, short, char, int, long, float, double, method_type,
# method_handle, string, type, field, method, enum.
_MOST_BYTES = {
    0x00: 1, 0x02: 2, 0x03: 2, 0x04: 4, 0x06: 8, 0x10: 4, 0x11: 8, 0x15: 4,
    0x16: 4, VALUE_STRING: 4, 0x18: 4, 0x19: 4, 0x1A: 4, 0x1B: 4,
}  # fmt: skip

_MALFORMED, _NESTED = -1, -2


def _size_by_header() -> list[int]:
    """Bytes after the first byte of an encoded_value (value_arg << 5 | value_type), by that byte."""
    sizes = [_MALFORMED] * 256
    for value_type, most in _MOST_BYTES.items():
        for size in range(1, most + 1):
            sizes[value_type | (size - 1) << 5] = size
    sizes[VALUE_ARRAY] = sizes[VALUE_ANNOTATION] = _NESTED
    sizes[VALUE_NULL] = sizes[VALUE_BOOLEAN] = sizes[VALUE_BOOLEAN | 1 << 5] = 0
    return sizes


_SIZE = _size_by_header()


DEEPEST_NESTING = 64


class _MalformedError(Exception):
    """An encoded value is none, or too many are read; does not leave this module."""


class ValueReader:
    """Reads the string values of encoded arrays; all arrays together take at most a given number of steps."""

    def __init__(self, data: bytes, steps: int) -> None:
        self._data = data
        self._steps = steps

    def strings(self, offset: int, most: int) -> tuple[list[tuple[int, int]], bool]:
        """The strings among the first ``most`` values of an encoded_array_item.

        Returns:
            Pairs of (place in the array, string_idx), and whether the array could be read to its end (or to ``most``).
        """
        found: list[tuple[int, int]] = []
        data = self._data
        try:
            size, at = self._uleb128(offset)
            for place in range(min(size, most)):
                header = data[at]
                length = _SIZE[header]
                if header & 0x1F == VALUE_STRING and length > 0:
                    if at + length >= len(data):
                        return found, False
                    found.append((place, int.from_bytes(data[at + 1 : at + 1 + length], "little")))
                if length < 0:
                    at = self._pass_over(at)
                else:
                    at += 1 + length
                self._steps -= 1
                if self._steps < 0:
                    return found, False
        except (IndexError, _MalformedError):
            return found, False
        return found, size <= most

    def _pass_over(self, at: int) -> int:
        """The end of the value at a place; arrays and annotations are passed over without recursion."""
        data = self._data
        # Open arrays and annotations: values still to come, and whether a name stands before each.
        pending: list[tuple[int, bool]] = [(1, False)]
        while pending:
            left, named = pending.pop()
            if not left:
                continue
            pending.append((left - 1, named))
            self._steps -= 1
            if self._steps < 0:
                raise _MalformedError
            if named:
                _, at = self._uleb128(at)
            header = data[at]
            length = _SIZE[header]
            at += 1
            if length == _MALFORMED:
                raise _MalformedError
            if length != _NESTED:
                at += length
                continue
            if header == VALUE_ANNOTATION:
                _, at = self._uleb128(at)
            size, at = self._uleb128(at)
            pending.append((size, header == VALUE_ANNOTATION))
            if len(pending) > DEEPEST_NESTING:
                raise _MalformedError
        return at

    def _uleb128(self, at: int) -> tuple[int, int]:
        """An unsigned LEB128 and the place after it."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self._data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        return value & 0xFFFFFFFF, at
