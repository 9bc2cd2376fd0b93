"""The comparison of a policy with an app as a paper, and as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sdkfp.disclosure.paper import Cell, Paper, Table
from sdkfp.export.text import visible
from sdkfp.export.words import in_language
from sdkfp.identification import Certainty
from sdkfp.signature import Names

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.disclosure.check import Basis, Missing, Narrower, PolicyCheck
    from sdkfp.report import Report

__all__ = ["check_paper", "paper_text"]

_WORDS: Mapping[str, Names] = {
    "title": Names("The privacy policy and the SDKs in {app}", "隐私政策与 {app} 中SDK的对照"),
    "read": Names(
        "The policy ({kind}) has {entries} entries in tables and lists and {sentences} sentences outside them.",
        "隐私政策({kind})包含表格与列表条目{entries}条,其外语句{sentences}句。",
    ),
    "meaning": Names(
        "This says what the policy names, as far as names and words can be met; it does not say that anything is wrong. SDKs that "
        "no signature knows, and code that is not explained, are not compared.",
        "本对照仅说明政策文字中出现了哪些名称与用语,不作任何合规判断。未被目录收录的SDK和未能解释的代码不在对照之内。",
    ),
    "nothing_listed": Names(
        "No table or list of SDKs was recognized in the policy: only sentences were compared.",
        "未在政策中识别出SDK表格或列表,仅对照了语句。",
    ),
    "missing": Names("Found in the app, not named in the policy", "应用中发现、政策中未见"),
    "libraries": Names("Base libraries found in the app, not named in the policy", "应用中发现、政策中未见的基础库"),
    "not_found": Names("Named in the policy, not found in the app", "政策中列出、应用中未发现"),
    "not_found_note": Names(
        "It may be of another version or platform, loaded later, or called from a server.",
        "可能属于其他版本或平台、后续加载,或仅在服务端调用。",
    ),
    "narrower": Names("Named with fewer types than known", "政策所列信息类型少于已知类型"),
    "covered": Names("Parts of a named SDK of the same maker", "已列SDK的同一厂商组成部分"),
    "unknown": Names("In the policy's list, not in the catalog", "政策清单中、目录未收录"),
    "unknown_note": Names("Whether these are in the app cannot be said.", "无法判断应用中是否包含这些SDK。"),
    "declared": Names("Found in the app and named in the policy", "应用中发现且政策中列出"),
    "sdk": Names("SDK", "SDK"),
    "types": Names("Types", "信息类型"),
    "not_named": Names("Not named", "未见列出"),
    "only_wider": Names("Only under a wider word", "仅见概括用语"),
    "why": Names("Rests on", "依据"),
    "note": Names("Note", "说明"),
    "part_of": Names("Part of", "所属SDK"),
    "matched": Names("Met by", "匹配名称"),
    "by_vendor": Names("declared", "声明收集"),
    "by_code": Names("able to read", "具备读取能力"),
    "by_both": Names("declared, able to read", "声明收集且具备读取能力"),
    "suspected": Names("only suspected", "仅为疑似"),
    "comes_with": Names("comes with {sdks}", "随{sdks}引入"),
    "maker": Names("the policy names its maker with something else: {quote}", "政策以其他名称列出了该开发者:{quote}"),
    "no_types": Names("the policy names no type beside it", "政策未在其旁列出信息类型"),
    "name": Names("Name in the policy", "政策中的名称"),
    "none": Names("nothing", "无"),
}
_PLACES = {"page": "页", "table": "个表格", "row": "行", "line": "行", "paragraph": "段"}
_PLACE = re.compile(rf"(?:, )?({'|'.join(_PLACES)}) (\d+)")


class _Writer:
    def __init__(self, language: str, catalog: Catalog) -> None:
        self.language = language
        self._catalog = catalog
        self.separator = "、" if language == "zh" else ", "

    def __call__(self, key: str, **values: object) -> str:
        text = in_language(_WORDS[key], self.language)
        return text.format(**values) if values else text

    def name(self, names: Names) -> str:
        return in_language(names, self.language)

    def sdk(self, sdk: str) -> str:
        return self.name(self._catalog[sdk].name) if sdk in self._catalog else sdk

    def type(self, name: str) -> str:
        known = self._catalog.vocabulary.types.get(name)
        return in_language(known.name, self.language).partition("(")[0].strip() if known else name

    def types(self, names: Iterable[str]) -> str:
        return self.separator.join(map(self.type, names))

    def bases(self, bases: Sequence[Basis]) -> Cell:
        return Cell("\n".join(self.basis(basis) for basis in bases[:2]))

    def basis(self, basis: Basis, longest: int = 240) -> str:
        quote = " / ".join(basis.quote.split("\n"))
        return f"{self.place(basis.place)}: {quote[:longest]}{'…' if len(quote) > longest else ''}"

    def place(self, place: str) -> str:
        """A place of the policy in words of the language."""
        return _PLACE.sub(lambda found: f"第{found[2]}{_PLACES[found[1]]}", place) if self.language == "zh" else place

    def table(self, key: str, head: Sequence[str], rows: Iterable[tuple[Cell, ...]], note: str = "") -> Table:
        found = tuple(rows)
        title = f"{self(key)} ({len(found)})"
        return Table(title, tuple(map(self, head)), found, self(note) if note and found else "")


def check_paper(check: PolicyCheck, report: Report, catalog: Catalog, *, language: str = "en") -> Paper:
    """The comparison as titled tables; each row has the place of the policy that it rests on.

    Args:
        check: from :func:`sdkfp.disclosure.check.check_policy`.
        report: of the app.
        catalog: the names of SDKs and types.
        language: ``en`` or ``zh``.
    """
    write = _Writer(language, catalog)
    app = " ".join(part for part in (report.app.package or report.app.name, report.app.version_name) if part)
    kind = f"{check.kind}, {check.encoding}" if check.encoding else check.kind
    notes = [write("read", kind=kind, entries=check.entries, sentences=check.sentences)]
    notes += [write("nothing_listed")] if not check.entries else []
    notes.append(write("meaning"))
    main = [missing for missing in check.missing if not missing.library]
    libraries = [missing for missing in check.missing if missing.library]
    tables = [
        write.table("missing", ("sdk", "types", "note"), (_missing(each, write) for each in main)),
        write.table(
            "narrower", ("sdk", "not_named", "only_wider", "why"), (_narrower(e, write) for e in check.narrower)
        ),
        write.table(
            "not_found",
            ("sdk", "matched", "why"),
            ((Cell(write.name(e.name)), Cell(e.matched), write.bases(e.bases)) for e in check.not_found),
            "not_found_note",
        ),
        write.table(
            "covered",
            ("sdk", "part_of"),
            ((Cell(write.name(each.name)), Cell(write.sdk(each.part_of))) for each in check.covered),
        ),
        write.table(
            "unknown",
            ("name", "why"),
            ((Cell(each.name), write.bases((each.basis,))) for each in check.unknown),
            "unknown_note",
        ),
        write.table("libraries", ("sdk", "types", "note"), (_missing(each, write) for each in libraries)),
        write.table(
            "declared",
            ("sdk", "matched", "types", "why"),
            (
                (Cell(write.name(e.name)), Cell(e.matched), Cell(write.types(e.types)), write.bases(e.bases))
                for e in check.declared
            ),
        ),
    ]
    return Paper(write("title", app=app), language, tuple(notes), tuple(tables))


def _missing(missing: Missing, write: _Writer) -> tuple[Cell, ...]:
    notes = []
    if missing.certainty is not Certainty.IDENTIFIED:
        notes.append(write("suspected"))
    if missing.comes_with:
        notes.append(write("comes_with", sdks=write.separator.join(map(write.sdk, missing.comes_with))))
    if missing.maker_named is not None:
        notes.append(write("maker", quote=write.basis(missing.maker_named, 120)))
    return Cell(write.name(missing.name)), Cell(write.types(missing.types)), Cell("\n".join(notes))


def _narrower(narrow: Narrower, write: _Writer) -> tuple[Cell, ...]:
    plain, wider = [], []
    for gap in narrow.gaps:
        word = write("by_both" if gap.declared and gap.able_to_read else "by_vendor" if gap.declared else "by_code")
        part = f"{write.sdk(gap.of)}: {word}" if gap.of != narrow.sdk else word
        text = f"{write.type(gap.type)} ({part})"
        if gap.wider is None:
            plain.append(text)
        else:
            wider.append(f"{text} ← {gap.wider}")
    if narrow.no_types:
        plain.insert(0, write("no_types"))
    return Cell(write.name(narrow.name)), Cell("\n".join(plain)), Cell("\n".join(wider)), write.bases(narrow.bases)


def paper_text(paper: Paper) -> str:
    """A paper as plain text for a terminal: a paragraph for each row, empty tables as their title alone."""
    lines = [visible(paper.title), *(f"  {visible(note, 1000)}" for note in paper.notes)]
    for table in paper.tables:
        lines += ["", visible(table.title)]
        lines += [f"  ({visible(table.note, 1000)})"] if table.note else []
        for row in table.rows:
            first, *rest = row
            lines.append(f"  {visible(first.text)}")
            for name, cell in zip(table.head[1:], rest, strict=True):
                parts = [visible(part, 400) for part in cell.text.split("\n") if part]
                if parts:
                    lines.append(f"    {visible(name)}: {'; '.join(parts)}")
    return "\n".join(lines)
