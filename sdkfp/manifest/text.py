"""Manifests as plain XML, as AARs have them."""

from __future__ import annotations

from xml.parsers import expat

from sdkfp.errors import ManifestError
from sdkfp.manifest.tree import ANDROID_NAMESPACE, Builder, Document, Element, Type, Value

__all__ = ["parse_text"]

_SEPARATOR = " "
_ANDROID = ANDROID_NAMESPACE + _SEPARATOR


def parse_text(data: bytes) -> Document:
    """Read plain XML. A DOCTYPE is refused, and with it every entity that could grow or reach outside.

    Raises:
        ManifestError: it is not well-formed, or has a DOCTYPE.
    """
    builder = Builder()

    def start(name: str, attributes: dict[str, str]) -> None:
        values: dict[str, Value] = {}
        for key, text in attributes.items():
            if key.startswith(_ANDROID):
                values["android:" + key[len(_ANDROID) :]] = Value(Type.STRING, 0, text)
            elif _SEPARATOR not in key:
                values[key] = Value(Type.STRING, 0, text)
        builder.start(Element(name.rpartition(_SEPARATOR)[2], values))

    def end(_: str) -> None:
        builder.end()

    def refuse(*_: object) -> None:
        raise ManifestError("the manifest has a DOCTYPE, which no manifest needs; it is not read")

    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, ValueError) as error:  # ValueError, LookupError: an unknown or wrong encoding
        raise ManifestError(f"the manifest is not well-formed XML: {error}") from None
    except LookupError as error:
        raise ManifestError(f"the manifest has an unknown encoding: {error}") from None
    return builder.document()
