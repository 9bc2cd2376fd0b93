"""What `sdkfp catalog` prints for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sdkfp.signature import Names

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.summary import CatalogSummary

__all__ = ["summary_text"]

_LINES: Mapping[str, Names] = {
    "signatures": Names("Signatures", "特征总数"),
    "proven": Names("  proven, may identify", "  已验证,可判定为已识别"),
    "nursery": Names("  nursery, suspected at most", "  待验证,最多判定为疑似"),
    "verified": Names("Checked against a vendor's artifact (hash recorded)", "已用厂商文件核对(记录哈希)"),
    "verified_in_several_versions": Names("  in several versions", "  核对了多个版本"),
    "with_version_rule": Names("With a place where the version stands", "可读取版本"),
    "with_sourced_behaviours": Names("With sourced claims about what is collected", "收集声明有出处"),
    "claims": Names("  claims", "  声明条数"),
    "organizations": Names("Organizations", "开发者"),
    "rules": Names("YARA rules", "YARA 规则"),
    "packers": Names("Packers and hardening shells", "加固与加壳"),
}
_CATEGORIES = Names("Categories", "类别")
_COUNTRIES = Names("Countries of the organizations", "开发者所在国家或地区")
_MAKERS = Names("Organizations with the most signatures", "特征最多的开发者")
_MOST_MAKERS = 15
_UNKNOWN = Names("not known", "未知")
_CATALOG = Names("Catalog", "特征库")


def summary_text(summary: CatalogSummary, catalog: Catalog, language: str) -> str:
    """The counts, one a line, and the two tables as lines of pairs."""
    return "\n".join(_lines(summary, catalog, language))


def _lines(summary: CatalogSummary, catalog: Catalog, language: str) -> Iterator[str]:
    def say(names: Names) -> str:
        return names.zh or names.en if language == "zh" else names.en

    yield f"{say(_CATALOG)} {summary.version}  sha256 {summary.sha256}"
    for key, names in _LINES.items():
        yield f"{getattr(summary, key):>6}  {say(names)}"
    words = catalog.vocabulary.categories
    yield f"{say(_CATEGORIES)}: " + " · ".join(f"{say(words[w])} {count}" for w, count in summary.categories.items())
    yield f"{say(_COUNTRIES)}: " + " · ".join(f"{c or say(_UNKNOWN)} {count}" for c, count in summary.countries.items())
    makers = list(summary.makers.items())[:_MOST_MAKERS]
    yield f"{say(_MAKERS)}: " + " · ".join(f"{say(catalog.organizations[m].name)} {count}" for m, count in makers)
