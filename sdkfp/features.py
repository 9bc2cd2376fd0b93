"""Features of an app, where they were seen, and their one text notation.

The notation is one feature a line::

    class com.adjust.sdk.Adjust @ base.apk!classes.dex
    metadata JPUSH_CHANNEL=developer-default @ base.apk!AndroidManifest.xml
    constant com.umeng.commonsdk.UMConfigure.VERSION="9.6.1" @ base.apk!classes.dex

Text after `` @ `` is the location and may be missing; a line that starts with ``#`` is a comment. Characters that would
break the notation (controls, backslash, and in names the separators) are written as JSON string escapes (``\\u000a``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from sdkfp.errors import NotationError

__all__ = ["Column", "Feature", "FeatureSet", "Grade", "Kind"]


class Kind(str, Enum):
    """What a feature is; the value is the word that the notation uses."""

    CLASS = "class"
    """A class defined in a dex file (or a .class file of a library archive)."""
    REFERS = "refers"
    """A class that code mentions but that is not defined in the same file."""
    LIBRARY = "library"
    """The file name of a native library."""
    SONAME = "soname"
    """DT_SONAME of a native library."""
    SYMBOL = "symbol"
    """A dynamic symbol that a native library exports."""
    NEEDED = "needed"
    """DT_NEEDED of a native library."""
    JNI = "jni"
    """A Java class whose native methods a library implements, from ``Java_…`` symbols or RegisterNatives tables."""
    ACTIVITY = "activity"
    SERVICE = "service"
    RECEIVER = "receiver"
    PROVIDER = "provider"
    PERMISSION = "permission"
    """A permission that the manifest requests (``<uses-permission>``)."""
    METADATA = "metadata"
    """KEY=VALUE of a manifest ``<meta-data>``."""
    ACTION = "action"
    """An intent action that a component filters for."""
    FILE = "file"
    """An entry of the package, by its name."""
    PROPERTY = "property"
    """FILE.key=value of a small text file (``.properties``, ``.version``)."""
    CONSTANT = "constant"
    """A static field with its constant string value; or a method without arguments, ``a.B.version()``, with the constant it returns."""
    MODULE = "module"
    """A source module of HarmonyOS byte code, with its package before it."""
    PACKAGE = "package"
    """An ohpm package (HarmonyOS) whose code is inside; the value is its release, where one is recorded."""
    YARA = "yara"
    """namespace/rule of a YARA rule that matched; the value is what its string ``$version`` met, if it has one."""
    MARK = "mark"
    """A rename-proof mark match: SDK id and score."""


class Grade(str, Enum):
    """How good a feature is as evidence that an SDK is inside; the better grades first."""

    DEFINED = "defined"
    NATIVE = "native"
    FILE = "file"
    MANIFEST = "manifest"
    LEARNED = "learned"
    STRING = "string"
    MENTIONED = "mentioned"


GRADE_OF_KIND: Mapping[Kind, Grade] = {
    Kind.CLASS: Grade.DEFINED,
    Kind.REFERS: Grade.MENTIONED,
    Kind.LIBRARY: Grade.NATIVE,
    Kind.SONAME: Grade.NATIVE,
    Kind.SYMBOL: Grade.NATIVE,
    Kind.NEEDED: Grade.MENTIONED,
    Kind.JNI: Grade.NATIVE,
    Kind.ACTIVITY: Grade.MANIFEST,
    Kind.SERVICE: Grade.MANIFEST,
    Kind.RECEIVER: Grade.MANIFEST,
    Kind.PROVIDER: Grade.MANIFEST,
    Kind.PERMISSION: Grade.MANIFEST,
    Kind.METADATA: Grade.MANIFEST,
    Kind.ACTION: Grade.MANIFEST,
    Kind.FILE: Grade.FILE,
    Kind.PROPERTY: Grade.FILE,
    Kind.CONSTANT: Grade.DEFINED,
    Kind.MODULE: Grade.DEFINED,
    Kind.PACKAGE: Grade.DEFINED,
    Kind.YARA: Grade.STRING,
    Kind.MARK: Grade.LEARNED,
}

KINDS_WITH_VALUE = frozenset({Kind.METADATA, Kind.PROPERTY, Kind.CONSTANT, Kind.PACKAGE, Kind.YARA, Kind.MARK})

_WORDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}
_ESCAPE = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_ESCAPE_NAME = re.compile(r"[\\=\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_UNESCAPE = re.compile(r"\\u([0-9a-f]{4})")
_SEPARATOR = " @ "


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature at one place."""

    kind: Kind
    name: str
    value: str | None = None
    location: str = ""
    """``FILE!ENTRY``, nested archives with a further ``!``; empty where it is not known."""

    @property
    def grade(self) -> Grade:
        return GRADE_OF_KIND[self.kind]

    def format(self, *, with_location: bool = True) -> str:
        """The feature in the text notation."""
        text = f"{self.kind.value} {_escape(self.name, name=self.kind in KINDS_WITH_VALUE)}"
        if self.kind is Kind.MARK:  # two words: a blank inside one is escaped
            text = f"{self.kind.value} {_word(self.name)} {_word(self.value or '')}"
        elif self.kind is Kind.CONSTANT and self.value is not None:
            text += f'="{_escape(self.value)}"'
        elif self.value is not None:
            text += f"={_escape(self.value)}"
        return text + _SEPARATOR + _escape(self.location) if with_location and self.location else text

    @classmethod
    def parse(cls, line: str) -> Feature:
        """Read one line of the notation.

        Raises:
            NotationError: the line is not in the notation.
        """
        body, _, location = line.strip().partition(_SEPARATOR)
        word, _, rest = body.partition(" ")
        kind = _WORDS.get(word)
        if kind is None:
            raise NotationError(f"unknown feature kind {word!r} in {line.strip()[:200]!r}")
        name, value = rest.strip(), None
        if kind is Kind.MARK:
            name, gap, value = name.rpartition(" ")
            if not gap:
                name, value = value, None
        elif kind in KINDS_WITH_VALUE:
            name, equals, value = name.partition("=")
            value = value if equals else None
            if kind is Kind.CONSTANT and value is not None:
                if len(value) < 2 or value[0] != '"' or value[-1] != '"':
                    raise NotationError(f"the value of a constant stands in double quotes: {line.strip()[:200]!r}")
                value = value[1:-1]
        if not name:
            raise NotationError(f"feature without a name: {line.strip()[:200]!r}")
        return cls(kind, _unescape(name), None if value is None else _unescape(value), _unescape(location.strip()))


