"""Components, permissions, meta-data and the rest of a manifest, from binary, plain or protocol-buffer XML, or JSON."""

from sdkfp.manifest.finding import ManifestFile, read_manifests
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
    Platform,
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
    "ManifestFile",
    "MetaData",
    "Permission",
    "Platform",
    "Queries",
    "UsesFeature",
    "UsesLibrary",
    "read_manifest",
    "read_manifests",
]
