"""Parts of the built-in catalog, for comparing a smaller catalog with the whole one."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection
from pathlib import Path

import measure
import yaml

import sdkfp

FIRST = Path(__file__).with_name("catalog_first.txt")
"""The ids of the signatures that the catalog began with."""
_REFERENCES = ("requires", "bundles", "overrides")


def first_ids() -> list[str]:
    """The signatures that the catalog began with."""
    lines = FIRST.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def some_ids(count: int) -> list[str]:
    """So many signatures: the first ones, then others in an order that has nothing to do with what they are."""
    first = first_ids()
    files = [path for folder in ("sdks", "nursery") for path in (measure.ROOT / "signatures" / folder).glob("*.yaml")]
    others = sorted({path.stem for path in files} - set(first), key=lambda sdk: hashlib.sha256(sdk.encode()).digest())
    return (first + others)[:count]


def library_readers() -> list[str]:
    """The signatures that have a YARA rule for native libraries."""
    rules = (measure.ROOT / "signatures" / "sdks").glob("*.yar")
    return sorted(path.stem for path in rules if 'target = "elf"' in path.read_text("utf-8"))


def part(directory: Path, ids: Collection[str]) -> sdkfp.Catalog:
    """A catalog of these signatures alone, written to that directory. References to signatures that are left out are left out too."""
    signatures = measure.ROOT / "signatures"
    for folder in ("vocabulary", "organizations", "packers"):
        shutil.copytree(signatures / folder, directory / folder)
    shutil.copy(signatures / "common.marks", directory)
    for folder in ("sdks", "nursery"):
        (directory / folder).mkdir()
        for path in sorted((signatures / folder).iterdir()):
            if path.stem not in ids:
                continue
            if path.suffix != ".yaml":
                shutil.copy(path, directory / folder)
                continue
            record = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
            for key in _REFERENCES:
                record[key] = [sdk for sdk in record.get(key, ()) if sdk in ids]
            text = yaml.dump(record, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
            (directory / folder / path.name).write_text(text, "utf-8")
    return sdkfp.Catalog.load(directory, builtin=False)
