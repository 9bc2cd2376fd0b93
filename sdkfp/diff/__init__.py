"""What came, went, changed and came back from one version of an app to the next, out of their reports.

::

    from sdkfp.diff import compare
    diff = compare([Report.from_json(old), Report.from_json(new)])
"""

from __future__ import annotations

from sdkfp.diff.comparing import compare
from sdkfp.diff.gate import (
    RULES,
    Accepted,
    Baseline,
    apply_gate,
    read_baseline,
    read_rules,
    write_baseline,
)
from sdkfp.diff.model import Aspect, Change, Diff, DiffError, Gate, ReportInfo, Step, What

__all__ = [
    "RULES",
    "Accepted",
    "Aspect",
    "Baseline",
    "Change",
    "Diff",
    "DiffError",
    "Gate",
    "ReportInfo",
    "Step",
    "What",
    "apply_gate",
    "compare",
    "read_baseline",
    "read_rules",
    "write_baseline",
]
