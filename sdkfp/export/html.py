"""The report as one HTML file that needs no network: cards, graph, matrix, permissions, what is not explained.

The page has no reference to anything outside, and its content security policy forbids every request and every script but its own two
by hash, so that text from the app could not do anything even if it were not escaped; all of it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from sdkfp.export import words
from sdkfp.export.graphdata import graph_data
from sdkfp.export.text import LONGEST, safe_url, visible
from sdkfp.export.view import is_library, make_view
from sdkfp.signature import Names

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.report import Report

__all__ = ["render_html"]

_VENDOR = ("d3-dispatch", "d3-quadtree", "d3-timer", "d3-force")
"""In the order of their dependencies; versions and hashes stand in ``vendor/README.md``."""
_OWN = ("layout", "report")
_LONGEST_SENTENCE = 2000
_MOST_EVIDENCE = 60
"""Rows of evidence of one SDK that the page lists; the JSON report has them all."""
_JSON_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def render_html(report: Report, catalog: Catalog, *, language: str = "en") -> str:
    """The report as one self-contained HTML document.

    Args:
        report: what to show.
        catalog: the names of categories, types and organizations; ids that it does not know are shown as they are.
        language: ``en`` or ``zh``, shown first; the page has both.
    """
    view = make_view(report, catalog)
    numbers = {card.sdk.id: card.number for card in view.cards}
    base = frozenset(sdk.id for sdk in report.sdks if is_library(sdk))
    style = _resource("templates/report.css")
    script = "\n".join(
        [
            *(_resource(f"vendor/{name}.min.js") for name in _VENDOR),
            *(_resource(f"templates/{name}.js") for name in _OWN),
        ]
    )
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            view=view,
            catalog=catalog,
            language="zh" if language == "zh" else "en",
            policy=policy,
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own files
            most_evidence=_MOST_EVIDENCE,
            data=_script_data(graph_data(report, catalog, numbers, base)),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sdkfp.export", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        both=_both, say=_say, short=_short, plain=_plain, visible=visible, url=safe_url, percent=_percent, size=_size
    )
    environment.globals.update(t=_t, attr=_attr, words=words)
    return environment


@cache
def _resource(name: str) -> str:
    return files("sdkfp.export").joinpath(*name.split("/")).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _script_data(data: Mapping[str, object]) -> Markup:
    """JSON for a ``<script type="application/json">``: nothing in it can end the element or begin a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.translate(_JSON_ESCAPES))  # noqa: S704 - every character that HTML reads is escaped


def _plain(text: object, longest: int = LONGEST) -> Markup:
    """Text from the app: escaped, made visible, and apart from the direction of what is around it."""
    return Markup("<bdi>{}</bdi>").format(visible(str(text), longest))


def _both(names: Names, longest: int = LONGEST) -> Markup:
    """A name in both languages, of which the page shows one."""
    if not names.zh or names.zh == names.en:
        return _plain(names.en, longest)
    return Markup('<span lang="en"><bdi>{}</bdi></span><span lang="zh"><bdi>{}</bdi></span>').format(
        visible(names.en, longest), visible(names.zh, longest)
    )


def _short(names: Names) -> Markup:
    """A name without what stands in brackets after it and without further words, for chips and column heads."""
    en = names.en.partition(" (")[0]
    first = en.partition(", ")[0]
    zh = names.zh.partition("(")[0].partition("、")[0] if names.zh else None
    return _both(Names(first if " " in first else en, zh))


def _t(key: str, **values: object) -> Markup:
    return _say(words.WORDS[key], **values)


def _say(names: Names, **values: object) -> Markup:
    """Fixed words with their values, in both languages."""
    return _both(Names(_filled(names.en, values), _filled(names.zh or names.en, values)), _LONGEST_SENTENCE)


def _filled(text: str, values: Mapping[str, object]) -> str:
    return text.format(**values) if values else text


def _attr(name: str, key: str, **values: object) -> Markup:
    """An attribute that the script changes with the language."""
    names = words.WORDS[key]
    en, zh = _filled(names.en, values), _filled(names.zh or names.en, values)
    return Markup('{0}="{1}" data-{0}-en="{1}" data-{0}-zh="{2}"').format(name, en, zh)


def _percent(share: float) -> str:
    """Never 0 % or 100 % for what is only nearly so."""
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{share * 100:.0f} %"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
