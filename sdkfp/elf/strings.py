"""Strings of a native library: class descriptors, versions beside a name, and names of the system's files and properties.

Every search first finds candidates for whole strings in one pass over the bytes, then lets a pattern decide about each, so
that a library of any size costs milliseconds; the candidates are capped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from sdkfp.elf.layout import PT_LOAD, Layout, Segment, Unread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Positions: TypeAlias = NDArray[np.intp]

__all__ = ["FoundStrings", "find_strings"]

_PF_X, _PF_W = 1, 2
_MOST_CANDIDATES = 200_000
_BATCH = 1 << 15
"""Places looked at together, so that a library full of them needs no more memory."""
_PIECE = 1 << 20
_MOST_CLASSES = 4096
_MOST_VERSIONS = 64
_LONGEST_CLASS = 256
_LONGEST_VERSION = 160

_ROOTS = (
    b"com|cn|org|net|io|me|tv|cc|co|app|dev|edu|gov|info|biz|mobi|de|fr|jp|kr|ru|uk|us|in|eu|im|ai|hk|tw|sg|nl|it|es|pl|br|"
    b"au|ca|ch|se|fi|no|cz|at|be|vn|id|my|ph|th|tr|il|ae"
)
"""First segments of package names: the top-level domains that such names start with."""
_SHORT_ROOTS = b"androidx|kotlin|kotlinx|okhttp3|okio|retrofit2|rx|bolts"
"""First segments after which one more is enough."""
_LONGEST_ROOT = 10
_SEGMENT = rb"/[A-Za-z_][\w$]*"
_DESCRIPTOR = re.compile(rb"\[*(L?)((?:%b)(?:%b){2,}|(?:%b)(?:%b)+)(;?)\0" % (_ROOTS, _SEGMENT, _SHORT_ROOTS, _SEGMENT))
_CLASS_BEGINNINGS = (
    *(
        pair
        for root in (*_ROOTS.split(b"|"), *_SHORT_ROOTS.split(b"|"))
        for pair in (root[:2], b"L" + root[:1], b"[" + root[:1])
    ),
    b"[L",
    b"[[",
)
_PLATFORM = ("org.json.", "org.xml.", "org.w3c.", "org.apache.http.")

_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]{3,}")
_ADDRESS = rb"(?:127|10|0|255|192\.168|172\.\d+|224|239|8\.8|1\.2\.840|1\.3\.6|1\.3\.101|2\.5|2\.16\.840)\."
"""Dotted numbers that are no version: network addresses and ASN.1 object identifiers."""
_NAMED_VERSION = re.compile(
    rb"(?<![%%\w.])(?!(?i:http|tls|ssl|dtls|rtsp|rtmp|xmpp|sip|upnp|soap|glsl|mime|mozilla|and\b|the\b))"
    rb"[A-Za-z][A-Za-z0-9+_]{2,31}[ /_.:-]{0,2}"
    rb"(?:(?:[Vv]ersion|[Rr]elease|[Vv]er|[VvRr])?[ .:=/-]{0,2}(?!%b)\d{1,4}(?:\.\d{1,6}){2,3}"
    rb"|(?:[Vv]ersion[ :=]{1,2}v?|/)\d{1,3}\.\d{1,3})(?!\.?\d)" % _ADDRESS
)
_BARE_VERSION = re.compile(rb"(?!%b)v?\d{1,4}(?:\.\d{1,6}){2,3}(?:[-+_.][\w.+-]{1,40})?" % _ADDRESS)
_NEAR = 64
"""How far from the library's own name a version without a name may stand."""

_SYSTEM_ROOTS = (b"ro", b"gsm", b"ril", b"persist", b"wifi")
"""First segments of the system properties that are looked for."""
_PROPERTY_BEGINNINGS = tuple(root[:2] for root in _SYSTEM_ROOTS)
_SYSTEM_NAME = re.compile(rb"(?:/(?:proc|sys)/[\w./-]*|(?:ro|gsm|ril|persist|wifi)(?:\.[\w-]+)+)\0")
_LONGEST_SYSTEM_NAME = 128
_MOST_SYSTEM_NAMES = 1024


class FoundStrings(NamedTuple):
    """What :func:`find_strings` found."""

    classes: tuple[str, ...]
    """Dotted, sorted."""
    versions: tuple[str, ...]
    """In file order."""
    system_names: tuple[str, ...]
    """Whole strings that are a file below ``/proc`` or ``/sys`` or a system property, sorted."""


def find_strings(layout: Layout, soname: str, unread: Unread) -> FoundStrings:
    """The class names, version strings and system names of the mapped data."""
    stem = re.sub(r"^lib|\.so.*$|[\d_]+", " ", soname).strip().lower().encode()
    classes: dict[str, None] = {}
    versions: dict[bytes, str] = {}
    system: set[str] = set()
    for start, end in _data_ranges(layout.segments):
        block = np.frombuffer(layout.data, np.uint8, end - start, start)
        dots, slashes = _dots_and_slashes(block)
        _find_classes(layout.data, start, end, slashes, classes, unread)
        _find_versions(layout, start, end, dots, stem, versions, unread)
        _find_system_names(layout.data, start, end, slashes, dots, system, unread)
    return FoundStrings(tuple(sorted(classes)), tuple(dict.fromkeys(versions.values())), tuple(sorted(system)))


def _dots_and_slashes(block: NDArray[np.uint8]) -> tuple[_Positions, _Positions]:
    """Where they stand: one pass for both, as ``/`` follows ``.`` in ASCII, piece by piece, so that a piece stays in the cache."""
    dot = np.uint8(0x2E)
    found = [np.flatnonzero(block[at : at + _PIECE] - dot < 2) + at for at in range(0, len(block), _PIECE)]
    places = np.concatenate(found)
    return places[block[places] == dot], places[block[places] != dot]


