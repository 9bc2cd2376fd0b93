"""Rules about what signatures say of one another."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from sdkfp.lint.issue import Finding, Rule, Severity
from sdkfp.lint.workspace import SignatureFile, Workspace
from sdkfp.signature import CLASS_KINDS, Clue, Signature

__all__ = ["RULES"]


_RELATIONS = ("requires", "bundles", "overrides", "successors")


def _of(signature: Signature, key: str) -> tuple[str, ...]:
    others: tuple[str, ...] = getattr(signature, key)
    return others


def _named(workspace: Workspace) -> Iterator[tuple[SignatureFile, Signature, str, int, str]]:
    for file, signature in workspace.examined:
        for key in _RELATIONS:
            for position, other in enumerate(_of(signature, key)):
                yield file, signature, key, position, other


def _unknown_id(workspace: Workspace) -> Iterator[Finding]:
    for file, _, key, position, other in _named(workspace):
        if other not in workspace:
            yield Finding(file, (key, position), f"`{key}` names the SDK {other!r}, which the catalog does not have")


def _unknown_organization(workspace: Workspace) -> Iterator[Finding]:
    for file, signature in workspace.examined:
        name = signature.organization
        if name is not None and name not in workspace.organizations:
            yield Finding(file, ("organization",), f"the organization {name!r} has no file organizations/{name}.yaml")


def _same_id(workspace: Workspace) -> Iterator[Finding]:
    for file in workspace.files:
        first = workspace[file.id]
        if file.examined and first is not file:
            yield Finding(file, ("id",), f"the id {file.id!r} is also in {first.shown}")


def _cycle(workspace: Workspace) -> Iterator[Finding]:
    """Who cannot be without whom, who is inside whom, who replaces or succeeds whom: in a circle nobody could come first, and SDKs
    that replace one another would both be gone."""
    for file, signature, key, position, other in _named(workspace):
        if other in workspace.catalog and other != signature.id:
            way = _way(workspace, key, other, signature.id)
            if way:
                yield Finding(file, (key, position), f"a circle of `{key}`: {' → '.join([signature.id, *way])}")


def _way(workspace: Workspace, key: str, start: str, goal: str) -> list[str]:
    """The shortest way over a relation, ends included; empty where there is none."""
    ways = [[start]]
    seen = {start}
    for way in ways:
        if way[-1] == goal:
            return way
        signature = workspace.catalog.signatures.get(way[-1])
        for other in () if signature is None else _of(signature, key):
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []


def _both_relations(workspace: Workspace) -> Iterator[Finding]:
    """What is shaded inside is not a dependency, and nobody relates to itself."""
    for file, signature, key, position, other in _named(workspace):
        if other == signature.id:
            yield Finding(file, (key, position), f"`{key}` names the SDK itself")
        elif key == "bundles" and other in signature.requires:
            yield Finding(file, (key, position), f"{other} is under `requires` as well")


def _idle_override(workspace: Workspace) -> Iterator[Finding]:
    for file, signature, key, position, other in _named(workspace):
        if key != "overrides" or other not in workspace.catalog or other == signature.id:
            continue
        theirs = workspace.catalog[other].clues
        if not any(_meet(mine, clue) for mine in signature.clues for clue in theirs):
            yield Finding(file, (key, position), f"{signature.id} and {other} have no clue that meets the same thing")


def _meet(one: Clue, two: Clue) -> bool:
    if one.kind is not two.kind:
        return False
    if one.kind in CLASS_KINDS:
        return one.name.startswith(two.name) or two.name.startswith(one.name)
    return fnmatchcase(one.name, two.name) or fnmatchcase(two.name, one.name)


def _nursery_override(workspace: Workspace) -> Iterator[Finding]:
    """Only an identified SDK replaces another, and a nursery entry is suspected at most."""
    for file, signature, key, position, other in _named(workspace):
        if key == "overrides" and signature.nursery:
            yield Finding(file, (key, position), f"a nursery entry cannot replace {other}: it is never identified")


RULES = (
    Rule("unknown-id", Severity.ERROR, "mend the id, or add that signature", _unknown_id),
    Rule("unknown-organization", Severity.ERROR, "mend the id, or add the file", _unknown_organization),
    Rule("same-id", Severity.ERROR, "merge the two files", _same_id),
    Rule(
        "cycle",
        Severity.ERROR,
        "take out the relation that the artifacts do not show",
        _cycle,
    ),
    Rule("odd-relation", Severity.ERROR, "take one of them out", _both_relations),
    Rule(
        "idle-override",
        Severity.ERROR,
        "take it out: an override decides between SDKs that share clues",
        _idle_override,
    ),
    Rule("nursery-override", Severity.ERROR, "take it out, or prove the entry and move it to sdks/", _nursery_override),
)
