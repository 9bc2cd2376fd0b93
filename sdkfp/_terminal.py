"""What the command line prints for people."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sdkfp._behaviour_text import summary_lines
from sdkfp.signature import Names

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog, Found
    from sdkfp.report import Report, SdkRecord, ShareRecord
    from sdkfp.signature import Signature

__all__ = ["lookup_text", "print_report", "signature_record"]

_WORDS: Mapping[str, Names] = {
    "sdk": Names("SDK", "SDK"),
    "category": Names("Category", "类别"),
    "version": Names("Version", "版本"),
    "certainty": Names("Certainty", "确定程度"),
    "evidence": Names("Evidence", "证据"),
    "classes": Names("Classes", "类数"),
    "identified": Names("identified", "已识别"),
    "suspected": Names("suspected", "疑似"),
    "none": Names("No SDK of the catalog was found.", "未发现目录中的SDK。"),
    "explained": Names("Code explained", "代码归属"),
    "sdks": Names("SDKs", "SDK"),
    "own": Names("the app's own", "应用自身"),
    "nobody": Names("not explained", "未能解释"),
    "renamed": Names("with shortened names", "名称被缩短"),
    "unexplained": Names("Largest packages not explained", "未能解释的主要包"),
    "mentioned": Names("Only mentioned, not inside", "仅被提及,未包含"),
    "ohpm": Names("Packages that no signature knows", "目录中没有的包"),
    "embedded": Names("Code in assets or under other names", "资源目录中或以其他名称存放的代码"),
    "packers": Names("Packed or hardened", "加固或加壳"),
    "packed": Names(
        "code is hidden, so SDKs that are not listed may still be inside",
        "部分代码被隐藏,未列出的SDK仍可能存在",
    ),
    "not_examined": Names("Not examined", "未检查"),
    "of_classes": Names("of {n} classes", "(共{n}个类)"),
    "of_code": Names("of code bytes", "(按代码字节)"),
    "and_more": Names("and {n} more", "另有{n}项"),
    "collects": Names("declared to collect", "声明收集"),
    "by": Names("by", "开发者"),
    "clue": Names("met by", "匹配"),
    "clues": Names("clues", "线索"),
    "requires": Names("requires", "依赖"),
    "no_code": Names("The input has no code to explain.", "输入中没有可归属的代码。"),
}
_MOST_SHOWN = 8
_PIPED_WIDTH = 140
"""Columns of a table that goes to a file or another program."""


def print_report(report: Report, catalog: Catalog, language: str) -> None:
    """The report as tables on standard output."""
    from rich.console import Console  # noqa: PLC0415 - slow to import, not needed for `lookup`
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    say = _Speaker(language)
    piped = not sys.stdout.isatty()
    console = Console(highlight=False, width=_PIPED_WIDTH if piped else None)
    app = report.app
    head = " ".join(part for part in (app.package or app.name, app.version_name or "") if part)
    facts = [
        f"{app.dex_files} dex",
        f"{len(app.native_libraries)} .so",
        *([f"targetSdk {app.target_sdk}"] if app.target_sdk else []),
    ]
    console.print(Text(f"{_plain(head)}  ({app.kind}, {', '.join(facts)})", style="bold"))
    if report.sdks:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("sdk", "category", "version", "certainty", "classes", "evidence"):
            table.add_column(say(column), justify="right" if column == "classes" else "left", overflow="fold")
        for sdk in sorted(report.sdks, key=lambda s: (s.certainty.value, -s.classes, s.id)):
            known = catalog.vocabulary.categories  # a saved report may have others
            categories = ", ".join(_name(known.get(c, Names(c)), language) for c in sdk.categories[:1])
            table.add_row(
                Text(_plain(_both(sdk.name))),
                Text(_plain(categories)),
                Text(_version(sdk)),
                Text(say(sdk.certainty.value), style="green" if sdk.certainty.value == "identified" else "yellow"),
                str(sdk.classes or ""),
                Text(_evidence(sdk)),
            )
        console.print(table)
    else:
        console.print(say("none"))
    behaviours = summary_lines(report, language)
    if behaviours:
        console.print(Text("\n" + "\n".join(behaviours)))
    _print_coverage(console, report, say)


def _print_coverage(console: Any, report: Report, say: _Speaker) -> None:
    from rich.text import Text  # noqa: PLC0415 - as above

    unexplained = report.unexplained

    def line(title: str, items: Sequence[str], total: int) -> None:
        if items:
            more = [say("and_more").format(n=total - _MOST_SHOWN)] if total > _MOST_SHOWN else []
            console.print(Text(f"{title}: {' · '.join([*items[:_MOST_SHOWN], *more])}"))

    if unexplained.total.classes:
        parts: list[tuple[str, ShareRecord]] = [(key, getattr(unexplained, key)) for key in ("sdks", "own", "nobody")]
        shares = " · ".join(f"{say(key)} {share.classes_share:.0%}" for key, share in parts)
        of_all = say("of_classes").format(n=unexplained.total.classes)
        renamed = f"{say('renamed')} {unexplained.renamed.classes_share:.0%}"
        console.print(Text(f"\n{say('explained')}: {shares} {of_all} · {renamed}", style="bold"))
    elif not unexplained.ohpm and "package" not in {e.kind.value for sdk in report.sdks for e in sdk.evidence}:
        console.print(say("no_code"))
    line(say("ohpm"), [_plain(" ".join([p.name, *p.releases])) for p in unexplained.ohpm], len(unexplained.ohpm))
    packages = [f"{_plain(p.name) or '(default)'} {p.classes}" for p in unexplained.packages]
    line(say("unexplained"), packages, unexplained.packages_total)
    line(
        say("mentioned"),
        [f"{_plain(m.sdk)} ({m.references})" for m in unexplained.mentioned],
        len(unexplained.mentioned),
    )
    embedded = [f"{_plain(e.location)} ({e.kind})" for e in report.app.embedded]
    line(say("embedded"), embedded, len(embedded))
    packers = [_plain(_both(packer.name)) for packer in unexplained.packers]
    if packers:
        console.print(Text(f"{say('packers')}: {' · '.join(packers)}: {say('packed')}", style="bold red"))
    for skipped in report.not_examined[:_MOST_SHOWN]:
        console.print(
            Text(f"{say('not_examined')}: {_plain(skipped.location)}: {_plain(skipped.reason)}", style="yellow")
        )
    if len(report.not_examined) > _MOST_SHOWN:
        console.print(
            Text(
                f"{say('not_examined')}: {say('and_more').format(n=len(report.not_examined) - _MOST_SHOWN)}",
                style="yellow",
            )
        )


def lookup_text(found: Sequence[Found], catalog: Catalog, language: str) -> str:
    """The answers of a look-up, a block of lines each."""
    say = _Speaker(language)
    blocks = []
    for answer in found:
        signature = answer.signature
        categories = ", ".join(_name(catalog.vocabulary.categories[c], language) for c in signature.categories)
        lines = [f"{signature.id}  {_both(signature.name)}  [{categories}]"]
        organization = catalog.organizations.get(signature.organization or "")
        if organization is not None:
            lines.append(f"  {say('by')}: {_both(organization.name)}")
        lines.append(f"  {say('clue')}: {answer.reason}")
        lines.append(f"  {say('clues')}: {' · '.join(str(clue) for clue in signature.clues)}")
        if signature.requires:
            lines.append(f"  {say('requires')}: {', '.join(signature.requires)}")
        if signature.collects:
            types = [_name(catalog.vocabulary.types[claim.type].name, language) for claim in signature.collects]
            lines.append(f"  {say('collects')}: {', '.join(dict.fromkeys(types))}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def signature_record(signature: Signature) -> dict[str, object]:
    """A signature as JSON-ready data, without its examples."""
    import msgspec  # noqa: PLC0415 - needed for `--json` only

    record: dict[str, object] = msgspec.to_builtins(signature)
    for key in ("match", "miss", "path"):
        record.pop(key)
    return record


class _Speaker:
    """The fixed words in one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def __call__(self, key: str) -> str:
        return _name(_WORDS[key], self._language)


def _name(names: Names, language: str) -> str:
    return names.zh or names.en if language == "zh" else names.en


def _both(names: Names) -> str:
    return f"{names.en} {names.zh}" if names.zh and names.zh != names.en else names.en


def _version(sdk: SdkRecord) -> str:
    return _plain(sdk.version.text) if sdk.version is not None else ""


def _evidence(sdk: SdkRecord) -> str:
    """The strongest piece: of the best grade the one that met most, and how many clues met something in all."""
    if not sdk.evidence:
        return ""
    best = max((e for e in sdk.evidence if e.grade is sdk.evidence[0].grade), key=lambda e: e.count)
    others = len({e.clue for e in sdk.evidence} - {best.clue})
    return _plain(best.feature if best.count == 1 else f"{best.clue} ×{best.count}") + (
        f" (+{others})" if others else ""
    )


def _plain(text: str) -> str:
    """Text from the app, safe for a terminal: no controls, no direction marks, not endless."""
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:300])
    return clean if len(text) <= 300 else clean + "…"
