"""The records of a comparison."""

from __future__ import annotations

from typing import Literal

import msgspec

from sdkfp.errors import SdkfpError
from sdkfp.signature import Names

__all__ = ["SCHEMA", "Aspect", "Change", "Diff", "DiffError", "Gate", "ReportInfo", "Step", "What"]

SCHEMA = "urn:sdkfp:schema:diff:1"

Aspect = Literal["sdk", "version", "certainty", "read", "declared", "permission"]
What = Literal["came", "went", "changed", "came_back"]


class DiffError(SdkfpError):
    """Nothing can be compared: too few reports, or a rule or baseline that cannot be read."""


class ReportInfo(msgspec.Struct, frozen=True):
    """Which report was compared."""

    name: str
    package: str | None
    version_name: str | None
    version_code: int | None
    sha256: str | None
    catalog: str
    """The hash of the signatures that it was made with."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One difference."""

    aspect: Aspect
    """``sdk``: inside or not; ``version`` and ``certainty`` of an SDK; ``read``: a type of personal information that a party is
    able to read; ``declared``: a type that an SDK is declared to collect; ``permission``: requested by the manifest."""
    what: What
    """``came_back``: it is there, was not there just before, and was there earlier in the series."""
    subject: str
    """The SDK, the type, or the permission."""
    party: str | None = None
    """Who reads or declares: an SDK, ``app``, or ``package:…`` of code that no signature accounts for."""
    old: str | None = None
    new: str | None = None
    """Version, certainty, ``possible`` or ``without_permission`` of a read, purposes of a declaration."""
    first_in_app: bool = False
    """Of a read that came: nobody in the app was able to read the type before."""
    evidence: str | None = None
    """Of what came: its first piece."""
    last_seen: int | None = None
    """Of what came back: the last report before that had it, from 0."""
    name: Names | None = None
    """Of the SDK or the type."""

    @property
    def finding(self) -> str:
        """What a baseline calls it; the same in every later comparison."""
        by = f" by {self.party}" if self.party is not None else ""
        return f"{self.aspect} {self.subject}{by}"


class Step(msgspec.Struct, frozen=True):
    """From one report to the next."""

    old: int
    """Place of the report in :attr:`Diff.reports`."""
    new: int
    changes: tuple[Change, ...]


class Gate(msgspec.Struct, frozen=True):
    """What the rules of a build make of the last step."""

    rules: tuple[str, ...]
    failed: tuple[str, ...]
    """Findings that a rule met and the baseline does not accept."""
    accepted: tuple[str, ...]
    """Findings that a rule met and the baseline accepts."""
    unused: tuple[str, ...]
    """What the baseline accepts but no rule met."""


class Diff(msgspec.Struct, frozen=True, rename={"schema_": "schema"}):
    """The differences between reports, step by step."""

    schema_: str
    reports: tuple[ReportInfo, ...]
    notes: tuple[str, ...]
    """What makes the comparison uneven: ``another-package``, ``another-catalog``, ``reads-not-looked-for``, ``code-hidden``."""
    steps: tuple[Step, ...]
    gate: Gate | None = None
