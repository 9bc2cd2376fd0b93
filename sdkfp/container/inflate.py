"""Raw deflate streams (RFC 1951) with a bound on the bytes that come out."""

from __future__ import annotations

import zlib

from deflate import DeflateError, deflate_decompress

from sdkfp.container.model import UnreadableError
from sdkfp.container.window import Window

__all__ = ["inflate"]

_MAX_RATIO = 1032
"""Deflate cannot make more than 258 bytes of 2 bits."""
_STEP = 1 << 20


def inflate(window: Window, begin: int, packed: int, size: int, room: int, *, strict: bool = False) -> bytes:
    """Inflate the stream at ``begin``.

    Args:
        window: where it stands.
        begin: its first byte.
        packed: its length as declared; what follows is not looked at.
        size: the length that comes out as declared; only a hint.
        room: the most that may come out.
        strict: the stream must be exactly ``packed`` bytes long.

    Raises:
        UnreadableError: ``entry-too-large`` or ``entry-malformed``.
    """
    packed = min(packed, len(window) - begin)
    # libdeflate is twice as fast but wants the size beforehand and allocates it: only where the size can be true.
    if not strict and 0 < size <= min(room, packed * _MAX_RATIO):
        with window.view[begin : begin + packed] as part:
            try:
                return bytes(deflate_decompress(part, size))
            except DeflateError:
                pass  # the size lies, or the stream is broken; zlib finds out which
    return _inflate_stepwise(window, begin, begin + packed, room, strict=strict)


def _inflate_stepwise(window: Window, at: int, end: int, room: int, *, strict: bool) -> bytes:
    stream, out = zlib.decompressobj(-15), bytearray()
    pending: bytes | memoryview = b""
    while not stream.eof:
        last = not pending and at >= end
        if not pending:
            pending = window.read(at, min(at + _STEP, end))
            at += len(pending)
        try:
            part = stream.decompress(pending, min(_STEP, room + 1 - len(out)))
        except zlib.error:
            raise UnreadableError("entry-malformed", "is not a deflate stream") from None
        if last and not part and not stream.eof:
            raise UnreadableError("entry-malformed", "is cut off: its deflate stream does not end")
        out += part
        if len(out) > room:
            raise UnreadableError("entry-too-large", "is too large")
        pending = stream.unconsumed_tail
    if strict and (at < end or stream.unused_data):
        raise UnreadableError("entry-malformed", "is not a deflate stream of the declared length")
    return bytes(out)
