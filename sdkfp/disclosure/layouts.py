"""The layouts in which lists of third-party SDKs are asked for: rows as papers, with the gaps open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sdkfp.disclosure.paper import Cell, Paper, Table, gap
from sdkfp.export.words import NEEDS, in_language
from sdkfp.identification import Certainty
from sdkfp.signature import Names

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.disclosure.rows import DisclosedType, DisclosureRow
    from sdkfp.report import Report

__all__ = ["LAYOUTS", "disclosure_paper"]

_WORDS: Mapping[str, Names] = {
    "title": Names("Third-party SDKs in {app}", "{app} 第三方SDK清单"),
    "title_dual": Names("Personal information shared with third parties: {app}", "{app} 与第三方共享个人信息清单"),
    "title_play": Names(
        "Google Play Data safety: what the SDKs in {app} add", "{app} Google Play 数据安全表单:SDK部分"
    ),
    "draft": Names(
        "A draft made from the app. Types are those that a source of the catalog says an SDK collects; “to confirm” marks types "
        "that its code in this app is able to read but no source names. What is marked “to be completed” no source is known for. "
        "Check every row before you publish it.",
        "本清单为根据应用安装包生成的草稿。个人信息类型来自目录所记载的来源;标注“待确认”的,是该SDK在本应用中的代码具备读取能力而未见声明的类型;"
        "标注“待补充”的,目前没有已知来源。发布前请逐项核对。",
    ),
    "draft_play": Names(
        "A draft made from the app: one row for each data type that an SDK is declared to collect or able to read. "
        "What the app itself collects, whether data is shared, and how it is processed cannot be seen in an app file and stay open.",
        "本表为根据应用安装包生成的草稿,每行为SDK声明收集或具备读取能力的一类数据。应用自身的收集、是否共享以及处理方式无法从安装包得知,均留空待补充。",
    ),
    "sdk": Names("SDK name", "SDK名称"),
    "sdk_package": Names("SDK name (package)", "SDK名称(包名)"),
    "package": Names("Package", "包名"),
    "developer": Names("Developer", "开发者名称"),
    "purpose": Names("Purpose", "使用目的"),
    "scene": Names("Scenario", "使用场景"),
    "types": Names("Personal information types", "收集个人信息类型"),
    "scope": Names("Scope of information collected", "收集信息范围"),
    "permissions": Names("Permissions", "使用的权限"),
    "manner": Names("Manner", "收集方式"),
    "shared_by": Names("Manner of sharing", "共享方式"),
    "policy": Names("Privacy policy URL", "隐私政策链接"),
    "category": Names("Category", "类别"),
    "itself": Names("collected by the SDK in the app", "SDK本机采集"),
    "none": Names("none", "无"),
    "able": Names("Able to read", "具备读取能力"),
    "confirm": Names("[to confirm: {types}]", "〔待确认:{types}〕"),
    "suspected": Names("[to confirm: only suspected]", "〔待确认:疑似〕"),
    "libraries": Names("Base libraries without a known collection", "未见收集个人信息依据的基础库"),
    "libraries_note": Names(
        "No source of the catalog says that these collect personal information, and their code is able to read technical "
        "information at most.",
        "目录中没有来源说明这些库收集个人信息,其代码至多具备读取技术类信息的能力。",
    ),
    "no_sdk": Names(
        "No SDK of the catalog was found. Code that is not explained may still hold some.",
        "未发现目录中的SDK;未能解释的代码中仍可能存在SDK。",
    ),
    "play_category": Names("Category", "类别"),
    "play_type": Names("Data type", "数据类型"),
    "collected": Names("Collected", "是否收集"),
    "shared": Names("Shared", "是否共享"),
    "ephemeral": Names("Processed ephemerally", "是否仅临时处理"),
    "required": Names("Required or optional", "必需或可选"),
    "purposes": Names("Purposes", "目的"),
    "because": Names("Because of", "涉及的SDK"),
    "yes": Names("yes, declared", "是(已声明)"),
    "yes_able": Names("[to confirm: code is able to read it]", "〔待确认:代码具备读取能力〕"),
}
_PLAY_PURPOSES: Mapping[str, str] = {
    "advertising": "Advertising or marketing",
    "attribution": "Advertising or marketing",
    "analytics": "Analytics",
    "crash_performance": "Analytics",
    "fraud_prevention": "Fraud prevention, security, and compliance",
    "personalization": "Personalization",
    "account_management": "Account management",
    "login_share": "Account management",
    "developer_communications": "Developer communications",
}
"""Our purposes in the words of the Data safety form; all others are ``App functionality``."""


class _Writer:
    """Texts and cells in one language."""

    def __init__(self, language: str, catalog: Catalog) -> None:
        self.language = language
        self._words = catalog.vocabulary
        self.separator = "、" if language == "zh" else ", "

    def __call__(self, key: str, **values: str) -> str:
        text = in_language(_WORDS[key], self.language)
        return text.format(**values) if values else text

    def gap(self, hint: str = "") -> Cell:
        return gap(self.language, hint)

    def or_gap(self, text: str | None, hint: str = "") -> Cell:
        return Cell(text) if text else self.gap(hint)

    def type(self, name: str) -> str:
        known = self._words.types.get(name)
        return in_language(known.name, self.language) if known else name

    def listed(self, words: Sequence[str], known: Mapping[str, Names]) -> str:
        return self.separator.join(in_language(known[word], self.language) if word in known else word for word in words)

    def categories(self, row: DisclosureRow) -> str:
        return self.listed(row.categories, self._words.categories)

    def name(self, row: DisclosureRow) -> str:
        name = in_language(row.name, self.language)
        return name if row.certainty is Certainty.IDENTIFIED else f"{name} {self('suspected')}"

    def developer(self, row: DisclosureRow) -> Cell:
        return self.or_gap(in_language(row.developer, self.language) if row.developer else None)

    def packages(self, row: DisclosureRow) -> Cell:
        return self.or_gap("\n".join(row.packages))

    def purposes(self, row: DisclosureRow) -> Cell:
        return self.or_gap(self.listed(row.purposes, self._words.purposes), self.categories(row))

    def types(self, row: DisclosureRow) -> Cell:
        """Declared types with ``optional`` where they are; then what is only able to be read, to confirm."""
        declared = [self._declared(kind) for kind in row.types if kind.declared]
        able = [self.type(kind.type) for kind in row.types if not kind.declared]
        parts = [self.separator.join(declared)] if declared else []
        if able:
            parts.append(self("confirm", types=self.separator.join(able)))
        return Cell("\n".join(parts), gap=not declared) if parts else self.gap()

    def _declared(self, kind: DisclosedType) -> str:
        name = self.type(kind.type)
        if kind.need is None or kind.need.value == "required":
            return name
        word = in_language(NEEDS[kind.need.value], self.language)
        return f"{name}({word})" if self.language == "zh" else f"{name} ({word})"

    def permissions(self, row: DisclosureRow) -> Cell:
        return Cell("\n".join(row.permissions)) if row.permissions else Cell(self("none"))

    def manner(self, row: DisclosureRow) -> Cell:
        return Cell(self("itself")) if row.collects_itself else self.gap()


_Column = tuple[str, Callable[[_Writer, "DisclosureRow"], Cell]]
_NAME: _Column = ("sdk", lambda w, row: Cell(w.name(row)))
_PACKAGE: _Column = ("package", lambda w, row: w.packages(row))
_DEVELOPER: _Column = ("developer", lambda w, row: w.developer(row))
_PURPOSE: _Column = ("purpose", lambda w, row: w.purposes(row))
_TYPES: _Column = ("types", lambda w, row: w.types(row))
_POLICY: _Column = ("policy", lambda w, row: w.or_gap(row.privacy_policy, row.website or ""))
_COLUMNS: Mapping[str, tuple[_Column, ...]] = {
    "store": (
        _NAME,
        _PACKAGE,
        _DEVELOPER,
        _PURPOSE,
        _TYPES,
        ("permissions", lambda w, row: w.permissions(row)),
        ("manner", lambda w, row: w.manner(row)),
        _POLICY,
    ),
    "compact": (
        ("sdk_package", lambda w, row: Cell("\n".join([w.name(row), *(f"({name})" for name in row.packages[:2])]))),
        _DEVELOPER,
        ("scope", lambda w, row: w.types(row)),
        _PURPOSE,
        _POLICY,
    ),
    "dual-list": (
        _NAME,
        _DEVELOPER,
        _TYPES,
        _PURPOSE,
        ("scene", lambda w, _: w.gap()),
        ("shared_by", lambda w, row: w.manner(row)),
        _POLICY,
    ),
}
LAYOUTS: tuple[str, ...] = (*_COLUMNS, "play")
"""``store``: every column that stores and vendors' templates ask for; ``compact``: five columns; ``dual-list``: the list of information
that is shared with third parties; ``play``: Google Play's Data safety form."""


