"""The manifests of HarmonyOS modules: ``module.json`` (stage model) and ``config.json`` (FA model).

The words of the two models are given at
https://developer.huawei.com/consumer/en/doc/harmonyos-guides/module-configuration-file and
https://developer.huawei.com/consumer/en/doc/harmonyos-guides/module-structure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sdkfp.errors import ManifestError
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
    UsesLibrary,
)

__all__ = ["parse_harmony"]

_FA_KINDS = {"service": ComponentKind.SERVICE, "data": ComponentKind.PROVIDER}


def parse_harmony(data: bytes) -> Manifest:
    """Read ``module.json`` or ``config.json``.

    Abilities are given as activities, extension abilities and service abilities as services, data abilities as providers.

    Raises:
        ManifestError: it is not JSON, or describes no module.
    """
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"the manifest is not JSON: {error}") from None
    root = _Node(content)
    if not root.node("module").content:
        raise ManifestError("the manifest describes no module")
    return _stage_model(root) if root.node("app", "version").is_empty() else _fa_model(root)


class _Node:
    """A JSON value that is asked for what it should be, and gives nothing where it is something else."""

    def __init__(self, content: object) -> None:
        self.content = content

    def is_empty(self) -> bool:
        return not self.content

    def node(self, *names: str) -> _Node:
        content = self.content
        for name in names:
            content = content.get(name) if isinstance(content, dict) else None
        return _Node(content)

    def nodes(self, *names: str) -> Iterator[_Node]:
        content = self.node(*names).content
        return (_Node(each) for each in content) if isinstance(content, list) else iter(())

    def text(self, *names: str) -> str | None:
        content = self.node(*names).content
        if isinstance(content, bool):
            return str(content).lower()
        # A JSON string may hold half a surrogate pair, which no encoding takes.
        if isinstance(content, str):
            return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return str(content) if isinstance(content, (int, float)) else None

    def integer(self, *names: str) -> int | None:
        content = self.node(*names).content
        return content if isinstance(content, int) and not isinstance(content, bool) else None

    def boolean(self, *names: str) -> bool:
        return self.node(*names).content is True

    def texts(self, *names: str) -> tuple[str, ...]:
        found = (each.text() for each in self.nodes(*names))
        return tuple(dict.fromkeys(text for text in found if text))


def _stage_model(root: _Node) -> Manifest:
    app, module = root.node("app"), root.node("module")
    kind = module.text("type")
    components = [_ability(each, ComponentKind.ACTIVITY) for each in module.nodes("abilities")]
    components += [_ability(each, ComponentKind.SERVICE) for each in module.nodes("extensionAbilities")]
    schemes = module.texts("querySchemes")
    return Manifest(
        platform=Platform.HARMONYOS,
        package=app.text("bundleName") or "",
        version_code=app.integer("versionCode"),
        version_name=app.text("versionName"),
        min_sdk=app.integer("minAPIVersion"),
        target_sdk=app.integer("targetAPIVersion"),
        split=None if kind == "entry" else module.text("name"),
        permissions=_permissions(module, "requestPermissions"),
        declared_permissions=_declared(module, "definePermissions"),
        application=Application(label=app.text("label"), debuggable=app.boolean("debug")),
        components=tuple(components),
        meta_data=_meta_data(module, "metadata"),
        queries=Queries(intents=(IntentFilter(schemes=schemes),) if schemes else ()),
        uses_libraries=tuple(UsesLibrary(each.text("moduleName") or "") for each in module.nodes("dependencies")),
    )


def _fa_model(root: _Node) -> Manifest:
    app, module = root.node("app"), root.node("module")
    kind = module.text("distro", "moduleType")
    return Manifest(
        platform=Platform.HARMONYOS,
        package=app.text("bundleName") or "",
        version_code=app.integer("version", "code"),
        version_name=app.text("version", "name"),
        min_sdk=app.integer("apiVersion", "compatible"),
        target_sdk=app.integer("apiVersion", "target"),
        split=None if kind in (None, "entry") else module.text("distro", "moduleName"),
        permissions=_permissions(module, "reqPermissions"),
        declared_permissions=_declared(module, "defPermissions"),
        application=Application(
            name=_class(module, module.text("name")),
            label=app.text("label"),
            debuggable=root.boolean("deviceConfig", "default", "debug"),
        ),
        components=tuple(
            _ability(each, _FA_KINDS.get(each.text("type") or "", ComponentKind.ACTIVITY), module)
            for each in module.nodes("abilities")
        ),
        meta_data=_meta_data(module, "metaData", "customizeData"),
    )


def _class(module: _Node, name: str | None) -> str | None:
    return (module.text("package") or "") + name if name and name.startswith(".") else name


def _ability(node: _Node, kind: ComponentKind, module: _Node | None = None) -> Component:
    name = node.text("name")
    return Component(
        kind=kind,
        name=(_class(module, name) if module else name) or "",
        exported=node.boolean("exported") or node.boolean("visible"),
        process=node.text("process"),
        permission=next(iter(node.texts("permissions")), None),
        authorities=(node.text("uri") or "",) if node.text("uri") else (),
        filters=tuple(_skill(each) for each in node.nodes("skills")),
        meta_data=_meta_data(node, "metadata") + _meta_data(node, "metaData", "customizeData"),
    )


def _skill(node: _Node) -> IntentFilter:
    def of_uris(word: str) -> tuple[str, ...]:
        found = (each.text(word) for each in node.nodes("uris"))
        return tuple(dict.fromkeys(text for text in found if text))

    return IntentFilter(
        node.texts("actions"), node.texts("entities"), of_uris("scheme"), of_uris("host"), of_uris("type")
    )


def _meta_data(node: _Node, *names: str) -> tuple[MetaData, ...]:
    return tuple(
        MetaData(each.text("name") or "", each.text("value") or each.text("resource") or each.text("extra"))
        for each in node.nodes(*names)
    )


def _permissions(module: _Node, word: str) -> tuple[Permission, ...]:
    names = (each.text("name") for each in module.nodes(word))
    return tuple(Permission(name) for name in names if name)


def _declared(module: _Node, word: str) -> tuple[DeclaredPermission, ...]:
    names = (each.text("name") for each in module.nodes(word))
    return tuple(DeclaredPermission(name) for name in names if name)
