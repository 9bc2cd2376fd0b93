"""Build the test apps: real SDK artifacts and a small host, compiled with D8, shrunk and renamed with R8 and ProGuard.

    python benchmarks/obfuscation/build.py OUT [--only APP …] [--settings SETTING …]
        --bundletool JAR --proguard JAR:JAR --library JAR

``apps.json`` beside this file says which releases go into which app, and which half (development, test; ``free``: no SDK of the
catalog is inside) an app is of. For each
app and setting OUT has ``APP.SETTING.apk`` and ``APP.SETTING.json``: the true owner of every class that survived, from the
mapping that the shrinker wrote; what was put in but did not survive does not count. Nothing of it is committed.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parents[1] / "tests")]

from compilers import CompileError, Compilers, java_library, needed_library  # noqa: E402 - benchmarks are no package
from fetching import artifact  # noqa: E402
from hostile import encrypted, list_sources  # noqa: E402

from sdkfp.app import App  # noqa: E402
from sdkfp.catalog import Catalog  # noqa: E402
from sdkfp.marks.learn import owned  # noqa: E402


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to build an app."""

    name: str
    tool: str
    """``d8``, ``r8`` or ``proguard``."""
    min_api: int
    keep: float
    """Share of the top-level classes that are entry points (their names may still change)."""
    least: int = 3
    """Entry points of an SDK at least."""
    full_mode: bool = False
    rules: tuple[str, ...] = ()
    encrypted: bool = False
    """Every string constant of the SDKs is replaced first."""


FLAT = ("-repackageclasses ''", "-allowaccessmodification")
SETTINGS = (
    Setting("none", "d8", 21, 1.0),
    Setting("shrink", "r8", 26, 0.25, rules=("-dontobfuscate",)),
    Setting("obfuscate", "r8", 21, 0.4),
    Setting("repackage", "r8", 26, 0.4, rules=("-flattenpackagehierarchy 'x'",)),
    Setting("full-small", "r8", 26, 0.0, least=3, full_mode=True, rules=FLAT),
    Setting("full-medium", "r8", 21, 0.1, full_mode=True, rules=FLAT),
    Setting("full-large", "r8", 26, 0.4, full_mode=True, rules=FLAT),
    # Without the superclasses that the artifacts do not bring, ProGuard cannot optimize; it shrinks and renames.
    Setting("proguard", "proguard", 21, 0.25, rules=("-repackageclasses ''", "-dontoptimize")),
    Setting("encrypted", "r8", 21, 0.4, full_mode=True, rules=FLAT, encrypted=True),
)
_D8, _R8, _PROGUARD = "com.android.tools.r8.D8", "com.android.tools.r8.R8", "proguard.ProGuard"
MOST_REFUSED = 6
"""Classes that a compiler may refuse (it crashes on what other shrinkers made of them) and that are left out of an app."""


@dataclass(frozen=True, slots=True)
class Tools:
    compilers: Compilers
    library: Path
    """The framework's classes and the Java API as one jar."""
    host: Mapping[str, bytes]
    """The host app's classes."""


def run(*command: str | Path) -> None:
    program = shutil.which(str(command[0])) or sys.exit(f"{command[0]} is not installed")
    done = subprocess.run([program, *map(str, command[1:])], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))[:300]} …\n{done.stdout[-500:]}{done.stderr[:1200]}")


def classes_of(path: Path) -> dict[str, bytes]:
    """The class files of an AAR or JAR, by name; those that R8 3.3 refuses (newer than Java 17) are left out."""
    found: dict[str, bytes] = {}
    with App.open(path) as app:
        parts = [app.container]
        while parts:
            container = parts.pop()
            parts += [part for _, part in container.parts]
            for entry in container.entries.values():
                name = entry.name.removesuffix(".class")
                if name == entry.name or name.startswith("META-INF/") or name.endswith("-info"):
                    continue
                data = entry.read()
                if data[:4] == b"\xca\xfe\xba\xbe" and int.from_bytes(data[6:8], "big") <= 61:
                    found.setdefault(name.replace("/", "."), data)
    return found


def gather(releases: Sequence[Mapping[str, Any]], catalog: Catalog) -> tuple[dict[str, bytes], dict[str, str | None]]:
    """All classes of an app, each once, and their owners."""
    classes: dict[str, bytes] = {}
    owners: dict[str, str | None] = {}
    index = catalog.index
    ids = [signature.id for signature in index.signatures]
    for release in releases:
        sdk = str(release["sdk"])
        for purl, inner, sha256, alone in release["artifacts"]:
            path = artifact(purl, inner, sha256)
            if path is None:
                raise RuntimeError(f"{sdk}: {purl} cannot be had")
            fresh = {name: data for name, data in classes_of(path).items() if name not in classes}
            names = list(fresh)
            clues = index.class_owners(names)
            for name, mine, clue in zip(names, owned(names, sdk, index, alone=alone), clues, strict=True):
                owners[name] = sdk if mine else None if clue is None else ids[clue.signature]
            classes |= fresh
    return classes, owners


