"""How much of an app's code is explained, and by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdkfp.class_names import is_renamed
from sdkfp.features import FeatureSet, Kind

__all__ = ["Coverage", "Share", "coverage_of", "package_group", "shares_of"]


@dataclass(frozen=True, slots=True)
class Share:
    """How many classes, and how many bytes of their code."""

    classes: int
    dex_bytes: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the app's code is explained, and by what."""

    total: Share
    sdks: Share
    own: Share
    nobody: Share
    renamed: Share
    """Classes whose name looks given by a shrinker; they are also counted in one of the other shares."""
    packages: tuple[tuple[str, Share], ...]
    """The packages of nobody's classes, largest first."""


def shares_of(
    owners: Sequence[Sequence[str | None]], class_bytes: Sequence[Sequence[int]] | None
) -> dict[str | None, Share]:
    """What each SDK, the app itself (``""``) and nobody (``None``) have of the classes."""
    classes: Counter[str | None] = Counter()
    size: dict[str | None, int] = {}
    for number, column in enumerate(owners):
        classes.update(column)
        if class_bytes is not None:
            for owner, count in zip(column, class_bytes[number], strict=True):
                size[owner] = size.get(owner, 0) + count
    return {owner: Share(count, size.get(owner, 0)) for owner, count in classes.items()}


def coverage_of(
    features: FeatureSet,
    owners: Sequence[Sequence[str | None]],
    class_bytes: Sequence[Sequence[int]] | None,
    shares: Mapping[str | None, Share],
) -> Coverage:
    """How much of the code is explained, from the owners of the classes of every ``class`` column and their :func:`shares_of`."""
    packages: dict[str, list[int]] = {}
    renamed = [0, 0]
    for number, (column, names) in enumerate(zip(features.of(Kind.CLASS), owners, strict=True)):
        sizes = class_bytes[number] if class_bytes is not None else (0,) * len(column)
        for name, owner, size in zip(column.names, names, sizes, strict=True):
            dot = name.rfind(".")
            if is_renamed(name, dot + 1):
                renamed[0] += 1
                renamed[1] += size
            if owner is None:
                row = packages.setdefault(name[: max(dot, 0)], [0, 0])
                row[0] += 1
                row[1] += size
    nobody = shares.get(None, Share(0, 0))
    own = shares.get("", Share(0, 0))
    total = Share(sum(s.classes for s in shares.values()), sum(s.dex_bytes for s in shares.values()))
    sdks = Share(total.classes - nobody.classes - own.classes, total.dex_bytes - nobody.dex_bytes - own.dex_bytes)
    ordered = sorted(_grouped(packages).items(), key=lambda item: (-item[1].classes, item[0]))
    return Coverage(total, sdks, own, nobody, Share(*renamed), tuple(ordered))


def package_group(package: str) -> str:
    """The group that an unattributed package is counted under: its first three segments."""
    return ".".join(package.split(".", 3)[:3])


def _grouped(packages: Mapping[str, Sequence[int]]) -> dict[str, Share]:
    """Packages of nobody's classes, gathered under their first three segments."""
    found: dict[str, list[int]] = {}
    for package, (classes, size) in packages.items():
        row = found.setdefault(package_group(package), [0, 0])
        row[0] += classes
        row[1] += size
    return {package: Share(*row) for package, row in found.items()}
