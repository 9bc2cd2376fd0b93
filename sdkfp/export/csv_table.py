"""The SDKs of a report as a CSV table, one row each, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sdkfp.export.claims import makes_claim
from sdkfp.export.text import visible
from sdkfp.graph import APP

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.report import Report, SdkRecord

__all__ = ["COLUMNS", "to_csv"]

COLUMNS = (
    "app",
    "package",
    "id",
    "name_en",
    "name_zh",
    "organization",
    "categories",
    "certainty",
    "version",
    "purl",
    "classes",
    "dex_bytes",
    "declared",
    "able_to_read",
    "used_by",
    "evidence",
    "location",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SEPARATOR = "; "
_LONGEST = 2000


def to_csv(report: Report, catalog: Catalog | None = None) -> bytes:
    """The table, with a head, in UTF-8 with a byte order mark (without one, spreadsheets take Chinese for something else).

    Several values in a cell are separated by ``"; "``. A cell that a spreadsheet would take for a formula begins with an
    apostrophe. The same report gives the same bytes.

    Args:
        report: of one app; one without SDKs gives the head alone.
        catalog: the names of the SDKs' makers; without it their ids stand there.
    """
    users = _users(report)
    target = io.StringIO()
    table = csv.writer(target, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for sdk in report.sdks:
        table.writerow([_cell(value) for value in _row(report, sdk, catalog, users.get(sdk.id, ()))])
    return target.getvalue().encode("utf-8-sig")


def _users(report: Report) -> dict[str, dict[str, None]]:
    """Who uses whom; the libraries of an SDK count as the SDK."""
    edges = report.graph.edges
    whole = {
        e.target: e.source for e in edges if e.type == "embeds" and e.target.startswith("library:") and e.source != APP
    }
    found: dict[str, dict[str, None]] = {}
    for edge in edges:
        source, target = (whole.get(node, node) for node in (edge.source, edge.target))
        if source != target and not (edge.type == "embeds" and source == APP):
            found.setdefault(target, {})[source] = None
    return found


def _row(report: Report, sdk: SdkRecord, catalog: Catalog | None, users: Iterable[str]) -> list[str]:
    organization = catalog.organizations.get(sdk.organization or "") if catalog is not None else None
    return [
        report.app.name,
        report.app.package or "",
        sdk.id,
        sdk.name.en,
        sdk.name.zh or "",
        organization.name.en if organization is not None else sdk.organization or "",
        _joined(sdk.categories),
        sdk.certainty.value,
        sdk.version.text if sdk.version is not None else "",
        sdk.purl or "",
        str(sdk.classes),
        str(sdk.dex_bytes),
        _joined(claim.type for claim in sdk.collects if claim.claim == "declared"),
        _joined(claim.type for claim in sdk.collects if claim.claim != "declared" and makes_claim(claim)),
        _joined(users),
        sdk.evidence[0].feature if sdk.evidence else "",
        sdk.evidence[0].location if sdk.evidence else "",
    ]


def _joined(values: Iterable[str]) -> str:
    return _SEPARATOR.join(dict.fromkeys(values))


def _cell(value: str) -> str:
    text = visible(value, _LONGEST)
    return f"'{text}" if text.startswith(_FORMULA) else text
