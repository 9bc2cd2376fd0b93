"""What code is able to read, what it is declared to collect, and the comparison of both."""

from __future__ import annotations

from sdkfp.behaviour.claims import (
    Behaviour,
    CollectsRecord,
    Comparison,
    PermissionUse,
    Reader,
    ReadUse,
    SiteRecord,
    TypeReads,
)
from sdkfp.behaviour.comparing import compare
from sdkfp.behaviour.observing import MOST_SITES, observe
from sdkfp.behaviour.records import OWN, PACKAGE, Finding, Grade, Observed, Owner, Owners, Site

__all__ = [
    "MOST_SITES",
    "OWN",
    "PACKAGE",
    "Behaviour",
    "CollectsRecord",
    "Comparison",
    "Finding",
    "Grade",
    "Observed",
    "Owner",
    "Owners",
    "PermissionUse",
    "ReadUse",
    "Reader",
    "Site",
    "SiteRecord",
    "TypeReads",
    "compare",
    "observe",
]