def disclosure_paper(
    rows: Sequence[DisclosureRow], report: Report, catalog: Catalog, *, layout: str = "store", language: str = "en"
) -> Paper:
    """The rows as a paper.

    Args:
        rows: from :func:`sdkfp.disclosure.rows.disclosure_rows`.
        report: of the app, for its name.
        catalog: the names of types, purposes and categories.
        layout: one of :data:`LAYOUTS`.
        language: ``en`` or ``zh``.
    """
    write = _Writer(language, catalog)
    app = " ".join(part for part in (report.app.package or report.app.name, report.app.version_name) if part)
    if layout == "play":
        return _play(rows, write, app, catalog)
    columns = _COLUMNS[layout]
    main = [row for row in rows if not row.library]
    libraries = [row for row in rows if row.library]
    tables = [Table("", tuple(write(key) for key, _ in columns), _cells(main, columns, write))] if main else []
    if libraries:
        tables.append(_libraries(libraries, write, columns[0][0]))
    notes = [write("draft")] if rows else [write("no_sdk")]
    title = write("title_dual" if layout == "dual-list" else "title", app=app)
    return Paper(title, language, tuple(notes), tuple(tables))


def _cells(rows: Sequence[DisclosureRow], columns: Sequence[_Column], write: _Writer) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(make(write, row) for _, make in columns) for row in rows)


