"""Raw deflate streams (RFC 1951) and gzip files (RFC 1952) with a bound on the bytes that come out."""

from __future__ import annotations

import zlib

from deflate import DeflateError, deflate_decompress

from sdkfp.container.model import UnreadableError
from sdkfp.container.window import Window

__all__ = ["gunzip", "inflate"]

_MAX_RATIO = 1032
"""Deflate cannot make more than 258 bytes of 2 bits."""
_STEP = 1 << 20
_RAW, _GZIP = -15, 31
"""zlib's words for the two forms."""
_FORMS = {_RAW: "deflate stream", _GZIP: "gzip file"}


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
    out = bytearray()
    end = _inflate_stepwise(window, begin, begin + packed, out, room, _RAW)
    if strict and end != begin + packed:
        raise UnreadableError("entry-malformed", "is not a deflate stream of the declared length")
    return bytes(out)


def gunzip(window: Window, room: int) -> bytearray:
    """Inflate a gzip file; what follows its last member is not looked at.

    Raises:
        UnreadableError: ``entry-too-large`` or ``entry-malformed``.
    """
    out, at = bytearray(), 0
    while at == 0 or window.starts_with(b"\x1f\x8b", at):
        at = _inflate_stepwise(window, at, len(window), out, room, _GZIP)
    return out


def _inflate_stepwise(window: Window, at: int, end: int, out: bytearray, room: int, form: int) -> int:
    """Add to ``out`` what the stream at ``at`` inflates to, up to ``room`` bytes in all; where the stream ends."""
    stream = zlib.decompressobj(form)
    pending: bytes | memoryview = b""
    while not stream.eof:
        last = not pending and at >= end
        if not pending:
            pending = window.read(at, min(at + _STEP, end))
            at += len(pending)
        try:
            part = stream.decompress(pending, min(_STEP, room + 1 - len(out)))
        except zlib.error:
            raise UnreadableError("entry-malformed", f"is not a {_FORMS[form]}") from None
        if last and not part and not stream.eof:
            raise UnreadableError("entry-malformed", f"is cut off: its {_FORMS[form]} does not end")
        out += part
        if len(out) > room:
            raise UnreadableError("entry-too-large", "is too large")
        pending = stream.unconsumed_tail
    return at - len(stream.unused_data)
