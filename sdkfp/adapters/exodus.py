"""Lists in the JSON form of εxodus: https://github.com/Exodus-Privacy/exodus-core reads ``trackers`` with a ``code_signature`` each.

A code signature is a regular expression that is searched in class names; nearly all are package names joined by ``|``.
"""

from __future__ import annotations

from sdkfp.adapters.imported import ImportedEntry, ImportedList, Source, class_clues, digest, parse_json, read_bytes
from sdkfp.errors import CatalogError
from sdkfp.signature import Clue

__all__ = ["read_exodus"]

_CATEGORIES = {
    "advertisement": "advertising",
    "analytics": "analytics",
    "crash reporting": "crash_performance",
    "identification": "login",
    "location": "map_location",
}
_LICENCE = (
    "The list is its makers' work and not a part of sdkfp: their licence holds for it and for what is made of it "
    "(see https://exodus-privacy.eu.org)."
)
_MOST_ENTRIES = 50_000


def read_exodus(source: Source) -> ImportedList:
    """Read a list.

    Args:
        source: a JSON file: ``{"trackers": {…}}`` or ``{"trackers": […]}``, each with ``name`` and ``code_signature``.

    Raises:
        CatalogError: it cannot be read, or has no tracker in it.
    """
    data, label = read_bytes(source)
    document = parse_json(data, label)
    trackers = document.get("trackers") if isinstance(document, dict) else None
    rows = list(trackers.values()) if isinstance(trackers, dict) else trackers
    if not isinstance(rows, list) or not rows:
        raise CatalogError(f"{label} has no `trackers` in it")
    entries, left_out = [], 0
    used: set[str] = set()
    for number, row in enumerate(rows[:_MOST_ENTRIES], 1):
        name, code = (row.get("name"), row.get("code_signature")) if isinstance(row, dict) else (None, None)
        if not isinstance(name, str) or not name.strip() or not isinstance(code, str):
            continue
        clues, odd = _clues(code)
        left_out += odd
        sdk = f"exodus-{row['id']}" if isinstance(row.get("id"), int) else f"exodus-entry-{number}"
        if clues and sdk not in used:
            used.add(sdk)
            website = row.get("website")
            known = website if isinstance(website, str) and website.startswith("http") else None
            entries.append(ImportedEntry(sdk, name.strip()[:200], clues, _categories(row), known))
    if not entries:
        raise CatalogError(f"{label} has no tracker with a name and a code signature")
    return ImportedList("The εxodus list", label, digest(data), tuple(entries), left_out, _LICENCE)


def _clues(code: str) -> tuple[tuple[Clue, ...], int]:
    """The clues of a code signature, and how many of its parts have no plain form."""
    if not code.strip() or len(code) > 10_000:
        return (), 0
    parts = [part.strip() for part in code.split("|") if part.strip()] if "(" not in code else [code]
    found = [class_clues(part) for part in parts]
    return tuple(dict.fromkeys(clue for clues in found for clue in clues)), sum(not clues for clues in found)


def _categories(row: dict[str, object]) -> tuple[str, ...]:
    named = row.get("categories") or row.get("category") or []
    words = [word.get("name") if isinstance(word, dict) else word for word in named] if isinstance(named, list) else []
    folded = [word.casefold() for word in words if isinstance(word, str)]
    return tuple(dict.fromkeys(_CATEGORIES[word] for word in folded if word in _CATEGORIES))
