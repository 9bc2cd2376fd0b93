"""A privacy policy compared with what is inside an app. It says what the policy names; it judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from sdkfp.disclosure.entries import Entry, Sentence, Statements, read_statements
from sdkfp.disclosure.names import Met, NameIndex, packages_in
from sdkfp.disclosure.rows import disclosed_types, is_library
from sdkfp.disclosure.typewords import NamedTypes, TypeIndex
from sdkfp.identification import Certainty
from sdkfp.policy_words import Column
from sdkfp.signature import Names

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.disclosure.document import Document
    from sdkfp.report import Report, SdkRecord

__all__ = ["Basis", "Covered", "Declared", "Missing", "NotFound", "PolicyCheck", "TypeGap", "Unknown", "check_policy"]

_LONGEST_QUOTE = 600
_MOST_UNKNOWN = 500

How = Literal["table", "list", "sentence"]
_ORDER: Mapping[str, int] = {"table": 0, "list": 1, "sentence": 2}


class Basis(msgspec.Struct, frozen=True):
    """The place of the policy that a decision rests on."""

    place: str
    how: How
    quote: str


class Declared(msgspec.Struct, frozen=True):
    """An SDK that was found in the app and that the policy names."""

    sdk: str
    name: Names
    matched: str
    """The name, alias, brand or package of the policy that it was met by."""
    bases: tuple[Basis, ...]
    types: tuple[str, ...]
    """Types of personal information that the policy names beside it."""


class Covered(msgspec.Struct, frozen=True):
    """An SDK that was found in the app and that is a part of a declared one of the same maker."""

    sdk: str
    name: Names
    part_of: str


class Missing(msgspec.Struct, frozen=True):
    """An SDK that was found in the app and that the policy does not name."""

    sdk: str
    name: Names
    certainty: Certainty
    organization: str | None
    library: bool
    """A base library: see :func:`sdkfp.disclosure.rows.is_library`."""
    types: tuple[str, ...]
    """Types that it is declared to collect or able to read."""
    comes_with: tuple[str, ...]
    """Declared SDKs of other makers that bring it with them."""
    maker_named: Basis | None
    """Where the policy names its maker with something that no signature knows: it may mean this SDK."""


class NotFound(msgspec.Struct, frozen=True):
    """An SDK that the policy names and that was not found in the app."""

    sdk: str
    name: Names
    matched: str
    bases: tuple[Basis, ...]


class Unknown(msgspec.Struct, frozen=True):
    """An entry of the policy's list that no signature knows: whether it is in the app cannot be said."""

    name: str
    basis: Basis


class TypeGap(msgspec.Struct, frozen=True):
    """A type of personal information that the policy does not name beside an SDK."""

    type: str
    of: str
    """The SDK itself, or the part of it that the policy does not name."""
    declared: bool
    """The vendor, or another source of the catalog, says that the SDK collects it."""
    able_to_read: bool
    """The app has code of the SDK that is able to read it."""
    wider: str | None
    """The wider word of the policy that may mean it."""


class Narrower(msgspec.Struct, frozen=True):
    """A declared SDK beside which the policy names fewer types than are known."""

    sdk: str
    name: Names
    bases: tuple[Basis, ...]
    gaps: tuple[TypeGap, ...]
    no_types: bool
    """The policy names no type at all beside it."""


class PolicyCheck(msgspec.Struct, frozen=True):
    """The answer of :func:`check_policy`."""

    kind: str
    encoding: str | None
    tables: int
    entries: int
    sentences: int
    declared: tuple[Declared, ...]
    covered: tuple[Covered, ...]
    missing: tuple[Missing, ...]
    not_found: tuple[NotFound, ...]
    unknown: tuple[Unknown, ...]
    narrower: tuple[Narrower, ...]

    @property
    def complete(self) -> bool:
        """Nothing is missing (base libraries aside), and nothing is named with fewer types than known."""
        gaps = any(gap.wider is None for entry in self.narrower for gap in entry.gaps)
        return not gaps and all(missing.library for missing in self.missing)


