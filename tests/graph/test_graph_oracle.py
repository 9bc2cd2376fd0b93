"""The edges of real apps, counted again from what dexdump prints, and answers that were checked by hand."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from sdkfp import App, Catalog, identification
from sdkfp.graph import APP, Graph, build, entry_points, if_removed, who_uses
from sdkfp.graph.code import LONGEST_NAME

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(shutil.which("dexdump") is None, reason="dexdump is not installed"),
]

OPERAND = re.compile(r"\|[0-9a-f]{4}: (\S+) .*?(\[*L[^;]*;|\[+[A-Z])(?:\S*)? // (method|field|type)@")
QUOTED = re.compile(r"'(.*)'")
WORD = {"method": "calls", "field": "refers", "type": "refers"}


def open_graph(path: Path, own: str) -> tuple[Graph, dict[str, str]]:
    """The graph, and the party of every class by its name, from the answer of the identification."""
    with App.open(path) as app:
        features = app.features()
        identified = identification.identify(features, Catalog.builtin(), own_packages=[own])
        parties: dict[str, str] = {}
        for part, owners in zip([p for p in app.dexes if p.dex.class_names], identified.owners, strict=True):
            for name, owner in zip(part.dex.class_names, owners, strict=True):
                package = "package:" + ".".join(name.split(".")[:-1][:3])
                parties.setdefault(name, package if owner is None else owner or APP)
        return build(identified, features, app), parties


def dumped(path: Path, folder: Path) -> Iterator[str]:
    """What ``dexdump -d`` prints of every dex file of an app."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if re.fullmatch(r"classes\d*\.dex", name):
                dex = archive.extract(name, folder)
                done = subprocess.run(["dexdump", "-d", dex], capture_output=True, check=True)
                yield from done.stdout.decode("utf-8", "replace").splitlines()


def counted(lines: Iterator[str], parties: Mapping[str, str]) -> Counter[tuple[str, str, str]]:
    """(source, type, target) of every instruction, superclass and interface that crosses from one party to another."""
    found: Counter[tuple[str, str, str]] = Counter()
    source = ""

    def count(word: str, descriptor: str) -> None:
        name = descriptor.lstrip("[").removeprefix("L").removesuffix(";").replace("/", ".")
        made_for_all = "$$ExternalSynthetic" in name and "$$ExternalSyntheticLambda" not in name
        target = parties.get(name)
        if target is not None and target != source and not made_for_all:
            found[source, word, target] += 1

    interfaces = False
    for line in lines:
        if line.startswith("  Class descriptor"):
            source = parties[line.split("'")[1][1:-1].replace("/", ".")]
        elif line.startswith("  Superclass"):
            count("extends", line.split("'")[1])
        elif line.startswith("  Interfaces"):
            interfaces = True
        elif line.startswith("  Static fields"):
            interfaces = False
        elif interfaces and line.startswith("    #"):
            count("extends", line.split("'")[1])
        elif "// " in line and (operand := OPERAND.search(line)):
            count(WORD[operand[3]], operand[2])
    return found


@pytest.mark.parametrize(
    ("key", "own"), [("uiautomator2-app-3.7.1", "com.github.uiautomator"), ("stfservice-3.7.9", "jp.co.cyberagent.stf")]
)
def test_every_edge_has_the_count_that_dexdump_shows(
    real_app: Callable[[str], Path], tmp_path: Path, key: str, own: str
) -> None:
    path = real_app(key)
    graph, parties = open_graph(path, own)
    expected = counted(dumped(path, tmp_path), parties)
    edges = {(e.source, e.type, e.target): e.count for e in graph.edges if e.type in ("calls", "extends", "refers")}
    assert len([node for node in graph.nodes if node.kind == "sdk"]) >= 8
    assert len(expected) > 20
    assert edges == dict(expected)


def test_the_evidence_of_every_call_stands_in_the_dump(real_app: Callable[[str], Path], tmp_path: Path) -> None:
    """The method of the evidence really has an instruction that names the called one."""
    path = real_app("uiautomator2-app-3.7.1")
    graph, _ = open_graph(path, "com.github.uiautomator")
    calls: set[tuple[str, str]] = set()
    method = ""
    for line in dumped(path, tmp_path):
        header = re.search(r"\|\[[0-9a-f]+\] (\S+)\.(\S+?):(\S+)$", line)
        if header:
            method = f"L{header[1].replace('.', '/')};->{header[2]}{header[3]}"
        elif (operand := re.search(r": invoke-\S+ .*\}, (\S+?;)\.(\S+?):(\S+) // method@", line)) is not None:
            calls.add((method[:LONGEST_NAME], f"{operand[1]}->{operand[2]}{operand[3]}"[:LONGEST_NAME]))
    shown = [edge.evidence.rpartition(" @ ")[0].split(" calls ") for edge in graph.edges if edge.type == "calls"]
    assert len(shown) > 20
    assert [pair for pair in shown if tuple(pair) not in calls] == []


def test_answers_checked_by_hand(real_app: Callable[[str], Path]) -> None:
    """Yosemite 1.4.3, 61 SDKs; each answer was looked up in the output of ``dexdump -d`` (see docs/graph.md)."""
    graph, _ = open_graph(real_app("yosemite-1.4.3"), "com.netease.nie.yosemite")
    users = who_uses(graph, "androidx-concurrent")
    assert {(edge.source, edge.type, edge.count) for edge in users.users} == {
        ("androidx-core", "calls", 12),
        ("androidx-test", "calls", 27),
        ("androidx-test", "extends", 1),
    }
    assert users.path == (APP, "androidx-core", "androidx-concurrent")
    rabbit = who_uses(graph, "rabbitmq-client")
    assert {edge.source for edge in rabbit.users} == {APP}
    started = {edge.target: edge.evidence for edge in entry_points(graph).own if edge.type == "calls"}
    assert started["jcommander"].startswith(
        "Lcom/netease/nie/yosemite/control/Options;->deal([Ljava/lang/String;)V calls "
        "Lcom/beust/jcommander/JCommander;->newBuilder()"
    )
    coroutines = who_uses(graph, "kotlinx-coroutines")
    assert {edge.source for edge in coroutines.users} == {"androidx-lifecycle"}
    assert coroutines.through == ("androidx-lifecycle",)
    removal = if_removed(graph, "androidx-vectordrawable")
    assert removal.goes == ("androidx-interpolator",)
    assert {edge.source for edge in removal.breaks} == {"androidx-appcompat", "glide", "google-material"}
    assert who_uses(graph, "glide").users == ()
    assert "glide" in removal.unreached
