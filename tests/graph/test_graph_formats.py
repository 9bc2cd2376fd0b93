"""The graph in every format: readable by others, the same bytes each time, whole under hostile names."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import networkx as nx
import pytest

from sdkfp.export.graph_formats import FORMATS, to_dot, to_gexf, to_graphml, to_mermaid, to_node_link
from sdkfp.graph import Edge, Graph, Node

EVIL = [
    '<script>alert("x")</script>',
    "a\u202eb\x00\x07c",
    "]] --> end",
    '"; }\n x -> y [',
    "\\",
    "x" * 1_000_000,
    "\ud7ff\ufffe",
]


def graph_with(*names: str) -> Graph:
    nodes = [Node("app", "app", 1), *(Node(f"package:{name}", "package", 2) for name in names)]
    edges = [Edge("app", f"package:{name}", "calls", 3, f"evidence {name}") for name in names]
    edges += [Edge("app", f"package:{name}", "extends", 1, name) for name in names]
    return Graph(tuple(sorted(nodes)), tuple(sorted(edges)))


PLAIN = Graph(
    (Node("app", "app", 2), Node("library:libx.so", "library"), Node("push", "sdk", 5), Node("type:oaid", "type")),
    (
        Edge("app", "push", "calls", 3, "La;->b()V calls Lc;->d()V @ x"),
        Edge("app", "push", "extends", 1, "La; extends Lc; @ x"),
        Edge("push", "library:libx.so", "loads", 1, "…"),
        Edge("push", "type:oaid", "reads", 2, "…"),
    ),
)


def shape(found: nx.Graph[str]) -> tuple[int, int]:
    return found.number_of_nodes(), found.number_of_edges()


def test_node_link_reads_back_as_the_same_graph() -> None:
    found = nx.node_link_graph(json.loads(to_node_link(PLAIN)), edges="edges")
    assert nx.utils.graphs_equal(found, PLAIN.to_networkx())


def test_graphml_reads_back() -> None:
    found = nx.read_graphml(io.BytesIO(to_graphml(PLAIN)), force_multigraph=True)
    assert shape(found) == (4, 4)
    assert found.nodes["push"] == {"label": "push", "kind": "sdk", "classes": 5}
    assert {data["relation"] for _, _, data in found.edges(data=True)} == {"calls", "extends", "loads", "reads"}


def test_gexf_reads_back_and_has_no_date() -> None:
    data = to_gexf(PLAIN)
    assert b"lastmodified" not in data
    found = nx.read_gexf(io.BytesIO(data))
    assert shape(found) == (4, 4)
    assert found.nodes["push"]["kind"] == "sdk"
    assert sorted(data["count"] for _, _, data in found.edges(data=True)) == [1, 1, 2, 3]


def test_diagrams_draw_parallel_edges_as_one() -> None:
    assert '  "app" -> "push" [label="calls 3, extends 1"];' in to_dot(PLAIN).decode().splitlines()
    mermaid = to_mermaid(PLAIN).decode()
    assert '  n0 -->|"calls 3, extends 1"| n2' in mermaid.splitlines()
    assert '  n3(["type:oaid"])' in mermaid.splitlines()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_same_bytes_each_time(name: str) -> None:
    assert FORMATS[name](PLAIN) == FORMATS[name](PLAIN)
    assert FORMATS[name](Graph((), ()))


def test_hostile_names_keep_every_format_whole() -> None:
    graph = graph_with(*EVIL)
    size = len(EVIL) + 1, 2 * len(EVIL)
    assert shape(nx.node_link_graph(json.loads(to_node_link(graph)), edges="edges")) == size
    assert shape(nx.read_graphml(io.BytesIO(to_graphml(graph)), force_multigraph=True)) == size
    assert shape(nx.read_gexf(io.BytesIO(to_gexf(graph)))) == size
    for data in (to_graphml(graph), to_gexf(graph)):
        ET.fromstring(data)
        assert len(data) < 100_000
    for data in (to_dot(graph), to_mermaid(graph)):
        text = data.decode()
        assert "\u202e" not in text
        assert len(text) < 20_000
    mermaid = to_mermaid(graph).decode()
    assert "<script>" not in mermaid
    assert all(
        re.fullmatch(r'(flowchart LR|  n\d+\S*"[^"]*"\S+|  n\d+ -->\|"[^"]*"\| n\d+)', line)
        for line in mermaid.splitlines()
    )
    quoted = r'"(?:[^"\\]|\\.)*"'
    dot = rf"  {quoted} \[shape=\w+\];|  {quoted} -> {quoted} \[label={quoted}\];"
    assert all(re.fullmatch(dot, line) for line in to_dot(graph).decode().splitlines()[4:-1])


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_it() -> None:
    for graph in (PLAIN, graph_with(*EVIL)):
        done = subprocess.run(["dot", "-Tdot"], input=to_dot(graph), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