class _Mention(msgspec.Struct, frozen=True):
    met: str
    basis: Basis
    named: NamedTypes
    direct: bool
    """By a name or a whole package, not by a brand or the beginning of a package."""


def check_policy(report: Report, document: Document, catalog: Catalog) -> PolicyCheck:
    """Compare a policy with what was found in an app.

    Args:
        report: of the app.
        document: the policy, from :func:`sdkfp.disclosure.reading.open_policy`.
        catalog: the signatures, with the words of policies.
    """
    names = NameIndex(catalog)
    types = TypeIndex(catalog.vocabulary.policy, catalog.vocabulary)
    statements = read_statements(document, catalog.vocabulary.policy, names)
    found = {sdk.id: sdk for sdk in report.sdks}
    mentions, open_entries = _mentions(statements, names, types, set(found))
    declared = {sdk: mentions[sdk] for sdk in found if sdk in mentions}
    covered = _covered(found, declared, catalog)
    missing = [
        _missing(sdk, open_entries, declared, names, catalog)
        for sdk in report.sdks
        if sdk.id not in declared and sdk.id not in covered
    ]
    narrower = [
        _narrower(found[sdk], [found[part] for part, whole in sorted(covered.items()) if whole == sdk], made, catalog)
        for sdk, made in sorted(declared.items())
    ]
    return PolicyCheck(
        kind=document.kind,
        encoding=document.encoding,
        tables=statements.tables,
        entries=len(statements.entries),
        sentences=len(statements.sentences),
        declared=tuple(_declared(found[sdk], made) for sdk, made in sorted(declared.items())),
        covered=tuple(Covered(sdk, found[sdk].name, whole) for sdk, whole in sorted(covered.items())),
        missing=tuple(sorted(missing, key=lambda m: (m.library, not m.types, m.sdk))),
        not_found=tuple(
            NotFound(sdk, catalog[sdk].name, made[0].met, _bases(made))
            for sdk, made in sorted(mentions.items())
            if sdk not in found and any(mention.direct for mention in made)
        ),
        unknown=tuple(Unknown(entry.name, _basis(entry)) for entry in open_entries[:_MOST_UNKNOWN] if entry.name),
        narrower=tuple(narrow for narrow in narrower if narrow is not None),
    )


def _mentions(
    statements: Statements, names: NameIndex, types: TypeIndex, found: set[str]
) -> tuple[dict[str, list[_Mention]], list[Entry]]:
    """SDK → where the policy names it; and the entries of its lists that name no SDK of the catalog."""
    mentions: dict[str, list[_Mention]] = {}
    unresolved = []
    for entry in statements.entries:
        met = _met_by_entry(entry, names, found)
        if not met:
            unresolved.append(entry)
        named = types.named(_beside_the_name(entry))
        for hit in met:
            for sdk in hit.sdks:
                mention = _Mention(hit.word, _basis(entry), named, hit.kind in ("name", "package"))
                mentions.setdefault(sdk, []).append(mention)
    for sentence in statements.sentences:
        for hit in names.in_sentence(sentence.text):
            sdks = hit.sdks if hit.kind != "brand" else tuple(found.intersection(hit.sdks))
            for sdk in sdks:
                mention = _Mention(hit.word, _basis(sentence), types.named(sentence.paragraph), hit.kind != "brand")
                mentions.setdefault(sdk, []).append(mention)
    for made in mentions.values():
        made.sort(key=lambda mention: (not mention.direct, _ORDER[mention.basis.how]))
    return mentions, unresolved


def _beside_the_name(entry: Entry) -> str:
    """What an entry says apart from who it is about: ``账号认证SDK`` names no account."""
    text = entry.text
    for who in (entry.name, entry.columns.get(Column.DEVELOPER, "")):
        text = text.replace(who, " ", 1) if who else text
    return text


