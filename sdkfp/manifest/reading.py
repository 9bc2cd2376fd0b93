"""From bytes to a :class:`Manifest`."""

from __future__ import annotations

from collections.abc import Callable

from sdkfp.errors import ManifestError
from sdkfp.manifest.axml import parse_axml
from sdkfp.manifest.harmony import parse_harmony
from sdkfp.manifest.proto import parse_proto
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
from sdkfp.manifest.text import parse_text
from sdkfp.manifest.tree import Document, Element
from sdkfp.manifest.values import Values

__all__ = ["read_manifest"]

_MAX_BYTES = 8 << 20
"""The largest real manifests have about 2 MiB."""
_NEVER_FOR_LOCATION = 0x00010000
_KINDS = {
    "activity": ComponentKind.ACTIVITY,
    "activity-alias": ComponentKind.ACTIVITY,
    "service": ComponentKind.SERVICE,
    "receiver": ComponentKind.RECEIVER,
    "provider": ComponentKind.PROVIDER,
}
_FIRST_OF_PROTO = b"\x0a"
"""The tag of ``XmlNode.element``."""
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<")


def read_manifest(data: bytes, *, resources: Callable[[], bytes | None] | None = None) -> Manifest:
    """Read a manifest, whatever its form.

    Forms are binary XML (apps), protocol buffers (bundles), plain XML (library archives) and JSON (HarmonyOS modules).

    Args:
        data: the file.
        resources: gives the bytes of ``resources.arsc``; called at most once, and only if a value is a reference.

    Raises:
        ManifestError: it is no manifest, or so malformed that nothing can be read from it.
    """
    if len(data) > _MAX_BYTES:
        raise ManifestError(f"the manifest has {len(data)} bytes; more than {_MAX_BYTES} are not read")
    if data.lstrip()[:1] == b"{" or data.startswith(b"\xef\xbb\xbf{"):
        return parse_harmony(data)
    document = _parse(data)
    if document.root.name != "manifest":
        raise ManifestError(f"the manifest begins with <{document.root.name[:100]}>, not with <manifest>")
    return _Reader(document, Values(resources)).manifest()


def _parse(data: bytes) -> Document:
    if data.lstrip()[:1] == b"<" or data.startswith(_BYTE_ORDER_MARKS):
        return parse_text(data)
    # Packers change the type in the first two bytes of binary XML, but the size of the header must stay.
    if data[:1] == _FIRST_OF_PROTO and data[2:4] != b"\x08\x00":
        return parse_proto(data)
    return parse_axml(data)


