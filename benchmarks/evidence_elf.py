"""Whether every native library of the corpus reads as GNU readelf reads it, also with stripped and with false section headers.

    python benchmarks/evidence_elf.py [--json FILE] [KEY …]

KEY is a key of tests/support/corpus.toml or a path; all packages and libraries of the corpus without any. Compared are exported and
imported dynamic symbols (``readelf --dyn-syms``), DT_NEEDED and DT_SONAME (``--dynamic``). Each library is read three times: as it is,
with its section headers stripped, and with rubbish in their place. A library that several packages hold is compared once.

Fails when one differs, or when not one could be compared.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import measure
from support import realapps

import sdkfp
from sdkfp.elf import NativeLibrary, read_library
from sdkfp.errors import SdkfpError

KINDS = ("apk", "aar", "jar", "har", "so")
_SYMBOL = re.compile(
    r"\s*\d+:\s+[0-9a-f]+\s+\S+\s+\S+\s+(?P<binding>\S+)\s+\S+\s+(?:\[.*?\]\s+)?(?P<place>\S+)\s+(?P<name>[^\s@]+)"
)
_OUTSIDE = ("GLOBAL", "WEAK", "UNIQUE")
_RUBBISH = b"\x5a"


@dataclass
class Result:
    """What was compared."""

    libraries: int = 0
    copies: int = 0
    """Libraries with the bytes of one compared before."""
    symbols: int = 0
    abis: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    """What readelf reports as no ELF file, or sdkfp refuses."""
    different: list[str] = field(default_factory=list)


def libraries_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every native library of a package, by where it lies; a bare library is its own."""
    with sdkfp.App.open(path) as app:
        for part in app.libraries:
            data = app.read(part.entry)
            if data is not None:
                yield part.location, data


def readelf(program: str, path: Path) -> tuple[set[str], set[str], list[str], list[str]]:
    """Exported and imported symbols, DT_NEEDED and DT_SONAME."""
    command = [program, "--wide", "--dyn-syms", "--dynamic", str(path)]
    text = subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout
    rows = [found for line in text.splitlines() if (found := _SYMBOL.match(line))]
    exported = {row["name"] for row in rows if row["place"] != "UND" and row["binding"] in _OUTSIDE}
    imported = {row["name"] for row in rows if row["place"] == "UND"}
    needed, soname = (re.findall(rf"\({tag}\).*\[(.*)\]", text) for tag in ("NEEDED", "SONAME"))
    return exported, imported, needed, soname


def read(data: bytes) -> tuple[set[str], set[str], list[str], list[str]]:
    """The same, as sdkfp reads it."""
    library: NativeLibrary = read_library(data)
    soname = [] if library.soname is None else [library.soname]
    return set(library.exported), set(library.imported), list(library.needed), soname


def without_sections(data: bytes) -> bytes:
    """The library as packers leave it: the ELF header names no section headers."""
    form, start, count = ("<Q", 0x28, 0x3C) if data[4] == 2 else ("<I", 0x20, 0x30)
    stripped = bytearray(data)
    struct.pack_into(form, stripped, start, 0)
    struct.pack_into("<HH", stripped, count, 0, 0)
    return bytes(stripped)


def with_false_sections(data: bytes) -> bytes:
    """The library with rubbish where its section headers stand."""
    form, start, entry = ("<Q", 0x28, 0x3A) if data[4] == 2 else ("<I", 0x20, 0x2E)
    sections = int(struct.unpack_from(form, data, start)[0])
    size, count = struct.unpack_from("<HH", data, entry)
    length = max(0, min(size * count, len(data) - sections))
    return b"".join((data[:sections], _RUBBISH * length, data[sections + length :]))


def compare(program: str, location: str, data: bytes, result: Result) -> None:
    """One library, three ways."""
    with tempfile.NamedTemporaryFile(suffix=".so") as file:
        file.write(data)
        file.flush()
        try:
            expected = readelf(program, Path(file.name))
            forms = {"": data, "stripped ": without_sections(data), "false ": with_false_sections(data)}
            answers = {name: read(form) for name, form in forms.items()}
        except (subprocess.CalledProcessError, SdkfpError) as error:
            result.refused.append(f"{location}: {error}")
            return
    result.libraries += 1
    result.symbols += len(expected[0])
    result.abis[read_library(data).abi] += 1
    for name, answer in answers.items():
        for what, mine, theirs in zip(("exported", "imported", "needed", "soname"), answer, expected, strict=True):
            if mine != theirs:
                odd = sorted({*mine} ^ {*theirs})[:3]
                result.different.append(f"{location}: {name}{what}: {len(mine)} against {len(theirs)}, {odd}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Every native library of the corpus against readelf.")
    parser.add_argument("keys", nargs="*", help="keys of the corpus, or paths")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = shutil.which("readelf")
    if program is None:
        raise SystemExit("readelf is not installed")
    result, seen = Result(), set[bytes]()
    packages = options.keys or [key for kind in KINDS for key in realapps.keys(kind)]
    for key in packages:
        try:
            found = list(libraries_of(measure.app(key)))
        except (realapps.UnavailableError, SdkfpError) as error:
            print(f"not examined: {key}: {error}", file=sys.stderr)
            continue
        for location, data in found:
            digest = hashlib.sha256(data).digest()
            if digest in seen:
                result.copies += 1
                continue
            seen.add(digest)
            compare(program, location, data, result)
    abis = ", ".join(f"{abi} {count}" for abi, count in sorted(result.abis.items()))
    print(
        f"{result.libraries} libraries ({abis}; {result.copies} copies more) with {result.symbols:,} exported symbols in "
        f"{len(packages)} packages: {len(result.different)} differences, {len(result.refused)} refused"
    )
    print("\n".join([*result.different, *result.refused]))
    if options.json:
        options.json.write_text(json.dumps(asdict(result), indent=2) + "\n", encoding="utf-8")
    if result.different or not result.libraries:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
