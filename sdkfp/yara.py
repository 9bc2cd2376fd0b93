"""YARA rules: compiled once for each kind of data that they read, run on YARA or on YARA-X.

A rule says in its meta what it reads: ``target = "dex"``, ``"elf"``, ``"file"`` (bytes of such an entry) or ``"features"``
(the app's features in the text notation, :class:`sdkfp.features.FeatureSet`). The text has a line feed before its first line
too, so that a rule anchors to whole lines with ``"\\nlibrary libx.so @ "`` (a line without a location ends with the name). Plain
strings are five times faster there than regular expressions: most lines of a big app begin alike.

A rule for files names them in its meta ``path``, where ``*`` stands for any characters; one for features names in ``kinds`` the
words of the notation that it looks at, so that no other lines are written for it. A rule for dex files with ``part = "strings"``
needs no more of them than their strings; where all rules are content with that, the code is not searched.

Rules see bytes only: includes and modules are refused, and so is what YARA itself calls slow. YARA checks every rule, also
where YARA-X runs it.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from importlib.util import find_spec
from typing import Literal, TypeAlias, get_args

import msgspec

from sdkfp import _yara_engines
from sdkfp._yara_engines import Engine, Found, MetaValue, RuleSource, YaraError, YaraTimeoutError
from sdkfp.errors import CatalogError, SignatureError, SignatureIssue
from sdkfp.features import Column, Kind

__all__ = [
    "CompiledRules",
    "Engine",
    "RuleMatch",
    "RuleSource",
    "StringHit",
    "Target",
    "YaraError",
    "YaraTimeoutError",
    "compile_rules",
    "default_engine",
    "yara_column",
]

Target: TypeAlias = Literal["dex", "elf", "file", "features"]

_TARGETS: tuple[Target, ...] = get_args(Target)
_MOST_HITS = 16
_LONGEST_EXCERPT = 200
_MAGIC = b"sdkfp rules 3\n"


@dataclass(frozen=True, slots=True, order=True)
class StringHit:
    """A string of a rule, where it was found."""

    offset: int
    """Bytes from the start of the data; for the target ``features`` that of the line."""
    identifier: str
    """With its ``$``."""
    excerpt: bytes
    """What was matched, 200 bytes at most; for the target ``features`` the whole line."""


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A rule that matched."""

    namespace: str
    rule: str
    tags: tuple[str, ...]
    meta: Mapping[str, MetaValue]
    strings: tuple[StringHit, ...]
    """The first 16, by offset."""

    @property
    def name(self) -> str:
        """``namespace/rule``, as the feature notation writes it."""
        return f"{self.namespace}/{self.rule}"


