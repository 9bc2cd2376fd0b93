"""The records that a manifest is read into; see https://developer.android.com/guide/topics/manifest/manifest-intro."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from sdkfp.features import Column, Kind

__all__ = [
    "Application",
    "Component",
    "ComponentKind",
    "DeclaredPermission",
    "IntentFilter",
    "Manifest",
    "MetaData",
    "Permission",
    "Platform",
    "Queries",
    "UsesFeature",
    "UsesLibrary",
]


class Platform(str, Enum):
    """What an app is made for."""

    ANDROID = "android"
    HARMONYOS = "harmonyos"


class ComponentKind(str, Enum):
    """The kind of a component; an ``<activity-alias>`` is an activity with a target."""

    ACTIVITY = "activity"
    SERVICE = "service"
    RECEIVER = "receiver"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that the app asks for."""

    name: str
    max_sdk_version: int | None = None
    """The last API level at which it is asked for."""
    sdk_23: bool = False
    """From ``<uses-permission-sdk-23>``: asked for on API level 23 and above only."""
    never_for_location: bool = False
    """``usesPermissionFlags="neverForLocation"``: the app asserts not to derive the location from what it gets."""


@dataclass(frozen=True, slots=True)
class DeclaredPermission:
    """A permission that the app defines."""

    name: str
    protection_level: int | None = None
    """The bits of ``android:protectionLevel``; None where it is not given as a number."""
    group: str | None = None


@dataclass(frozen=True, slots=True)
class MetaData:
    """A ``<meta-data>``."""

    name: str
    value: str | None
    """``android:value`` as text, with references looked up; else the id of ``android:resource``, ``@0x7f…``."""


@dataclass(frozen=True, slots=True)
class IntentFilter:
    """An ``<intent-filter>`` or the ``<intent>`` of a query."""

    actions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    mime_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """An activity, service, receiver or provider."""

    kind: ComponentKind
    name: str
    """The class; for an alias its own name, which is none. Absolute."""
    target: str | None = None
    """Of an alias: the class of its activity."""
    exported: bool = False
    """Whether other apps may use it: as given, else as Android decides (by its filters, for a provider by target SDK)."""
    enabled: bool = True
    process: str | None = None
    """As Android names it: ``:remote`` is written ``PACKAGE:remote``."""
    permission: str | None = None
    """That its users need; for a provider the one that reading needs, if that has its own."""
    authorities: tuple[str, ...] = ()
    foreground_service_type: int | None = None
    """The bits of ``android:foregroundServiceType``; None where it is not given as a number."""
    filters: tuple[IntentFilter, ...] = ()
    meta_data: tuple[MetaData, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """The ``<application>``."""

    name: str | None = None
    """The class, absolute; None where the app has no class of its own."""
    label: str | None = None
    process: str | None = None
    component_factory: str | None = None
    """``android:appComponentFactory``, a class that runs before every other of the app."""
    debuggable: bool = False
    allow_backup: bool = True
    test_only: bool = False
    uses_cleartext_traffic: bool | None = None
    """None where it is not given; the default is true up to target SDK 27."""


@dataclass(frozen=True, slots=True)
class Queries:
    """What other apps the app wants to see: ``<queries>``."""

    packages: tuple[str, ...] = ()
    intents: tuple[IntentFilter, ...] = ()
    providers: tuple[str, ...] = ()
    """Authorities."""


@dataclass(frozen=True, slots=True)
class UsesLibrary:
    """A ``<uses-library>`` or ``<uses-native-library>``."""

    name: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class UsesFeature:
    """A ``<uses-feature>``."""

    name: str | None
    required: bool = True
    gl_es_version: int | None = None
    """Major version in the upper 16 bits, minor in the lower."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest."""

    package: str
    """Empty where it is missing (in manifests of some library archives)."""
    version_code: int | None = None
    """With ``versionCodeMajor`` in the upper 32 bits."""
    version_name: str | None = None
    min_sdk: int | None = None
    """None where it is missing or a codename; likewise the two others. On HarmonyOS the number as it is given."""
    target_sdk: int | None = None
    compile_sdk: int | None = None
    shared_user_id: str | None = None
    split: str | None = None
    """The name of the split, or of the HarmonyOS module; None in a base package and in an entry module."""
    permissions: tuple[Permission, ...] = ()
    declared_permissions: tuple[DeclaredPermission, ...] = ()
    application: Application | None = None
    components: tuple[Component, ...] = ()
    meta_data: tuple[MetaData, ...] = ()
    """Of the application; components have their own."""
    queries: Queries = Queries()
    uses_libraries: tuple[UsesLibrary, ...] = ()
    uses_native_libraries: tuple[UsesLibrary, ...] = ()
    uses_features: tuple[UsesFeature, ...] = ()
    platform: Platform = Platform.ANDROID
    problems: tuple[str, ...] = ()
    """What was wrong in the file though it could be read, in English sentences."""

    def features(self, location: str) -> list[Column]:
        """The features of the manifest as columns; ``location`` is that of the manifest."""
        columns = [
            Column(kind, location, _unique(component.name for component in self.components if component.kind == word))
            for kind, word in _COMPONENT_FEATURES
        ]
        columns.append(Column(Kind.PERMISSION, location, _unique(permission.name for permission in self.permissions)))
        pairs = _unique_pairs(self.meta_data, *(component.meta_data for component in self.components))
        columns.append(Column(Kind.METADATA, location, [name for name, _ in pairs], [value for _, value in pairs]))
        actions = (action for component in self.components for each in component.filters for action in each.actions)
        columns.append(Column(Kind.ACTION, location, _unique(actions)))
        return [column for column in columns if len(column)]


_COMPONENT_FEATURES = (
    (Kind.ACTIVITY, ComponentKind.ACTIVITY),
    (Kind.SERVICE, ComponentKind.SERVICE),
    (Kind.RECEIVER, ComponentKind.RECEIVER),
    (Kind.PROVIDER, ComponentKind.PROVIDER),
)


def _unique(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name]


def _unique_pairs(*groups: Iterable[MetaData]) -> list[tuple[str, str | None]]:
    return list(dict.fromkeys((each.name, each.value) for group in groups for each in group if each.name))
