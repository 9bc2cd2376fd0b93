"""The same apps, in the same run, through sdkfp and through other programs: wall time, processor time, peak memory.

    python benchmarks/peers.py [--repeat N] [--json FILE] [--only NAME …] [APP …]

Every peer gets its own environment in the user's cache directory, at the version named below; one that cannot be
installed or run is reported with the reason. The programs do different things (see the column "does"): the times say what
a user waits for, not that one could stand in for the other.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
import platformdirs
from scan_vs_inflate import compare

import sdkfp
from sdkfp.features import Kind

APPS = (measure.EXAMPLE, "yosemite-1.4.3", "pocoservice-debug-1.0.94", "appium-uia2-server-10.6.6")

LIST_CLASSES = """
import sys
from androguard.core.apk import APK
from androguard.core.dex import DEX
from androguard.util import set_log
set_log("ERROR")
print(sum(len(list(DEX(dex).get_classes_names())) for dex in APK(sys.argv[1]).get_all_dex()))
"""
MATCH_TRACKERS = """
import collections, json, sys
from exodus_core.analysis.static_analysis import StaticAnalysis
Tracker = collections.namedtuple("Tracker", "name code_signature")
analysis = StaticAnalysis(sys.argv[1])
analysis.signatures = [Tracker(*row) for row in json.load(open(sys.argv[2]))]
analysis._compile_signatures()
print(len(analysis.detect_trackers()))
"""


class UnusableError(Exception):
    """A peer that cannot be installed or run here; the text says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One program to compare with."""

    name: str
    does: str
    package: str | None
    """Requirement for pip; None for a program of the system."""
    command: Callable[[Path, Path, Path], list[str | Path]]
    """From the folder of its programs, the app and a scratch folder."""
    found: Callable[[measure.Run, Path], int | None]
    """How many SDKs, trackers or classes it reported, from its run and the scratch folder."""


def number_printed(run: measure.Run, _: Path) -> int | None:
    digits = re.findall(rb"^\d+$", run.output, re.MULTILINE)
    return int(digits[-1]) if digits else None


def apk_analyzer_count(_: measure.Run, folder: Path) -> int | None:
    reports = sorted(folder.glob("*_report.json"))
    return len(json.loads(reports[0].read_text(encoding="utf-8"))["detected_sdks"]) if reports else None


def apkid_count(run: measure.Run, _: Path) -> int | None:
    files = json.loads(run.output)["files"]
    return len({tracker for file in files for tracker in file["matches"].get("tracker", ())})


def blint_count(_: measure.Run, folder: Path) -> int | None:
    bom = folder / "bom.json"
    return len(json.loads(bom.read_text(encoding="utf-8")).get("components", ())) if bom.exists() else None


def sdkfp_count(run: measure.Run, _: Path) -> int | None:
    return len(json.loads(run.output)["sdks"])


def tracker_list(folder: Path) -> Path:
    """sdkfp's own class prefixes in the form that exodus-core matches: both look for the same code."""
    rows = [
        (signature.id, re.escape(clue.name.replace(".", "/")))
        for signature in sdkfp.Catalog.builtin()
        for clue in signature.clues
        if clue.kind is Kind.CLASS and clue.name.endswith(".")
    ]
    target = folder / "trackers.json"
    target.write_text(json.dumps(rows), encoding="utf-8")
    return target


PEERS = (
    Peer(
        "apk-analyzer",
        "names SDKs, by packages, components, libraries and strings",
        "apk-analyzer==1.32.0",
        lambda bin_, app, out: [bin_ / "apk-analyzer", app, "--format", "json", "--output-dir", out],
        apk_analyzer_count,
    ),
    Peer(
        "APKiD -st",
        "names trackers, compilers and packers, by YARA rules on dex and libraries",
        "apkid==3.2.0",
        lambda bin_, app, _: [bin_ / "apkid", "-st", "-j", app],
        apkid_count,
    ),
    Peer(
        "blint sbom",
        "lists components of an app's metadata and libraries",
        "blint==4.0.1",
        lambda bin_, app, out: [bin_ / "blint", "sbom", "-i", app, "-o", out / "bom.json", "-q"],
        blint_count,
    ),
    Peer(
        "exodus-core",
        "names trackers, by class names (with sdkfp's prefixes as its list)",
        "exodus-core==1.3.15",
        lambda bin_, app, out: [bin_ / "python", "-c", MATCH_TRACKERS, app, tracker_list(out)],
        number_printed,
    ),
    Peer(
        "androguard",
        "lists the classes only",
        "androguard==4.1.4",
        lambda bin_, app, _: [bin_ / "python", "-c", LIST_CLASSES, app],
        number_printed,
    ),
    Peer(
        "dexdump",
        "prints the tables of the dex files only",
        None,
        lambda _bin, app, _out: ["dexdump", app],
        lambda run, _: run.output.count(b"  Class descriptor  :"),
    ),
    Peer(
        "sdkfp scan",
        "names SDKs and versions with evidence, what stays unexplained, and the graph",
        None,
        lambda _bin, app, _out: measure.sdkfp_command("scan", app, "--json", "-q"),
        sdkfp_count,
    ),
)
OURS = PEERS[-1]


