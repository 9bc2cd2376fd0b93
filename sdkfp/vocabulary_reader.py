"""Strict reading of ``reads.yaml`` and ``rules.yaml``: path, line and column, every mistake of a file at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from sdkfp._yaml import Node, Reader
from sdkfp.errors import SignatureIssue
from sdkfp.vocabulary import (
    CONSTANT_KINDS,
    Limit,
    Names,
    Origin,
    Read,
    ReadKind,
    Reads,
    Rule,
    Rules,
    Weight,
)

__all__ = ["read_reads", "read_rules"]

_CLASS = re.compile(r"L(?:[\w-]+/)*[\w$-]+;")
_METHOD = re.compile(r"L(?:[\w-]+/)*[\w$-]+;->(?:[\w$-]+|<init>)")
_FIELD = re.compile(r"L(?:[\w-]+/)*[\w$-]+;->[\w$-]+")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")
_PERMISSION = re.compile(r"(?:[a-z_]\w*\.)+[A-Z0-9_]+")
_NUMBER = re.compile(r"-?\d{1,10}")
_LEVEL = re.compile(r"[1-9]\d?")
_RULE = re.compile(r"[a-z0-9]+(?:\.[0-9]+)+")
_URL = re.compile(r"https?://[^\s/]+\.[^\s/]+(?:/\S*)?")
_PURL = re.compile(r"pkg:[a-z][a-z0-9.+-]*/\S+")

_NAMES: Mapping[ReadKind, tuple[re.Pattern[str], str]] = {
    ReadKind.METHOD: (_METHOD, "a method reference without parameters (Lpackage/Class;->name)"),
    ReadKind.OVERRIDE: (_METHOD, "a method reference without parameters (Lpackage/Class;->name)"),
    ReadKind.FIELD: (_FIELD, "a field reference without type (Lpackage/Class;->NAME)"),
    ReadKind.URI: (
        re.compile(rf"content://[\w.-]+(?:/\S*)?|{_FIELD.pattern}"),
        "a content URI or a reference to the field that holds one",
    ),
    ReadKind.SETTING: (re.compile(r"\w+"), "a settings key"),
    ReadKind.PROPERTY: (re.compile(r"[a-z]\w*(?:\.[\w-]+)+"), "a system property"),
    ReadKind.PATH: (re.compile(r"/\S+"), "an absolute path"),
    ReadKind.COMMAND: (re.compile(r"\S+(?: \S+)*"), "the beginning of a command"),
    ReadKind.ACTION: (_DOTTED, "an intent action"),
    ReadKind.COMPONENT: (_DOTTED, "a package or class name"),
    ReadKind.INTERFACE: (_DOTTED, "an interface descriptor"),
    ReadKind.IMPORT: (re.compile(r"\w+"), "the name of a function"),
}
_KEYS = (
    *(kind.value for kind in ReadKind),
    "type",
    "weight",
    "with",
    "with_number",
    "all_of",
    "any_of",
    "more_with",
    "since",
    "note",
    "source",
)
_SECTIONS = ("origins", "first", "watched", "carriers", "natives", "passes", "subclasses", "reads")


def read_reads(path: Path, types: Collection[str]) -> tuple[Reads, list[SignatureIssue]]:
    """Read a vocabulary of reads.

    Args:
        path: the file.
        types: the known personal-information types.

    Returns:
        What could be read, and the mistakes, in the order of the file.
    """
    reader = Reader.open(path)
    if reader.root is None:
        return Reads(), reader.issues
    fields = reader.mapping(reader.root, _SECTIONS, required=("reads",))
    origins = _origins(reader, fields.get("origins"))
    items: dict[tuple[object, ...], Read] = {}
    for node in reader.sequence(fields.get("reads")):
        read = _read(reader, node, types, origins)
        key = (read.kind, read.name, read.type, read.constants, read.numbers)
        if read.name and key in items:
            reader.issue(node, f"`{read}` is there twice for {read.type}")
        items[key] = read
    found = Reads(
        items=tuple(items.values()),
        carriers=_members(reader, fields.get("carriers"), _METHOD, CONSTANT_KINDS),
        natives=_members(
            reader, fields.get("natives"), re.compile(r"\w+"), (ReadKind.PROPERTY, ReadKind.PATH, ReadKind.COMMAND)
        ),
        passes=_texts(reader, fields.get("passes"), _METHOD, "a method reference"),
        subclasses=_subclasses(reader, fields.get("subclasses")),
        first=tuple(_known_type(reader, node, types) for node in reader.sequence(fields.get("first"))),
        watched=_permissions(reader, fields.get("watched")),
        origins=origins,
    )
    return found, reader.issues


def _read(reader: Reader, node: Node, types: Collection[str], origins: Collection[str]) -> Read:
    fields = reader.mapping(node, _KEYS, required=("type", "source"))
    kinds = [kind for kind in ReadKind if kind.value in fields]
    if len(kinds) != 1:
        reader.issue(node, "name one surface of: " + ", ".join(kind.value for kind in ReadKind))
    kind = kinds[0] if kinds else ReadKind.METHOD
    pattern, what = _NAMES[kind]
    for key in ("with", "with_number"):
        if key in fields and kind is not ReadKind.METHOD:
            reader.issue(fields[key], f"`{key}` is for methods")
    sources = tuple(reader.texts(fields.get("source")))
    for source in sources:
        if source not in origins:
            reader.issue(fields["source"], f"unknown origin {source!r}")
    weight = _checked(reader, fields.get("weight"), re.compile("read|support"), "read or support")
    since = _checked(reader, fields.get("since"), _LEVEL, "an API level")
    return Read(
        kind=kind,
        name=_checked(reader, fields.get(kind.value), pattern, what) or "",
        type=_known_type(reader, fields.get("type"), types),
        weight=Weight.SUPPORT if weight == "support" else Weight.READ,
        constants=tuple(reader.texts(fields.get("with"))),
        numbers=_numbers(reader, fields.get("with_number")),
        all_of=_permissions(reader, fields.get("all_of")),
        any_of=_permissions(reader, fields.get("any_of")),
        more_with=_permissions(reader, fields.get("more_with")),
        since=int(since) if since and _LEVEL.fullmatch(since) else None,
        note=reader.text(fields.get("note")),
        sources=sources,
    )


def _known_type(reader: Reader, node: Node | None, types: Collection[str]) -> str:
    text = reader.text(node) or ""
    if node is not None and text and text not in types:
        reader.issue(node, f"unknown personal-information type {text[:80]!r}")
    return text


def _checked(reader: Reader, node: Node | None, pattern: re.Pattern[str], what: str) -> str | None:
    text = reader.text(node)
    if node is not None and text is not None and not pattern.fullmatch(text):
        reader.issue(node, f"{text[:80]!r} is not {what}")
    return text


def _texts(reader: Reader, node: Node | None, pattern: re.Pattern[str], what: str) -> tuple[str, ...]:
    return tuple(_checked(reader, item, pattern, what) or "" for item in reader.sequence(node))


def _permissions(reader: Reader, node: Node | None) -> tuple[str, ...]:
    return _texts(reader, node, _PERMISSION, "the full name of a permission")


def _numbers(reader: Reader, node: Node | None) -> tuple[int, ...]:
    found = _texts(reader, node, _NUMBER, "a number")
    return tuple(int(text) for text in found if _NUMBER.fullmatch(text))


def _members(
    reader: Reader, node: Node | None, pattern: re.Pattern[str], kinds: Collection[ReadKind]
) -> dict[ReadKind, tuple[str, ...]]:
    if node is None:
        return {}
    entries = reader.mapping(node, tuple(kind.value for kind in kinds))
    return {ReadKind(kind): _texts(reader, item, pattern, "a member") for kind, item in entries.items()}


def _subclasses(reader: Reader, node: Node | None) -> dict[str, tuple[str, ...]]:
    if node is None:
        return {}
    found = {}
    for name, item in reader.mapping(node).items():
        if not _CLASS.fullmatch(name):
            reader.issue(item, f"{name[:80]!r} is not a class descriptor")
        found[name] = _texts(reader, item, _CLASS, "a class descriptor")
    return found


def _origins(reader: Reader, node: Node | None) -> dict[str, Origin]:
    found = {}
    for word, item in reader.mapping(node).items() if node is not None else ():
        fields = reader.mapping(item, ("says", "url", "purl"), required=("says",))
        if "url" not in fields and "purl" not in fields:
            reader.issue(item, "an origin has a `url` or a `purl`")
        found[word] = Origin(
            says=reader.text(fields.get("says")) or "",
            url=_checked(reader, fields.get("url"), _URL, "a URL"),
            purl=_checked(reader, fields.get("purl"), _PURL, "a package URL (pkg:type/name@version)"),
        )
    return found


def read_rules(path: Path) -> tuple[Rules, list[SignatureIssue]]:
    """Read a vocabulary of rules; returns as :func:`read_reads` does."""
    reader = Reader.open(path)
    if reader.root is None:
        return Rules(), reader.issues
    fields = reader.mapping(reader.root, ("documents", "rules", "limits"), required=("documents", "rules", "limits"))
    documents = {word: _names(reader, node) for word, node in _entries(reader, fields.get("documents")).items()}
    rules = {word: _rule(reader, word, node, documents) for word, node in _entries(reader, fields.get("rules")).items()}
    limits = tuple(Limit(word, _names(reader, node)) for word, node in _entries(reader, fields.get("limits")).items())
    return Rules(documents, rules, limits), reader.issues


def _entries(reader: Reader, node: Node | None) -> dict[str, Node]:
    return {} if node is None else reader.mapping(node)


def _rule(reader: Reader, word: str, node: Node, documents: Collection[str]) -> Rule:
    required = ("document", "name", "shows", "cannot")
    fields = reader.mapping(node, (*required, "unconfirmed"), required=required)
    if not _RULE.fullmatch(word):
        reader.issue(node, f"{word[:80]!r} is not a rule id such as 'miit164.1.1'")
    document = reader.text(fields.get("document")) or ""
    if "document" in fields and document and document not in documents:
        reader.issue(fields["document"], f"unknown document {document[:80]!r}")
    return Rule(
        id=word,
        document=document,
        name=_names(reader, fields.get("name")),
        shows=_names(reader, fields.get("shows")),
        cannot=_names(reader, fields.get("cannot")),
        unconfirmed=reader.boolean(fields.get("unconfirmed")),
    )


def _names(reader: Reader, node: Node | None) -> Names:
    """English and Chinese are both needed: these texts stand in reports of both languages."""
    if node is None:
        return Names("")
    fields = reader.mapping(node, ("en", "zh"), required=("en", "zh"))
    return Names(reader.text(fields.get("en")) or "", reader.text(fields.get("zh")))
