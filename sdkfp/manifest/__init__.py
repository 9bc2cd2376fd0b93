"""Components, permissions, meta-data and the rest of an Android manifest, from binary or plain XML."""

from sdkfp.manifest.reading import read_manifest
from sdkfp.manifest.records import (
    Application,
    Component,
    ComponentKind,
    DeclaredPermission,
    IntentFilter,
    Manifest,
    MetaData,
    Permission,
    Queries,
    UsesFeature,
    UsesLibrary,
)

__all__ = [
    "Application",
    "Component",
    "ComponentKind",
    "DeclaredPermission",
    "IntentFilter",
    "Manifest",
    "MetaData",
    "Permission",
    "Queries",
    "UsesFeature",
    "UsesLibrary",
    "read_manifest",
]
