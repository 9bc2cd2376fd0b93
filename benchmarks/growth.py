"""How time grows with the input: a dex file ten times as large, a catalog ten times as large.

python benchmarks/growth.py [--repeat N] [--json FILE] [APP …]

The dex files are generated, like real ones in what counts (instructions for each method, strings, calls into the framework and into
each other, a third of the classes in packages of known SDKs), and scanned with the built-in signatures. For the signatures, real apps
are scanned with the built-in catalog and with one that has nine generated signatures beside every built-in one, with as many clues,
and as many learned marks, rules and claims as those have. All times are processor time of one process, in turns; ratios of medians.
The exit code is 1 where a ratio misses its target.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import measure
import numpy as np
import workshop
from support import elfwriter
from support.axmlwriter import manifest
from support.bigapp import with_code
from support.dexwriter import ConstString, DexWriter, Invoke, Method, Raw
from support.zipwriter import build_zip

from sdkfp import Catalog, scan
from sdkfp.features import Kind
from sdkfp.marks.format import Marks, read_marks, write_marks

APPS = ("appium-uia2-server-7.7.1", "apidemos-4.1.1", "react-native-sample-0.0.1")
TIMES = 10
DEX_TARGET, SIGNATURES_TARGET = 11.0, 1.3
"""Times the time for ten times the input."""
SMALL_CLASSES = 600
METHODS = 8
"""Of a class; 6,000 classes stay below the 65,536 methods that a dex file can have."""
_FRAMEWORK = ("android.util.Log", "java.util.List", "java.lang.String", "android.content.Context", "android.net.Uri")
_BLOCKS = 64
"""Different stretches of instructions."""


def large_dex(classes: int, units: int = 90, *, seed: int = 0, prefixes: tuple[str, ...] = ()) -> bytes:
    """A dex file of so many classes, whose methods have about so many code units: 200 bytes a method as real ones have on average.

    Args:
        classes: how many; each has eight methods, strings of its own and a superclass of the framework or of the file.
        units: 16-bit code units of a method beside its own calls and strings.
        seed: two files with different ones have no class in common.
        prefixes: packages of SDKs that a third of the classes goes to.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    blocks = [_block(chance, units) for _ in range(_BLOCKS)]
    names = [_name(number, seed, prefixes) for number in range(classes)]
    writer = DexWriter()
    for number, name in enumerate(names):
        methods = [
            Method(
                f"m{place}",
                code=[
                    ConstString(0, f"{name} says {place} of {seed}"),
                    Invoke("static", chance.choice(_FRAMEWORK), f"f{chance.randrange(80)}"),
                    Invoke("static", names[chance.randrange(max(0, number - 50), number + 1)], f"m{place}"),
                    blocks[chance.randrange(_BLOCKS)],
                ],
            )
            for place in range(METHODS)
        ]
        parent = "android.app.Activity" if number % 10 else "java.lang.Object"
        writer.add_class(name, superclass=parent, methods=methods, static_strings={"NAME": f"value {number}"})
    return writer.build()


def _name(number: int, seed: int, prefixes: tuple[str, ...]) -> str:
    if prefixes and number % 3 == 0:
        return f"{prefixes[number % len(prefixes)]}s{seed}.C{number}"
    return f"com.maker.s{seed}.p{number // 40}.C{number}"


def _block(chance: random.Random, units: int) -> Raw:
    """Instructions as they are frequent: moves, fields, calls, strings, branches, arithmetic; and a return."""
    found: list[int] = []
    while len(found) < units:
        kind = chance.randrange(6)
        index = chance.randrange(200)
        found += (
            (0x71, index, 0),  # invoke-static {}, method
            (0x1A | 1 << 8, index),  # const-string v1, string
            (0x52 | 0x10 << 8, 0),  # iget v0, v1, field
            (0x0C | 1 << 8,),  # move-result-object v1
            (0x38, 2),  # if-eqz v0, the next instruction
            (0xD8, 1 << 8),  # add-int/lit8 v0, v0, 1
        )[kind]
    return Raw((*found, 0x0E), registers=3)


def as_app(*dexes: bytes) -> bytes:
    """An app with these dex files and a small native library, so that every reader has something to do."""
    library = elfwriter.write(elfwriter.SharedObject(soname="libmaker.so", needed=("libc.so",)))
    entries = {"AndroidManifest.xml": manifest("com.maker.app"), "lib/arm64-v8a/libmaker.so": library}
    return build_zip(entries | {f"classes{number or ''}.dex": dex for number, dex in enumerate(dexes)})