def install(peer: Peer) -> Path:
    """The folder with a peer's programs, after making its environment if it is not there yet.

    Raises:
        UnusableError: it cannot be installed.
    """
    if peer.package is None:
        if peer is not OURS and shutil.which(peer.name) is None:
            raise UnusableError(f"{peer.name} is not installed on this system")
        return Path()
    home = Path(platformdirs.user_cache_dir("sdkfp-benchmarks", appauthor=False)) / peer.package.replace("==", "-")
    programs = home / "bin"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        done = measure.run([programs / "python", "-m", "pip", "install", "--quiet", peer.package])
        if done.status:
            said = done.errors.decode(errors="replace").strip().splitlines() or ["nothing said"]
            raise UnusableError(f"pip cannot install {peer.package}: {said[-1][:200]}")
        (home / "complete").touch()
    return programs


def attempt(peer: Peer, programs: Path, app: Path) -> tuple[measure.Run, int | None]:
    """One run of a peer on one app.

    Raises:
        UnusableError: it failed.
    """
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        out = Path(folder)
        command = peer.command(programs, app, out)
        done = measure.run(command, folder=out, env=measure.SDKFP_ENV if peer is OURS else None)
        if done.status:
            said = (done.errors or done.output).decode(errors="replace").strip().splitlines() or ["nothing said"]
            raise UnusableError(f"ended with {done.status}: {said[-1][:200]}")
        return done, peer.found(done, out)


def race(key: str, peers: list[tuple[Peer, Path]], repeat: int) -> list[dict[str, Any]]:
    """Every peer on one app, in turns, so that a busy moment meets all; medians, ours first and the ratio to it."""
    app = measure.app(key)
    runs: dict[str, list[measure.Run]] = {peer.name: [] for peer, _ in peers}
    counts: dict[str, int | None] = {}
    failures: dict[str, str] = {}
    for turn in range(repeat + 1):
        for peer, programs in peers:
            if peer.name in failures:
                continue
            try:
                done, counts[peer.name] = attempt(peer, programs, app)
            except UnusableError as error:
                failures[peer.name] = str(error)
            else:
                if turn:  # the first turn fills the caches
                    runs[peer.name].append(done)
    ours = measure.median(runs[OURS.name])
    rows = []
    for peer, _ in peers:
        row: dict[str, Any] = {"app": key, "peer": peer.name, "does": peer.does, "failure": failures.get(peer.name)}
        if peer.name not in failures:
            one = measure.median(runs[peer.name])
            row |= {"wall_s": one.wall, "cpu_s": one.cpu, "peak_bytes": one.peak, "found": counts[peer.name]}
            row |= {
                "wall_ratio": one.wall / ours.wall,
                "cpu_ratio": one.cpu / ours.cpu,
                "peak_ratio": one.peak / ours.peak,
            }
        rows.append(row)
    return sorted(rows, key=lambda row: float(row.get("wall_s", 1e9)))


def cells(row: dict[str, Any]) -> list[str]:
    if row["failure"]:
        return [row["peer"], *["-"] * 5, f"failed: {row['failure']}"]
    times = [f"{row['wall_s']:.2f}", f"{row['cpu_s']:.2f}", f"{row['peak_bytes'] / 1e6:.0f}"]
    return [row["peer"], *times, f"{row['wall_ratio']:.1f}", str(row["found"]), row["does"]]


def main() -> None:
    parser = argparse.ArgumentParser(description="sdkfp and other programs on the same apps.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, or paths")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[peer.name for peer in PEERS], help="names of peers")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    ready: list[tuple[Peer, Path]] = []
    unusable: dict[str, str] = {}
    for peer in PEERS:
        if peer.name not in options.only and peer is not OURS:
            continue
        try:
            ready.append((peer, install(peer)))
        except UnusableError as error:
            unusable[peer.name] = str(error)
    print(f"{measure.machine()}; median of {options.repeat}; peak: largest process\n")
    for name, reason in unusable.items():
        print(f"- not measured: {name}: {reason}")
    rows: list[dict[str, Any]] = []
    for key in options.apps:
        found = race(key, ready, options.repeat)
        print(f"\n### {key}\n")
        head = ("program", "wall s", "CPU s", "peak MB", "× sdkfp's wall", "found", "does")
        print(measure.markdown(head, [cells(row) for row in found]), flush=True)
        rows += found
    catalog = sdkfp.Catalog.builtin()
    inside = [compare(key, catalog, options.repeat) for key in options.apps]
    print("\n### Inside one process: a scan against inflating the same dex bytes\n")
    for row in inside:
        print(f"- {row['app']}: scan {row['scan_s'] * 1e3:.0f} ms, inflate {row['inflate_s'] * 1e3:.0f} ms")
    if options.json:
        result = {
            "machine": measure.machine(),
            "repeat": options.repeat,
            "unusable": unusable,
            "runs": rows,
            "inside": inside,
        }
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
