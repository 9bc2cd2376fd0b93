"""What the HTML report shows, joined from a report and the catalog's words: plain records for the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdkfp.export.graphdata import node_name
from sdkfp.export.words import EDGES, GROUPS
from sdkfp.signature import Names
from sdkfp.vocabulary import Weight

if TYPE_CHECKING:
    from sdkfp.behaviour import CollectsRecord
    from sdkfp.catalog import Catalog
    from sdkfp.graph import Edge
    from sdkfp.report import Report, SdkRecord
    from sdkfp.signature import Organization

__all__ = [
    "Card",
    "Cell",
    "Claims",
    "Matrix",
    "MatrixRow",
    "PermissionRow",
    "Relation",
    "View",
    "is_base",
    "is_library",
    "make_view",
]

BASE_CATEGORIES = frozenset({"base_library", "ui", "testing"})
_MOST_CHIPS = 7
_MOST_PACKAGES = 12
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
    supporting: tuple[CollectsRecord, ...]
    """Reads that only go with reading the type; they make no claim alone."""

    @property
    def cell(self) -> Cell:
        """What the matrix shows."""
        possible = any(claim.permission_requested is not False for claim in self.able)
        return Cell(bool(self.declared), possible, bool(self.able) and not possible)


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
    denied: bool
    """Able to read, but the manifest does not request what every read needs."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One party of the matrix: an SDK with its card, the app's own code, or unattributed packages."""

    name: Names
    card: Card | None
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Parties by types of personal information; only those with something to say."""

    types: tuple[tuple[str, Names, bool], ...]
    """Id, name and whether it is sensitive."""
    rows: tuple[MatrixRow, ...]
    silent: int
    """SDKs about which nothing is known."""


@dataclass(frozen=True, slots=True)
class PermissionRow:
    """A permission, and who needs it."""

    name: str
    max_sdk_version: int | None
    requested: bool
    cards: tuple[Card, ...]
    """SDKs whose code needs it, that bring it with their own manifest, or that it points to."""
    others: tuple[Names, ...]
    """The app's own code and unattributed packages that need it."""
    types: tuple[Names, ...]
    """What the reads that need it give."""
    unneeded: bool
    """No code that needs it was found, although the vocabulary knows its uses."""


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
    order = _type_order(report, catalog)
    edges = _edges_by_sdk(report.graph.edges)
    sdks = sorted(report.sdks, key=lambda sdk: _order(sdk, catalog))
    counts = Counter(category for sdk in report.sdks for category in sdk.categories)
    categories = sorted(counts)
    cards = tuple(
        _card(number, sdk, catalog, order, names, edges, [categories.index(c) for c in sdk.categories])
        for number, sdk in enumerate(sdks)
    )
    known = catalog.vocabulary.categories
    return View(
        cards=cards,
        categories=tuple((c, known.get(c, Names(c)), counts[c]) for c in categories),
        matrix=_matrix(report, cards, catalog, order),
        permissions=_permissions(report, cards, catalog),
        identified=sum(sdk.certainty.value == "identified" for sdk in report.sdks),
        suspected=sum(sdk.certainty.value != "identified" for sdk in report.sdks),
        base=sum(card.base for card in cards),
        declared_types=len({c.type for card in cards for c in card.claims if c.declared}),
        able_types=len({c.type for card in cards for c in card.claims if c.cell.able}),
    )


def is_base(sdk: SdkRecord, catalog: Catalog) -> bool:
    """Only a base or UI library, by its categories, that has to do with technical information at most."""
    types = catalog.vocabulary.types
    return is_library(sdk) and all(
        claim.type in types and (types[claim.type].google_play or "").startswith("App info and performance")
        for claim in sdk.collects
    )


def is_library(sdk: SdkRecord) -> bool:
    """Only a base or UI library, by its categories, whatever its code is able to read."""
    return bool(sdk.categories) and BASE_CATEGORIES.issuperset(sdk.categories)


def _order(sdk: SdkRecord, catalog: Catalog) -> tuple[bool, bool, bool, int, int, int, str]:
    """Those with personal information first (libraries behind the others), base libraries last, then by how sensitive it is and how
    much of it there is, then by their share of the code. What code cannot read for want of a permission does not count for much.
    """
    possible = {
        claim.type
        for claim in sdk.collects
        if claim.permission_requested is not False and claim.weight is not Weight.SUPPORT
    }
    sensitive = [
        kind for kind in possible if kind in catalog.vocabulary.types and catalog.vocabulary.types[kind].sensitive
    ]
    rank = is_base(sdk, catalog), not sdk.collects, is_library(sdk)
    return *rank, -len(sensitive), -len(possible), -sdk.classes, sdk.id


