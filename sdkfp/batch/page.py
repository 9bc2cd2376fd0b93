"""Statistics as tables for people, and as one HTML page that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from sdkfp.batch.stats import Statistics
from sdkfp.signature import Names

__all__ = ["Section", "render_page", "sections"]

_APPS = Names("Apps", "应用数")
_SHARE = Names("Share", "占比")
_TYPE = Names("Personal information", "个人信息")
_SDK = Names("SDK", "SDK")


@dataclass(frozen=True, slots=True)
class Section:
    """One table."""

    id: str
    title: Names
    note: Names | None
    columns: tuple[Names, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int
    """Rows that are not listed."""


def sections(statistics: Statistics, most: int = 30) -> list[Section]:
    """The tables; those without a row are left out.

    Args:
        statistics: of a dataset.
        most: rows of a table.
    """
    total = statistics.apps

    def share(count: int) -> str:
        return f"{count / total:.1%}" if total else ""

    found = [
        _section(
            "sdks", Names("SDKs", "第三方SDK"), (_SDK, Names("Name", "名称"), _APPS, _SHARE, Names("identified in", "其中已识别")),
            [(s.id, s.name, f"{s.apps:,}", share(s.apps), f"{s.identified:,}") for s in statistics.sdks],
        ),
        _section(
            "categories", Names("Categories", "类别"), (Names("Category", "类别"), _APPS, _SHARE),
            [(c.id, f"{c.count:,}", share(c.count)) for c in statistics.categories],
        ),
        _section(
            "types", Names("Personal information in apps", "各应用涉及的个人信息"),
            (_TYPE, Names("able to read", "具备读取能力"), _SHARE, Names("an SDK is", "其中SDK"), Names("declared by an SDK", "SDK已声明"),
             Names("an SDK is, and does not declare it", "SDK具备但未声明")),
            [(t.id, f"{t.able:,}", share(t.able), f"{t.able_sdk:,}", f"{t.declared:,}", f"{t.undeclared:,}") for t in statistics.types],
            Names("Able to read is what code can do; it does not say that it does.", "“具备读取能力”指代码能够读取,不表示实际读取。"),
        ),
        _section(
            "undeclared", Names("Able to read and not in the known declaration", "具备读取能力但已知声明未提及"),
            (_SDK, _TYPE, _APPS, _SHARE),
            [(u.sdk, u.type, f"{u.apps:,}", share(u.apps)) for u in statistics.undeclared],
            Names("Only SDKs of which the catalog knows a declaration.", "仅统计目录中已有声明的SDK。"),
        ),
        _section(
            "packers", Names("Packed or hardened", "加固或加壳"), (Names("Packer", "加固方案"), _APPS, _SHARE),
            [(c.id, f"{c.count:,}", share(c.count)) for c in statistics.packers],
        ),
        _section(
            "not_examined", Names("Parts that were not examined", "未检查的部分"), (Names("Reason", "原因"), _APPS, _SHARE),
            [(c.id, f"{c.count:,}", share(c.count)) for c in statistics.not_examined],
        ),
        _section(
            "failures", Names("Not scanned", "未能扫描"), (Names("Reason", "原因"), Names("Files", "文件数")),
            [(c.id, f"{c.count:,}") for c in statistics.failures],
        ),
    ]  # fmt: skip
    return [
        Section(s.id, s.title, s.note, s.columns, s.rows[:most], max(0, len(s.rows) - most)) for s in found if s.rows
    ]


def _section(
    key: str, title: Names, columns: tuple[Names, ...], rows: Sequence[tuple[str, ...]], note: Names | None = None
) -> Section:
    return Section(key, title, note, columns, tuple(rows), 0)


def render_page(statistics: Statistics, plots: dict[str, str], most: int = 100) -> str:
    """One self-contained HTML document, in English and Chinese.

    Args:
        statistics: what to show.
        plots: SVG elements of :func:`sdkfp.batch.plots.svg_plots`.
        most: rows of a table.
    """
    import jinja2  # noqa: PLC0415 - not needed for the tables of the command line
    from markupsafe import Markup  # noqa: PLC0415 - as above

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("sdkfp.batch").joinpath("templates/stats.html").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        statistics=statistics,
        sections=sections(statistics, most),
        plots={name: Markup(svg) for name, svg in plots.items()},  # noqa: S704 - drawn by our own plots, which escape their labels
    )
