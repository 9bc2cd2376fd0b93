"""The graph and the answers to questions about it, as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sdkfp.export.text import visible
from sdkfp.graph import APP, Edge, EntryPoints, Graph, Reaches, Removal, Users
from sdkfp.signature import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["answer_text", "graph_text"]

_WORDS: Mapping[str, Names] = {
    "app": Names("the app's own code", "应用自身代码"),
    "counts": Names(
        "SDKs: {sdks}, unattributed packages: {packages}, native libraries: {libraries}, relations: {edges}",
        "{sdks}个SDK,{packages}个未归属的包,{libraries}个原生库,{edges}条关系",
    ),
    "left_out": Names("{n} relations with the least evidence are not listed", "另有{n}条证据最少的关系未列出"),
    "used": Names("{target} is used by", "使用{target}的有"),
    "unused": Names("Nothing that was seen uses {target}.", "未发现任何代码使用{target}。"),
    "path": Names("A shortest chain from the app's own code", "从应用自身代码出发的最短路径"),
    "no_path": Names(
        "The app's own code does not reach it by any use that was seen.", "未发现应用自身代码可到达它的使用关系。"
    ),
    "through": Names("Only by way of", "必经"),
    "reached": Names("{target} is reached directly by", "直接触及{target}的有"),
    "unreached": Names("Nothing that was seen reaches {target}.", "未发现任何代码触及{target}。"),
    "ways": Names("And by way of these", "经由它们可到达的有"),
    "goes": Names("Without {target} these would go too", "移除{target}后,以下也随之移除"),
    "goes_none": Names("Without {target} nothing else would go.", "移除{target}不会使其他部分随之移除。"),
    "breaks": Names("These use it and would have to change", "以下使用它,需要修改"),
    "freed": Names("Read or needed by nobody any more", "不再有任何代码读取或需要"),
    "no_word": Names("Not reached by any use that was seen, so not judged", "未发现可到达的使用关系,因此不作判断"),
    "own": Names("Started by the app's own code and manifest", "由应用自身代码和清单启动"),
    "own_none": Names(
        "The app's own code and manifest start no SDK that was identified.", "应用自身代码和清单未启动任何已识别的SDK。"
    ),
    "unattributed": Names("Started by unattributed packages", "由未归属的包启动"),
}
LONGEST_EVIDENCE = 1000


def graph_text(graph: Graph, language: str) -> str:
    """Who relates to whom, grouped by the one that uses; what the app merely has inside is left out."""
    say = _Speaker(language)
    kinds = [node.kind for node in graph.nodes]
    counts = {"sdks": kinds.count("sdk"), "packages": kinds.count("package"), "libraries": kinds.count("library")}
    lines = [say("counts", edges=len(graph.edges), **counts)]
    if graph.edges_left_out:
        lines.append(say("left_out", n=graph.edges_left_out))
    groups: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        if not (edge.type == "embeds" and edge.source == APP):
            groups.setdefault(edge.source, []).append(edge)
    for source, edges in groups.items():
        lines += ["", say.node(source)]
        lines += [f"  {say.node(target)}  {words}" for target, words in _merged(edges, "target").items()]
    return "\n".join(lines) + "\n"


def answer_text(answer: Users | Reaches | Removal | EntryPoints, language: str) -> str:
    """An answer with the first piece of evidence for each edge."""
    say = _Speaker(language)
    if isinstance(answer, Users):
        lines = _users(answer, say)
    elif isinstance(answer, Reaches):
        lines = _reaches(answer, say)
    elif isinstance(answer, Removal):
        lines = _removal(answer, say)
    else:
        lines = [f"{say('own')}:" if answer.own else say("own_none"), *_evidence(answer.own, "target", say)]
        if answer.unattributed:
            lines += ["", f"{say('unattributed')}:"]
            for edge in answer.unattributed:
                lines.append(f"  {say.node(edge.source)} → {say.node(edge.target)}  {edge.type} {edge.count}")
                lines.append(f"      {visible(edge.evidence, LONGEST_EVIDENCE)}")
    return "\n".join(lines) + "\n"


def _users(answer: Users, say: _Speaker) -> list[str]:
    target = say.node(answer.target)
    if not answer.users:
        return [say("unused", target=target)]
    lines = [f"{say('used', target=target)}:", *_evidence(answer.users, "source", say), ""]
    lines.append(f"{say('path')}: {say.chain(answer.path)}" if answer.path else say("no_path"))
    if answer.through:
        lines.append(f"{say('through')}: {say.chain(answer.through)}")
    return lines


def _reaches(answer: Reaches, say: _Speaker) -> list[str]:
    target = say.node(answer.target)
    if not answer.direct:
        return [say("unreached", target=target)]
    lines = [f"{say('reached', target=target)}:", *_evidence(answer.direct, "source", say)]
    if answer.ways:
        lines += ["", f"{say('ways')}:", *(f"  {say.chain(way)}" for way in answer.ways)]
    return lines


def _removal(answer: Removal, say: _Speaker) -> list[str]:
    target = say.node(answer.target)
    lines = [f"{say('goes', target=target)}:" if answer.goes else say("goes_none", target=target)]
    lines += [f"  {say.node(node)}" for node in answer.goes]
    if answer.breaks:
        lines += ["", f"{say('breaks')}:", *_evidence(answer.breaks, "source", say)]
    for key, nodes in (("freed", answer.freed), ("no_word", answer.unreached)):
        if nodes:
            lines += ["", f"{say(key)}: {', '.join(say.node(node) for node in nodes)}"]
    return lines


def _merged(edges: Iterable[Edge], end: str) -> dict[str, str]:
    """The other end of each edge, with the types and counts of all edges to it."""
    found: dict[str, list[str]] = {}
    for edge in edges:
        found.setdefault(getattr(edge, end), []).append(f"{edge.type} {edge.count}")
    return {node: ", ".join(words) for node, words in found.items()}


def _evidence(edges: Sequence[Edge], end: str, say: _Speaker) -> list[str]:
    lines = []
    for node, words in _merged(edges, end).items():
        first = [edge.evidence for edge in edges if getattr(edge, end) == node]
        lines += [f"  {say.node(node)}  {words}", *(f"      {visible(text, LONGEST_EVIDENCE)}" for text in first)]
    return lines


class _Speaker:
    """The fixed words in one language."""

    def __init__(self, language: str) -> None:
        self._chinese = language == "zh"

    def __call__(self, key: str, **values: object) -> str:
        names = _WORDS[key]
        return (names.zh or names.en if self._chinese else names.en).format(**values)

    def node(self, node: str) -> str:
        return self("app") if node == APP else visible(node)

    def chain(self, nodes: Iterable[str]) -> str:
        return " → ".join(self.node(node) for node in nodes)
