"""Learn the marks of the catalog from the artifacts that its signatures name.

    python benchmarks/obfuscation/learn_marks.py [ID …] [--check]

Without ids: every SDK of which an artifact can be had, and ``signatures/common.marks``, the marks that too many of them have.
With ids: those SDKs, with the ``common.marks`` that is there; their files depend on nothing else, and are the same byte for byte
each time. ``--check`` compares instead of writing. Artifacts come out of the folder ``SDKFP_ARTIFACTS`` (each under its sha256)
or from their registries.
"""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import numpy as np  # noqa: E402 - benchmarks are no package
from fetching import artifact  # noqa: E402

from sdkfp.catalog import Catalog, builtin_directory  # noqa: E402
from sdkfp.errors import SdkfpError  # noqa: E402
from sdkfp.marks.format import Marks, read_common, write_common, write_marks  # noqa: E402
from sdkfp.marks.learn import Artifact, LearnError, common_marks, learn, own_marks, read_artifact, release_of  # noqa: E402

Row = tuple[str, Artifact, bool]
"""Version, artifact, whether no other SDK names it."""


def versions_of(catalog: Catalog) -> dict[str, list[tuple[str, str, str | None, str, bool]]]:
    """For each SDK (version, purl, path, sha256, alone) of its artifacts."""
    users = collections.Counter(sha256 for signature in catalog for sha256 in {a.sha256 for a in signature.artifacts})
    return {
        signature.id: [
            (release_of(a.purl, a.path, a.version), a.purl, a.path, a.sha256, users[a.sha256] == 1)
            for a in signature.artifacts
            if a.sha256
        ]
        for signature in catalog
    }


@cache
def classes_of(purl: str, inner: str | None, sha256: str) -> Artifact | None:
    """The classes of one artifact; ``None`` where it cannot be had or has none."""
    path = artifact(purl, inner, sha256)
    try:
        return None if path is None else read_artifact(path)
    except SdkfpError:
        return None


def rows_of(artifacts: Iterable[tuple[str, str, str | None, str, bool]]) -> list[Row]:
    found = []
    for version, purl, inner, sha256, alone in artifacts:
        classes = classes_of(purl, inner, sha256)
        if classes is not None:
            found.append((version, classes, alone))
    return found


def common_of(rows: Mapping[str, list[Row]], catalog: Catalog) -> np.ndarray:
    """The marks that too many SDKs have, their other artifacts' classes not counted."""
    every = {}
    for sdk, mine in rows.items():
        parts = [own_marks(classes, sdk, catalog.index, alone=alone)[0] for _, classes, alone in mine]
        every[sdk] = np.unique(np.concatenate([np.zeros(0, np.uint64), *parts]))
    return common_marks({sdk: marks for sdk, marks in every.items() if len(marks)})


def learn_one(sdk: str, rows: list[Row], catalog: Catalog, common: np.ndarray) -> Marks | None:
    """The marks of one SDK; ``None`` where no artifact has a class of it."""
    try:
        return learn(sdk, rows, catalog.index, common)
    except LearnError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn the marks of the catalog.")
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing them")
    arguments = parser.parse_args()
    catalog = Catalog.load(cache=False)
    places = {signature.id: Path(signature.path).parent for signature in catalog}
    directory = builtin_directory()
    wanted = versions_of(catalog)
    ids: list[str] = arguments.ids or sorted(wanted)
    rows = {sdk: rows_of(wanted[sdk]) for sdk in ids}
    files: dict[Path, bytes] = {}
    if arguments.ids:
        common = read_common((directory / "common.marks").read_bytes())
    else:
        common = common_of(rows, catalog)
        files[directory / "common.marks"] = write_common(common)
    for sdk, mine in rows.items():
        learned = learn_one(sdk, mine, catalog, common)
        if learned is not None:
            files[places[sdk] / f"{sdk}.marks"] = write_marks(learned)
    different = [path for path, data in files.items() if not path.exists() or path.read_bytes() != data]
    if not arguments.check:
        for path in different:
            path.write_bytes(files[path])
    print(f"{len(files)} files, {sum(map(len, files.values())):,} bytes, {len(different)} of them new or different")
    if arguments.check and different:
        sys.exit("\n".join(str(path) for path in different))


if __name__ == "__main__":
    main()
