"""Run a published detector on the same test apps, with the same releases to look for.

    python benchmarks/obfuscation/compare.py APPS --libloom CLASSPATH [--half test|development] [--only APP.SETTING …]
        --library JAR [--limit SECONDS] [--work FOLDER]

``APPS`` is what ``build.py`` made. ``CLASSPATH`` is a copy of LIBLOOM (Huang et al., USENIX Security 2023) as its authors publish it,
with what it needs; nothing of it is here. It gets the parameters that its documentation gives, and for each release of the half's
apps one jar of the SDK's own classes: the classes that count as the SDK's in the truth. The answers go to ``APPS/compared.json``;
``evaluate.py`` scores them beside ours by the same rules.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parents[1] / "tests")]

from build import gather, write_jar  # noqa: E402 - benchmarks are no package
from compilers import java_library, needed_library  # noqa: E402

from sdkfp.catalog import Catalog  # noqa: E402

PARAMETERS = """CLASS_LEVEL_K=3
CLASS_LEVEL_M=256
PKG_LEVEL_K=3
PKG_LEVEL_M=21640
PKG_OVERLAP_THRESHOLD=0.8
SIMILARITY_THRESHOLD={similarity}
"""
SCOPE = "Primordial,Java,jarFile,primordial.jar.model"
_MAIN = "cn.edu.ruc.libloom.LIBLOOM"


@dataclass(frozen=True)
class Answer:
    """What the detector says of one app."""

    app: str
    """``APP.SETTING``."""
    found: Mapping[str, Sequence[str]]
    """Releases by SDK, those it cannot tell apart together."""
    seconds: float
    """Processor time, of the profile of the app and the comparison with every release."""
    failure: str = ""
    """Why there is no answer: over the limit, or the detector's own error."""


@dataclass(frozen=True)
class Detector:
    """LIBLOOM in a folder of its own; the profiles of the releases are kept there."""

    class_path: str
    folder: Path
    limit: float
    similarity: float

    def run(self, *arguments: str | Path) -> tuple[bool, str]:
        """Whether it ended well within the limit, and its last words."""
        java = shutil.which("java") or sys.exit("java is not installed")
        command = [java, "-Xmx3g", "-XX:+UseSerialGC", "-cp", self.class_path, _MAIN, *map(str, arguments)]
        try:
            done = subprocess.run(
                command, cwd=self.folder, capture_output=True, text=True, timeout=self.limit, check=False
            )
        except subprocess.TimeoutExpired:
            return False, f"over {self.limit:.0f} s"
        return done.returncode == 0, (done.stderr or done.stdout)[-300:]

    def profile(self, files: Iterable[Path], out: Path) -> list[str]:
        """Profile some files; gives the names of those that it cannot read."""
        waiting, refused = sorted(files), list[str]()
        while waiting:
            with tempfile.TemporaryDirectory(dir=self.folder) as batch:
                for path in waiting:
                    os.link(path, Path(batch) / path.name)
                self.run("profile", "-d", batch, "-o", out)
            waiting = [path for path in waiting if not _profiled(path, out)]
            if waiting:  # it stops at the first that it cannot read
                refused.append(waiting.pop(0).stem)
        return refused


def _profiled(path: Path, out: Path) -> bool:
    profile = out / f"{path.stem}.txt"
    return profile.exists() and profile.stat().st_size > 0


def releases_of(plans: Iterable[Mapping[str, Any]], half: str) -> Iterator[Mapping[str, Any]]:
    """Every release of the half once."""
    seen = set()
    for plan in plans:
        for release in plan["releases"] if plan["half"] == half else ():
            if (release["sdk"], release["version"]) not in seen:
                seen.add((release["sdk"], release["version"]))
                yield release


def prepare(detector: Detector, releases: Sequence[Mapping[str, Any]], library: Path) -> list[str]:
    """Jars, configuration and profiles of the releases; gives those that the detector cannot read."""
    config, jars, profiles = (detector.folder / name for name in ("config", "jars", "profiles"))
    for folder in (config, jars, profiles):
        folder.mkdir(parents=True, exist_ok=True)
    (config / "parameters.properties").write_text(PARAMETERS.format(similarity=detector.similarity))
    (config / "primordial.txt").write_text(SCOPE)
    catalog = Catalog.builtin()
    every: dict[str, bytes] = {}
    for number, release in enumerate(releases):
        classes, owners = gather([release], catalog)
        mine = {name: _readable(data) for name, data in classes.items() if owners[name] == release["sdk"]}
        every |= {f"{number}:{name}": data for name, data in mine.items()}
        jar = jars / f"{_jar(number)}.jar"
        if mine and not jar.exists():
            write_jar(jar, mine)
    # The framework, of which the detector asks only which classes are in it.
    if not (config / "android.jar").exists():
        whole = needed_library(library, every, config / "framework.jar")
        with zipfile.ZipFile(whole) as archive:
            framework = {name.removesuffix(".class"): _readable(archive.read(name)) for name in archive.namelist()}
        write_jar(config / "android.jar", framework)
    todo = [jar for jar in jars.glob("*.jar") if not _profiled(jar, profiles)]
    refused = detector.profile(todo, profiles)
    return [f"{releases[_number(name)]['sdk']} {releases[_number(name)]['version']}" for name in refused]


