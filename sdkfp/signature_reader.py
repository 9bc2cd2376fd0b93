"""Strict reading of signature, organization and vocabulary files: path, line and column, every mistake of a file at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TypeVar

from sdkfp._yaml import Node, Reader
from sdkfp.errors import NotationError, SignatureIssue
from sdkfp.features import KINDS_WITH_VALUE, Feature, Kind
from sdkfp.signature import (
    CLASS_KINDS,
    CLUE_KINDS,
    GLOB_KINDS,
    VERSION_KINDS,
    Artifact,
    Basis,
    Claim,
    Clue,
    Example,
    Names,
    Need,
    Organization,
    PersonalInformation,
    Signature,
    Source,
    Strength,
    VersionRule,
    Vocabulary,
)
from sdkfp.versions import is_contradictory

__all__ = ["SIGNATURE_KEYS", "is_id", "read_organization", "read_signature", "read_types", "read_words"]

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TAKEN = frozenset({"app"})
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PURL = re.compile(r"pkg:[a-z][a-z0-9.+-]*/\S+")
_URL = re.compile(r"https?://[^\s/]+\.[^\s/]+(?:/\S*)?")
_RANGE = re.compile(r"\s*(?:(?:>=|<=|>|<|==)\s*[\w.+-]+)(?:\s*,\s*(?:>=|<=|>|<|==)\s*[\w.+-]+)*\s*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_NESTED_QUANTIFIER = re.compile(r"\((?:\?:)?(?:\\.|\[[^\]]*\]|[^\\()\[\]])[+*]\)[+*{]")
"""A group of one repeated atom that is itself repeated, such as ``(a+)+``."""

E_ = TypeVar("E_", bound=Enum)


def is_id(text: str) -> bool:
    """Whether a text may be the id of a signature."""
    return _ID.fullmatch(text) is not None and text not in _TAKEN


def read_signature(
    path: Path, vocabulary: Vocabulary, *, nursery: bool = False
) -> tuple[Signature | None, list[SignatureIssue]]:
    """Read one signature file.

    Returns:
        The signature, or ``None`` when there are mistakes; and the mistakes, in the order of the file.
    """
    reader = Reader.open(path)
    root = reader.root
    if root is None:
        return None, reader.issues
    fields = reader.mapping(root, SIGNATURE_KEYS, required=("id", "name", "categories", "clues"))
    words = _Words(reader, vocabulary)
    examples = reader.mapping(fields["examples"], ("match", "miss")) if "examples" in fields else {}
    signature = Signature(
        id=_identifier(reader, fields.get("id"), path.stem),
        name=_names(reader, fields.get("name")),
        aliases=tuple(reader.texts(fields.get("aliases"))),
        organization=_checked(reader, fields.get("organization"), _ID, "an organization id"),
        categories=tuple(
            words.one_of(node, vocabulary.categories, "category") for node in reader.sequence(fields.get("categories"))
        ),
        purl=_checked(reader, fields.get("purl"), _PURL, "a package URL (pkg:type/name)"),
        website=_checked(reader, fields.get("website"), _URL, "a URL"),
        clues=tuple(_clue(reader, node) for node in reader.sequence(fields.get("clues"))),
        exceptions=tuple(_clue(reader, node, exception=True) for node in reader.sequence(fields.get("except"))),
        version=tuple(_version_rule(reader, node) for node in reader.sequence(fields.get("version"))),
        requires=_ids(reader, fields.get("requires")),
        bundles=_ids(reader, fields.get("bundles")),
        overrides=_ids(reader, fields.get("overrides")),
        successors=_ids(reader, fields.get("successors")),
        collects=tuple(_claim(reader, node, words) for node in reader.sequence(fields.get("collects"))),
        artifacts=tuple(_artifact(reader, node) for node in reader.sequence(fields.get("artifacts"))),
        sources=tuple(_source(reader, node) for node in reader.sequence(fields.get("sources"))),
        match=_examples(reader, examples.get("match"), required=("features",)),
        miss=_examples(reader, examples.get("miss"), required=("features", "why")),
        nursery=nursery,
        path=str(path),
    )
    if "clues" in fields and not signature.clues:
        reader.issue(fields["clues"], "a signature has at least one clue")
    if "categories" in fields and not signature.categories:
        reader.issue(fields["categories"], "a signature has at least one category")
    return (None if reader.issues else signature), reader.issues


def read_organization(path: Path) -> tuple[Organization | None, list[SignatureIssue]]:
    """Read one organization file; returns as :func:`read_signature` does."""
    reader = Reader.open(path)
    if reader.root is None:
        return None, reader.issues
    keys = ("id", "name", "aliases", "country", "website", "privacy_policy")
    fields = reader.mapping(reader.root, keys, required=("name",))
    found = Organization(
        id=_identifier(reader, fields["id"], path.stem) if "id" in fields else path.stem,
        name=_names(reader, fields.get("name")),
        country=_checked(reader, fields.get("country"), _COUNTRY, "an ISO 3166 country code of two capitals"),
        website=_checked(reader, fields.get("website"), _URL, "a URL"),
        privacy_policy=_checked(reader, fields.get("privacy_policy"), _URL, "a URL"),
        aliases=tuple(reader.texts(fields.get("aliases"))),
    )
    return (None if reader.issues else found), reader.issues


def read_words(path: Path) -> tuple[dict[str, Names], list[SignatureIssue]]:
    """Read a vocabulary of words with their names."""
    reader = Reader.open(path)
    if reader.root is None:
        return {}, reader.issues
    return {word: _names(reader, node) for word, node in reader.mapping(reader.root).items()}, reader.issues


def read_types(path: Path) -> tuple[dict[str, PersonalInformation], list[SignatureIssue]]:
    """Read the vocabulary of personal-information types."""
    reader = Reader.open(path)
    if reader.root is None:
        return {}, reader.issues
    keys = ("name", "taf077", "gbt35273", "sensitive", "google_play", "apple", "observable")
    found: dict[str, PersonalInformation] = {}
    for word, node in reader.mapping(reader.root).items():
        fields = reader.mapping(node, keys, required=("name", "gbt35273", "sensitive", "observable"))
        found[word] = PersonalInformation(
            id=word,
            name=_names(reader, fields.get("name")),
            gbt35273=reader.text(fields.get("gbt35273")) or "",
            sensitive=reader.boolean(fields.get("sensitive")),
            observable=reader.boolean(fields.get("observable")),
            taf077=tuple(reader.texts(fields.get("taf077"))),
            google_play=reader.text(fields.get("google_play")),
            apple=reader.text(fields.get("apple")),
        )
    return found, reader.issues


SIGNATURE_KEYS = (
    "id",
    "name",
    "aliases",
    "organization",
    "categories",
    "purl",
    "website",
    "clues",
    "except",
    "version",
    "requires",
    "bundles",
    "overrides",
    "successors",
    "collects",
    "artifacts",
    "sources",
    "examples",
)
"""The keys of a signature in their canonical order."""


class _Words:
    """Checks values against closed vocabularies."""

    def __init__(self, reader: Reader, vocabulary: Vocabulary) -> None:
        self._reader = reader
        self.vocabulary = vocabulary

    def one_of(self, node: Node | None, words: Iterable[str], what: str) -> str:
        text = self._reader.text(node) or ""
        if node is not None and text and text not in words:
            self._reader.issue(node, f"unknown {what} {text!r}{_suggestion(text, words)}")
        return text

    def member(self, node: Node | None, kind: type[E_], default: E_) -> E_:
        if node is None:
            return default
        text = self.one_of(node, [member.value for member in kind], "value")
        return next((member for member in kind if member.value == text), default)


def _suggestion(text: str, words: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - needed only to explain a mistake

    close = get_close_matches(text, list(words), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _identifier(reader: Reader, node: Node | None, stem: str) -> str:
    text = _checked(reader, node, _ID, "an id (a-z, 0-9 and single hyphens)") or ""
    if node is not None and text and text != stem:
        reader.issue(node, f"the id is {text!r} but the file is named {stem!r}")
    if node is not None and text in _TAKEN:
        reader.issue(node, f"the id {text!r} means the app's own code in every report")
    return text


def _ids(reader: Reader, node: Node | None) -> tuple[str, ...]:
    return tuple(_checked(reader, item, _ID, "an SDK id") or "" for item in reader.sequence(node))


def _checked(reader: Reader, node: Node | None, pattern: re.Pattern[str], what: str) -> str | None:
    text = reader.text(node)
    if node is not None and text is not None and not pattern.fullmatch(text):
        reader.issue(node, f"{text[:80]!r} is not {what}")
    return text


def _names(reader: Reader, node: Node | None) -> Names:
    if node is None:
        return Names("")
    fields = reader.mapping(node, ("en", "zh"), required=("en",))
    return Names(reader.text(fields.get("en")) or "", reader.text(fields.get("zh")))


def _kind_of(reader: Reader, node: Node, fields: Mapping[str, Node], kinds: tuple[Kind, ...]) -> tuple[Kind, str]:
    named = [kind for kind in kinds if kind.value in fields]
    if len(named) != 1:
        reader.issue(node, "name one feature kind of: " + ", ".join(kind.value for kind in kinds))
        return kinds[0], ""
    text = reader.text(fields[named[0].value]) or ""
    return named[0], text


def _clue(reader: Reader, node: Node, *, exception: bool = False) -> Clue:
    fields = reader.mapping(node, (*(kind.value for kind in CLUE_KINDS), "strength", "why"))
    kind, name = _kind_of(reader, node, fields, CLUE_KINDS)
    if name:
        _check_clue_name(
            lambda message: reader.issue(fields[kind.value], message), kind, name, has_why="why" in fields or exception
        )
    strength = _Words(reader, _NO_WORDS).member(fields.get("strength"), Strength, Strength.SURE)
    return Clue(kind, name, strength, reader.text(fields.get("why")))


def _check_clue_name(issue: Callable[[str], None], kind: Kind, name: str, *, has_why: bool) -> None:
    if kind in CLASS_KINDS:
        segments = name.rstrip(".").split(".")
        if not all(segments) or re.search(r"[\s/;*]", name):
            issue(f"{name!r} is not a dotted class name or prefix")
        elif name.endswith(".") and len(segments) < 3 and not has_why:
            issue(f"the prefix {name!r} has fewer than three segments: make it longer or say why with `why:`")
    elif "*" in name:
        if kind not in GLOB_KINDS:
            issue(f"`*` is for {', '.join(k.value for k in GLOB_KINDS)}, not for {kind.value}")
        elif len(name.partition("*")[0]) < 3:
            issue("a name with `*` starts with at least three plain characters")
    elif kind is Kind.YARA and "/" in name:
        issue("name the rule alone: its namespace is this SDK's id")


def _version_rule(reader: Reader, node: Node) -> VersionRule:
    fields = reader.mapping(node, (*(kind.value for kind in VERSION_KINDS), "pattern"))
    kind, name = _kind_of(reader, node, fields, VERSION_KINDS)
    pattern = reader.text(fields.get("pattern"))
    if pattern is not None:
        problem = _pattern_problem(pattern)
        if problem:
            reader.issue(fields["pattern"], problem)
    elif kind not in KINDS_WITH_VALUE and name:
        reader.issue(node, f"a version rule on a {kind.value} name needs a `pattern`")
    return VersionRule(kind, name, pattern or "(.+)")


def _pattern_problem(pattern: str) -> str | None:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        return f"{pattern!r} is not a regular expression: {error}"
    if not compiled.groups:
        return f"the pattern {pattern!r} has no group for the version"
    if _NESTED_QUANTIFIER.search(pattern):
        return f"the pattern {pattern!r} repeats a repetition, which can take exponential time"
    return None


def _claim(reader: Reader, node: Node, words: _Words) -> Claim:
    keys = ("type", "purpose", "need", "versions", "basis", "source", "as_of")
    fields = reader.mapping(node, keys, required=("type", "purpose", "need", "basis", "source", "as_of"))
    return Claim(
        type=words.one_of(fields.get("type"), words.vocabulary.types, "personal-information type"),
        purpose=words.one_of(fields.get("purpose"), words.vocabulary.purposes, "purpose"),
        need=words.member(fields.get("need"), Need, Need.REQUIRED),
        versions=_versions(reader, fields.get("versions")),
        basis=words.member(fields.get("basis"), Basis, Basis.VENDOR_DOCS),
        source=_checked(reader, fields.get("source"), _URL, "a URL") or "",
        as_of=_date(reader, fields.get("as_of")),
    )


def _versions(reader: Reader, node: Node | None) -> str | None:
    text = _checked(reader, node, _RANGE, "a version range such as '>=4.0, <5'")
    if node is not None and text is not None and is_contradictory(text):
        reader.issue(node, f"no version meets the range {text[:80]!r}")
    return text


def _date(reader: Reader, node: Node | None) -> str:
    text = reader.text(node) or ""
    if node is not None and text:
        try:
            date.fromisoformat(text)
        except ValueError:
            reader.issue(node, f"{text!r} is not a date (YYYY-MM-DD)")
    return text


def _artifact(reader: Reader, node: Node) -> Artifact:
    fields = reader.mapping(node, ("purl", "path", "sha256", "version"), required=("purl", "sha256"))
    return Artifact(
        purl=_checked(reader, fields.get("purl"), _PURL, "a package URL (pkg:type/name@version)") or "",
        sha256=_checked(reader, fields.get("sha256"), _SHA256, "a SHA-256 in lower-case hex") or "",
        version=reader.text(fields.get("version")),
        path=reader.text(fields.get("path")),
    )


def _source(reader: Reader, node: Node) -> Source:
    fields = reader.mapping(node, ("url", "as_of", "says"), required=("url", "as_of", "says"))
    return Source(
        url=_checked(reader, fields.get("url"), _URL, "a URL") or "",
        as_of=_date(reader, fields.get("as_of")),
        says=reader.text(fields.get("says")) or "",
    )


def _examples(reader: Reader, node: Node | None, *, required: tuple[str, ...]) -> tuple[Example, ...]:
    found = []
    for item in reader.sequence(node):
        fields = reader.mapping(item, ("origin", "why", "version", "features"), required=required)
        text = reader.text(fields.get("features")) or ""
        _check_listing(reader, fields.get("features"), text)
        found.append(
            Example(
                features=text,
                origin=reader.text(fields.get("origin")),
                why=reader.text(fields.get("why")),
                version=reader.text(fields.get("version")),
                line=reader.line(item),
            )
        )
    return tuple(found)


def _check_listing(reader: Reader, node: Node | None, text: str) -> None:
    for offset, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#") and node is not None:
            try:
                Feature.parse(line)
            except NotationError as error:
                reader.issue(node, str(error), line_offset=offset)


_NO_WORDS = Vocabulary({}, {}, {})
