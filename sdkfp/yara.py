"""YARA rules: compiled once for each kind of data that they read, run on YARA or on YARA-X.

A rule says in its meta what it reads: ``target = "dex"``, ``"elf"``, ``"file"`` (bytes of such an entry) or ``"features"``
(the app's features in the text notation, :class:`sdkfp.features.FeatureSet`). The text has a line feed before its first line
too, so that a rule anchors to whole lines with ``"\\nlibrary libx.so @ "`` (a line without a location ends with the name). Plain
strings are five times faster there than regular expressions: most lines of a big app begin alike.

Rules see bytes only: includes and modules are refused, and so is what YARA itself calls slow. YARA checks every rule, also
where YARA-X runs it.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from sdkfp.errors import CatalogError, SdkfpError, SignatureError, SignatureIssue
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
    "yara_column",
]

Target: TypeAlias = Literal["dex", "elf", "file", "features"]
Engine: TypeAlias = Literal["yara", "yara-x"]
MetaValue: TypeAlias = "str | int | float | bool"

_TARGETS: tuple[Target, ...] = get_args(Target)
_MOST_HITS = 16
_MOST_MATCHES = 100_000
"""Matches of one pattern that YARA-X keeps; YARA has its own limit of a million."""
_LONGEST_EXCERPT = 200
_MAGIC = b"sdkfp rules 1\n"


class YaraError(SdkfpError):
    """The rules could not be run on some data."""


class YaraTimeoutError(YaraError):
    """The rules took longer than allowed; what they would have found is not known."""


@dataclass(frozen=True, slots=True)
class RuleSource:
    """One file of rules."""

    namespace: str
    """The id of the SDK or packer that the rules belong to."""
    path: str
    """For messages."""
    text: str


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

    def __init__(self, engine: Engine, rules: Mapping[Target, object], names: Mapping[Target, tuple[str, ...]]) -> None:
        self.engine = engine
        self._rules = dict(rules)
        self._names = dict(names)

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets that any rule has."""
        return tuple(target for target in _TARGETS if target in self._rules)

    def names(self, target: Target) -> tuple[str, ...]:
        """``namespace/rule`` of every rule for a target, sorted."""
        return self._names.get(target, ())

    def match(self, target: Target, data: bytes, *, timeout_s: float) -> list[RuleMatch]:
        """The rules for a target that match the data, sorted by name.

        Args:
            target: what the data is.
            data: the whole entry; for ``features`` the text notation in UTF-8.
            timeout_s: seconds, rounded up to whole ones.

        Raises:
            YaraTimeoutError: it took longer.
            YaraError: the engine failed otherwise.
        """
        rules = self._rules.get(target)
        if rules is None:
            return []
        lead = 1 if target == "features" else 0
        text = b"\n%b\n" % data if lead else data
        scan = _scan_with_yara if self.engine == "yara" else _scan_with_yara_x
        matches = [
            RuleMatch(found.namespace, found.rule, found.tags, found.meta, _hits(found, text, lead))
            for found in scan(rules, text, max(1, math.ceil(timeout_s)))
            if found.meta.get("target") == target
        ]
        return sorted(matches, key=lambda match: match.name)

    def serialize(self) -> bytes:
        """The compiled rules for a cache file; read back by :meth:`deserialize`."""
        rules = {target: _save(self.engine, compiled) for target, compiled in self._rules.items()}
        body = msgspec.msgpack.encode(_Stored(self.engine, _version(self.engine), rules, self._names))
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
        if stored.version != _version(stored.engine):
            raise CatalogError(f"the rules were compiled by {stored.engine} {stored.version}, which is not installed")
        rules = {target: _load(stored.engine, blob) for target, blob in stored.rules.items()}
        return cls(stored.engine, rules, stored.names)


class _Stored(msgspec.Struct, frozen=True):
    """What a cache file holds."""

    engine: Engine
    version: str
    rules: dict[Target, bytes]
    names: dict[Target, tuple[str, ...]]


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
    names: dict[Target, list[str]] = {}
    for number, source in enumerate(files):
        if number and files[number - 1].namespace == source.namespace:
            before = files[number - 1].path
            issues.append(
                SignatureIssue(source.path, 1, 1, f"the namespace {source.namespace!r} is also that of {before}")
            )
            continue
        for rule, target in _checked(source, issues):
            names.setdefault(target, []).append(f"{source.namespace}/{rule}")
            if source not in chosen.setdefault(target, []):
                chosen[target].append(source)
    if issues:
        raise SignatureError(tuple(issues))
    compile_one = _compile_with_yara if engine == "yara" else _compile_with_yara_x
    return CompiledRules(
        engine,
        {target: compile_one(chosen[target]) for target in _TARGETS if target in chosen},
        {target: tuple(sorted(names[target])) for target in _TARGETS if target in names},
    )


def yara_column(matches: Sequence[RuleMatch], location: str) -> Column:
    """The matches as features of the kind ``yara``."""
    return Column(Kind.YARA, location, [match.name for match in matches])


# --- Checks: always by YARA, which says what it finds slow ----------------------------------------------------------------

_IMPORT = re.compile(r'^[ \t]*import[ \t]*"', re.MULTILINE)
_PLACE = re.compile(r"line (\d+): (.*)", re.DOTALL)


