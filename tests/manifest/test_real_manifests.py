"""Manifests of real apps, held against what aapt and aapt2 read in them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sdkfp.container import open_container
from sdkfp.manifest import Component, Manifest, read_manifest

pytestmark = [pytest.mark.network, pytest.mark.oracle]

APPS = ["yosemite-1.4.3", "yosemite-1.0.27", "apidemos-5.0.0", "appium-settings-8.0.10", "selendroid-test-app"]
_KINDS = {"activity", "activity-alias", "service", "receiver", "provider"}


@dataclass
class Node:
    """An element as aapt2 prints it."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    def all(self, *names: str) -> Iterator[Node]:
        return (child for child in self.children if child.name in names)


def oracle(*command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def tree(path: Path) -> Node:
    top = Node("")
    stack = [(-1, top)]
    for line in oracle("aapt2", "dump", "xmltree", "--file", "AndroidManifest.xml", str(path)).splitlines():
        indent, text = len(line) - len(line.lstrip()), line.strip()
        if text.startswith("E: "):
            while stack[-1][0] >= indent:
                stack.pop()
            node = Node(text[3:].partition(" ")[0])
            stack[-1][1].children.append(node)
            stack.append((indent, node))
        elif text.startswith("A: "):
            found = re.match(r'A: (?:http\S*/android:)?(\w+)(?:\(0x\w+\))?=(?:"(.*)" \(Raw: ".*"\)|(.*))$', text)
            assert found, text
            stack[-1][1].attributes.setdefault(found[1], found[3] if found[2] is None else found[2])
    return top.children[0]


def read(path: Path) -> Manifest:
    with open_container(path) as container:
        return read_manifest(container.read("AndroidManifest.xml"), resources=lambda: container.read("resources.arsc"))


def absolute(package: str, name: str) -> str:
    return package + name if name.startswith(".") else name if "." in name else f"{package}.{name}"


@pytest.mark.parametrize("key", APPS)
def test_as_aapt2_dumps_it(key: str, real_app: Callable[[str], Path]) -> None:
    path = real_app(key)
    got, root = read(path), tree(path)
    assert got.problems == ()
    assert got.package == root.attributes["package"]
    assert [each.name for each in got.permissions] == [
        each.attributes["name"] for each in root.all("uses-permission", "uses-permission-sdk-23")
    ]
    application = next(root.all("application"))
    components = list(application.all(*_KINDS))
    assert len(components) == len(got.components)
    for component, node in zip(got.components, components, strict=True):
        check_component(got.package, component, node)
    assert [each.name for each in got.meta_data] == [each.attributes["name"] for each in application.all("meta-data")]
    queries = [query for each in root.all("queries") for query in each.children]
    assert list(got.queries.packages) == [each.attributes["name"] for each in queries if each.name == "package"]
    assert [each.name for each in got.uses_libraries] == [
        each.attributes["name"] for each in application.all("uses-library")
    ]


def check_component(package: str, component: Component, node: Node) -> None:
    given = node.attributes
    assert component.kind.value == node.name.removesuffix("-alias")
    assert component.name == absolute(package, given["name"])
    if given.get("exported") in ("true", "false"):
        assert component.exported == (given["exported"] == "true")
    if not given.get("enabled", "true").startswith("@"):
        assert component.enabled == (given.get("enabled") != "false")
    assert (component.process or "").removeprefix(package) == given.get("process", "")
    assert ";".join(component.authorities) == given.get("authorities", "")
    filters = list(node.all("intent-filter"))
    assert [each.actions for each in component.filters] == [
        tuple(dict.fromkeys(action.attributes["name"] for action in each.all("action"))) for each in filters
    ]
    assert [each.name for each in component.meta_data] == [each.attributes["name"] for each in node.all("meta-data")]
    for data, child in zip(component.meta_data, node.all("meta-data"), strict=True):
        if "value" in child.attributes and not child.attributes["value"].startswith("@"):
            assert data.value == child.attributes["value"]


@pytest.mark.parametrize("key", APPS)
def test_as_aapt_summarizes_it(key: str, real_app: Callable[[str], Path]) -> None:
    path = real_app(key)
    got = read(path)
    summary = oracle("aapt", "dump", "badging", str(path))
    head = dict(re.findall(r"(\w+)='([^']*)'", summary.splitlines()[0]))
    assert (got.package, str(got.version_code), got.version_name) == (
        head["name"],
        head["versionCode"],
        head["versionName"],
    )
    for word, number in (("sdkVersion", got.min_sdk), ("targetSdkVersion", got.target_sdk)):
        found = re.search(rf"^{word}:'(\d+)'", summary, re.MULTILINE)
        assert (found and int(found[1])) == number
    label = re.search(r"^application: label='(.*?)' icon=", summary, re.MULTILINE)
    assert label is not None
    assert got.application is not None
    assert (got.application.label or "") == label[1]
    assert got.application.debuggable == ("application-debuggable" in summary)
