"""Rules about the YARA files beside signatures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sdkfp.errors import SignatureError, SignatureIssue
from sdkfp.features import Kind
from sdkfp.lint.issue import Finding, Issue, Rule, Severity
from sdkfp.lint.workspace import Workspace
from sdkfp.yara import RuleSource, compile_rules

__all__ = ["RULES", "yara_issues"]

_RULE = re.compile(r"^[ \t]*((?:private[ \t]+|global[ \t]+)*)rule[ \t]+(\w+)", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_META = re.compile(r"^[ \t]*(\w+)[ \t]*=[ \t]*(?:\"[^\n]*\"|\d+|true|false)[ \t]*$", re.MULTILINE)
_META_BLOCK = re.compile(r"\bmeta:(.*?)(?:\bstrings:|\bcondition:)", re.DOTALL)
_ALLOWED_META = ("target", "path", "kinds", "part", "why", "source", "sha256", "as_of")
_STRING = re.compile(r'^[ \t]*(\$\w*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)*)"([^\n]*)', re.MULTILINE)
_SHORTEST_STRING = 6


def yara_issues(workspace: Workspace) -> Iterator[Issue]:
    """What is wrong in the rule files themselves; the rules about clues are in :data:`RULES`."""
    for source in workspace.yara:
        yield from _compiled(source)
        yield from _checked(source)
        if source.namespace not in workspace:
            yield _issue(
                source, 0, "yara-orphan", "no signature stands beside these rules", "add one, or take the file out"
            )


def _compiled(source: RuleSource) -> Iterator[Issue]:
    try:
        compile_rules([source])
    except SignatureError as error:
        for problem in error.issues:
            yield _of_problem(problem)


def _of_problem(problem: SignatureIssue) -> Issue:
    slow = "slow" in problem.message
    rule, remedy = (
        ("yara-slow", "give the string four fixed bytes or more in a row")
        if slow
        else ("yara-compile", "mend the rule; `yarac` says the same")
    )
    return Issue(problem.path, problem.line, problem.column, rule, Severity.ERROR, problem.message, remedy)


def _checked(source: RuleSource) -> Iterator[Issue]:
    text = source.text
    for found in _RULE.finditer(text):
        if not _NAME.fullmatch(found[2]):
            message = f"the rule name {found[2]!r} is not words in lower case joined with `_`"
            yield _issue(
                source, found.start(2), "yara-name", message, "write vendor_what, for example adjust_endpoints"
            )
    for block in _META_BLOCK.finditer(text):
        for meta in _META.finditer(block[1]):
            if meta[1] not in _ALLOWED_META:
                message = f"unknown meta {meta[1]!r}"
                yield _issue(
                    source,
                    block.start(1) + meta.start(1),
                    "yara-meta",
                    message,
                    f"known are {', '.join(_ALLOWED_META)}",
                )
    for string in _STRING.finditer(text):
        if _length(string[2]) < _SHORTEST_STRING and "fullword" not in string[3] and "private" not in string[3]:
            message = f"the string {string[1]} has fewer than {_SHORTEST_STRING} bytes and will be met by chance"
            yield _issue(source, string.start(1), "yara-general", message, "make it longer, or `fullword`")


def _length(escaped: str) -> int:
    return len(re.sub(r"\\x[0-9a-fA-F]{2}|\\.", ".", escaped).encode())


def _issue(source: RuleSource, at: int, rule: str, message: str, remedy: str) -> Issue:
    line = source.text.count("\n", 0, at) + 1
    column = at - (source.text.rfind("\n", 0, at) + 1) + 1
    return Issue(source.path, line, column, rule, Severity.ERROR, message, remedy)


def _clue_without_rule(workspace: Workspace) -> Iterator[Finding]:
    public = _public_rules(workspace)
    for file, signature in workspace.examined:
        for position, clue in enumerate(signature.clues):
            if clue.kind is Kind.YARA and clue.name not in public.get(signature.id, set()):
                yield Finding(file, ("clues", position, "yara"), f"{signature.id}.yar has no public rule {clue.name!r}")


def _rule_without_clue(workspace: Workspace) -> Iterator[Finding]:
    """A rule that no clue names costs time and finds nothing."""
    public = _public_rules(workspace)
    for file, signature in workspace.examined:
        named = {clue.name for clue in signature.clues if clue.kind is Kind.YARA}
        for rule in sorted(public.get(signature.id, set()) - named):
            yield Finding(file, ("clues",), f"no clue names the rule {rule!r} of {signature.id}.yar")


def _public_rules(workspace: Workspace) -> dict[str, set[str]]:
    return {
        source.namespace: {found[2] for found in _RULE.finditer(source.text) if "private" not in found[1]}
        for source in workspace.yara
    }


RULES = (
    Rule("yara-no-rule", Severity.ERROR, "mend the name, or add the rule", _clue_without_rule),
    Rule("yara-no-clue", Severity.ERROR, "add the clue, make the rule private, or take it out", _rule_without_clue),
)