def in_turns(ways: Mapping[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Median processor seconds of each; the first turn is not counted."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(repeat + 1):
        for way, work in ways.items():
            begin = time.process_time()
            work()
            if turn:
                seconds[way].append(time.process_time() - begin)
    return {way: statistics.median(found) for way, found in seconds.items()}


def prefixes_of(catalog: Catalog, count: int = 40) -> tuple[str, ...]:
    """Packages of the first SDKs that a class identifies."""
    clues = (clue for sdk in with_code(catalog, count, collecting=False) for clue in catalog[sdk].clues)
    return tuple(clue.name for clue in clues if clue.kind is Kind.CLASS and clue.name.endswith("."))


def dex_growth(repeat: int) -> dict[str, Any]:
    catalog = Catalog.builtin()
    prefixes = prefixes_of(catalog)
    dexes = {
        "small": large_dex(SMALL_CLASSES, prefixes=prefixes),
        "large": large_dex(TIMES * SMALL_CLASSES, prefixes=prefixes),
    }
    apps = {name: as_app(dex) for name, dex in dexes.items()}
    names_only = in_turns(
        {n: lambda a=a: scan(a, catalog=catalog, names_only=True, name="a.apk") for n, a in apps.items()},  # type: ignore[misc]
        repeat,
    )
    everything = in_turns({n: lambda a=a: scan(a, catalog=catalog, name="a.apk") for n, a in apps.items()}, repeat)  # type: ignore[misc]
    sizes = [len(dex) for dex in dexes.values()]
    return {
        "of": "dex file",
        "sizes": sizes,
        "input_ratio": sizes[1] / sizes[0],
        "target": DEX_TARGET,
        "rows": {
            "names only": [*names_only.values()],
            "everything on": [*everything.values()],
        },
    }


def larger_catalog(directory: Path) -> int:
    """The built-in signatures and nine times as many generated ones; how many in all."""
    present = len(Catalog.builtin())
    count = workshop.build(directory, TIMES * present)
    sdks = directory / "sdks"
    learned = [read_marks(path.read_bytes()) for path in sorted(sdks.glob("*.marks"))]
    rules = sum(1 for _ in sdks.glob("*.yar"))
    chance = np.random.default_rng(0)
    for number in range(count - present):
        sdk = f"bench-{number}"
        if number % present < len(learned):
            model = learned[number % present]
            (sdks / f"{sdk}.marks").write_bytes(write_marks(_other_marks(model, sdk, chance)))
        if number % present < rules:
            _add_rule(sdks, sdk)
    return count


def _other_marks(model: Marks, sdk: str, chance: np.random.Generator) -> Marks:
    """As many marks of the same kinds; none of a known SDK."""
    drawn = chance.integers(0, 1 << 62, len(model.marks), np.uint64) << np.uint64(2)
    marks = drawn | (model.marks & np.uint64(3))
    order = np.argsort(marks)
    return Marks(sdk, model.releases, model.sampled_below, marks[order], model.releases_of)


def _add_rule(sdks: Path, sdk: str) -> None:
    rule = sdk.replace("-", "_")
    (sdks / f"{sdk}.yar").write_text(
        f'rule {rule} {{ meta: target = "dex" strings: $a = "\\x14https://{sdk}.example\\x00" condition: $a }}\n',
        "ascii",
    )
    path = sdks / f"{sdk}.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("clues:\n", f"clues:\n  - yara: {rule}\n", 1), encoding="utf-8")


def signature_growth(keys: list[str], repeat: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="sdkfp-growth-") as name:
        directory = Path(name) / "signatures"
        count = larger_catalog(directory)
        small = Catalog.builtin()
        large = Catalog.load(directory, builtin=False, cache=False)
        rows: dict[str, list[float]] = {}
        for key in keys:
            path = measure.app(key)
            ways = {
                "small": lambda p=path: scan(p, catalog=small),
                "large": lambda p=path: scan(p, catalog=large),
            }
            rows[key] = [*in_turns(ways, repeat).values()]
    rows["all apps"] = [sum(times[place] for times in rows.values()) for place in (0, 1)]
    return {
        "of": "signatures",
        "sizes": [len(small), count],
        "input_ratio": count / len(small),
        "target": SIGNATURES_TARGET,
        "rows": rows,
    }


def show(found: dict[str, Any]) -> bool:
    """Print a table; whether every ratio meets the target."""
    rows = [
        [what, f"{first * 1e3:.0f}", f"{second * 1e3:.0f}", f"{second / first:.2f}"]
        for what, (first, second) in found["rows"].items()
    ]
    small, large = found["sizes"]
    print(f"{found['of']}: {small:,} against {large:,}, {found['input_ratio']:.1f} times the input")
    print(f"target: at most {found['target']:g} times the time\n")
    print(measure.markdown(["scan", "small: ms", "large: ms", "ratio"], rows) + "\n")
    return all(second / first <= found["target"] for first, second in found["rows"].values())


def main() -> None:
    parser = argparse.ArgumentParser(description="Growth of time with the size of a dex file and of the catalog.")
    parser.add_argument("apps", nargs="*", default=APPS, help="keys of the corpus, or paths, for the signatures")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = [dex_growth(options.repeat), signature_growth(list(options.apps), options.repeat)]
    met = [show(part) for part in found]
    print(f"{measure.machine()}; median of {options.repeat}, processor time")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if not all(met):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
