"""Rules that stop a build, and the findings that a baseline accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

import msgspec

from sdkfp.diff.model import Change, Diff, DiffError, Gate

__all__ = [
    "BASELINE_SCHEMA",
    "RULES",
    "Accepted",
    "Baseline",
    "apply_gate",
    "read_baseline",
    "read_rules",
    "write_baseline",
]

BASELINE_SCHEMA = "urn:sdkfp:schema:baseline:1"
_NEW = ("came", "came_back")


def _is_new(aspect: str) -> Callable[[Change], bool]:
    return lambda change: change.aspect == aspect and change.what in _NEW


def _new_sdk(change: Change) -> bool:
    became = change.aspect == "certainty" and change.new == "identified"
    return became or (_is_new("sdk")(change) and change.new == "identified")


def _new_read(change: Change) -> bool:
    became = change.aspect == "read" and change.what == "changed" and change.new == "possible"
    return became or _is_new("read")(change)


RULES: Mapping[str, Callable[[Change], bool]] = {
    "new-sdk": _new_sdk,
    "new-suspected": lambda change: _is_new("sdk")(change) and change.new == "suspected",
    "gone-sdk": lambda change: change.aspect == "sdk" and change.what == "went",
    "new-version": lambda change: change.aspect == "version",
    "new-read": _new_read,
    "new-declared": _is_new("declared"),
    "new-permission": _is_new("permission"),
    "came-back": lambda change: change.what == "came_back",
}
"""By word, which changes a rule meets; ``word:PATTERN`` meets those of them whose subject fits the pattern."""


class Accepted(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A finding that is accepted."""

    finding: str
    """As a comparison calls it, for example ``read oaid by getui-push``."""
    why: str = ""


class Baseline(msgspec.Struct, frozen=True, rename={"schema_": "schema"}, forbid_unknown_fields=True):
    """Findings that were looked at and accepted."""

    schema_: str
    accepted: tuple[Accepted, ...]


class _Head(msgspec.Struct, rename={"schema_": "schema"}):
    schema_: str


def read_rules(text: str) -> tuple[str, ...]:
    """Rules, separated by commas: ``new-sdk,new-read:installed_apps,new-permission:*READ_SMS``.

    Raises:
        DiffError: an unknown rule.
    """
    rules = tuple(rule for part in text.split(",") if (rule := part.strip()))
    for rule in rules:
        if rule.partition(":")[0] not in RULES:
            raise DiffError(f"unknown rule {rule[:100]!r}; known are: {', '.join(RULES)}")
    if not rules:
        raise DiffError(f"no rule given; known are: {', '.join(RULES)}")
    return rules


def read_baseline(data: bytes) -> Baseline:
    """Read a baseline.

    Raises:
        DiffError: it is not one, or one of another schema version.
    """
    try:
        schema = msgspec.json.decode(data, type=_Head).schema_
        if schema != BASELINE_SCHEMA:
            raise DiffError(
                f"this is a baseline of the schema {schema[:100]!r}; this version of sdkfp reads {BASELINE_SCHEMA!r}"
            )
        return msgspec.json.decode(data, type=Baseline)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DiffError(f"not a baseline: {error}") from None


def write_baseline(gate: Gate, before: Baseline | None = None) -> bytes:
    """A baseline that accepts what failed, beside what it accepts already and what was met."""
    reasons = {accepted.finding: accepted.why for accepted in (before.accepted if before is not None else ())}
    findings = sorted({*gate.failed, *gate.accepted})
    baseline = Baseline(BASELINE_SCHEMA, tuple(Accepted(finding, reasons.get(finding, "")) for finding in findings))
    return msgspec.json.format(msgspec.json.encode(baseline), indent=2) + b"\n"


def apply_gate(diff: Diff, rules: Iterable[str], baseline: Baseline | None = None) -> Diff:
    """The comparison with what the rules make of its last step.

    Args:
        diff: from :func:`sdkfp.diff.compare`.
        rules: from :func:`read_rules`.
        baseline: from :func:`read_baseline`.
    """
    rules = tuple(rules)
    accepted = {each.finding for each in baseline.accepted} if baseline is not None else set()
    met = {change.finding for change in diff.steps[-1].changes if any(_meets(rule, change) for rule in rules)}
    gate = Gate(
        rules,
        failed=tuple(sorted(met - accepted)),
        accepted=tuple(sorted(met & accepted)),
        unused=tuple(sorted(accepted - met)),
    )
    return msgspec.structs.replace(diff, gate=gate)


def _meets(rule: str, change: Change) -> bool:
    word, _, pattern = rule.partition(":")
    return RULES[word](change) and (not pattern or _fits(change.subject, pattern))


def _fits(subject: str, pattern: str) -> bool:
    return fnmatchcase(subject, pattern) or fnmatchcase(subject, f"android.permission.{pattern}")
