"""The package prefixes of an SDK: what its artifacts define in every release and no other SDK of the catalog owns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sdkfp.features import Kind
from sdkfp.index import ClueIndex

__all__ = ["Prefixes", "find_prefixes"]

_SEGMENTS = 3
_DEEPEST = 7
_MOST = 10
_GENERIC = frozenset(("android", "api", "app", "base", "client", "common", "core", "lib", "mobile", "open", "sdk"))
"""A last segment that does not tell the products of one vendor apart."""
_HOSTS = frozenset({"com.github", "io.github", "com.gitlab", "io.gitlab", "com.gitee", "org.bitbucket"})
"""Below these the third segment is a person, who may have more than one library."""


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What to own and what was left out."""

    names: tuple[str, ...]
    """With the trailing dot, the ones with the most classes first."""
    owned: dict[str, int]
    """Classes that other SDKs of the catalog own, by SDK."""
    unstable: tuple[str, ...]
    """Packages that are not in every release."""
    renamed: int
    """Classes in packages that a shrinker named: all segments of one or two letters, or the last of one."""
    left: tuple[str, ...]
    """Further packages, beyond those that a signature should have."""


@dataclass
class _Node:
    """A package, with what is below it."""

    children: dict[str, _Node] = field(default_factory=dict)
    classes: int = 0
    """Defined right in this package, in any release."""
    total: int = 0
    releases: set[int] = field(default_factory=set)


def find_prefixes(releases: Sequence[Iterable[str]], index: ClueIndex) -> Prefixes:
    """Choose prefixes.

    Args:
        releases: the class names of each release.
        index: of the catalog without the SDK that is learned.
    """
    root = _Node()
    owned: dict[str, int] = {}
    renamed: set[str] = set()
    for number, names in enumerate(releases):
        for name in sorted(names):
            owner = index.class_owner(name)
            if owner is not None:
                sdk = index.signatures[owner.signature].id
                owned[sdk] = owned.get(sdk, 0) + 1
            elif _is_renamed(name):
                renamed.add(name)
            else:
                _add(root, name.split(".")[:-1], number)
    others = {clue.name for s in index.signatures for clue in s.clues if clue.kind is Kind.CLASS}
    found: list[tuple[str, int]] = []
    unstable: list[str] = []
    shortened = 0
    for name, node in _chosen(root, (), others):
        if len(name.rpartition(".")[2]) == 1:
            shortened += node.total
        elif len(node.releases) == len(releases):
            found.append((f"{name}.", node.total))
        else:
            unstable.append(name)
    found.sort(key=lambda row: (-row[1], row[0]))
    return Prefixes(
        names=tuple(name for name, _ in found[:_MOST]),
        owned=owned,
        unstable=tuple(unstable),
        renamed=len(renamed) + shortened,
        left=tuple(name for name, _ in found[_MOST:]),
    )


def _is_renamed(name: str) -> bool:
    """Whether a shrinker gave the package its name: every segment has one or two letters."""
    package = name.split(".")[:-1]
    return not package or all(len(segment) <= 2 for segment in package)


def _add(root: _Node, package: Sequence[str], release: int) -> None:
    node = root
    for segment in package:
        node = node.children.setdefault(segment, _Node())
        node.total += 1
        node.releases.add(release)
    node.classes += 1


def _chosen(node: _Node, way: tuple[str, ...], others: set[str]) -> Iterator[tuple[str, _Node]]:
    """The packages to take below a node: as short as they may be."""
    if way and _is_enough(node, way, others):
        yield ".".join(way), node
        return
    for segment in sorted(node.children):
        yield from _chosen(node.children[segment], (*way, segment), others)


def _is_enough(node: _Node, way: tuple[str, ...], others: set[str]) -> bool:
    if not node.children:
        return True
    if _has_below(".".join(way), others):
        return False
    vendor = ".".join(way[:2])
    long = len(way) >= _SEGMENTS + (vendor in _HOSTS)
    if node.classes:  # nothing longer could own these
        return long or node.classes * 2 > node.total
    vague = way[-1] in _GENERIC and _has_below(vendor, others)
    return long and (len(way) >= _DEEPEST or (len(node.children) > 1 and not vague))


def _has_below(name: str, others: set[str]) -> bool:
    """Whether another SDK has a clue inside a package."""
    return any(other.startswith(f"{name}.") for other in others)
