"""What the command line prints about reads and declarations."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sdkfp.vocabulary import Names

if TYPE_CHECKING:
    from sdkfp.behaviour import CollectsRecord, Reader, ReadUse, TypeReads
    from sdkfp.report import Report, SdkRecord

__all__ = ["behaviours_text", "chosen", "summary_lines"]

_WORDS: Mapping[str, Names] = {
    "title": Names("Personal information in the code", "代码中的个人信息"),
    "both": Names("declared and able to read", "已声明且具备读取能力"),
    "undeclared": Names("able to read, not declared", "具备读取能力,未见声明"),
    "not_found": Names("declared, no read found", "已声明,未发现读取代码"),
    "in_required": Names("declared, readable by an SDK it requires", "已声明,由其依赖的SDK读取"),
    "unknown": Names("able to read (no declaration in the catalog)", "具备读取能力(目录中无声明)"),
    "app": Names("the app's own code", "应用自身代码"),
    "more": Names("and {n} more: sdkfp behaviours APP", "另有{n}项:sdkfp behaviours APP"),
    "unneeded": Names("Requested permissions that no code found needs", "已申请但未发现代码需要的权限"),
    "able": Names("able to read", "具备读取能力"),
    "declared": Names("declared", "声明收集"),
    "sites": Names("{n} places", "{n}处"),
    "and_sites": Names("and {n} more places", "另有{n}处"),
    "denied": Names(
        "the manifest does not request what this needs, so it cannot succeed", "清单未申请所需权限,无法成功读取"
    ),
    "needs": Names("needs", "需要权限"),
    "one_of": Names("one of", "任一"),
    "version": Names("version not known: may not apply", "版本未知,可能不适用"),
    "supports": Names("only goes with reading it", "仅为辅助调用"),
    "none": Names("Nothing was found.", "未发现。"),
}
_MOST_LINES = 10
_MOST_TYPES = 8
_MOST_SITES = 3


class _Speaker:
    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: int) -> str:
        text = self.name(_WORDS[key])
        return text.format(**values) if values else text

    def name(self, names: Names) -> str:
        return names.zh or names.en if self.language == "zh" else names.en

    def short(self, names: Names) -> str:
        """A name without what stands in brackets."""
        return self.name(names).partition("(")[0].strip()


def summary_lines(report: Report, language: str) -> list[str]:
    """One line for each SDK and for the app itself: what it is able to read and what is declared."""
    if not report.reads:
        return []
    say = _Speaker(language)
    order = {each.type: place for place, each in enumerate(report.reads)}
    names = {each.type: _plain(say.short(each.name)) for each in report.reads}
    rows: list[tuple[int, str]] = []
    own = [each.type for each in report.reads if any(reader.kind == "app" for reader in each.readers)]
    if own:
        rows.append((-1, f"{say('app')}: {say('able')}: {_listed(own, names)}"))
    for sdk in report.sdks:
        parts = list(_parts(sdk, names, say))
        if parts:
            first = min((order.get(claim.type, len(order)) for claim in sdk.collects), default=len(order))
            rows.append((first, f"{_plain(sdk.id)}: {' · '.join(parts)}"))
    if not rows:
        return []
    shown = [text for _, text in sorted(rows)]
    more = [say("more", n=len(shown) - _MOST_LINES)] if len(shown) > _MOST_LINES else []
    unneeded = [each.name for each in report.permissions if each.requested and each.code_found is False]
    last = [f"{say('unneeded')}: {', '.join(map(_plain, unneeded))}"] if unneeded else []
    return [f"{say('title')}:", *(f"  {line}" for line in (*shown[:_MOST_LINES], *more)), *last]


def _parts(sdk: SdkRecord, names: Mapping[str, str], say: _Speaker) -> Iterator[str]:
    found = sdk.comparison
    if found is None:
        able = [claim.type for claim in sdk.collects if claim.claim == "able_to_read"]
        if able:
            yield f"{say('unknown')}: {_listed(able, names)}"
        return
    for key, types in (
        ("undeclared", found.able_not_declared),
        ("both", found.declared_and_able),
        ("in_required", found.declared_in_required),
        ("not_found", found.declared_not_found),
    ):
        if types:
            yield f"{say(key)}: {_listed(types, names)}"


def _listed(types: Sequence[str], names: Mapping[str, str]) -> str:
    rest = [f"+{len(types) - _MOST_TYPES}"] if len(types) > _MOST_TYPES else []
    return ", ".join([*(names.get(name) or _plain(name) for name in types[:_MOST_TYPES]), *rest])


def chosen(report: Report, types: Collection[str], sdks: Collection[str]) -> tuple[TypeReads, ...]:
    """The types of a report, limited to some types and to what concerns some SDKs; an empty choice means all."""
    found = []
    for each in report.reads or ():
        if types and each.type not in types:
            continue
        if sdks and not (set(sdks) & {*(reader.id for reader in each.readers), *each.declared_by}):
            continue
        found.append(each)
    return tuple(found)


def behaviours_text(report: Report, types: Sequence[TypeReads], sdks: Collection[str], language: str) -> str:
    """Every type with who is able to read it, where, and who is declared to collect it."""
    say = _Speaker(language)
    by_id = {sdk.id: sdk for sdk in report.sdks}
    blocks = ["\n".join(_type_lines(each, by_id, sdks, say)) for each in types]
    legend = [f"{say.name(limit.text)}" for limit in report.legend]
    return "\n\n".join([*blocks, "\n".join(legend)]) if blocks else say("none")


def _type_lines(each: TypeReads, by_id: Mapping[str, SdkRecord], sdks: Collection[str], say: _Speaker) -> Iterator[str]:
    yield _plain(f"{say.name(each.name)}  [{each.type}]")
    for reader in each.readers:
        if not sdks or reader.id in sdks:
            yield from _reader_lines(reader, by_id, each.type, say)
    for sdk in each.declared_by:
        if not sdks or sdk in sdks:
            for claim in by_id[sdk].collects if sdk in by_id else ():  # a saved report may be inconsistent
                if claim.type == each.type and claim.claim == "declared":
                    yield f"  {_plain(sdk)}: {say('declared')}: {_declaration(claim, say)}"


def _reader_lines(reader: Reader, by_id: Mapping[str, SdkRecord], name: str, say: _Speaker) -> Iterator[str]:
    who = say("app") if reader.kind == "app" else _plain(reader.id)
    denied = f"; {say('denied')}" if reader.permission_requested is False else ""
    yield f"  {who}: {say('able')} ({reader.grade.value}, {say('sites', n=reader.count)}{denied})"
    uses = reader.reads
    if reader.kind == "sdk":
        claims = by_id[reader.id].collects if reader.id in by_id else ()
        uses = next((c.reads for c in claims if c.type == name and c.claim == "able_to_read"), ())
    for use in uses:
        yield from _use_lines(use, say)


def _use_lines(use: ReadUse, say: _Speaker) -> Iterator[str]:
    facts = [use.grade.value, *([say("supports")] if use.weight.value == "support" else [])]
    needs = [*use.all_of, *([f"{say('one_of')} {', '.join(use.any_of)}"] if use.any_of else [])]
    if needs:
        facts.append(f"{say('needs')} {' + '.join(needs)}")
    yield f"    {_plain(use.read)}  ({_plain('; '.join(facts))})"
    for site in use.sites[:_MOST_SITES]:
        place = ".".join(part for part in (site.class_name, site.method) if part)
        yield f"      {_plain(place)}  @ {_plain(site.location)}" if place else f"      @ {_plain(site.location)}"
    hidden = use.count - min(len(use.sites), _MOST_SITES)
    if hidden > 0:
        yield f"      {say('and_sites', n=hidden)}"


def _declaration(claim: CollectsRecord, say: _Speaker) -> str:
    need = claim.need.value if claim.need else ""
    facts = [need, claim.purpose or "", claim.versions or "", f"{claim.source} ({claim.as_of})"]
    if claim.versions and claim.version_in_range is None:
        facts.append(say("version"))
    return _plain(", ".join(fact for fact in facts if fact))


def _plain(text: str) -> str:
    """Text from the app, safe for a terminal: no controls, no direction marks, not endless."""
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:300])
    return clean if len(text) <= 300 else clean + "…"
