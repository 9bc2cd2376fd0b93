"""The two engines that run YARA rules, each loaded when it is first needed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sdkfp.errors import CatalogError, SdkfpError, SignatureError, SignatureIssue

__all__ = [
    "Engine",
    "Found",
    "MetaValue",
    "RuleSource",
    "YaraError",
    "YaraTimeoutError",
    "compile_sources",
    "load",
    "save",
    "scan",
    "version_of",
]

Engine: TypeAlias = Literal["yara", "yara-x"]
MetaValue: TypeAlias = "str | int | float | bool"

_MOST_MATCHES = 100_000
"""Matches of one pattern that YARA-X keeps; YARA has its own limit of a million."""


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


@dataclass(frozen=True, slots=True)
class Found:
    """A matching rule as an engine reports it."""

    namespace: str
    rule: str
    tags: tuple[str, ...]
    meta: Mapping[str, MetaValue]
    places: list[tuple[int, str, int]]
    """(offset, identifier, length)"""


def compile_sources(engine: Engine, sources: Sequence[RuleSource]) -> object:
    """Compile rules that YARA has already checked.

    Raises:
        SignatureError: YARA-X does not take them.
        CatalogError: the engine is not installed.
    """
    return _compile_with_yara(sources) if engine == "yara" else _compile_with_yara_x(sources)


def scan(engine: Engine, rules: object, data: bytes, timeout: int) -> Iterator[Found]:
    """The rules that match, in no order.

    Raises:
        YaraTimeoutError: it took longer than ``timeout`` seconds.
        YaraError: the engine failed otherwise.
    """
    return _scan_with_yara(rules, data, timeout) if engine == "yara" else _scan_with_yara_x(rules, data, timeout)


def _compile_with_yara(sources: Sequence[RuleSource]) -> object:
    import yara  # noqa: PLC0415 - a catalog from the cache needs no compiler, a look-up no rules

    return yara.compile(sources={source.namespace: source.text for source in sources}, includes=False)


def _scan_with_yara(rules: Any, data: bytes, timeout: int) -> Iterator[Found]:
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
        yield Found(match.namespace, match.rule, tuple(match.tags), dict(match.meta), places)


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


def _scan_with_yara_x(rules: Any, data: bytes, timeout: int) -> Iterator[Found]:
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
        yield Found(rule.namespace, rule.identifier, tuple(rule.tags), dict(rule.metadata), places)


def version_of(engine: Engine) -> str:
    """Compiled rules are read by the version that has compiled them only."""
    if engine == "yara":
        import yara  # noqa: PLC0415 - as above

        return str(yara.YARA_VERSION)
    from importlib.metadata import version  # noqa: PLC0415 - slow to import

    _yara_x()
    return version("yara-x")


def save(engine: Engine, rules: Any) -> bytes:
    """The compiled rules as bytes."""
    buffer = io.BytesIO()
    if engine == "yara":
        rules.save(file=buffer)
    else:
        rules.serialize_into(buffer)
    return buffer.getvalue()


def load(engine: Engine, blob: bytes) -> object:
    """Compiled rules from bytes.

    Raises:
        CatalogError: they are damaged, or the engine is not installed.
    """
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
