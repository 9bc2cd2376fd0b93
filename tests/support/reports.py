"""Reports for the tests of what is made out of reports."""

from __future__ import annotations

from pathlib import Path

import msgspec

import sdkfp
from sdkfp import Report
from sdkfp.graph import Edge, Graph, Node
from sdkfp.report import NotExaminedRecord
from sdkfp.signature import Names
from support import graphapp
from support.catalogs import catalog_of

__all__ = ["EVIL", "hostile", "made_report", "without_sdks"]

EVIL = (
    '<script>alert("x")</script>',
    "=cmd|' /C calc'!A0",
    "a\u202eb\u200bc",
    "\x00\x07\x1b[31m\r\n",
    "![x](javascript:alert(1)) | {0} \\",
    "x" * 1_000_000,
)
"""Names that lead documents and their readers astray."""

_CLAIMS = """
collects:
  - {type: oaid, purpose: push, need: required, basis: vendor_docs, source: 'https://vendor.example/p', as_of: 2026-01-01}
  - {type: mac, purpose: analytics, need: optional, basis: vendor_code, source: 'https://vendor.example/q', as_of: 2026-01-02}
"""


def made_report(folder: Path) -> Report:
    """The report of :mod:`support.graphapp`, with claims about ``push``."""
    more = f"\n{graphapp.SIGNATURES['push']}\npurl: pkg:maven/com.vendor/push{_CLAIMS}"
    catalog = catalog_of(folder, {**graphapp.SIGNATURES, "push": more})
    return sdkfp.scan(graphapp.app(), catalog=catalog, name="app.apk")


def without_sdks(report: Report) -> Report:
    """The same app as if nothing had been found."""
    return msgspec.structs.replace(report, sdks=(), graph=Graph((Node("app", "app"),), ()))


def hostile(report: Report, name: str) -> Report:
    """The same report with one name in every place that an app or a saved file can fill."""
    replace = msgspec.structs.replace
    sdks = tuple(
        replace(
            sdk,
            name=Names(name, name),
            organization=name,
            purl=name,
            version=sdkfp.report.VersionRecord(name, (), (sdkfp.report.VersionBasisRecord(name, name),)),
            evidence=tuple(replace(e, feature=name, location=f"app.apk!{name}", clue=name) for e in sdk.evidence),
            collects=tuple(replace(claim, type=name, purpose=name, source=name) for claim in sdk.collects),
        )
        for sdk in report.sdks
    )
    node = f"library:{name}"
    graph = Graph(
        (*report.graph.nodes, Node(node, "library")),
        (*report.graph.edges, Edge("push", node, "loads", 1, name), Edge(node, "core", "links", 1, name)),
    )
    app = replace(report.app, name=name or "x", package=name, version_name=name)
    return replace(report, app=app, sdks=sdks, graph=graph, not_examined=(NotExaminedRecord(name, name, name),))
