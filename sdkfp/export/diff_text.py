"""A comparison as Markdown, in English or Chinese, for people and for merge requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sdkfp.export.text import visible
from sdkfp.signature import Names

if TYPE_CHECKING:
    from sdkfp.diff import Change, Diff, Gate, ReportInfo, Step

__all__ = ["code_span", "to_markdown"]

_WORDS: Mapping[str, Names] = {
    "title": Names("What changed", "变化"),
    "none": Names("No differences.", "没有差异。"),
    "sdk": Names("SDKs", "SDK"),
    "version": Names("Versions", "版本"),
    "certainty": Names("Certainty", "确定程度"),
    "read": Names("Able to read", "具备读取能力"),
    "declared": Names("Declared to collect", "声明收集"),
    "permission": Names("Permissions requested", "申请的权限"),
    "came": Names("new", "新增"),
    "came_back": Names("came back (last seen in {name})", "再次出现(上次见于{name})"),
    "went": Names("gone", "消失"),
    "changed": Names("changed", "变更"),
    "came_short": Names("new", "新增"),
    "came_back_short": Names("came back", "再次出现"),
    "went_short": Names("gone", "消失"),
    "changed_short": Names("changed", "变更"),
    "what": Names("What", "变化"),
    "subject": Names("Subject", "对象"),
    "party": Names("By", "主体"),
    "old": Names("Before", "之前"),
    "new": Names("Now", "现在"),
    "evidence": Names("Evidence", "证据"),
    "app": Names("the app's own code", "应用自身代码"),
    "identified": Names("identified", "已识别"),
    "suspected": Names("suspected", "疑似"),
    "possible": Names("possible", "可能"),
    "without_permission": Names("without the permission it needs", "缺少所需权限"),
    "first": Names("nobody in the app before", "此前应用中无任何代码具备"),
    "another-package": Names("The reports are of apps with different package names.", "所比较的应用包名不同。"),
    "another-catalog": Names(
        "The reports were made with different signatures: a difference may come from the signatures.",
        "各报告使用的特征库不同,差异可能来自特征库。",
    ),
    "reads-not-looked-for": Names(
        "Reads were not looked for in one of the reports, so they are not compared.",
        "至少一份报告未检查读取能力,因此未作比较。",
    ),
    "code-hidden": Names(
        "A packer hides code in one of the apps: what seems gone may still be there.",
        "至少一个应用的代码被加固隐藏,看似消失的内容可能仍然存在。",
    ),
    "gate": Names("Rules", "规则"),
    "failed": Names("Not accepted", "未被接受"),
    "accepted": Names("Accepted by the baseline", "已被基线接受"),
    "unused": Names("Accepted by the baseline, but no rule met it", "基线已接受但未触发任何规则"),
    "passed": Names("No rule was met.", "未触发任何规则。"),
}


def to_markdown(diff: Diff, language: str = "en") -> bytes:
    """The comparison as Markdown (GitHub's tables), in UTF-8.

    Args:
        diff: from :func:`sdkfp.diff.compare`.
        language: ``en`` or ``zh``.
    """
    say = _Speaker(language)
    lines = [f"# {say('title')}"]
    for note in diff.notes:
        lines += ["", f"> {say(note)}"]
    for step in diff.steps:
        old, new = (_version(diff.reports[place]) for place in (step.old, step.new))
        lines += ["", f"## {old} → {new}", *_step(step, diff.reports, say)]
    if diff.gate is not None:
        lines += _gate(diff.gate, say)
    return ("\n".join(lines) + "\n").encode()


def _version(report: ReportInfo) -> str:
    return _plain(" ".join(part for part in (report.package or report.name, report.version_name) if part))


def _step(step: Step, reports: Sequence[ReportInfo], say: _Speaker) -> list[str]:
    if not step.changes:
        return ["", say("none")]
    aspects: dict[str, list[Change]] = {}
    for change in step.changes:
        aspects.setdefault(change.aspect, []).append(change)
    lines = ["", " · ".join(f"{say(aspect)}: {_counts(changes, say)}" for aspect, changes in aspects.items())]
    for aspect, changes in aspects.items():
        columns = ["what", "subject", *(["party"] if any(c.party for c in changes) else []), "old", "new", "evidence"]
        columns = [column for column in columns if any(_cell(c, column, reports, say) for c in changes)]
        lines += ["", f"### {say(aspect)} ({len(changes)})", ""]
        lines.append(_row(say(column) for column in columns))
        lines.append("|" + " --- |" * len(columns))
        lines += [_row(_cell(change, column, reports, say) for column in columns) for change in changes]
    return lines


def _counts(changes: Sequence[Change], say: _Speaker) -> str:
    """How many of each kind."""
    found = Counter(change.what for change in changes)
    return ", ".join(
        f"{found[what]} {say(f'{what}_short')}" for what in ("came_back", "came", "changed", "went") if found[what]
    )


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(change: Change, column: str, reports: Sequence[ReportInfo], say: _Speaker) -> str:
    if column == "what":
        last = _version(reports[change.last_seen]) if change.last_seen is not None else ""
        return say(change.what, name=last) + (f" ({say('first')})" if change.first_in_app else "")
    if column == "subject":
        name = say.name(change.name)
        return code_span(change.subject) + (f" {_plain(name)}" if name else "")
    if column == "party":
        return say.word(change.party)
    if column == "evidence":
        return code_span(change.evidence) if change.evidence else ""
    return say.word(change.old if column == "old" else change.new)


def _gate(gate: Gate, say: _Speaker) -> list[str]:
    lines = ["", f"## {say('gate')}: {', '.join(code_span(rule) for rule in gate.rules)}"]
    if not gate.failed and not gate.accepted:
        lines += ["", say("passed")]
    for key, findings in (("failed", gate.failed), ("accepted", gate.accepted), ("unused", gate.unused)):
        if findings:
            lines += ["", f"{say(key)}:", "", *(f"- {code_span(finding)}" for finding in findings)]
    return lines


def code_span(text: str) -> str:
    """A code span that nothing in the text can end, also in a table."""
    return "`" + visible(text).replace("`", "\\u{60}").replace("|", "\\|") + "`"


def _plain(text: str) -> str:
    """Text in which nothing means anything to Markdown or HTML."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+!|&~" else char for char in visible(text))


class _Speaker:
    """The fixed words in one language."""

    def __init__(self, language: str) -> None:
        self._chinese = language == "zh"

    def __call__(self, key: str, **values: str) -> str:
        return self.name(_WORDS[key]).format(**values)

    def name(self, names: Names | None) -> str:
        if names is None:
            return ""
        return names.zh or names.en if self._chinese else names.en

    def word(self, text: str | None) -> str:
        """A word of ours in the language, anything else as it is."""
        if not text:
            return ""
        return (
            self(text)
            if text in ("app", "identified", "suspected", "possible", "without_permission")
            else code_span(text)
        )