def _met_by_entry(entry: Entry, names: NameIndex, found: set[str]) -> list[Met]:
    """The SDKs of an entry: by its name and packages; where these say none, by a brand or the beginning of a package."""
    packages = entry.columns.get(Column.PACKAGE, "")
    by_name = names.in_name(entry.name)
    met = [hit for hit in by_name if hit.kind != "brand"] + names.in_packages(packages)
    if met:
        return met
    brands = [Met(sdks, hit.word, hit.kind) for hit in by_name if (sdks := tuple(found.intersection(hit.sdks)))]
    below = [
        Met(sdks, package, "below")
        for package in packages_in(f"{packages} {entry.name}")
        if package.count(".") and (sdks := tuple(found.intersection(names.below_package(package))))
    ]
    return brands or below


def _basis(where: Entry | Sentence) -> Basis:
    if isinstance(where, Entry):
        return Basis(where.place, "table" if where.how == "table" else "list", where.quote[:_LONGEST_QUOTE])
    return Basis(where.place, "sentence", where.text[:_LONGEST_QUOTE])


def _bases(made: Iterable[_Mention]) -> tuple[Basis, ...]:
    """The places of direct mentions, at most five; lists before sentences."""
    bases = list(dict.fromkeys(mention.basis for mention in made))
    listed = [basis for basis in bases if basis.how != "sentence"]
    return tuple((listed or bases)[:5])


def _declared(sdk: SdkRecord, made: list[_Mention]) -> Declared:
    types = sorted({name for mention in made for name in mention.named.types})
    return Declared(sdk.id, sdk.name, made[0].met, _bases(made), tuple(types))


def _covered(found: Mapping[str, SdkRecord], declared: Iterable[str], catalog: Catalog) -> dict[str, str]:
    """Found SDK → the declared SDK of the same maker that requires or bundles it."""
    covered: dict[str, str] = {}
    for whole in sorted(declared):
        if whole not in catalog:
            continue
        maker = catalog[whole].organization
        waiting, seen = [whole], {whole}
        while waiting:
            signature = catalog[waiting.pop()]
            for part in (*signature.requires, *signature.bundles):
                if part not in seen and part in catalog and maker and catalog[part].organization == maker:
                    seen.add(part)
                    waiting.append(part)
        for part in seen & set(found) - set(declared):
            covered.setdefault(part, whole)
    return covered


def _missing(
    sdk: SdkRecord, unresolved: Iterable[Entry], declared: Iterable[str], names: NameIndex, catalog: Catalog
) -> Missing:
    maker = None
    if sdk.organization is not None:
        for entry in unresolved:
            text = entry.columns.get(Column.DEVELOPER, "") or entry.name
            if sdk.organization in names.organizations_in(text):
                maker = _basis(entry)
                break
    types = tuple(kind.type for kind in disclosed_types(sdk, catalog))
    brought = [
        other
        for other in sorted(declared)
        if other in catalog and sdk.id in (*catalog[other].requires, *catalog[other].bundles)
    ]
    library = is_library(sdk, catalog)
    return Missing(sdk.id, sdk.name, sdk.certainty, sdk.organization, library, types, tuple(brought), maker)


def _narrower(sdk: SdkRecord, parts: Iterable[SdkRecord], made: list[_Mention], catalog: Catalog) -> Narrower | None:
    named = {name for mention in made for name in mention.named.types}
    wider = {name: word for mention in reversed(made) for name, word in mention.named.wider.items()}
    gaps: dict[str, TypeGap] = {}
    for of in (sdk, *parts):
        for kind in disclosed_types(of, catalog):
            if kind.type not in named and kind.type not in gaps:
                gaps[kind.type] = TypeGap(kind.type, of.id, kind.declared, kind.able_to_read, wider.get(kind.type))
    if not gaps:
        return None
    order = {word: position for position, word in enumerate(catalog.vocabulary.types)}
    ordered = sorted(gaps.values(), key=lambda gap: (gap.wider is not None, order.get(gap.type, len(order))))
    return Narrower(sdk.id, sdk.name, _bases(made), tuple(ordered), not named and not wider)
