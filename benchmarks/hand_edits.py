"""How much a person had to change in signatures that `sdkfp learn` proposed: each is learned again and compared with the catalog's.

python benchmarks/hand_edits.py [ID …] [--show]

Six SDKs that the catalog had never seen: three out of npm packages that ship their maker's AAR or JAR, three from Maven
repositories. Packages are fetched from the registries that your settings name. An edit is a line that was changed, added or taken
out. ``--show`` prints the lines.
"""

from __future__ import annotations

import argparse
import difflib
import sys
import time
from dataclasses import dataclass

import measure

from sdkfp import Catalog
from sdkfp.catalog import builtin_directory
from sdkfp.learn import learn, render


@dataclass(frozen=True, slots=True)
class Learned:
    """One SDK, and the packages that it was learned from."""

    id: str
    sources: tuple[str, ...]
    what: str


_VIRO = "pkg:npm/%40viro-community/react-viro@{}#android/viro_renderer/viro_renderer-release.aar"
_EPSON = "pkg:npm/react-native-esc-pos-printer@{}"
SDKS = (
    Learned("epson-epos2", (_EPSON.format("2.6.0"), _EPSON.format("4.5.0")), "npm package with a JAR and libraries"),
    Learned("honeywell-aidc", ("pkg:npm/react-native-honeywell-scanner@2.0.0",), "npm package with a JAR"),
    Learned("viro", (_VIRO.format("2.20.2"), _VIRO.format("2.41.1")), "npm package with an AAR"),
    Learned("pusher-beams", ("pkg:maven/com.pusher/push-notifications-android@1.6.2",), "Maven, AAR"),
    Learned("radar", ("pkg:maven/io.radar/sdk@2.1.11", "pkg:maven/io.radar/sdk@3.37.0"), "Maven, AAR"),
    Learned("statsig", ("pkg:maven/com.statsig/android-sdk@4.44.1",), "Maven, AAR"),
)


def edits(proposed: str, kept: str) -> list[str]:
    """The lines that a person changed, as a diff without context; a changed line counts once, see :func:`count`."""
    lines = difflib.unified_diff(proposed.splitlines(), kept.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def count(proposed: str, kept: str) -> int:
    """Lines changed, added or taken out."""
    matcher = difflib.SequenceMatcher(None, proposed.splitlines(), kept.splitlines(), autojunk=False)
    return sum(max(b - a, d - c) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal")


def main() -> None:
    parser = argparse.ArgumentParser(description="Hand edits of learned signatures.")
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--show", action="store_true", help="print the lines that differ")
    options = parser.parse_args()
    catalog = Catalog.load(cache=False)
    rows = []
    for sdk in SDKS:
        if options.ids and sdk.id not in options.ids:
            continue
        there = catalog[sdk.id]
        begin = time.process_time()
        given = {"name": there.name, "organization": there.organization, "categories": there.categories}
        others = Catalog(
            (signature for signature in catalog if signature.id != sdk.id),
            catalog.organizations.values(),
            catalog.vocabulary,
            sha256="",
        )
        proposal = learn(sdk.sources, others, sdk.id, **given)  # type: ignore[arg-type] # three types in one mapping
        seconds = time.process_time() - begin
        proposed = render(proposal.signature)
        kept = (builtin_directory() / "sdks" / f"{sdk.id}.yaml").read_text(encoding="utf-8")
        rows.append((sdk.id, sdk.what, len(sdk.sources), len(there.clues), count(proposed, kept), f"{seconds:.1f}"))
        if options.show:
            sys.stderr.write("".join(f"{sdk.id}: {line}\n" for line in edits(proposed, kept)))
    head = ("SDK", "learned from", "releases", "clues", "hand edits", "processor s")
    print(measure.markdown(head, rows))


if __name__ == "__main__":
    main()
