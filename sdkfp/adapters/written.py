"""Our catalog in the forms of others, and as plain tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping

import msgspec

from sdkfp.features import Kind
from sdkfp.signature import Names, Organization, Signature

__all__ = ["to_csv", "to_exodus", "to_json"]

_COLUMNS = (
    *("id", "name_en", "name_zh", "organization", "country", "categories", "tier", "purl", "website"),
    *("requires", "bundles", "declared_to_collect", "clues"),
)


def to_exodus(signatures: Iterable[Signature], categories: Mapping[str, Names]) -> bytes:
    """JSON in the form of εxodus: proven signatures with class clues; what else they know has no place in that form.

    Dots are not escaped: readers of this form match names with dots as well as with slashes.
    """
    trackers = {}
    proven = [signature for signature in signatures if not signature.nursery]
    for number, signature in enumerate(proven, 1):
        names = [clue.name.replace("$", "\\$") for clue in signature.clues if clue.kind is Kind.CLASS]
        if names:
            trackers[str(number)] = {
                "id": number,
                "sdkfp_id": signature.id,
                "name": signature.name.en,
                "description": "",
                "creation_date": "",
                "code_signature": "|".join(names),
                "network_signature": "",
                "website": signature.website or "",
                "categories": [categories[word].en for word in signature.categories if word in categories],
            }
    return json.dumps({"trackers": trackers}, ensure_ascii=False, indent=1).encode() + b"\n"


def to_csv(signatures: Iterable[Signature], organizations: Mapping[str, Organization]) -> bytes:
    """One row a signature; lists inside a cell are joined by ``; ``. UTF-8 with a byte order mark, which spreadsheets need."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(_COLUMNS)
    for signature in signatures:
        maker = organizations.get(signature.organization or "")
        table.writerow(
            [
                signature.id,
                signature.name.en,
                signature.name.zh or "",
                maker.name.en if maker else signature.organization or "",
                (maker.country if maker else None) or "",
                "; ".join(signature.categories),
                "nursery" if signature.nursery else "proven",
                signature.purl or "",
                signature.website or "",
                "; ".join(signature.requires),
                "; ".join(signature.bundles),
                "; ".join(dict.fromkeys(claim.type for claim in signature.collects)),
                "; ".join(f"{clue} ({clue.strength.value})" for clue in signature.clues),
            ]
        )
    return out.getvalue().encode("utf-8-sig")


def to_json(signatures: Iterable[Signature]) -> bytes:
    """All fields of all signatures but their examples."""
    rows = []
    for signature in signatures:
        row: dict[str, object] = msgspec.to_builtins(signature)
        rows.append({key: value for key, value in row.items() if key not in ("match", "miss", "path")})
    return msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n"
