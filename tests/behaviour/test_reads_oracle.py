"""The same sites as dexdump: every site that is reported stands in its listing, and every call of the vocabulary in it is reported."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from sdkfp import App, Catalog
from sdkfp.behaviour import Finding, Grade, Owners, observe
from sdkfp.vocabulary import Read, ReadKind

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("dexdump") is None, reason="dexdump is not installed"),
]

APPS = (
    "yosemite-1.4.3",
    "yosemite-1.0.27",
    "stfservice-3.7.9",
    "appium-settings-2.5.1",
    "appium-settings-8.0.10",
    "xposedinstaller-3.1.5",
    "qt4a-helper-3.1.0",
    "smsbypass-9",
    "uiautomator2-app-3.0.18",
    "apidemos-1.1.2",
    "mobsf-clipdump",
)
ALL = 1 << 30
METHOD = re.compile(r"^[0-9a-f]{6,}:.*\|\[[0-9a-f]+\] (\S+)\.(\S+):(\(\S*)$")
INSTRUCTION = re.compile(
    r"^[0-9a-f]{6,}: .*\|([0-9a-f]{4,}): (\S+) .*?(?:, )?(L[^;]+;)\.(\S+?):(\S+) // (method|field)@"
)


class Place(NamedTuple):
    """An instruction."""

    class_name: str
    method: str
    offset: int


class Use(NamedTuple):
    """What an instruction names."""

    opcode: str
    owner: str
    name: str


def listing(dex: Path) -> Iterator[tuple[Place, Use]]:
    """Every instruction with a method or field, as dexdump shows it."""
    with subprocess.Popen(["dexdump", "-d", str(dex)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        name = method = ""
        for raw in process.stdout:
            if b"|" not in raw:
                continue
            line = raw.decode("utf-8", "replace").rstrip("\n")
            head = METHOD.match(line)
            if head:
                name, method = head[1], head[2] + head[3]
                continue
            found = INSTRUCTION.match(line)
            if found:
                yield Place(name, method, int(found[1], 16)), Use(found[2], found[3], found[4])


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.builtin()


def findings_of(path: Path, catalog: Catalog) -> tuple[Finding, ...]:
    """All sites, for the whole app as one owner."""
    with App.open(path) as app:
        return observe(app, Owners({}), catalog.surfaces, most_sites=ALL).findings


def listings_of(path: Path, folder: Path) -> dict[str, dict[Place, Use]]:
    found = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            if re.fullmatch(r"classes\d*\.dex", entry):
                found[f"{path.name}!{entry}"] = dict(listing(Path(archive.extract(entry, folder))))
    return found


@pytest.mark.parametrize("key", APPS)
def test_sites_are_those_of_dexdump(
    key: str, catalog: Catalog, real_app: Callable[[str], Path], tmp_path: Path
) -> None:
    path = real_app(key)
    findings = findings_of(path, catalog)
    listings = listings_of(path, tmp_path)
    _compare_reported(findings, listings)
    _compare_listed(findings, listings, catalog.vocabulary.reads.items)


def _compare_reported(findings: tuple[Finding, ...], listings: dict[str, dict[Place, Use]]) -> None:
    """Every site exists, and names what it is said to."""
    checked = 0
    for finding in findings:
        owner, _, name = finding.read.name.partition("->")
        for site in finding.sites:
            if site.offset is None or site.class_name is None:
                continue
            place = Place(site.class_name, site.method or "", site.offset)
            use = listings[site.location].get(place)
            if finding.read.kind in (ReadKind.METHOD, ReadKind.FIELD) and finding.grade is Grade.CALL:
                assert use is not None, (finding.read, place)
                assert use.name == name, (finding.read, place, use)
                assert use.opcode.startswith("invoke" if finding.read.kind is ReadKind.METHOD else ("sget", "iget"))
                checked += use.owner == owner
            elif finding.grade in (Grade.CALL, Grade.INDIRECT, Grade.SAME_METHOD, Grade.REFLECTION):
                assert use is not None, (finding.read, place)
                assert use.opcode.startswith("invoke"), (finding.read, place, use)
                checked += 1
    assert checked


def _compare_listed(
    findings: tuple[Finding, ...], listings: dict[str, dict[Place, Use]], reads: tuple[Read, ...]
) -> None:
    """Every listed call of a method, and access to a field, of the vocabulary is reported; those that need no argument."""
    plain = {
        read.name: read.kind
        for read in reads
        if read.kind in (ReadKind.METHOD, ReadKind.FIELD) and not (read.constants or read.numbers)
    }
    expected: Counter[tuple[str, str, Place]] = Counter()
    for location, listed in listings.items():
        for place, use in listed.items():
            kind = plain.get(f"{use.owner}->{use.name}")
            wanted = "invoke" if kind is ReadKind.METHOD else ("sget", "iget")
            if kind is not None and use.opcode.startswith(wanted):
                expected[f"{use.owner}->{use.name}", location, place] += 1
    reported = {
        (finding.read.name, site.location, Place(site.class_name or "", site.method or "", site.offset or 0))
        for finding in findings
        for site in finding.sites
    }
    assert expected
    assert not set(expected) - reported