class CompiledRules:
    """Rules, compiled for each target; made by :func:`compile_rules`."""

    def __init__(
        self, engine: Engine, rules: Mapping[Target, object], names: Mapping[Target, Mapping[str, str]]
    ) -> None:
        self.engine = engine
        self._rules = dict(rules)
        self._names = {target: dict(rules_of) for target, rules_of in names.items()}
        """``namespace/rule`` of every rule and what it narrows its target to, sorted."""

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets that any rule has."""
        return tuple(target for target in _TARGETS if target in self._rules)

    def names(self, target: Target) -> tuple[str, ...]:
        """``namespace/rule`` of every rule for a target, sorted."""
        return tuple(self._names.get(target, ()))

    @cached_property
    def strings_suffice(self) -> bool:
        """Whether every rule for ``dex`` needs the strings of the file only."""
        return all(part == "strings" for part in self._names.get("dex", {}).values())

    @cached_property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of features that the rules for ``features`` look at."""
        return frozenset(Kind(word) for words in self._names.get("features", {}).values() for word in words.split())

    def wants_file(self, name: str) -> bool:
        """Whether any rule for ``file`` names this entry."""
        return any(fnmatchcase(name, pattern) for pattern in self._file_patterns)

    @cached_property
    def _file_patterns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._names.get("file", {}).values()))

    def match(
        self, target: Target, data: bytes, *, timeout_s: float, file_name: str = "", start: int = 0
    ) -> list[RuleMatch]:
        """The rules for a target that match the data, sorted by name.

        Args:
            target: what the data is.
            data: the whole entry, or for ``dex`` its strings; for ``features`` the text notation in UTF-8.
            timeout_s: seconds, rounded up to whole ones.
            file_name: of the entry, for the target ``file``: a rule matches only the files that it names.
            start: where in the entry the data begins, in bytes; added to every offset.

        Raises:
            YaraTimeoutError: it took longer.
            YaraError: the engine failed otherwise.
        """
        rules = self._rules.get(target)
        if rules is None:
            return []
        lead = 1 if target == "features" else 0
        text = b"\n%b\n" % data if lead else data
        matches = [
            RuleMatch(found.namespace, found.rule, found.tags, found.meta, _hits(found, text, lead, start))
            for found in _yara_engines.scan(self.engine, rules, text, max(1, math.ceil(timeout_s)))
            if found.meta.get("target") == target
            and (target != "file" or fnmatchcase(file_name, str(found.meta["path"])))
        ]
        return sorted(matches, key=lambda match: match.name)

    def serialize(self) -> bytes:
        """The compiled rules for a cache file; read back by :meth:`deserialize`."""
        rules = {target: _yara_engines.save(self.engine, compiled) for target, compiled in self._rules.items()}
        body = msgspec.msgpack.encode(_Stored(self.engine, _yara_engines.version_of(self.engine), rules, self._names))
        return _MAGIC + hashlib.sha256(body).digest() + body

    @classmethod
    def deserialize(cls, data: bytes) -> CompiledRules:
        """Read compiled rules back.

        Compiled rules are trusted by the engine that runs them: read only what this user's own sdkfp has written.

        Raises:
            CatalogError: the data is damaged, or was written with another version of the engine.
        """
        head = len(_MAGIC) + 32
        if data[: len(_MAGIC)] != _MAGIC or hashlib.sha256(data[head:]).digest() != data[len(_MAGIC) : head]:
            raise CatalogError("the compiled rules are damaged or of another version of sdkfp")
        try:
            stored = msgspec.msgpack.decode(data[head:], type=_Stored)
        except msgspec.DecodeError as error:
            raise CatalogError(f"the compiled rules are damaged: {error}") from None
        if stored.version != _yara_engines.version_of(stored.engine):
            raise CatalogError(f"the rules were compiled by {stored.engine} {stored.version}, which is not installed")
        rules = {target: _yara_engines.load(stored.engine, blob) for target, blob in stored.rules.items()}
        return cls(stored.engine, rules, stored.names)


class _Stored(msgspec.Struct, frozen=True):
    """What a cache file holds."""

    engine: Engine
    version: str
    rules: dict[Target, bytes]
    names: dict[Target, dict[str, str]]


def default_engine() -> Engine:
    """YARA-X where it is installed, else YARA."""
    return "yara" if find_spec("yara_x") is None else "yara-x"


def compile_rules(sources: Iterable[RuleSource], *, engine: Engine = "yara") -> CompiledRules:
    """Compile rules, one compiled object a target.

    Args:
        sources: each with a namespace of its own.
        engine: ``yara-x`` needs the extra of that name.

    Raises:
        SignatureError: rules are wrong; every file with a mistake is in it, with the line.
        CatalogError: the engine is not installed.
    """
    files = sorted(sources, key=lambda source: source.namespace)
    issues: list[SignatureIssue] = []
    chosen: dict[Target, list[RuleSource]] = {}
    names: dict[Target, dict[str, str]] = {}
    for number, source in enumerate(files):
        if number and files[number - 1].namespace == source.namespace:
            before = files[number - 1].path
            issues.append(
                SignatureIssue(source.path, 1, 1, f"the namespace {source.namespace!r} is also that of {before}")
            )
            continue
        for rule, target, scope in _checked(source, issues):
            names.setdefault(target, {})[f"{source.namespace}/{rule}"] = scope
            if source not in chosen.setdefault(target, []):
                chosen[target].append(source)
    if issues:
        raise SignatureError(tuple(issues))
    return CompiledRules(
        engine,
        {target: _yara_engines.compile_sources(engine, chosen[target]) for target in _TARGETS if target in chosen},
        {target: dict(sorted(names[target].items())) for target in _TARGETS if target in names},
    )


