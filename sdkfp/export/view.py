"""What the HTML report shows, joined from a report and the catalog's words: plain records for the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdkfp.export.graphdata import node_name
from sdkfp.export.words import EDGES
from sdkfp.signature import Names

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.graph import Edge
    from sdkfp.report import CollectsRecord, PermissionRecord, Report, SdkRecord
    from sdkfp.signature import Organization

__all__ = ["Card", "Cell", "Claims", "Matrix", "PermissionRow", "Relation", "View", "is_base", "make_view"]

BASE_CATEGORIES = frozenset({"base_library", "ui", "testing"})
_MOST_CHIPS = 7
_MOST_RELATIONS = 40
"""Relations of one SDK that a card lists; the graph has them all."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What is known about one SDK and one type of personal information."""

    type: str
    name: Names
    sensitive: bool
    declared: tuple[CollectsRecord, ...]
    able: tuple[CollectsRecord, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """An edge of the graph, seen from one SDK."""

    word: Names
    outgoing: bool
    name: Names
    count: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Card:
    """One SDK."""

    number: int
    """Anchors and links use it: ids of a saved report may hold anything."""
    sdk: SdkRecord
    organization: Names | None
    privacy_policy: str | None
    website: str | None
    categories: tuple[Names, ...]
    category_numbers: tuple[int, ...]
    """Positions in :attr:`View.categories`."""
    claims: tuple[Claims, ...]
    relations: tuple[Relation, ...]
    base: bool
    """A base or UI library."""

    @property
    def chips(self) -> tuple[Claims, ...]:
        """The types that the folded card shows: sensitive ones first, then those that code is able to read."""
        ordered = sorted(self.claims, key=lambda claims: (not claims.sensitive, not claims.able))
        return tuple(ordered[:_MOST_CHIPS])

    @property
    def search(self) -> str:
        """What the filter looks in, folded."""
        names = [self.sdk.name, *self.categories, *(claims.name for claims in self.claims)]
        names += [self.organization] if self.organization else []
        words = [self.sdk.id, *(claims.type for claims in self.claims)]
        words += [text for name in names for text in (name.en, name.zh) if text]
        return " ".join(words).casefold()[:4000]


@dataclass(frozen=True, slots=True)
class Cell:
    """One crossing of the matrix."""

    declared: bool
    able: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """SDKs by types of personal information; only those with something to say."""

    types: tuple[tuple[str, Names, bool], ...]
    """Id, name and whether it is sensitive."""
    rows: tuple[tuple[Card, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class PermissionRow:
    """A permission that the manifest requests, and the SDKs that need it or that it points to."""

    permission: PermissionRecord
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the template needs beside the report."""

    cards: tuple[Card, ...]
    categories: tuple[tuple[str, Names, int], ...]
    """Of the cards: id, name and how many cards."""
    matrix: Matrix
    permissions: tuple[PermissionRow, ...]
    identified: int
    suspected: int
    base: int
    declared_types: int
    able_types: int


def make_view(report: Report, catalog: Catalog) -> View:
    """Join a report with the words of a catalog; what the catalog does not know keeps its id."""
    names = _node_names(report, catalog)
    edges = _edges_by_sdk(report.graph.edges)
    sdks = sorted(report.sdks, key=lambda sdk: _order(sdk, catalog))
    counts = Counter(category for sdk in report.sdks for category in sdk.categories)
    categories = sorted(counts)
    cards = tuple(
        _card(number, sdk, catalog, names, edges, [categories.index(c) for c in sdk.categories])
        for number, sdk in enumerate(sdks)
    )
    known = catalog.vocabulary.categories
    return View(
        cards=cards,
        categories=tuple((c, known.get(c, Names(c)), counts[c]) for c in categories),
        matrix=_matrix(cards, catalog),
        permissions=_permissions(report, cards),
        identified=sum(sdk.certainty.value == "identified" for sdk in report.sdks),
        suspected=sum(sdk.certainty.value != "identified" for sdk in report.sdks),
        base=sum(card.base for card in cards),
        declared_types=len({c.type for card in cards for c in card.claims if c.declared}),
        able_types=len({c.type for card in cards for c in card.claims if c.able}),
    )


def is_base(categories: Iterable[str]) -> bool:
    """Only a base or UI library, by its categories."""
    found = set(categories)
    return bool(found) and found <= BASE_CATEGORIES


def _order(sdk: SdkRecord, catalog: Catalog) -> tuple[bool, bool, int, int, str]:
    """Those with personal information first, base libraries last, then by their share of the code."""
    sensitive = sum(
        claim.type in catalog.vocabulary.types and catalog.vocabulary.types[claim.type].sensitive
        for claim in sdk.collects
    )
    return not sdk.collects and is_base(sdk.categories), not sdk.collects, -sensitive, -sdk.classes, sdk.id


def _card(
    number: int,
    sdk: SdkRecord,
    catalog: Catalog,
    names: Mapping[str, Names],
    edges: Mapping[str, Sequence[Edge]],
    category_numbers: Iterable[int],
) -> Card:
    organization: Organization | None = catalog.organizations.get(sdk.organization or "")
    signature = catalog.signatures.get(sdk.id)
    relations = [
        Relation(
            EDGES.get(edge.type, Names(edge.type)),
            edge.source == sdk.id,
            names.get(other, Names(other)),
            edge.count,
            edge.evidence,
        )
        for edge in edges.get(sdk.id, ())[:_MOST_RELATIONS]
        for other in (edge.target if edge.source == sdk.id else edge.source,)
    ]
    return Card(
        number=number,
        sdk=sdk,
        organization=organization.name if organization else Names(sdk.organization) if sdk.organization else None,
        privacy_policy=organization.privacy_policy if organization else None,
        website=(signature.website if signature else None) or (organization.website if organization else None),
        categories=tuple(catalog.vocabulary.categories.get(c, Names(c)) for c in sdk.categories),
        category_numbers=tuple(category_numbers),
        claims=_claims(sdk, catalog),
        relations=tuple(relations),
        base=is_base(sdk.categories),
    )


def _claims(sdk: SdkRecord, catalog: Catalog) -> tuple[Claims, ...]:
    types = catalog.vocabulary.types
    order = {word: position for position, word in enumerate(types)}
    found: dict[str, list[CollectsRecord]] = {}
    for claim in sdk.collects:
        found.setdefault(claim.type, []).append(claim)
    result = []
    for word in sorted(found, key=lambda word: (order.get(word, len(order)), word)):
        known = types.get(word)
        declared = tuple(claim for claim in found[word] if str(claim.claim) == "declared")
        able = tuple(claim for claim in found[word] if str(claim.claim) != "declared")
        result.append(
            Claims(word, known.name if known else Names(word), bool(known and known.sensitive), declared, able)
        )
    return tuple(result)


def _matrix(cards: Iterable[Card], catalog: Catalog) -> Matrix:
    rows = [card for card in cards if card.claims]
    order = {word: position for position, word in enumerate(catalog.vocabulary.types)}
    heads = {c.type: (c.type, c.name, c.sensitive) for card in rows for c in card.claims}
    types = tuple(heads[word] for word in sorted(heads, key=lambda word: (order.get(word, len(order)), word)))
    table = []
    for card in rows:
        of_type = {c.type: Cell(bool(c.declared), bool(c.able)) for c in card.claims}
        table.append((card, tuple(of_type.get(word) for word, _, _ in types)))
    return Matrix(types, tuple(table))


def _permissions(report: Report, cards: Sequence[Card]) -> tuple[PermissionRow, ...]:
    users: dict[str, set[int]] = {}
    of_sdk = {card.sdk.id: card.number for card in cards}
    for card in cards:
        for evidence in card.sdk.evidence:
            if evidence.kind.value == "permission":
                users.setdefault(evidence.feature.partition(" ")[2], set()).add(card.number)
    for edge in report.graph.edges:
        if edge.type == "needs" and edge.source in of_sdk:
            users.setdefault(edge.target.removeprefix("permission:"), set()).add(of_sdk[edge.source])
    return tuple(
        PermissionRow(permission, tuple(cards[number] for number in sorted(users.get(permission.name, ()))))
        for permission in report.app.permissions
    )


def _edges_by_sdk(edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    """The edges of each node, those with the most evidence first."""
    found: dict[str, list[Edge]] = {}
    for edge in sorted(edges, key=lambda edge: (edge.type == "embeds", -edge.count, edge)):
        if edge.type != "embeds":
            found.setdefault(edge.source, []).append(edge)
            found.setdefault(edge.target, []).append(edge)
    return found


def _node_names(report: Report, catalog: Catalog) -> dict[str, Names]:
    """What to call each node of the graph."""
    sdks = {sdk.id: sdk.name for sdk in report.sdks}
    return {node.id: node_name(node, sdks, catalog) for node in report.graph.nodes}