class _Reader:
    def __init__(self, document: Document, values: Values) -> None:
        self.root = document.root
        self.problems = document.problems
        self.values = values
        self.package = values.text(document.root, "package") or ""
        self.target_sdk: int | None = None

    def manifest(self) -> Manifest:
        root, values = self.root, self.values
        sdk = next(root.all("uses-sdk"), None)
        if sdk is not None:
            self.target_sdk = values.integer(sdk, "android:targetSdkVersion")
        # Android takes the first <application> and passes over further ones.
        application = next(root.all("application"), None)
        compile_sdk = values.integer(root, "android:compileSdkVersion")
        return Manifest(
            package=self.package,
            version_code=self._version_code(),
            version_name=values.text(root, "android:versionName"),
            min_sdk=values.integer(sdk, "android:minSdkVersion") if sdk else None,
            target_sdk=self.target_sdk,
            compile_sdk=values.integer(root, "platformBuildVersionCode") if compile_sdk is None else compile_sdk,
            shared_user_id=values.text(root, "android:sharedUserId"),
            split=values.text(root, "split") or None,
            permissions=tuple(self._permissions()),
            declared_permissions=tuple(
                DeclaredPermission(
                    self._name(each),
                    values.integer(each, "android:protectionLevel"),
                    values.text(each, "android:permissionGroup"),
                )
                for each in root.all("permission")
            ),
            application=self._application(application) if application else None,
            components=tuple(
                self._component(_KINDS[each.name], each) for each in application.children if each.name in _KINDS
            )
            if application
            else (),
            meta_data=self._meta_data(application) if application else (),
            queries=self._queries(),
            uses_libraries=self._libraries(application, "uses-library"),
            uses_native_libraries=self._libraries(application, "uses-native-library"),
            uses_features=tuple(
                UsesFeature(
                    values.text(each, "android:name"),
                    values.boolean(each, "android:required") is not False,
                    values.integer(each, "android:glEsVersion"),
                )
                for each in root.all("uses-feature")
            ),
            problems=self.problems,
        )

    def _version_code(self) -> int | None:
        low = self.values.integer(self.root, "android:versionCode")
        high = self.values.integer(self.root, "android:versionCodeMajor")
        if low is None:
            return None
        return low if not high else (high & 0xFFFFFFFF) << 32 | (low & 0xFFFFFFFF)

    def _name(self, element: Element) -> str:
        return self.values.text(element, "android:name") or ""

    def _class(self, name: str | None) -> str | None:
        """An absolute class name: what begins with a dot or has none belongs to the package."""
        if not name or not self.package:
            return name or None
        if name.startswith("."):
            return self.package + name
        return name if "." in name else f"{self.package}.{name}"

    def _process(self, element: Element) -> str | None:
        name = self.values.text(element, "android:process")
        return self.package + name if name and name.startswith(":") else name or None

    def _permissions(self) -> list[Permission]:
        found = []
        for element in self.root.children:
            sdk_23 = element.name in ("uses-permission-sdk-23", "uses-permission-sdk-m")
            name = self._name(element)
            if name and (sdk_23 or element.name == "uses-permission"):
                flags = self.values.integer(element, "android:usesPermissionFlags") or 0
                limit = self.values.integer(element, "android:maxSdkVersion")
                found.append(Permission(name, limit, sdk_23, bool(flags & _NEVER_FOR_LOCATION)))
        return found

    def _application(self, element: Element) -> Application:
        values = self.values
        return Application(
            name=self._class(values.text(element, "android:name")),
            label=values.text(element, "android:label"),
            process=self._process(element),
            component_factory=self._class(values.text(element, "android:appComponentFactory")),
            debuggable=values.boolean(element, "android:debuggable") or False,
            allow_backup=values.boolean(element, "android:allowBackup") is not False,
            test_only=values.boolean(element, "android:testOnly") or False,
            uses_cleartext_traffic=values.boolean(element, "android:usesCleartextTraffic"),
        )

    def _component(self, kind: ComponentKind, element: Element) -> Component:
        values = self.values
        filters = tuple(self._filter(each) for each in element.all("intent-filter"))
        exported = values.boolean(element, "android:exported")
        if exported is None:
            # Providers were exported unless told otherwise up to target SDK 16.
            is_provider = kind is ComponentKind.PROVIDER
            exported = (self.target_sdk or 1) < 17 if is_provider else bool(filters)
        return Component(
            kind=kind,
            name=self._class(self._name(element)) or "",
            target=self._class(values.text(element, "android:targetActivity")),
            exported=exported,
            enabled=values.boolean(element, "android:enabled") is not False,
            process=self._process(element),
            permission=values.text(element, "android:readPermission") or values.text(element, "android:permission"),
            authorities=tuple(name for name in (values.text(element, "android:authorities") or "").split(";") if name),
            foreground_service_type=values.integer(element, "android:foregroundServiceType"),
            filters=filters,
            meta_data=self._meta_data(element),
        )

    def _filter(self, element: Element) -> IntentFilter:
        def texts(child: str, attribute: str) -> tuple[str, ...]:
            found = (self.values.text(each, attribute) for each in element.all(child))
            return tuple(dict.fromkeys(text for text in found if text))

        return IntentFilter(
            actions=texts("action", "android:name"),
            categories=texts("category", "android:name"),
            schemes=texts("data", "android:scheme"),
            hosts=texts("data", "android:host"),
            mime_types=texts("data", "android:mimeType"),
        )

    def _meta_data(self, element: Element) -> tuple[MetaData, ...]:
        found = []
        for each in element.all("meta-data"):
            value = self.values.text(each, "android:value")
            if value is None:
                value = self.values.reference(each, "android:resource")
            found.append(MetaData(self._name(each), value))
        return tuple(found)

    def _queries(self) -> Queries:
        packages: list[str] = []
        intents: list[IntentFilter] = []
        providers: list[str] = []
        for queries in self.root.all("queries"):
            packages += (self._name(each) for each in queries.all("package"))
            intents += (self._filter(each) for each in queries.all("intent"))
            for each in queries.all("provider"):
                providers += (self.values.text(each, "android:authorities") or "").split(";")
        return Queries(tuple(filter(None, packages)), tuple(intents), tuple(filter(None, providers)))

    def _libraries(self, application: Element | None, name: str) -> tuple[UsesLibrary, ...]:
        return tuple(
            UsesLibrary(self._name(each), self.values.boolean(each, "android:required") is not False)
            for each in (application.all(name) if application else ())
        )
