"""Apps that try to mislead: SDKs whose strings are encrypted, and lists of the strings of SDKs that are not inside."""

from __future__ import annotations

import hashlib
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1])]

from sdkfp.classfile import read_class  # noqa: E402 - benchmarks are no package

__all__ = ["LISTS", "encrypted", "list_sources"]

_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
_MOST = 2500
"""Strings of one generated class."""
LISTS = ("one", "each", "spread")
"""One list of a few strings of every SDK (as blockers have); a class for each SDK with its strings (as databases of vendors have);
the strings of each SDK over twelve classes, each with a call of the framework."""


def encrypted(data: bytes) -> bytes:
    """A class file in which every string constant is another: what an encrypting shrinker leaves to be read.

    The recipes of joined strings (JEP 280) stay: the compiler reads them.
    """
    count, at = int.from_bytes(data[8:10], "big"), 10
    texts: dict[int, bytes] = {}
    strings: list[tuple[int, int]] = []  # place of the reference, index of the text
    index = 1
    while index < count:
        tag = data[at]
        if tag == 1:
            size = int.from_bytes(data[at + 1 : at + 3], "big")
            texts[index] = data[at + 3 : at + 3 + size]
            at += 3 + size
        else:
            if tag == 8:
                strings.append((at + 1, int.from_bytes(data[at + 1 : at + 3], "big")))
            at += 1 + _SIZES[tag]
        index += 2 if tag in (5, 6) else 1
    pool, added = bytearray(data[:at]), bytearray()
    for place, text in strings:
        if b"\x01" in texts[text] or count >= 0xFFFF or not texts[text]:
            continue
        cipher = hashlib.shake_256(data[:64] + texts[text]).hexdigest((len(texts[text]) + 1) // 2).encode()
        added += struct.pack(">BH", 1, len(cipher)) + cipher
        pool[place : place + 2] = count.to_bytes(2, "big")
        count += 1
    pool[8:10] = count.to_bytes(2, "big")
    return bytes(pool + added + data[at:])


def list_sources(kind: str, sdks: Mapping[str, Mapping[str, bytes]]) -> Iterator[tuple[str, str]]:
    """(class, Java source) of lists of the strings of some SDKs, given the class files of each; see :data:`LISTS`."""
    texts = {sdk: _texts(classes) for sdk, classes in sdks.items()}
    if kind == "one":
        few = [text for mine in texts.values() for text in mine[:: max(1, len(mine) // 60)]]
        yield "Blocklist", _source("Blocklist", few[:_MOST], calls=False)
    for number, mine in enumerate(texts.values()):
        if kind == "each":
            yield f"Vendor{number}", _source(f"Vendor{number}", mine[:_MOST], calls=False)
        if kind == "spread":
            for part in range(12):
                name = f"Rules{number}x{part}"
                yield name, _source(name, mine[part * 50 : part * 50 + 50], calls=True)


def _texts(classes: Mapping[str, bytes]) -> list[str]:
    found = {text for data in classes.values() for text in read_class(data).strings}
    return sorted(text for text in found if 5 <= len(text) <= 200 and text.isascii() and text.isprintable())


def _source(name: str, texts: Sequence[str], *, calls: bool) -> str:
    """A class that has the strings in lists, 500 in one method."""
    lines = ["package org.example.host;", f"public class {name} {{"]
    for part in range(0, max(1, len(texts)), 500):
        quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts[part : part + 500])
        body = ", ".join(f'"{text}"' for text in quoted)
        lines.append(f"  public String[] list{part}() {{")
        if calls:
            lines.append(f'    android.util.Log.d("Rules", "list {part}");')
        lines.append(f"    return new String[] {{{body}}};\n  }}")
    return "\n".join([*lines, "}\n"])