def _card(
    number: int,
    sdk: SdkRecord,
    catalog: Catalog,
    order: Mapping[str, int],
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
        claims=_claims(sdk, catalog, order),
        relations=tuple(relations),
        base=is_base(sdk, catalog),
    )


def _type_order(report: Report, catalog: Catalog) -> dict[str, int]:
    """The order of the report, which has what regulators ask about first; then that of the catalog."""
    words = [*(found.type for found in report.reads or ()), *catalog.vocabulary.types]
    return {word: position for position, word in enumerate(dict.fromkeys(words))}


def _claims(sdk: SdkRecord, catalog: Catalog, order: Mapping[str, int]) -> tuple[Claims, ...]:
    types = catalog.vocabulary.types
    found: dict[str, list[CollectsRecord]] = {}
    for claim in sdk.collects:
        found.setdefault(claim.type, []).append(claim)
    result = []
    for word in sorted(found, key=lambda word: (order.get(word, len(order)), word)):
        known = types.get(word)
        reads = [claim for claim in found[word] if claim.claim == "able_to_read"]
        result.append(
            Claims(
                word,
                known.name if known else Names(word),
                bool(known and known.sensitive),
                tuple(claim for claim in found[word] if claim.claim == "declared"),
                tuple(claim for claim in reads if claim.weight is not Weight.SUPPORT),
                tuple(claim for claim in reads if claim.weight is Weight.SUPPORT),
            )
        )
    return tuple(result)


def _matrix(report: Report, cards: Sequence[Card], catalog: Catalog, order: Mapping[str, int]) -> Matrix:
    parties: dict[str, dict[str, Cell]] = {}
    for found in report.reads or ():
        for reader in found.readers:
            if reader.kind != "sdk":
                possible = reader.permission_requested is not False
                parties.setdefault(reader.id, {})[found.type] = Cell(declared=False, able=possible, denied=not possible)
    of_card = {card.number: {c.type: c.cell for c in card.claims} for card in cards if card.claims}
    met = {word for cells in (*of_card.values(), *parties.values()) for word in cells}
    known = catalog.vocabulary.types
    types = [
        (word, known[word].name, known[word].sensitive) if word in known else (word, Names(word), False)
        for word in sorted(met, key=lambda word: (order.get(word, len(order)), word))
    ]
    rows = [
        MatrixRow(card.sdk.name, card, tuple(of_card[card.number].get(word) for word, _, _ in types))
        for card in cards
        if card.number in of_card
    ]
    rows += [
        MatrixRow(_party(party), None, tuple(parties[party].get(word) for word, _, _ in types))
        for party in sorted(parties, key=lambda party: (party != "app", -len(parties[party]), party))[:_MOST_PACKAGES]
    ]
    return Matrix(tuple(types), tuple(rows), len(cards) - len(of_card))


def _party(reader: str) -> Names:
    if reader == "app":
        return GROUPS["app"]
    package = reader.removeprefix("package:")
    return Names("other packages", "其他包") if package == "*" else Names(package or "(default)")


def _permissions(report: Report, cards: Sequence[Card], catalog: Catalog) -> tuple[PermissionRow, ...]:
    users: dict[str, set[str]] = {}
    for card in cards:
        for evidence in card.sdk.evidence:
            if evidence.kind.value == "permission":
                users.setdefault(evidence.feature.partition(" ")[2], set()).add(card.sdk.id)
    uses = {use.name: use for use in report.permissions}
    limits = {permission.name: permission.max_sdk_version for permission in report.app.permissions}
    needed = [use.name for use in report.permissions if use.name not in limits and use.needed_by]
    types = catalog.vocabulary.types
    rows = []
    for name in (*limits, *needed):
        use = uses.get(name)
        ids = users.get(name, set()).union(use.needed_by, use.brought_by) if use else users.get(name, set())
        others = sorted({*ids} - {card.sdk.id for card in cards})
        rows.append(
            PermissionRow(
                name,
                limits.get(name),
                name in limits,
                tuple(card for card in cards if card.sdk.id in ids),
                tuple(_party(other) for other in others[:_MOST_PACKAGES]),
                tuple(types[word].name if word in types else Names(word) for word in (use.types if use else ())),
                bool(use and use.requested and use.code_found is False),
            )
        )
    return tuple(rows)


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
