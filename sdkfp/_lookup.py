"""Answers to questions about the catalog."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from sdkfp.features import Kind
from sdkfp.signature import Clue, Signature

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog

__all__ = ["Found", "collecting", "look_up"]


class Found(msgspec.Struct, frozen=True):
    """One answer of :meth:`Catalog.lookup`."""

    signature: Signature
    reason: str
    """What of the signature the text met, for people: a clue in the notation, ``id``, ``name`` or ``alias``."""


def look_up(catalog: Catalog, text: str) -> list[Found]:
    """See :meth:`sdkfp.catalog.Catalog.lookup`."""
    wanted = text.strip()
    if not wanted:
        return []
    owner = catalog.index.class_owner(wanted)  # the longest prefix owns a class and exceptions count, as in a scan
    ranked: list[tuple[int, int, str, Found]] = []
    for position, signature in enumerate(catalog):
        owned = owner.clue if owner is not None and owner.signature == position else None
        best = _best_reason(signature, wanted, owned)
        if best is not None:
            rank, order, reason = best
            ranked.append((rank, order, signature.id, Found(signature, reason)))
    ranked.sort(key=lambda row: row[:3])
    if ranked and ranked[0][0] <= _RANK_CLUE:
        ranked = [row for row in ranked if row[:2] == ranked[0][:2]]
    return [row[3] for row in ranked]


def collecting(catalog: Catalog, word: str) -> list[Found]:
    """See :meth:`sdkfp.catalog.Catalog.collecting`."""
    found = []
    for signature in catalog:
        claims = [claim for claim in signature.collects if claim.type == word]
        if claims:
            said = dict.fromkeys(f"{c.need.value}, {c.purpose}, {c.source} ({c.as_of})" for c in claims)
            found.append(Found(signature, f"{word}: {'; '.join(said)}"))
    return found


_RANK_ID, _RANK_CLUE, _RANK_BELOW, _RANK_NAME, _RANK_WORD = range(5)


def _best_reason(signature: Signature, wanted: str, owned: Clue | None) -> tuple[int, int, str] | None:
    """(rank, order within the rank, reason) of the best way in which the text meets a signature."""
    if signature.id == wanted.casefold():
        return _RANK_ID, 0, "id"
    if owned is not None:
        return _RANK_CLUE, 0, str(owned)
    met = [(rank, clue) for clue in signature.clues if (rank := _clue_rank(clue, wanted)) is not None]
    if met:
        rank, clue = min(met, key=lambda row: (row[0], len(row[1].name)))
        return rank, 0 if rank == _RANK_CLUE else len(clue.name), str(clue)
    return _name_reason(signature, wanted.casefold())


def _name_reason(signature: Signature, folded: str) -> tuple[int, int, str] | None:
    names = [("name", signature.name.en), ("name", signature.name.zh or ""), ("id", signature.id)]
    names += [("alias", alias) for alias in signature.aliases]
    whole = next((reason for reason, value in names if value.casefold() == folded), None)
    if whole is not None:
        return _RANK_NAME, len(folded), whole
    part = next((reason for reason, value in names if folded in value.casefold()), None)
    return None if part is None else (_RANK_WORD, len(folded), part)


def _clue_rank(clue: Clue, wanted: str) -> int | None:
    """How a clue meets a text: it covers it, lies below it (the text is a package), or not at all (``None``)."""
    covers = fnmatchcase(wanted, clue.name) if "*" in clue.name else clue.name == wanted
    if covers and clue.kind is not Kind.CLASS:
        return _RANK_CLUE
    if "." in wanted and clue.name.startswith(f"{wanted.removesuffix('.')}."):
        return _RANK_BELOW
    return None