def _data_ranges(segments: Iterable[Segment]) -> list[tuple[int, int]]:
    """The parts of the file that the linker maps and that hold strings, each byte once.

    Code is left out where the library has a segment for read-only data; older linkers put both into one segment.
    """
    loads = [segment for segment in segments if segment.kind == PT_LOAD and segment.size]
    if any(not segment.flags & (_PF_X | _PF_W) for segment in loads):
        loads = [segment for segment in loads if not segment.flags & _PF_X]
    merged: list[tuple[int, int]] = []
    for start, end in sorted((segment.offset, segment.offset + segment.size) for segment in loads):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _find_classes(
    data: bytes, start: int, end: int, slashes: _Positions, found: dict[str, None], unread: Unread
) -> None:
    """Candidates are the starts of strings whose first slash comes early and whose first two bytes begin a known root."""
    block = np.frombuffer(data, np.uint8, end - start, start)
    candidates = _heads(block, slashes, range(2, _LONGEST_ROOT + 1), _CLASS_BEGINNINGS)
    for head in (_capped(candidates, unread) + start).tolist():
        match = _DESCRIPTOR.match(data, head, min(head + _LONGEST_CLASS, end))
        if match is None or bool(match[1]) != bool(match[3]):
            continue
        name = match[2].decode("ascii").replace("/", ".")
        if _is_class(name):
            found[name] = None
            if len(found) >= _MOST_CLASSES:
                _add(unread, f"only the first {_MOST_CLASSES} class names in strings were taken")
                return


def _heads(
    block: NDArray[np.uint8], places: _Positions, lengths: Iterable[int], beginnings: tuple[bytes, ...]
) -> _Positions:
    """Where strings (after a NUL) start that begin with one of some pairs of bytes, and have a place so many bytes behind."""
    allowed, back = _pairs(beginnings), np.fromiter(lengths, np.intp)
    starts = [np.empty(0, np.intp)]
    for first in range(0, len(places), _BATCH):
        heads = (places[first : first + _BATCH, None] - back).ravel()
        heads = heads[(heads > 0) & (heads < len(block) - 1)]
        heads = heads[block[heads - 1] == 0]
        starts.append(heads[allowed[block[heads], block[heads + 1]]])
    return np.unique(np.concatenate(starts))


@cache
def _pairs(beginnings: tuple[bytes, ...]) -> NDArray[np.bool_]:
    allowed = np.zeros((256, 256), np.bool_)
    for first, second in beginnings:
        allowed[first, second] = True
    return allowed


def _is_class(name: str) -> bool:
    """Whether a dotted name is one of a class outside the platform: written large, or short as obfuscators make it."""
    *packages, last = name.split(".")
    return (last[0].isupper() or (len(packages) > 2 and len(last) < 3)) and not name.startswith(_PLATFORM)


def _find_versions(
    layout: Layout,
    start: int,
    end: int,
    dots: _Positions,
    stem: bytes,
    found: dict[bytes, str],
    unread: Unread,
) -> None:
    """Candidates are strings with a dot between two digits; one string is kept for each name with its version."""
    data, symbol_names_end = layout.data, sum(layout.strings)
    block = np.frombuffer(data, np.uint8, end - start, start)
    dots = dots[(dots > 0) & (dots < len(block) - 1)]
    dots = dots[(block[dots - 1] - 0x30 < 10) & (block[dots + 1] - 0x30 < 10)]
    done = -1
    for place in (_capped(dots, unread) + start).tolist():
        if place < done:
            continue
        head = data.rfind(b"\0", max(start, place - _LONGEST_VERSION), place) + 1
        done = data.find(b"\0", place, min(end, place + _LONGEST_VERSION))
        text = data[head:done] if head and done >= 0 else b""
        if not _PRINTABLE.fullmatch(text) or text.count(b"/") > 2:
            continue
        near = False
        if len(stem) > 3 and _BARE_VERSION.fullmatch(text):
            low = max(start, head - _NEAR, symbol_names_end if symbol_names_end <= head else 0)
            near = stem in data[low : min(end, done + _NEAR)].lower()
        named = _NAMED_VERSION.search(text)
        if near or named:
            found.setdefault(named[0] if named else text, text.decode("ascii").strip())
            if len(found) >= _MOST_VERSIONS:
                return


def _find_system_names(
    data: bytes, start: int, end: int, slashes: _Positions, dots: _Positions, found: set[str], unread: Unread
) -> None:
    """Candidates are strings that start with a slash, or whose first dot comes after one of the known roots."""
    block = np.frombuffer(data, np.uint8, end - start, start)
    files = _heads(block, slashes, (0,), (b"/p", b"/s"))
    properties = _heads(block, dots, sorted({len(root) for root in _SYSTEM_ROOTS}), _PROPERTY_BEGINNINGS)
    for head in (_capped(np.concatenate([files, properties]), unread) + start).tolist():
        match = _SYSTEM_NAME.match(data, head, min(head + _LONGEST_SYSTEM_NAME, end))
        if match is not None:
            found.add(match[0][:-1].decode("ascii"))
            if len(found) >= _MOST_SYSTEM_NAMES:
                _add(unread, f"only the first {_MOST_SYSTEM_NAMES} names of system files and properties were taken")
                return


def _capped(candidates: _Positions, unread: Unread) -> _Positions:
    if len(candidates) > _MOST_CANDIDATES:
        _add(unread, f"only the first {_MOST_CANDIDATES} candidates for names in strings were looked at")
    return candidates[:_MOST_CANDIDATES]


def _add(unread: Unread, reason: str) -> None:
    problem = ("elf-too-many-strings", reason)
    if problem not in unread:
        unread.append(problem)
