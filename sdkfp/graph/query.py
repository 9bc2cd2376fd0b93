"""Questions to the graph. Pure functions; ``docs/graph.md`` says what the answers mean and what they cannot mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from sdkfp.errors import SdkfpError
from sdkfp.graph.model import APP, Edge, Graph

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "EntryPoints",
    "GraphError",
    "Reaches",
    "Removal",
    "Users",
    "entry_points",
    "find_node",
    "if_removed",
    "reaches",
    "subgraph",
    "who_uses",
]

_PREFIXES = ("type:", "permission:", "package:", "library:")
_ABILITIES = ("reads", "needs")
_STARTS = ("calls", "extends", "refers", "loads", "declares")


class GraphError(SdkfpError):
    """The graph has no such node."""


class Users(msgspec.Struct, frozen=True):
    """Who uses a node, and by whom it comes into the app."""

    target: str
    users: tuple[Edge, ...]
    """Every edge that leads to it, or to a library of its own, from somebody else; what merely has it inside does not count."""
    path: tuple[str, ...]
    """A shortest chain of uses from the app's own code; empty where there is none."""
    through: tuple[str, ...]
    """What every such chain passes, from the app on: without any one of these nothing known would lead to the node."""


class Reaches(msgspec.Struct, frozen=True):
    """What can get at a node, mostly a type of personal information or a permission."""

    target: str
    direct: tuple[Edge, ...]
    ways: tuple[tuple[str, ...], ...]
    """For everybody else that leads there by uses, a shortest chain, the shorter first."""


class Removal(msgspec.Struct, frozen=True):
    """What would go if a node were taken out of the app."""

    target: str
    goes: tuple[str, ...]
    """What the app's own code reaches only through it."""
    breaks: tuple[Edge, ...]
    """Uses of it by those that stay: what would have to be changed."""
    freed: tuple[str, ...]
    """Types of personal information and permissions that nobody who stays reads or needs."""
    unreached: tuple[str, ...]
    """What the app's own code does not reach by any use that was seen, so that nothing can be said about it."""


class EntryPoints(msgspec.Struct, frozen=True):
    """Where code that belongs to no SDK starts SDKs."""

    own: tuple[Edge, ...]
    """From the app's own code and its manifest."""
    unattributed: tuple[Edge, ...]
    """From packages that no signature accounts for; the app's own code may be among them."""


def who_uses(graph: Graph, target: str) -> Users:
    """Who uses a node, and who pulled it in.

    Raises:
        GraphError: there is no such node.
    """
    target = find_node(graph, target)
    uses = _Uses(graph)
    whole = uses.whole(target)
    return Users(target, uses.into(whole), uses.path(APP, whole), uses.through(whole))


def reaches(graph: Graph, target: str) -> Reaches:
    """What reaches a node: a type (``installed_apps``), a permission, an SDK, a library.

    Raises:
        GraphError: there is no such node.
    """
    target = find_node(graph, target)
    uses = _Uses(graph)
    whole = uses.whole(target)
    direct = uses.into(whole)
    ways = uses.ways(whole, {uses.whole(edge.source) for edge in direct})
    return Reaches(target, direct, ways)


def if_removed(graph: Graph, target: str) -> Removal:
    """What would go, and what would break, without a node.

    Raises:
        GraphError: there is no such node, or it is the app itself.
    """
    target = find_node(graph, target)
    if target == APP:
        raise GraphError("without its own code nothing of the app is left")
    uses = _Uses(graph)
    whole = uses.whole(target)
    reached, left = uses.reached(), uses.reached(without=whole)
    gone = {node for node in reached - left if not _is_ability(node)} | {whole}
    abilities: dict[str, set[str]] = {}
    for edge in graph.edges:
        if edge.type in _ABILITIES:
            abilities.setdefault(edge.target, set()).add(uses.whole(edge.source))
    breaks = tuple(edge for edge in uses.into(whole) if uses.whole(edge.source) not in gone)
    parties = {uses.whole(node.id) for node in graph.nodes if not _is_ability(node.id)}
    return Removal(
        target,
        tuple(sorted(gone - {whole})),
        breaks,
        tuple(sorted(node for node, readers in abilities.items() if readers <= gone)),
        tuple(sorted(parties - reached - gone)),
    )


def entry_points(graph: Graph) -> EntryPoints:
    """Which SDKs the app's own code and the unattributed packages start, and where."""
    kinds = {node.id: node.kind for node in graph.nodes}
    starts = [edge for edge in graph.edges if edge.type in _STARTS and kinds.get(edge.target) in ("sdk", "package")]
    return EntryPoints(
        tuple(edge for edge in starts if edge.source == APP),
        tuple(edge for edge in starts if kinds.get(edge.source) == "package" and kinds[edge.target] == "sdk"),
    )