def gather_others(plan: Mapping[str, Any], plans: Mapping[str, Mapping[str, Any]], tools: Tools) -> dict[str, bytes]:
    """What is inside an app without any SDK of the catalog: other libraries, or lists of SDKs' strings."""
    classes: dict[str, bytes] = {}
    for purl, inner, sha256, _ in plan.get("others", ()):
        path = artifact(purl, inner, sha256)
        if path is None:
            raise RuntimeError(f"{purl} cannot be had")
        classes |= classes_of(path)
    if "lists" in plan:
        sdks = {}
        for release in (
            release for name, other in plans.items() if name.endswith("-0") for release in other["releases"]
        ):
            found: dict[str, bytes] = {}
            for purl, inner, sha256, _ in release["artifacts"]:
                path = artifact(purl, inner, sha256)
                found |= {} if path is None else classes_of(path)
            sdks[release["sdk"]] = found
        with tempfile.TemporaryDirectory(prefix="lists-") as folder:
            for name, source in list_sources(plan["lists"], sdks):
                (Path(folder) / f"{name}.java").write_text(source)
            classes |= compiled(Path(folder), tools.library)
    return classes


def compiled(sources: Path, library: Path) -> dict[str, bytes]:
    """The class files of a folder of Java sources."""
    with tempfile.TemporaryDirectory(prefix="host-") as out:
        run(
            "javac",
            "-nowarn",
            "-encoding",
            "UTF-8",
            "--release",
            "8",
            "-cp",
            library,
            "-d",
            out,
            *sources.glob("*.java"),
        )
        return {
            str(path.relative_to(out).with_suffix("")).replace("/", "."): path.read_bytes()
            for path in sorted(Path(out).rglob("*.class"))
        }


def keep_rules(owners: Mapping[str, str | None], setting: Setting) -> list[str]:
    """Entry points: the same share of every SDK's classes, chosen by the hash of their names."""
    by_owner: dict[str, list[str]] = collections.defaultdict(list)
    for name, owner in owners.items():
        if owner is not None and "$" not in name:
            by_owner[owner].append(name)
    chosen = ["org.example.host.Host"]
    for names in by_owner.values():
        names.sort(key=lambda name: hashlib.sha256(name.encode()).digest())
        chosen += names[: max(setting.least, int(len(names) * setting.keep))]
    return [f"-keep,allowobfuscation class {name} {{ public protected *; }}" for name in chosen]


