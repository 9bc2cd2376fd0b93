"""Questions to graphs that are small enough to answer by looking."""

from __future__ import annotations

import pytest

from sdkfp.graph import (
    Edge,
    EdgeType,
    Graph,
    GraphError,
    Node,
    NodeKind,
    entry_points,
    find_node,
    if_removed,
    reaches,
    subgraph,
    who_uses,
)

KINDS: dict[str, NodeKind] = {
    "app": "app",
    "package": "package",
    "library": "library",
    "type": "type",
    "permission": "permission",
}


def graph(*edges: str) -> Graph:
    """``a calls b`` for each edge; a number behind is the count."""
    found = []
    for text in edges:
        source, word, target, *count = text.split()
        relation: EdgeType = word  # type: ignore[assignment]
        found.append(Edge(source, target, relation, int(count[0]) if count else 1, f"evidence of {text}"))
    ids = sorted({"app", *(end for edge in found for end in (edge.source, edge.target))})
    return Graph(tuple(Node(node, KINDS.get(node.partition(":")[0], "sdk")) for node in ids), tuple(sorted(found)))


CHAIN = graph(
    "app embeds push",
    "app embeds core",
    "app embeds net",
    "app embeds idle",
    "app calls push 3",
    "push calls core 2",
    "push requires core",
    "core extends net",
    "idle calls net",
    "push reads type:oaid",
    "net reads type:mac",
    "idle reads type:mac",
    "net needs permission:android.permission.INTERNET",
)


def users(found: tuple[Edge, ...]) -> list[tuple[str, str]]:
    return [(edge.source, edge.type) for edge in found]


def test_who_uses_and_who_pulled_it_in() -> None:
    answer = who_uses(CHAIN, "net")
    assert users(answer.users) == [("core", "extends"), ("idle", "calls")]
    assert answer.path == ("app", "push", "core", "net")
    assert answer.through == ("push", "core")


def test_two_ways_in_have_nothing_that_every_way_passes() -> None:
    answer = who_uses(graph("app calls a", "app calls b", "a calls x", "b calls x"), "x")
    assert answer.through == ()
    assert answer.path == ("app", "a", "x")
    assert who_uses(graph("app calls a", "a calls b", "a calls c", "b calls x", "c calls x"), "x").through == ("a",)


def test_being_inside_is_no_use() -> None:
    answer = who_uses(CHAIN, "idle")
    assert (answer.users, answer.path, answer.through) == ((), (), ())


def test_what_reaches_a_type() -> None:
    answer = reaches(CHAIN, "mac")
    assert answer.target == "type:mac"
    assert users(answer.direct) == [("idle", "reads"), ("net", "reads")]
    assert answer.ways == (
        ("core", "net", "type:mac"),
        ("push", "core", "net", "type:mac"),
        ("app", "push", "core", "net", "type:mac"),
    )


def test_what_goes_without_it() -> None:
    answer = if_removed(CHAIN, "push")
    assert answer.goes == ("core", "net")
    assert users(answer.breaks) == [("app", "calls")]
    assert answer.freed == ("permission:android.permission.INTERNET", "type:oaid")
    assert answer.unreached == ("idle",)


def test_what_stays_is_what_others_use_too() -> None:
    answer = if_removed(
        graph("app calls a", "app calls b", "a calls x", "b calls x", "a reads type:t", "b reads type:t"), "a"
    )
    assert (answer.goes, answer.freed) == ((), ())
    assert users(answer.breaks) == [("app", "calls")]


def test_a_cycle_goes_as_a_whole() -> None:
    answer = if_removed(graph("app calls a", "a calls b", "b calls c", "c calls b", "c calls a"), "a")
    assert answer.goes == ("b", "c")
    assert users(answer.breaks) == [("app", "calls")]


def test_a_library_is_a_part_of_its_sdk() -> None:
    found = graph(
        "app calls a",
        "a embeds library:a.so",
        "library:a.so links library:b.so",
        "b embeds library:b.so",
        "library:b.so embeds ssl",
        "app embeds library:own.so",
        "library:own.so links library:a.so",
        "app loads library:own.so",
    )
    assert who_uses(found, "ssl").path == ("app", "a", "b", "ssl")
    assert users(who_uses(found, "b").users) == [("library:a.so", "links")]
    assert users(who_uses(found, "library:b.so").users) == [("library:a.so", "links")]
    removal = if_removed(found, "a")
    assert removal.goes == ("b", "ssl")
    assert users(removal.breaks) == [("app", "calls"), ("library:own.so", "links")]


def test_entry_points() -> None:
    found = graph(
        "app calls a", "app declares b", "app embeds c", "package:x calls c", "package:x calls package:y", "a calls c"
    )
    answer = entry_points(found)
    assert [(edge.source, edge.target) for edge in answer.own] == [("app", "a"), ("app", "b")]
    assert [(edge.source, edge.target) for edge in answer.unattributed] == [("package:x", "c")]


def test_the_part_that_an_answer_speaks_of() -> None:
    part = subgraph(CHAIN, who_uses(CHAIN, "core"))
    assert [node.id for node in part.nodes] == ["app", "core", "push"]
    assert {(edge.source, edge.type) for edge in part.edges if edge.target == "core"} == {
        ("app", "embeds"),
        ("push", "calls"),
        ("push", "requires"),
    }
    assert [node.id for node in subgraph(CHAIN, reaches(CHAIN, "type:oaid")).nodes] == ["app", "push", "type:oaid"]
    assert "idle" not in {node.id for node in subgraph(CHAIN, entry_points(CHAIN)).nodes}
    assert {"core", "net", "type:oaid"} <= {node.id for node in subgraph(CHAIN, if_removed(CHAIN, "push")).nodes}


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("push", "push"),
        ("mac", "type:mac"),
        ("type:mac", "type:mac"),
        ("INTERNET", "permission:android.permission.INTERNET"),
        ("android.permission.INTERNET", "permission:android.permission.INTERNET"),
    ],
)
def test_names_are_understood_without_their_prefix(name: str, node: str) -> None:
    assert find_node(CHAIN, name) == node


def test_what_is_not_there_is_said_with_what_is_near() -> None:
    with pytest.raises(GraphError, match="no node 'pusch'; similar: push"):
        who_uses(CHAIN, "pusch")
    with pytest.raises(GraphError, match="no node"):
        reaches(CHAIN, "x" * 1_000_000)
    with pytest.raises(GraphError, match="nothing of the app is left"):
        if_removed(CHAIN, "app")
