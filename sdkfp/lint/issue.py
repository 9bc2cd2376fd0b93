"""What a check finds, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sdkfp.lint.workspace import SignatureFile, Workspace

__all__ = ["Finding", "Issue", "Rule", "Severity"]


class Severity(str, Enum):
    """Whether a catalog with the issue may ship."""

    ERROR = "error"
    WARNING = "warning"


class Issue(msgspec.Struct, frozen=True, order=True):
    """One thing that is wrong in a directory of signatures, where it stands, and what mends it."""

    path: str
    line: int
    """1-based."""
    column: int
    """1-based."""
    rule: str
    """A stable word for programs, for example ``dead-except``."""
    severity: Severity
    message: str
    remedy: str

    def __str__(self) -> str:
        return (
            f"{self.path}:{self.line}:{self.column}: {self.severity.value} [{self.rule}] {self.message} → {self.remedy}"
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says about one place of a file."""

    file: SignatureFile
    place: tuple[str | int, ...]
    """Keys and positions from the root of the file, for example ``("clues", 2)``."""
    message: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the house."""

    name: str
    severity: Severity
    remedy: str
    check: Callable[[Workspace], Iterator[Finding]]

    def issues(self, workspace: Workspace) -> Iterator[Issue]:
        """What the check finds, with places as line and column."""
        for found in self.check(workspace):
            line, column = found.file.place(*found.place)
            yield Issue(found.file.shown, line, column, self.name, self.severity, found.message, self.remedy)
