"""A gate for a build: stop it if an update brings an SDK, a read or a permission that nobody has looked at.

python examples/ci_gate.py released.json candidate.apk [accepted.json]

The first file is the saved report of the release (``sdkfp scan released.apk --json > released.json``); keep it beside the code,
and with it the findings that were accepted. The same in one line: ``sdkfp diff released.json candidate.apk --fail-on …``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import sdkfp
from sdkfp.diff import apply_gate, compare, read_baseline, read_rules

RULES = "new-sdk,new-read,new-permission,came-back"


def main(released: str, candidate: str, accepted: str | None = None) -> int:
    old = sdkfp.Report.from_json(Path(released).read_bytes())
    new = sdkfp.scan(candidate)
    baseline = read_baseline(Path(accepted).read_bytes()) if accepted else None
    diff = apply_gate(compare([old, new]), read_rules(RULES), baseline)
    failed = diff.gate.failed if diff.gate else ()
    evidence = {change.finding: change.evidence for change in diff.steps[-1].changes}
    for finding in failed:
        print(f"{finding}: {evidence[finding] or 'the manifest'}")
    print("stop" if failed else "go on")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