@dataclass(frozen=True, slots=True)
class Column:
    """All features of one kind at one location."""

    kind: Kind
    location: str
    names: Sequence[str]
    values: Sequence[str | None] | None = None
    """As long as ``names``, for the kinds that carry a value."""

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Feature]:
        for index in range(len(self.names)):
            yield self.feature(index)

    def format(self) -> str:
        """The features in the text notation, one a line, each line ended by a line feed."""
        if self.values is None and _is_plain(self.names):  # nothing to escape: all at once, a hundred times faster
            head, tail = f"{self.kind.value} ", _SEPARATOR + _escape(self.location) if self.location else ""
            return head + f"{tail}\n{head}".join(self.names) + f"{tail}\n" if self.names else ""
        return "".join(f"{feature.format()}\n" for feature in self)

    def feature(self, index: int) -> Feature:
        """The feature at one row."""
        return Feature(self.kind, self.names[index], self.values[index] if self.values else None, self.location)


class FeatureSet:
    """Every feature of an app, as columns; :class:`Feature` objects are made only when somebody looks."""

    __slots__ = ("_by_kind", "columns")

    def __init__(self, columns: Iterable[Column] = ()) -> None:
        self.columns: tuple[Column, ...] = tuple(column for column in columns if len(column))
        by_kind: dict[Kind, list[Column]] = {}
        for column in self.columns:
            by_kind.setdefault(column.kind, []).append(column)
        self._by_kind = {kind: tuple(found) for kind, found in by_kind.items()}

    def of(self, kind: Kind) -> tuple[Column, ...]:
        """The columns of one kind, one a location."""
        return self._by_kind.get(kind, ())

    def __iter__(self) -> Iterator[Feature]:
        for column in self.columns:
            yield from column

    def __len__(self) -> int:
        return sum(len(column) for column in self.columns)

    def __or__(self, other: FeatureSet) -> FeatureSet:
        return FeatureSet((*self.columns, *other.columns))

    def format(self, kinds: Iterable[Kind] | None = None) -> str:
        """The features in the text notation, one a line, in the order of the columns."""
        wanted = set(kinds) if kinds is not None else None
        return "".join(column.format() for column in self.columns if wanted is None or column.kind in wanted)

    @classmethod
    def parse(cls, text: str) -> FeatureSet:
        """Read the text notation back. Empty lines and ``#`` comments are passed over.

        Raises:
            NotationError: a line is not in the notation; the message gives its number.
        """
        rows: dict[tuple[Kind, str], list[Feature]] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            try:
                feature = Feature.parse(line)
            except NotationError as error:
                raise NotationError(f"line {number}: {error}") from None
            rows.setdefault((feature.kind, feature.location), []).append(feature)
        return cls.from_features(feature for found in rows.values() for feature in found)

    @classmethod
    def from_features(cls, features: Iterable[Feature]) -> FeatureSet:
        """Gather single features into columns, by kind and location."""
        rows: dict[tuple[Kind, str], list[Feature]] = {}
        for feature in features:
            rows.setdefault((feature.kind, feature.location), []).append(feature)
        return cls(
            Column(
                kind,
                location,
                [feature.name for feature in found],
                [feature.value for feature in found] if kind in KINDS_WITH_VALUE else None,
            )
            for (kind, location), found in rows.items()
        )


def _is_plain(names: Sequence[str]) -> bool:
    """Whether no name needs an escape. For ``str.isprintable`` the blank is the only white space."""
    text = "".join(names)
    if not text.isprintable() or "\\" in text or (" " in text and _SEPARATOR.strip() in text):
        return False
    return " " not in text or not any(name[:1] == " " or name[-1:] == " " for name in names)


def _escape(text: str, *, name: bool = False) -> str:
    pattern = _ESCAPE_NAME if name else _ESCAPE
    if pattern.search(text):
        text = pattern.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    if _SEPARATOR in text:
        text = text.replace(_SEPARATOR, " \\u0040 ")
    if text != text.strip():
        text = f"\\u{ord(text[0]):04x}{text[1:]}" if text[0].isspace() else text
        text = f"{text[:-1]}\\u{ord(text[-1]):04x}" if text[-1].isspace() else text
    return text


def _word(text: str) -> str:
    return _escape(text, name=True).replace(" ", "\\u0020")


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _UNESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
