"""One relation between two nodes, before it is gathered into an edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sdkfp.graph.model import EdgeType

__all__ = ["Relation", "said"]


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that was met in one part of the app."""

    source: str
    """A node."""
    target: str
    type: EdgeType
    evidence: Callable[[], str]
    """The first place in words; made when it is wanted."""
    count: int = 1


def said(text: str) -> Callable[[], str]:
    """Evidence that is known already."""
    return lambda: text
