"""Apps with many SDKs: one class for each, at the prefix of its signature."""

from __future__ import annotations

from collections.abc import Iterable

from sdkfp import Catalog
from sdkfp.features import Kind
from sdkfp.signature import Signature, Strength
from support.axmlwriter import manifest
from support.dexwriter import DexWriter
from support.zipwriter import build_zip

__all__ = ["app_with", "with_code"]

PERMISSIONS = ("android.permission.INTERNET", "android.permission.READ_PHONE_STATE", "android.permission.CAMERA")


def with_code(catalog: Catalog, count: int, *, collecting: bool = True) -> list[str]:
    """The ids of the first signatures that a class alone identifies (and that have a declared collection, if wanted)."""
    found = [s.id for s in catalog if _prefix(s) and not s.nursery and (s.collects or not collecting)]
    return found[:count]


def _prefix(signature: Signature) -> str | None:
    clues = (
        c for c in signature.clues if c.kind is Kind.CLASS and c.strength is Strength.SURE and c.name.endswith(".")
    )
    return next((clue.name for clue in clues), None)


def app_with(catalog: Catalog, sdks: Iterable[str], *, package: str = "com.maker.shop") -> bytes:
    """An app that has a class of each of these SDKs, and one of its own."""
    dex = DexWriter().add_class(f"{package}.Main", superclass="android.app.Activity")
    for sdk in sdks:
        prefix = _prefix(catalog[sdk])
        assert prefix is not None
        dex.add_class(f"{prefix}Entry")
    return build_zip({"AndroidManifest.xml": manifest(package, permissions=PERMISSIONS), "classes.dex": dex.build()})
