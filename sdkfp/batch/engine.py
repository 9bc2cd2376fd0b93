"""What the driver needs from those who do the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sdkfp.batch.journal import Item
from sdkfp.batch.work import Outcome

__all__ = ["Answer", "Engine"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Inputs that are finished."""

    outcomes: tuple[Outcome, ...]
    part: str | None = None
    """A part that is staged with the rows of those that were scanned."""


class Engine(Protocol):
    """Does work on inputs, somewhere."""

    @property
    def capacity(self) -> int:
        """How many inputs it takes at a time; this may change."""

    def submit(self, item: Item, *, only_hash: bool) -> None:
        """Take an input: to scan it, or only to say which content it has."""

    def flush(self) -> None:
        """Begin with everything that was submitted."""

    def answers(self, seconds: float) -> list[Answer]:
        """What was finished, after waiting for something at most so long."""

    def close(self) -> None:
        """Stop, whatever is under way."""
