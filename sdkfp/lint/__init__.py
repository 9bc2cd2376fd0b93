"""The signature workshop's checks: the rules of the house, each with its severity and remedy; the whole catalog as one."""

from __future__ import annotations

from pathlib import Path

from sdkfp._files import write_whole
from sdkfp.errors import SdkfpError, SignatureIssue
from sdkfp.lint import clues, examples, facts, layout, marks_rules, relations, yara_rules
from sdkfp.lint.examples import check_examples, check_listings, read_listings
from sdkfp.lint.issue import Finding, Issue, Rule, Severity
from sdkfp.lint.layout import LayoutError, canonical
from sdkfp.lint.marks_learning import LearnedMarks, files_by_hash, learn_marks, relearn_marks
from sdkfp.lint.workspace import Workspace, is_catalog, open_workspace

__all__ = [
    "RULES",
    "Finding",
    "Issue",
    "LayoutError",
    "LearnedMarks",
    "Rule",
    "Severity",
    "Workspace",
    "canonical",
    "check_examples",
    "check_listings",
    "files_by_hash",
    "fix",
    "is_catalog",
    "learn_marks",
    "lint",
    "lint_workspace",
    "open_workspace",
    "read_listings",
    "relearn_marks",
]

RULES: tuple[Rule, ...] = (
    *layout.RULES,
    *clues.RULES,
    *relations.RULES,
    *facts.RULES,
    *examples.RULES,
    *yara_rules.RULES,
)
"""Every rule; ``schema`` (the strict reader's own) and those about the text of YARA files are not among them."""

_REMEDIES = (
    ("unknown key", "mend the spelling, or take it out"),
    ("unknown ", "use a word of the vocabulary"),
    ("duplicate key", "keep one of the two"),
    ("is missing", "add it"),
)
"""By a part of the strict reader's message."""
_REMEDY = "write it as docs/signatures.md shows"


def lint(path: Path | None = None) -> list[Issue]:
    """Check signatures by every rule.

    Args:
        path: a whole catalog, a plain folder of signatures (seen together with the built-in ones) or one signature file;
            by default the built-in signatures.

    Returns:
        All issues of all files, sorted by place. A file that breaks the format has those issues only.

    Raises:
        CatalogError: there is no signature.
    """
    return lint_workspace(open_workspace(path))


def lint_workspace(workspace: Workspace, *, artifacts: Path | None = None) -> list[Issue]:
    """As :func:`lint`, for files that are already read.

    Args:
        workspace: the files.
        artifacts: a folder of vendors' files, from which marks are learned again and compared.
    """
    problems = [p for file in workspace.files if file.examined for p in file.problems]
    issues = [_schema_issue(problem) for problem in (*problems, *workspace.other_problems)]
    issues += [issue for rule in RULES for issue in rule.issues(workspace)]
    issues += yara_rules.yara_issues(workspace)
    issues += marks_rules.marks_issues(workspace, artifacts)
    return sorted(set(issues))


def _schema_issue(problem: SignatureIssue) -> Issue:
    remedy = next((remedy for part, remedy in _REMEDIES if part in problem.message), _REMEDY)
    return Issue(problem.path, problem.line, problem.column, "schema", Severity.ERROR, problem.message, remedy)


def fix(path: Path | None = None) -> list[Path]:
    """Rewrite signature files into canonical form, keeping comments; a file that breaks the format is left alone.

    Returns:
        The files that were changed.

    Raises:
        CatalogError: there is no signature.
        SdkfpError: a file cannot be written, or would lose something; files before it are done, this one is unchanged.
    """
    changed = []
    workspace = open_workspace(path)
    for file in dict.fromkeys(found.file for rule in layout.RULES for found in rule.check(workspace)):
        text = file.text()
        try:
            done = canonical(text)
            if done != text:
                write_whole(file.path, done.encode())
                changed.append(file.path)
        except OSError as error:
            raise SdkfpError(f"{file.shown} cannot be written: {error.strerror or error}; it is unchanged") from None
        except LayoutError as error:
            raise LayoutError(f"{file.shown}: {error}") from None
    return changed
