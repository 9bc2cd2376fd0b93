"""Project files and settings of Maven: plain XML, read without anything that XML could do beyond text."""

from __future__ import annotations

import contextlib
from xml.parsers import expat

__all__ = ["xml_texts"]

_MOST_ELEMENTS = 50_000
_MOST_LEVELS = 32


class _StopError(Exception):
    """The document is not read further."""


def xml_texts(data: bytes) -> list[tuple[tuple[str, ...], str]]:
    """(names of the elements from the root, text) of every element, at its end; what stands before a mistake is kept.

    A document with a DOCTYPE is not read: nothing here needs one, and entities could grow or reach outside.
    """
    found: list[tuple[tuple[str, ...], str]] = []
    way: list[str] = []
    texts: list[list[str]] = []

    def start(name: str, _: dict[str, str]) -> None:
        if len(found) > _MOST_ELEMENTS or len(way) >= _MOST_LEVELS:
            raise _StopError
        way.append(name.rpartition(":")[2])
        texts.append([])

    def end(_: str) -> None:
        found.append((tuple(way), "".join(texts.pop()).strip()))
        way.pop()

    def text(part: str) -> None:
        if texts:
            texts[-1].append(part)

    def refuse(*_: object) -> None:
        raise _StopError

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    with contextlib.suppress(expat.ExpatError, ValueError, LookupError, _StopError):
        parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    return found
