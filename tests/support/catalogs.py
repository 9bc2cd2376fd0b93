"""Small catalogs for tests, written to a folder as a contributor would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from sdkfp import Catalog

__all__ = ["catalog_of", "signature_text", "write_signatures"]


def signature_text(sdk: str, body: str) -> str:
    """A whole signature from its id and the part that a test is about."""
    return f"id: {sdk}\nname: {{en: {sdk.title()}}}\ncategories: [analytics]\n{dedent(body).strip()}\n"


def write_signatures(directory: Path, signatures: Mapping[str, str]) -> Path:
    """Write ``{id: body}``; an id that begins with ``nursery/`` goes to the nursery; ``{id.yar: rules}`` is written as it is."""
    for key, body in signatures.items():
        folder = directory / ("nursery" if key.startswith("nursery/") else "sdks")
        folder.mkdir(parents=True, exist_ok=True)
        sdk = key.rpartition("/")[2]
        if sdk.endswith(".yar"):
            (folder / sdk).write_text(dedent(body), encoding="utf-8")
            continue
        (folder / f"{sdk}.yaml").write_text(signature_text(sdk, body), encoding="utf-8")
    return directory


def catalog_of(directory: Path, signatures: Mapping[str, str]) -> Catalog:
    """A catalog of just these signatures."""
    return Catalog.load(write_signatures(directory, signatures), builtin=False, cache=False)