def write_jar(path: Path, classes: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(classes.items()):
            archive.writestr(name.replace(".", "/") + ".class", data)


def compile_app(
    folder: Path, jar: Path, library: Path, setting: Setting, rules: list[str], compilers: Compilers
) -> dict[str, str]:
    """Dex files into ``folder/dex``; gives original → final name of the classes that survived."""
    out, conf, mapping, messages = folder / "dex", folder / "rules.pro", folder / "mapping.txt", folder / "messages.txt"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    common = ("--release", "--min-api", str(setting.min_api), "--lib", library, "--output", out)
    attributes = "-keepattributes InnerClasses,EnclosingMethod,Signature,*Annotation*,SourceFile,LineNumberTable"
    if setting.tool == "proguard":
        shrunk = folder / "shrunk.jar"
        options = ["-injars", jar, "-outjars", shrunk, "-libraryjars", library, "-printmapping", mapping]
        conf.write_text("\n".join([" ".join(map(str, options)), *rules, *setting.rules, attributes, *_LENIENT]))
        compilers.run_alone(_PROGUARD, f"@{conf}")
        jar = shrunk
    if setting.tool == "r8":
        conf.write_text("\n".join([*rules, *setting.rules, attributes, *_LENIENT]))
        mode = () if setting.full_mode else ("--pg-compat",)
        compilers.run(messages, _R8, *mode, *common, "--pg-conf", conf, "--pg-map-output", mapping, jar)
    else:
        compilers.run(messages, _D8, *common, jar)
    if not mapping.exists():
        return {}
    return dict(re.findall(r"^(\S+) -> (\S+):$", mapping.read_text(), re.MULTILINE))


_LENIENT = ("-ignorewarnings", "-dontwarn **", "-dontnote **")


def truth_of(app: Path, names: Mapping[str, str], owners: Mapping[str, str | None]) -> dict[str, str | None]:
    """The owner of every class in the dex files; ``""`` for the host, ``None`` where nobody knows."""
    original = {final: name for name, final in names.items()}
    truth: dict[str, str | None] = {}
    with App.open(app) as opened:
        for part in opened.dexes:
            for name in part.dex.class_names:
                before = re.split(
                    r"\$\$(?:Lambda|External|Internal|Nest|Synthetic)|-\$\$|-CC$|-IA$", original.get(name, name)
                )[0]
                truth[name] = "" if before.startswith("org.example.host.") else owners.get(before)
    return truth


_METHOD = re.compile(r"    (\d+:\d+:)?\S+ (?:(\S+)\.)?[^\s.(]+\(\S*\)\S* -> (\S+)")


def merged_owners(mapping: Path, owners: Mapping[str, str | None]) -> dict[str, list[str]]:
    """The owners of the methods of every class that has methods of classes of several: R8 merges classes, whoever made them.

    Of the lines with one range of a method the last is the method itself, those before are what was inlined into it.
    """
    found: dict[str, set[str]] = {}
    final, original, before, holder = "", "", ("", ""), ""
    if not mapping.exists():
        return {}
    for line in [*mapping.read_text().splitlines(), "end -> end:"]:
        method = _METHOD.fullmatch(line)
        if holder and (method is None or (method[1], method[3]) != before or not method[1]):
            owner = owners.get(holder)
            if owner:
                found.setdefault(final, set()).add(owner)
            holder = ""
        if method is not None:
            before, holder = (method[1] or "", method[3]), method[2] or original
        elif line.endswith(":") and " -> " in line:
            original, _, final = line[:-1].partition(" -> ")
    return {name: sorted(several) for name, several in found.items() if len(several) > 1}


def build(
    name: str, plans: Mapping[str, Mapping[str, Any]], out: Path, tools: Tools, catalog: Catalog, only: Sequence[str]
) -> None:
    plan = plans[name]
    releases = plan["releases"]
    todo = [setting for setting in SETTINGS if not (out / f"{name}.{setting.name}.json").exists()]
    todo = [setting for setting in todo if setting.name in plan.get("settings", (setting.name,))]
    todo = [setting for setting in todo if not only or setting.name in only]
    if not todo:
        return
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as scratch:
        folder = Path(scratch)
        classes, owners = gather(releases, catalog)
        others = gather_others(plan, plans, tools)
        classes, owners = others | classes, {**dict.fromkeys(others, ""), **owners}
        library = needed_library(tools.library, classes | dict(tools.host), folder / "library.jar")
        for setting in todo:
            try:
                names, left = compile_leniently(folder, classes, owners, library, setting, tools)
            except CompileError as error:
                print(f"{name}.{setting.name}: {error}", flush=True)
                continue
            app = out / f"{name}.{setting.name}.apk"
            with zipfile.ZipFile(app, "w", zipfile.ZIP_DEFLATED) as archive:
                for dex in sorted((folder / setting.name / "dex").glob("*.dex")):
                    archive.write(dex, dex.name)
            truth = truth_of(app, names, owners)
            record = {
                "half": plan["half"],
                "setting": setting.name,
                "releases": {str(release["sdk"]): release["version"] for release in releases},
                "left_out": left,
                "classes": truth,
                "merged": merged_owners(folder / setting.name / "mapping.txt", owners),
            }
            (out / f"{name}.{setting.name}.json").write_text(json.dumps(record))
            print(f"{name}.{setting.name}: {len(truth)} of {len(classes)} classes {left or ''}", flush=True)


def compile_leniently(
    folder: Path,
    classes: dict[str, bytes],
    owners: Mapping[str, str | None],
    library: Path,
    setting: Setting,
    tools: Tools,
) -> tuple[dict[str, str], list[str]]:
    """As :func:`compile_app`, without the classes that crash the compiler; gives them, too."""
    left: list[str] = []
    while True:
        whole = {name: data for name, data in classes.items() if name not in left} | dict(tools.host)
        if setting.encrypted:
            whole = {name: encrypted(data) if name in classes else data for name, data in whole.items()}
        write_jar(folder / "app.jar", whole)
        rules = keep_rules({name: owner for name, owner in owners.items() if name in whole}, setting)
        try:
            stage = folder / setting.name
            return compile_app(stage, folder / "app.jar", library, setting, rules, tools.compilers), left
        except CompileError as error:
            if error.culprit not in classes or error.culprit in left or len(left) >= MOST_REFUSED:
                raise
            left.append(error.culprit)


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the test apps.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", help="names of apps")
    parser.add_argument("--settings", nargs="*", help="names of settings")
    parser.add_argument("--bundletool", type=Path, required=True, help="bundletool-all jar: D8 and R8 are inside")
    parser.add_argument("--proguard", required=True, help="class path of ProGuard")
    parser.add_argument("--library", type=Path, required=True, help="android-all jar: the framework's classes")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    library = out / "library.jar"
    if not library.exists():
        java_library(arguments.library, library)
    plans = json.loads((HERE / "apps.json").read_text())
    catalog = Catalog.builtin()
    compilers = Compilers(f"{arguments.bundletool}:{arguments.proguard}")
    tools = Tools(compilers, library, compiled(HERE / "host", library))
    try:
        for name in arguments.only or plans:
            build(name, plans, out, tools, catalog, arguments.settings or ())
    finally:
        compilers.close()


if __name__ == "__main__":
    main()
