"""What the clues of a catalog do in many real apps: which never fire, and which fire too widely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sdkfp.app import App
from sdkfp.catalog import Catalog
from sdkfp.errors import ContainerError, NotationError, NotExamined
from sdkfp.features import FeatureSet
from sdkfp.identification import identify
from sdkfp.signature import Clue, Strength

__all__ = ["ClueCount", "CorpusApp", "Survey", "open_corpus", "survey"]

_FEWEST_APPS = 5
"""In fewer apps than this a share says nothing."""
_WIDE_SHARE = 0.5
_FEWEST_ALONE = 3
_ALONE_SHARE = 0.8
_LONGEST_LISTING = 64 << 20
"""Bytes of one feature listing."""


@dataclass(frozen=True, slots=True)
class CorpusApp:
    """One app of a corpus."""

    path: str
    features: FeatureSet
    own_packages: tuple[str, ...]


class ClueCount(msgspec.Struct, frozen=True, order=True):
    """How often one clue fired."""

    sdk: str
    clue: str
    apps: int
    """Apps in which it met something."""
    alone: int
    """Apps of these in which no other clue of its SDK met anything."""
    sdk_apps: int
    """Apps in which its SDK was found, by whatever clue."""


class Survey(msgspec.Struct, frozen=True):
    """What a run over a corpus says about the clues. Figures to look into, not mistakes."""

    apps: int
    silent: tuple[ClueCount, ...]
    """Sure clues that never fired though their SDK was found."""
    absent: tuple[str, ...]
    """SDKs that were found in no app: nothing is known about their clues."""
    wide: tuple[ClueCount, ...]
    """Clues that fired in more than half of the apps, or nearly always without any other clue of their SDK."""


def open_corpus(directory: Path, catalog: Catalog, skipped: list[NotExamined]) -> Iterator[CorpusApp]:
    """The apps, libraries and feature listings (``*.txt``) below a directory, one at a time; what is none is added to ``skipped``.

    Raises:
        ContainerError: there is no such directory.
    """
    if not directory.is_dir():
        raise ContainerError(f"{directory}: not a directory")
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        try:
            if path.suffix == ".txt":
                yield CorpusApp(str(path), _listing(path), ())
                continue
            with App.open(path) as app:
                features = app.features(constants=catalog.version_constants)
                package = app.manifest.package if app.manifest is not None else ""
        except (ContainerError, NotationError) as error:
            skipped.append(NotExamined(str(path), "not-an-app", str(error)))
            continue
        yield CorpusApp(str(path), features, (package,) if package else ())


def _listing(path: Path) -> FeatureSet:
    """What `sdkfp features` printed.

    Raises:
        NotationError: it is none.
        ContainerError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST_LISTING + 1)
    except OSError as error:
        raise ContainerError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) > _LONGEST_LISTING:
        raise ContainerError(f"{path} is larger than {_LONGEST_LISTING} bytes")
    return FeatureSet.parse(data.decode("utf-8", "replace"))


def survey(catalog: Catalog, apps: Iterable[CorpusApp], *, only: Iterable[str] | None = None) -> Survey:
    """Count what every clue does in the apps of a corpus.

    Args:
        catalog: the signatures.
        apps: for example from :func:`open_corpus`.
        only: ids of the signatures to count for; by default all.
    """
    wanted = set(catalog.signatures if only is None else only)
    fired: Counter[tuple[str, Clue]] = Counter()
    alone: Counter[tuple[str, Clue]] = Counter()
    found: Counter[str] = Counter()
    total = 0
    for app in apps:
        total += 1
        for sdk in identify(app.features, catalog, own_packages=app.own_packages).sdks:
            met = {evidence.clue for evidence in sdk.evidence}
            found[sdk.signature.id] += 1
            fired.update((sdk.signature.id, clue) for clue in met)
            if len(met) == 1:
                alone.update((sdk.signature.id, clue) for clue in met)

    def count(sdk: str, clue: Clue) -> ClueCount:
        return ClueCount(sdk, str(clue), fired[sdk, clue], alone[sdk, clue], found[sdk])

    clues = [(s.id, clue) for s in catalog if s.id in wanted for clue in s.clues]
    silent = [count(*c) for c in clues if not fired[c] and found[c[0]] and c[1].strength is Strength.SURE]
    wide = [count(*c) for c in clues if _is_wide(catalog, count(*c), total)]
    absent = tuple(sdk for sdk in catalog.signatures if sdk in wanted and not found[sdk])
    return Survey(total, tuple(sorted(silent)), absent, tuple(sorted(wide, key=lambda c: (-c.apps, c))))


def _is_wide(catalog: Catalog, count: ClueCount, total: int) -> bool:
    everywhere = total >= _FEWEST_APPS and count.apps > _WIDE_SHARE * total
    others = sum(clue.strength is Strength.SURE and str(clue) != count.clue for clue in catalog[count.sdk].clues)
    lonely = others > 0 and count.alone >= _FEWEST_ALONE and count.alone >= _ALONE_SHARE * count.apps
    return everywhere or lonely