def yara_column(matches: Sequence[RuleMatch], location: str) -> Column:
    """The matches as features of the kind ``yara``; each string ``$version`` that a rule has found is a value of its own."""
    rows: list[tuple[str, str | None]] = []
    for match in matches:
        texts = [hit.excerpt for hit in match.strings if hit.identifier == "$version"]
        values = dict.fromkeys(text.strip(b"\0").decode("utf-8", "backslashreplace") for text in texts)
        rows += [(match.name, value) for value in values or (None,)]
    return Column(Kind.YARA, location, [name for name, _ in rows], [value for _, value in rows])


# --- Checks: always by YARA, which says what it finds slow ----------------------------------------------------------------

_IMPORT = re.compile(r'^[ \t]*import[ \t]*"', re.MULTILINE)
_PLACE = re.compile(r"line (\d+): (.*)", re.DOTALL)


def _checked(source: RuleSource, issues: list[SignatureIssue]) -> Iterator[tuple[str, Target, str]]:
    """Name, target and narrower scope of every rule that reports matches; what is wrong is added to ``issues``."""
    import yara  # noqa: PLC0415 - a catalog from the cache needs no compiler

    def issue(line: int, message: str) -> None:
        last = source.text.rstrip("\n").count("\n") + 1
        issues.append(SignatureIssue(source.path, line if 0 < line <= last else last, 1, message))

    module = _IMPORT.search(source.text)
    if module is not None:
        issue(source.text.count("\n", 0, module.start()) + 1, "a rule imports no module: it sees bytes only")
        return
    try:
        rules = yara.compile(source=source.text, includes=False)
    except (yara.Error, ValueError) as error:
        place = _PLACE.fullmatch(str(error))
        issue(int(place[1]) if place else 0, place[2] if place else str(error))
        return
    for warning in rules.warnings:
        place = _PLACE.fullmatch(warning)
        issue(int(place[1]) if place else 0, place[2] if place else warning)
    for rule in rules:
        target = rule.meta.get("target")
        if rule.is_global:
            issue(
                _line(source.text, rule.identifier),
                f"the rule {rule.identifier!r} is global, which would bind all others",
            )
        elif target in _TARGETS:
            scope, wrong = _scope(target, rule.meta)
            if wrong:
                issue(_line(source.text, rule.identifier), f"the rule {rule.identifier!r} {wrong}")
            yield rule.identifier, target, scope
        elif not rule.is_private:
            said = "has no meta `target`" if target is None else f"has the unknown target {target!r}"
            issue(
                _line(source.text, rule.identifier),
                f"the rule {rule.identifier!r} {said}: one of {', '.join(_TARGETS)}",
            )


_SCOPES: Mapping[str, tuple[str, str]] = {
    "file": ("path", "say which entries it reads: a name, where `*` stands for any characters"),
    "features": ("kinds", "say which kinds of features it looks at, separated by blanks"),
}
_PARTS = ("strings",)


def _scope(target: Target, meta: Mapping[str, MetaValue]) -> tuple[str, str | None]:
    """What a rule narrows its target to, and what is wrong with that."""
    if target == "dex" and "part" in meta:
        known = meta["part"] in _PARTS
        return str(
            meta["part"]
        ), None if known else f"has the unknown part {meta['part']!r}: one of {', '.join(_PARTS)}"
    if target not in _SCOPES:
        return "", None
    key, advice = _SCOPES[target]
    scope = meta.get(key)
    if not isinstance(scope, str) or not scope.strip():
        return "", f"has no meta `{key}`: {advice}"
    if target == "features":
        unknown = set(scope.split()) - {kind.value for kind in Kind}
        if unknown:
            return "", f"has in its meta `kinds` the unknown kind {min(unknown)!r}"
    return scope, None


def _line(text: str, rule: str) -> int:
    found = re.search(rf"\brule\s+{re.escape(rule)}\b", text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _hits(found: Found, data: bytes, lead: int, moved: int) -> tuple[StringHit, ...]:
    """The first hits of a rule; ``lead`` bytes stand before the data that the caller gave, which begins at ``moved``."""
    hits = []
    for offset, identifier, length in sorted(found.places)[:_MOST_HITS]:
        start, end = offset, offset + length
        if lead:
            start = offset + 1 if data[offset : offset + 1] == b"\n" else data.rfind(b"\n", 0, offset) + 1
            end = data.find(b"\n", start)
        hits.append(StringHit(start - lead + moved, identifier, data[start : min(end, start + _LONGEST_EXCERPT)]))
    return tuple(hits)