def _checked(source: RuleSource, issues: list[SignatureIssue]) -> Iterator[tuple[str, Target]]:
    """Name and target of every rule that reports matches; what is wrong is added to ``issues``."""
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
            yield rule.identifier, target
        elif not rule.is_private:
            said = "has no meta `target`" if target is None else f"has the unknown target {target!r}"
            issue(
                _line(source.text, rule.identifier),
                f"the rule {rule.identifier!r} {said}: one of {', '.join(_TARGETS)}",
            )


def _line(text: str, rule: str) -> int:
    found = re.search(rf"\brule\s+{re.escape(rule)}\b", text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


# --- The two engines -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """A matching rule as an engine reports it."""

    namespace: str
    rule: str
    tags: tuple[str, ...]
    meta: Mapping[str, MetaValue]
    places: list[tuple[int, str, int]]
    """(offset, identifier, length)"""


def _compile_with_yara(sources: Sequence[RuleSource]) -> object:
    import yara  # noqa: PLC0415 - as above

    return yara.compile(sources={source.namespace: source.text for source in sources}, includes=False)


def _scan_with_yara(rules: Any, data: bytes, timeout: int) -> Iterator[_Found]:
    import yara  # noqa: PLC0415 - as above

    try:
        # A pattern with more matches than YARA keeps is reported to the callback; the rule has matched all the same.
        found = rules.match(data=data, timeout=timeout, fast=True, warnings_callback=lambda *_: yara.CALLBACK_CONTINUE)
    except yara.TimeoutError:
        raise YaraTimeoutError(f"the rules took longer than {timeout} s") from None
    except yara.Error as error:
        raise YaraError(f"YARA failed: {error}") from None
    for match in found:
        places = [
            (hit.offset, string.identifier, hit.matched_length) for string in match.strings for hit in string.instances
        ]
        yield _Found(match.namespace, match.rule, tuple(match.tags), dict(match.meta), places)


def _yara_x() -> Any:
    try:
        import yara_x  # noqa: PLC0415 - an extra
    except ImportError:
        raise CatalogError("YARA-X is not installed: pip install 'sdkfp[yara-x]'") from None
    return yara_x


def _compile_with_yara_x(sources: Sequence[RuleSource]) -> object:
    yara_x = _yara_x()
    compiler = yara_x.Compiler()
    compiler.enable_includes(False)  # noqa: FBT003 - the library's signature
    issues = []
    for source in sources:
        compiler.new_namespace(source.namespace)
        try:
            compiler.add_source(source.text, origin=source.path)
        except yara_x.CompileError:
            error = compiler.errors()[-1]
            issues.append(SignatureIssue(source.path, error["line"], error["column"], f"YARA-X: {error['title']}"))
    if issues:
        raise SignatureError(tuple(issues))
    return compiler.build()


def _scan_with_yara_x(rules: Any, data: bytes, timeout: int) -> Iterator[_Found]:
    yara_x = _yara_x()
    scanner = yara_x.Scanner(rules)
    scanner.set_timeout(timeout)
    scanner.max_matches_per_pattern(_MOST_MATCHES)
    try:
        found = scanner.scan(data).matching_rules
    except yara_x.TimeoutError:
        raise YaraTimeoutError(f"the rules took longer than {timeout} s") from None
    except yara_x.ScanError as error:
        raise YaraError(f"YARA-X failed: {error}") from None
    for rule in found:
        places = [(hit.offset, pattern.identifier, hit.length) for pattern in rule.patterns for hit in pattern.matches]
        yield _Found(rule.namespace, rule.identifier, tuple(rule.tags), dict(rule.metadata), places)


def _hits(found: _Found, data: bytes, lead: int) -> tuple[StringHit, ...]:
    """The first hits of a rule; ``lead`` bytes stand before the data that the caller gave."""
    hits = []
    for offset, identifier, length in sorted(found.places)[:_MOST_HITS]:
        start, end = offset, offset + length
        if lead:
            start = offset + 1 if data[offset : offset + 1] == b"\n" else data.rfind(b"\n", 0, offset) + 1
            end = data.find(b"\n", start)
        hits.append(StringHit(start - lead, identifier, data[start : min(end, start + _LONGEST_EXCERPT)]))
    return tuple(hits)


def _version(engine: Engine) -> str:
    if engine == "yara":
        import yara  # noqa: PLC0415 - as above

        return str(yara.YARA_VERSION)
    from importlib.metadata import version  # noqa: PLC0415 - slow to import

    _yara_x()
    return version("yara-x")


def _save(engine: Engine, rules: Any) -> bytes:
    buffer = io.BytesIO()
    if engine == "yara":
        rules.save(file=buffer)
    else:
        rules.serialize_into(buffer)
    return buffer.getvalue()


def _load(engine: Engine, blob: bytes) -> object:
    if engine == "yara":
        import yara  # noqa: PLC0415 - as above

        try:
            return yara.load(file=io.BytesIO(blob))
        except yara.Error as error:
            raise CatalogError(f"the compiled rules are damaged: {error}") from None
    try:
        return _yara_x().Rules.deserialize_from(io.BytesIO(blob))
    except OSError as error:
        raise CatalogError(f"the compiled rules are damaged: {error}") from None