def subgraph(graph: Graph, answer: Users | Reaches | Removal | EntryPoints) -> Graph:
    """The part of the graph that an answer speaks of."""
    wanted = _named(answer)
    return Graph(
        tuple(node for node in graph.nodes if node.id in wanted),
        tuple(edge for edge in graph.edges if edge.source in wanted and edge.target in wanted),
        graph.edges_left_out,
    )


def find_node(graph: Graph, name: str) -> str:
    """The id of a node; ``installed_apps``, ``libx.so`` and the like are understood without their prefix.

    Raises:
        GraphError: there is no such node; the message names similar ones.
    """
    ids = {node.id for node in graph.nodes}
    for found in (name, *(prefix + name for prefix in _PREFIXES), f"permission:android.permission.{name}"):
        if found in ids:
            return found
    part = name[:100]
    holding = [found for found in sorted(ids) if len(part) > 1 and part.lower() in found.lower()]
    similar = list(dict.fromkeys([*holding, *difflib.get_close_matches(part, sorted(ids), 3)]))[:3]
    hint = f"; similar: {', '.join(similar)}" if similar else ""
    raise GraphError(f"the graph has no node {part!r}{hint}")


def _named(answer: Users | Reaches | Removal | EntryPoints) -> set[str]:
    if isinstance(answer, EntryPoints):
        return {APP, *_ends(answer.own), *_ends(answer.unattributed)}
    if isinstance(answer, Users):
        return {answer.target, *_ends(answer.users), *answer.path}
    if isinstance(answer, Reaches):
        return {answer.target, *_ends(answer.direct), *(node for way in answer.ways for node in way)}
    return {answer.target, *answer.goes, *_ends(answer.breaks), *answer.freed}


def _ends(edges: Iterable[Edge]) -> set[str]:
    return {end for edge in edges for end in (edge.source, edge.target)}


def _is_ability(node: str) -> bool:
    return node.startswith(("type:", "permission:"))


class _Uses:
    """Who uses whom: every edge but what the app merely has inside. The libraries of an SDK count as the SDK."""

    def __init__(self, graph: Graph) -> None:
        import networkx as nx  # noqa: PLC0415 - slow to import, only questions need it

        self._library = nx
        self._edges = graph.edges
        self._whole: Mapping[str, str] = {
            edge.target: edge.source
            for edge in graph.edges
            if edge.type == "embeds" and edge.target.startswith("library:") and edge.source != APP
        }
        self._graph: nx.DiGraph[str] = nx.DiGraph()
        self._graph.add_nodes_from(self.whole(node.id) for node in graph.nodes)
        self._graph.add_edges_from(
            (self.whole(edge.source), self.whole(edge.target))
            for edge in graph.edges
            if not (edge.type == "embeds" and edge.source == APP)
        )

    def whole(self, node: str) -> str:
        """The node itself, or the party that a library belongs to."""
        return self._whole.get(node, node)

    def into(self, target: str) -> tuple[Edge, ...]:
        """The edges that lead to a node or its libraries from somebody else."""
        return tuple(
            edge
            for edge in self._edges
            if self.whole(edge.target) == target != self.whole(edge.source)
            and not (edge.type == "embeds" and edge.source == APP)
        )

    def path(self, source: str, target: str) -> tuple[str, ...]:
        try:
            return tuple(self._library.shortest_path(self._graph, source, target))
        except self._library.NetworkXNoPath:
            return ()

    def through(self, target: str) -> tuple[str, ...]:
        """The nodes on every way from the app to a node, without both."""
        dominators = self._library.immediate_dominators(self._graph, APP)
        found: list[str] = []
        node = dominators.get(target)
        while node is not None and node != APP:
            found.append(node)
            node = dominators[node]
        return tuple(reversed(found))

    def ways(self, target: str, known: set[str]) -> tuple[tuple[str, ...], ...]:
        """A shortest way to a node from everybody else that has one, but for those that are known."""
        found = self._library.single_source_shortest_path(self._graph.reverse(copy=False), target)
        ways = [tuple(reversed(way)) for node, way in found.items() if node not in known and node != target]
        return tuple(sorted(ways, key=lambda way: (len(way), way)))

    def reached(self, without: str | None = None) -> set[str]:
        """What the app's own code reaches, itself included."""
        graph = self._graph
        if without is not None:
            graph = graph.subgraph(node for node in graph if node != without)
        return {APP, *self._library.descendants(graph, APP)}
