"""Clues besides classes: native libraries, components, permissions, keys, files and symbols that are this SDK's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from sdkfp.features import Kind
from sdkfp.index import ClueIndex
from sdkfp.learn.artifact import Release
from sdkfp.signature import Clue, Strength

__all__ = ["NameClues", "glob_of"]

_COMPONENTS = (Kind.SERVICE, Kind.PROVIDER, Kind.RECEIVER, Kind.ACTIVITY)
_MOST = {Kind.LIBRARY: 8, Kind.SYMBOL: 2, Kind.PERMISSION: 3, Kind.METADATA: 4, Kind.ACTION: 3, Kind.FILE: 3}
_MOST_COMPONENTS = 3
_PLATFORM = ("android.", "androidx.", "com.android.", "com.google.android.", "com.google.firebase.", "android:")
_SHARED_LIBRARIES = re.compile(
    r"lib(?:c\+\+_shared|gnustl_shared|stlport_shared|crypto|ssl|sqlite|z|png|jpeg|yuv|native|main|utils?)\.so"
)
"""Names that many makers give to a library."""
_VERSION = re.compile(r"(?<=[a-zA-Z_.-])\d+(?:[._-]?\d+){1,4}(?=[._-]|\.so$|$)")


def glob_of(name: str, version: str | None) -> str:
    """A library's name with its version as ``*``; the name itself where there is none in it."""
    stem, so, rest = name.rpartition(".so")
    if not so or rest:
        return name
    written = [] if version is None else [version, version.replace(".", "_"), version.replace(".", "")]
    for text in written:
        head, found, tail = stem.partition(text)
        if found and len(head) > 4 and len(text) > 2:
            return f"{head}*{tail}.so"
    found_version = _VERSION.search(stem, 4)
    return name if found_version is None else f"{stem[: found_version.start()]}*{stem[found_version.end() :]}.so"


class NameClues:
    """Finds the clues of some releases."""

    def __init__(self, releases: Sequence[Release], index: ClueIndex, prefixes: Sequence[str], sdk: str) -> None:
        self._releases = releases
        self._index = index
        self._prefixes = tuple(prefixes)
        self._tokens = _tokens(sdk, prefixes)
        self.shared: list[str] = []
        """Names that were left out since others may have them or do have them."""

    def find(self) -> list[Clue]:
        """The clues, in the order in which signatures write them."""
        return [
            *self._libraries(),
            *self._symbols(),
            *self._components(),
            *self._hints(Kind.PERMISSION),
            *self._hints(Kind.METADATA),
            *self._hints(Kind.ACTION),
            *self._files(),
        ]

    def _stable(self, kind: Kind) -> list[str]:
        """Names of the newest release that every release has which has this kind of feature at all."""
        sets = [set(names) for release in self._releases if (names := release.names(kind))]
        return sorted(set(self._releases[-1].names(kind)).intersection(*sets))

    def _others(self, kind: Kind, name: str) -> bool:
        owned = any(True for _ in self._index.exact(kind, [name]))
        by_class = kind not in (Kind.LIBRARY, Kind.FILE, Kind.SYMBOL) and self._index.class_owner(name) is not None
        if owned or by_class:
            self.shared.append(f"{kind.value} {name}")
        return owned or by_class

    def _libraries(self) -> Iterator[Clue]:
        globs = [
            {glob_of(name, release.version) for name in names}
            for release in self._releases
            if (names := release.names(Kind.LIBRARY))
        ]
        native = {
            glob_of(name, release.version) for release in self._releases for name in self._with_own_methods(release)
        }
        found = [
            Clue(Kind.LIBRARY, name)
            for name in (sorted(set.intersection(*globs)) if globs else [])
            if not self._others(Kind.LIBRARY, name) and self._may_be_own(name, native)
        ]
        yield from found[: _MOST[Kind.LIBRARY]]

    def _may_be_own(self, name: str, native: Collection[str]) -> bool:
        """Whether the SDK's word is in a library's name, or its classes' native methods are in the library."""
        own = name in native or (self._is_own(name) and not _SHARED_LIBRARIES.fullmatch(name))
        if not own:
            self.shared.append(f"library {name}")
        return own

    def _with_own_methods(self, release: Release) -> Iterator[str]:
        own = {
            column.location
            for column in release.features.of(Kind.JNI)
            if any(name.startswith(self._prefixes or ("\0",)) for name in column.names)
        }
        for column in release.features.of(Kind.LIBRARY):
            if column.location in own:
                yield from column.names

    def _symbols(self) -> Iterator[Clue]:
        """Exported functions with the SDK's own word in their names: a library may be linked into one of another name."""
        own = [
            name
            for name in self._stable(Kind.SYMBOL)
            if not name.startswith(("Java_", "JNI_", "_ZT")) and len(name) <= 60 and self._is_own(name)
        ]
        for name in sorted(own, key=lambda name: (name.startswith("_Z"), len(name), name))[: _MOST[Kind.SYMBOL]]:
            if not self._others(Kind.SYMBOL, name):
                yield Clue(Kind.SYMBOL, name, Strength.HINT)

    def _components(self) -> Iterator[Clue]:
        """Names of components stay in the manifest when code is hidden by a packer."""
        found = [
            Clue(kind, name)
            for kind in _COMPONENTS
            for name in self._stable(kind)
            if name.startswith(self._prefixes or ("\0",)) and "$" not in name
        ]
        yield from found[:_MOST_COMPONENTS]

    def _hints(self, kind: Kind) -> Iterator[Clue]:
        names = [n for n in self._stable(kind) if not n.startswith(_PLATFORM) and "${" not in n and _is_word(n)]
        if kind is Kind.ACTION:
            names = [name for name in names if self._is_own(name)]
        for name in names[: _MOST[kind]]:
            if not self._others(kind, name):
                yield Clue(kind, name, Strength.HINT)

    def _files(self) -> Iterator[Clue]:
        names = [n for n in self._stable(Kind.FILE) if n.startswith("assets/") and self._is_own(n.rpartition("/")[2])]
        for name in names[: _MOST[Kind.FILE]]:
            if not self._others(Kind.FILE, name):
                yield Clue(Kind.FILE, name, Strength.HINT)

    def _is_own(self, name: str) -> bool:
        """Whether a word of the SDK begins a word of the name (``lib`` in front of a library's name does not count)."""
        plain = name.removeprefix("lib")
        return any(re.search(rf"(?<![a-z]){re.escape(token)}", plain, re.IGNORECASE) for token in self._tokens)


def _tokens(sdk: str, prefixes: Collection[str]) -> frozenset[str]:
    """Words of the SDK's id and its maker's packages that are long enough to mean something in another name."""
    words = {*sdk.split("-"), *(segment for prefix in prefixes for segment in prefix.rstrip(".").split(".")[1:2])}
    return frozenset(word.casefold() for word in words if len(word) >= 4) - _COMMON_WORDS


_COMMON_WORDS = frozenset(
    (
        *("android", "audio", "auth", "base", "client", "common", "core", "data", "github", "google", "http", "image"),
        *("internal", "java", "json", "library", "live", "login", "media", "message", "mobile", "native", "network"),
        *("open", "player", "plugin", "push", "service", "share", "storage", "utils", "video", "view", "widget"),
    )
)
"""Words of ids and packages that are nobody's."""


def _is_word(name: str) -> bool:
    return len(name) >= 6 and not re.search(r"\s", name)