def _libraries(rows: Sequence[DisclosureRow], write: _Writer, name: str) -> Table:
    columns: tuple[_Column, ...] = (
        (name, lambda w, row: Cell(w.name(row))),
        _PACKAGE,
        ("developer", lambda w, row: Cell(in_language(row.developer, w.language) if row.developer else "")),
        ("category", lambda w, row: Cell(w.categories(row))),
        ("able", lambda w, row: Cell(w.separator.join(w.type(kind.type) for kind in row.types))),
        ("policy", lambda _, row: Cell(row.privacy_policy or "")),
    )
    head = tuple(write(key) for key, _ in columns)
    return Table(write("libraries"), head, _cells(rows, columns, write), write("libraries_note"))


def _play(rows: Sequence[DisclosureRow], write: _Writer, app: str, catalog: Catalog) -> Paper:
    """One row for each data type of the form, in its order of the vocabulary."""
    gathered: dict[tuple[str, str], list[tuple[DisclosureRow, DisclosedType]]] = {}
    order = list(catalog.vocabulary.types)
    pairs = [(row, kind) for row in rows for kind in row.types]
    for row, kind in sorted(pairs, key=lambda pair: order.index(pair[1].type) if pair[1].type in order else len(order)):
        known = catalog.vocabulary.types.get(kind.type)
        place = (known.google_play if known else None) or kind.type
        category, _, data = place.partition(" (")[0].partition(": ")
        gathered.setdefault((category, data or category), []).append((row, kind))
    table = [_play_row(category, data, found, write) for (category, data), found in gathered.items()]
    keys = ("play_category", "play_type", "collected", "shared", "ephemeral", "required", "purposes", "because")
    tables = (Table("", tuple(write(key) for key in keys), tuple(table)),) if table else ()
    return Paper(write("title_play", app=app), write.language, (write("draft_play"),), tables)


def _play_row(
    category: str, data: str, found: Sequence[tuple[DisclosureRow, DisclosedType]], write: _Writer
) -> tuple[Cell, ...]:
    declared = [kind for _, kind in found if kind.declared]
    required = any(kind.need is not None and kind.need.value == "required" for kind in declared)
    purposes = dict.fromkeys(
        _PLAY_PURPOSES.get(purpose, "App functionality") for kind in declared for purpose in kind.purposes
    )
    because = [f"{write.name(row)}: {write.type(kind.type)}" for row, kind in found]
    return (
        Cell(category),
        Cell(data),
        Cell(write("yes")) if declared else Cell(write("yes_able"), gap=True),
        write.gap(),
        write.gap(),
        Cell(in_language(NEEDS["required" if required else "optional"], write.language)) if declared else write.gap(),
        write.or_gap(", ".join(purposes)),
        Cell("\n".join(dict.fromkeys(because))),
    )
