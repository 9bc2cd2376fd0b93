"""What a ZIP is, and which of its entries are containers of the app; by the names of its entries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from sdkfp.container.model import Container, ContainerKind
from sdkfp.errors import ContainerError

__all__ = ["kind_of_zip", "part_names"]

_VARIANT = re.compile(r"_\d+\.apk$")
"""bundletool numbers the forms of one split for other releases of Android: ``base-master_2.apk``."""
_MAX_MODULE_JSON = 4 << 20
_HARMONY = ("resources.index", "pack.info", "ets/modules.abc")


def _is_aar(container: Container) -> bool:
    """By https://developer.android.com/studio/projects/android-library the manifest is the one mandatory entry."""
    names = container.entries
    has_library = "classes.jar" in names or "R.txt" in names
    return has_library and "AndroidManifest.xml" in names and not ("classes.dex" in names or "resources.arsc" in names)


def _is_apk_with_manifest(container: Container) -> bool:
    return "AndroidManifest.xml" in container.entries


def _is_aab(container: Container) -> bool:
    """https://developer.android.com/guide/app-bundle/app-bundle-format"""
    return "BundleConfig.pb" in container.entries or "base/manifest/AndroidManifest.xml" in container.entries


def _is_hsp(container: Container) -> bool:
    """A HAP and an HSP differ in the module's type only."""
    entry = container.entries.get("module.json")
    if entry is None or entry.size > _MAX_MODULE_JSON or not _is_hap(container):
        return False
    try:
        content = json.loads(entry.read().decode("utf-8-sig"))
        return bool(content["module"]["type"] == "shared")
    except (ContainerError, ValueError, RecursionError, LookupError, TypeError):
        return False


def _is_hap(container: Container) -> bool:
    names = container.entries
    return ("module.json" in names or "config.json" in names) and any(name in names for name in _HARMONY)


def _is_harmony_app(container: Container) -> bool:
    return "pack.info" in container.entries and bool(_at_root(container, ".hap", ".hsp"))


def _is_bare_apk(container: Container) -> bool:
    return "classes.dex" in container.entries


def _is_xapk(container: Container) -> bool:
    return "manifest.json" in container.entries and bool(_at_root(container, ".apk"))


def _is_apkm(container: Container) -> bool:
    return "info.json" in container.entries and bool(_at_root(container, ".apk"))


def _is_apks(container: Container) -> bool:
    """Of bundletool (https://developer.android.com/tools/bundletool), or simply a base and its splits in a ZIP."""
    return bool(_split_names(container))


def _is_jar(container: Container) -> bool:
    names = container.entries
    return "META-INF/MANIFEST.MF" in names or any(name.endswith(".class") for name in names)


_KINDS: tuple[tuple[ContainerKind, Callable[[Container], bool]], ...] = (
    (ContainerKind.AAR, _is_aar),
    (ContainerKind.APK, _is_apk_with_manifest),
    (ContainerKind.AAB, _is_aab),
    (ContainerKind.HSP, _is_hsp),
    (ContainerKind.HAP, _is_hap),
    (ContainerKind.APP, _is_harmony_app),
    (ContainerKind.APK, _is_bare_apk),
    (ContainerKind.XAPK, _is_xapk),
    (ContainerKind.APKM, _is_apkm),
    (ContainerKind.APKS, _is_apks),
    (ContainerKind.JAR, _is_jar),
)
"""In order of precedence; what nothing fits is a ZIP."""


def kind_of_zip(container: Container) -> ContainerKind:
    """The kind of a ZIP with these entries."""
    return next((kind for kind, fits in _KINDS if fits(container)), ContainerKind.ZIP)


def part_names(container: Container) -> list[str]:
    """The entries that are containers of the app, in order. What is left out on purpose is noted."""
    names, kind = container.entries, container.kind
    if kind is ContainerKind.AAR:
        return [name for name in names if name == "classes.jar" or (name.startswith("libs/") and name.endswith(".jar"))]
    if kind is ContainerKind.APK:
        return [name for name in names if name.startswith(("assets/", "res/raw/")) and name.endswith((".apk", ".jar"))]
    if kind is ContainerKind.APP:
        return _at_root(container, ".hap", ".hsp")
    if kind in (ContainerKind.XAPK, ContainerKind.APKM):
        return _at_root(container, ".apk")
    if kind is not ContainerKind.APKS:
        return []
    chosen = _split_names(container)
    for name in names:
        if name.endswith(".apk") and name not in chosen:
            container.note("part-variant", "holds the same app for other devices and is not read", name)
    return chosen


def _split_names(container: Container) -> list[str]:
    """The APKs of one form of the app: the splits, else the universal APK, else those for devices without splits."""
    names = container.entries
    for fits in (
        lambda name: name.startswith(("splits/", "asset-slices/")),
        lambda name: "/" not in name,
        lambda name: name.startswith("standalones/"),
    ):
        found = [name for name in names if name.endswith(".apk") and fits(name)]
        if found:
            return [name for name in found if _VARIANT.sub(".apk", name) not in found or not _VARIANT.search(name)]
    return []


def _at_root(container: Container, *suffixes: str) -> list[str]:
    return [name for name in container.entries if "/" not in name and name.endswith(suffixes)]
