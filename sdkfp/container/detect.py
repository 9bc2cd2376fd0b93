"""What a ZIP is, and which of its entries are containers of the app, by the names of its entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sdkfp.container.model import ContainerKind, Entry

__all__ = ["kind_of_zip", "part_names"]

Names = Mapping[str, Entry]


def _is_aar(names: Names) -> bool:
    """By https://developer.android.com/studio/projects/android-library the manifest is the one mandatory entry."""
    has_library = "classes.jar" in names or "R.txt" in names
    return (
        has_library and "AndroidManifest.xml" in names and "classes.dex" not in names and "resources.arsc" not in names
    )


def _is_apk(names: Names) -> bool:
    return "AndroidManifest.xml" in names or "classes.dex" in names


def _is_jar(names: Names) -> bool:
    return "META-INF/MANIFEST.MF" in names or any(name.endswith(".class") for name in names)


_KINDS: tuple[tuple[ContainerKind, Callable[[Names], bool]], ...] = (
    (ContainerKind.AAR, _is_aar),
    (ContainerKind.APK, _is_apk),
    (ContainerKind.JAR, _is_jar),
)
"""In order of precedence; what nothing fits is a ZIP."""


def kind_of_zip(names: Names) -> ContainerKind:
    """The kind of a ZIP with these entries."""
    return next((kind for kind, fits in _KINDS if fits(names)), ContainerKind.ZIP)


def part_names(kind: ContainerKind, names: Iterable[str]) -> list[str]:
    """The entries that are containers of the app, in order."""
    if kind is ContainerKind.AAR:
        return [name for name in names if name == "classes.jar" or (name.startswith("libs/") and name.endswith(".jar"))]
    if kind is ContainerKind.APK:
        return [name for name in names if name.startswith(("assets/", "res/raw/")) and name.endswith((".apk", ".jar"))]
    return []