def _readable(data: bytes) -> bytes:
    """A class file with the version of Java 8: the detector reads no newer ones, and asks for names and signatures alone."""
    return data[:6] + min(52, int.from_bytes(data[6:8], "big")).to_bytes(2, "big") + data[8:]


def _jar(number: int) -> str:
    """A name that the detector reads as library ``sdk<number>x`` of one version."""
    return f"sdk{number}x-1.0"


def _number(name: str) -> int:
    return int(name.removeprefix("sdk").partition("x")[0])


def detect(detector: Detector, app: Path, releases: Sequence[Mapping[str, Any]]) -> Answer:
    start = _spent()
    with tempfile.TemporaryDirectory(dir=detector.folder) as work:
        folder = Path(work)
        refused = detector.profile([app], folder / "app")
        if refused:
            return Answer(app.stem, {}, _spent() - start, "no profile")
        well, words = detector.run("detect", "-ad", folder / "app", "-ld", "profiles", "-o", folder / "out")
        answers = list((folder / "out").glob("*.json"))
        if not well or not answers:
            return Answer(app.stem, {}, _spent() - start, words)
        libraries = json.loads(answers[0].read_text())["libraries"]
    # Of the releases of one SDK the most similar count, as the detector does where one library has several versions.
    best: dict[str, float] = {}
    for library in libraries:
        sdk = releases[_number(library["name"])]["sdk"]
        best[sdk] = max(best.get(sdk, 0.0), library["similarity"])
    found: dict[str, list[str]] = {}
    for library in libraries:
        release = releases[_number(library["name"])]
        if library["similarity"] >= best[release["sdk"]]:
            found.setdefault(release["sdk"], []).append(release["version"])
    return Answer(app.stem, found, _spent() - start)


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="Run a published detector on the test apps.")
    parser.add_argument("apps", type=Path)
    parser.add_argument("--libloom", required=True, help="class path of LIBLOOM")
    parser.add_argument("--library", type=Path, required=True, help="android-all jar: the framework's classes")
    parser.add_argument("--half", default="test", choices=("test", "development"))
    parser.add_argument("--only", nargs="*", help="APP.SETTING …")
    parser.add_argument("--limit", type=float, default=600, help="seconds for one app")
    parser.add_argument(
        "--similarity",
        type=float,
        default=0.6,
        help="share of a release's classes that makes it; 0.6 is the published one",
    )
    parser.add_argument("--out", type=Path, help="file for the answers, else compared.json among the apps")
    parser.add_argument("--work", type=Path, help="folder for profiles (kept)")
    arguments = parser.parse_args()
    apps: Path = arguments.apps
    plans = json.loads((HERE / "apps.json").read_text())
    releases = list(releases_of(plans.values(), arguments.half))
    library = apps / "library.jar"
    if not library.exists():
        java_library(arguments.library, library)
    work: Path = (arguments.work or apps / "libloom").resolve()
    work.mkdir(parents=True, exist_ok=True)
    detector = Detector(os.pathsep.join(_absolute(arguments.libloom)), work, arguments.limit, arguments.similarity)
    start = _spent()
    refused = prepare(detector, releases, library.resolve())
    learned = _spent() - start
    out: Path = arguments.out or apps / "compared.json"
    before: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    before = before if before.get("half") == arguments.half else {}
    answers: dict[str, Any] = before.get("answers", {})
    learned += before.get("learned_seconds", 0.0)  # what it read then is kept
    for path in sorted(apps.glob("*.apk")):
        if plans.get(path.name.partition(".")[0], {}).get("half") != arguments.half or path.stem in answers:
            continue
        if arguments.only and path.stem not in arguments.only:
            continue
        began = time.monotonic()
        answer = detect(detector, path, releases)
        answers[path.stem] = asdict(answer)
        sys.stderr.write(f"{path.stem}: {len(answer.found)} found, {answer.seconds:.0f} s of processor time ")
        sys.stderr.write(f"({time.monotonic() - began:.0f} s) {answer.failure}\n")
        record = {
            "detector": "LIBLOOM" if arguments.similarity == 0.6 else f"LIBLOOM, {arguments.similarity:g}",
            "half": arguments.half,
            "similarity": arguments.similarity,
            "releases": len(releases),
            "refused": sorted({*before.get("refused", ()), *refused}),
            "learned_seconds": learned,
            "answers": answers,
        }
        fresh = out.with_suffix(".new")
        fresh.write_text(json.dumps(record, indent=1))
        fresh.replace(out)


def _absolute(class_path: str) -> Iterator[str]:
    for part in class_path.split(os.pathsep):
        yield str(Path(part).resolve())


if __name__ == "__main__":
    main()
