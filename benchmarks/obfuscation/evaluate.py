"""Measure rename-proof marks on the test apps and write RESULTS.md.

    python benchmarks/obfuscation/evaluate.py APPS [--half test|development] [--only APP …] [--jobs N] [--write]

``APPS`` is what ``build.py`` made; where ``compare.py`` left its answers there, they are scored beside ours. Names of classes are
never used: every class counts as unknown. The thresholds (``sdkfp.marks.match.DEFAULT``, the constants of ``versions`` and
``attribute``) were chosen on the development half. Artifacts come out of the folder ``SDKFP_ARTIFACTS`` (``--fetch``: or from their
registries); what was read of them is kept in ``APPS/learned`` for the next run.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parents[1] / "tests")]

import numpy as np  # noqa: E402 - benchmarks are no package
from costs import cost, grown_cost  # noqa: E402
from learn_marks import Row, common_of, learn_one, versions_of  # noqa: E402
from learned import Shelf  # noqa: E402
from report import Answer, Results, report  # noqa: E402
from scoring import Score, detector_score, score_app, total  # noqa: E402
from support import realapps  # noqa: E402

import sdkfp  # noqa: E402
from sdkfp.app import App  # noqa: E402
from sdkfp.catalog import Catalog  # noqa: E402
from sdkfp.dex import Dex  # noqa: E402
from sdkfp.errors import SdkfpError  # noqa: E402
from sdkfp.identification import Certainty  # noqa: E402
from sdkfp.marks.finding import find_marks  # noqa: E402
from sdkfp.marks.format import Marks  # noqa: E402
from sdkfp.marks.index import MarkIndex, build_index  # noqa: E402

MODES = ("all", "version", "sdk")
"""Everything in the index; without the releases of the app; without its SDKs. (``beside``: as ``all``, asked for the releases of the app
alone, as another detector is.)"""
SDK_FREE = (
    "ck-20",
    "politedroid-6",
    "caffeinetile-4",
    "smsbypass-9",
    "mirrormirror-4",
    "speedometer-1",
    "contactmanager",
)
"""Real apps without any SDK of the catalog."""


@dataclass(frozen=True)
class Learnt:
    """All that the index is made from."""

    catalog: Catalog
    rows: Mapping[str, list[Row]]
    common: np.ndarray
    marks: Mapping[str, Marks]

    def index(self, *, without: Mapping[str, str] | None = None, sdks: bool = False) -> MarkIndex:
        """The index, where wanted without one release of each of some SDKs, or without those SDKs."""
        marks = dict(self.marks)
        for sdk, version in (without or {}).items():
            rest = [row for row in self.rows[sdk] if row[0] != version and not sdks]
            found = learn_one(sdk, rest, self.catalog, self.common)
            marks.pop(sdk, None)
            if found is not None:
                marks[sdk] = found
        return build_index(marks.values(), self.common)


def learn_all(plans: Iterable[Mapping[str, Any]], shelf: Shelf) -> Learnt:
    """Everything the catalog names, and the further releases of the test apps."""
    catalog = Catalog.load(cache=False)
    wanted = versions_of(catalog)
    rows: dict[str, list[Row]] = {}
    for done, (sdk, artifacts) in enumerate(sorted(wanted.items())):
        progress("artifacts", done + 1, len(wanted))
        found = [
            (version, shelf.classes(purl, inner, digest), alone) for version, purl, inner, digest, alone in artifacts
        ]
        rows[sdk] = [(version, classes, alone) for version, classes, alone in found if classes is not None]
    for plan in plans:
        for release in plan["releases"]:
            known = {(version, classes.sha256) for version, classes, _ in rows[release["sdk"]]}
            for purl, inner, sha256, alone in release["artifacts"]:
                classes = shelf.classes(purl, inner, sha256)
                if classes is not None and (release["version"], sha256) not in known:
                    rows[release["sdk"]].append((release["version"], classes, alone))
    common = common_of(rows, catalog)
    marks = {sdk: learn_one(sdk, mine, catalog, common) for sdk, mine in rows.items()}
    return Learnt(catalog, rows, common, {sdk: found for sdk, found in marks.items() if found is not None})


def progress(what: str, done: int, of: int) -> None:
    """A bar where somebody looks, a line now and then where nobody does."""
    if sys.stderr.isatty():
        full = 40 * done // max(1, of)
        sys.stderr.write(f"\r{what} [{'#' * full}{' ' * (40 - full)}] {done}/{of}" + "\n" * (done == of))
    elif done == of or done % max(1, of // 4) == 0:
        sys.stderr.write(f"{what} {done}/{of}\n")
    sys.stderr.flush()


def measure(app: Path, truth: Mapping[str, Any], indexes: Mapping[str, MarkIndex]) -> dict[str, Score]:
    """One app against its truth, by mode."""
    scores = {}
    start = time.process_time()
    with App.open(app) as opened:
        dexes = [part.dex for part in opened.dexes]
        names = [name for dex in dexes for name in dex.class_names]
        for mode, index in indexes.items():
            learned = find_marks(dexes, index, [(None,) * len(dex.class_names) for dex in dexes])
            taken = time.process_time() - start  # of the first mode: opening, inflating and decoding with it
            scores[mode] = score_app(app.stem, truth, names, learned, index)
            if mode == "all":
                scores["beside"] = score_app(app.stem, truth, names, learned, index, truth["releases"])
                scores["beside"].seconds = taken
    return scores


Answers = dict[str, dict[str, Score]]
"""Scores by mode, by ``APP.SETTING``."""
_shared: list[tuple[Learnt, MarkIndex, Path]] = []  # what the processes inherit; copied to each it would be gigabytes


def _family(name: str) -> Answers:
    """All builds of one app: they share the indexes that leave its releases and SDKs out."""
    learnt, index, apps = _shared[-1]
    answers: Answers = {}
    indexes = {"all": index}
    for path in sorted(apps.glob(f"{name}.*.json")):
        truth = json.loads(path.read_text())
        if truth["releases"] and len(indexes) == 1:
            indexes["version"] = learnt.index(without=truth["releases"])
            indexes["sdk"] = learnt.index(without=truth["releases"], sdks=True)
        answers[path.stem] = measure(path.with_suffix(".apk"), truth, indexes)
    return answers


def run_all(apps: Path, families: Sequence[str], learnt: Learnt, index: MarkIndex, jobs: int) -> Answers:
    """Every build of some apps."""
    _shared.append((learnt, index, apps))
    answers: Answers = {}
    with multiprocessing.get_context("fork").Pool(min(jobs, len(families) or 1)) as pool:
        for done, part in enumerate(pool.imap_unordered(_family, families)):
            progress("apps", done + 1, len(families))
            answers |= part
    return dict(sorted(answers.items()))


def by_setting(answers: Answers, mode: str) -> dict[str, Score]:
    scores: dict[str, Score] = collections.defaultdict(Score)
    for name, modes in answers.items():
        if mode in modes:
            scores[name.partition(".")[2]].add(modes[mode])
    return dict(scores)


def real_free(index: MarkIndex) -> Iterator[Answer]:
    """(app, classes, SDKs identified, SDKs suspected) of real apps without any SDK of the catalog: whatever is found is wrong."""
    for key in SDK_FREE:
        try:
            path = realapps.fetch(key)
        except realapps.UnavailableError:
            continue
        with App.open(path) as app:
            dexes = [part.dex for part in app.dexes]
            yield _answer(key, dexes, index)


def built_free(apps: Path, families: Sequence[str], index: MarkIndex) -> Iterator[Answer]:
    """The same of apps built from libraries that are not in the catalog, and of lists of SDKs' strings."""
    for family in families:
        for path in sorted(apps.glob(f"{family}.*.apk")):
            with App.open(path) as app:
                dexes = [part.dex for part in app.dexes]
                yield _answer(path.stem, dexes, index)


def _answer(name: str, dexes: Sequence[Dex], index: MarkIndex) -> Answer:
    found = find_marks(dexes, index, [(None,) * len(dex.class_names) for dex in dexes]).found
    weak = sorted(sdk for sdk, marks in found.items() if marks.weak)
    return name, sum(len(dex.class_names) for dex in dexes), sorted(found.keys() - set(weak)), weak


def whole_scan(apps: Path, families: Sequence[str], catalog: Catalog) -> Score:
    """What a scan identifies where nothing is renamed: names are evidence, too."""
    score = Score()
    for family in families:
        for path in sorted(apps.glob(f"{family}.none.json")):
            report = sdkfp.scan(path.with_suffix(".apk"), catalog=catalog, reads=False)
            found: dict[str, list[str]] = {sdk.id: [] for sdk in report.sdks if sdk.certainty is Certainty.IDENTIFIED}
            answer = {"found": found, "seconds": 0.0, "failure": None}
            score.add(detector_score(path.stem, json.loads(path.read_text()), answer, catalog.signatures))
    return score


def compared(apps: Path, half: str, answers: Answers) -> Iterator[dict[str, Any]]:
    """Other detectors' answers and ours about the same apps, where there are any (``compared*.json``)."""
    for path in sorted(apps.glob("compared*.json"), reverse=True):
        record: dict[str, Any] = json.loads(path.read_text())
        same = {name: answer for name, answer in record["answers"].items() if name in answers}
        if record["half"] != half or not same:
            continue
        theirs: dict[str, Score] = collections.defaultdict(Score)
        ours: dict[str, Score] = collections.defaultdict(Score)
        for name, answer in same.items():
            truth = json.loads((apps / f"{name}.json").read_text())
            setting = name.partition(".")[2]
            theirs[setting].add(detector_score(name, truth, answer, truth["releases"]))
            ours[setting].add(answers[name]["beside"])
        yield record | {"apps": len(same), "theirs": dict(theirs), "ours": dict(ours)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure rename-proof marks.")
    parser.add_argument("apps", type=Path)
    parser.add_argument("--half", default="test", choices=("test", "development"))
    parser.add_argument("--only", nargs="*", help="names of apps (not to be written)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--fetch", action="store_true", help="ask the registries for artifacts that are not at hand")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md beside this file")
    arguments = parser.parse_args()
    apps: Path = arguments.apps
    plans = json.loads((HERE / "apps.json").read_text())
    start = time.monotonic()
    try:
        learnt = learn_all(plans.values(), Shelf(apps / "learned", fetch=arguments.fetch))
    except SdkfpError as error:
        sys.exit(str(error))
    index = learnt.index()
    built = {path.name.partition(".")[0] for path in apps.glob("*.json")} & plans.keys()
    mine = [name for name in sorted(built) if plans[name]["half"] == arguments.half]
    if arguments.only:
        mine = [name for name in mine if name in arguments.only]
    free = [name for name in sorted(built) if plans[name]["half"] == "free"]
    answers = run_all(apps, mine, learnt, index, arguments.jobs)
    releases = {item for name in mine for item in ((r["sdk"], r["version"]) for r in plans[name]["releases"])}
    halves = [name for name in built if plans[name]["half"] != "free"]
    every = {(r["sdk"], r["version"]) for name in halves for r in plans[name]["releases"]}
    results = Results(
        half=arguments.half,
        builds=len(answers),
        releases=releases,
        all_releases=every,
        all_builds=sum(1 for name in halves for _ in apps.glob(f"{name}.*.json")),
        index=index,
        scores={mode: by_setting(answers, mode) for mode in MODES},
        free=[*real_free(index), *built_free(apps, [name for name in free if "lists" not in plans[name]], index)],
        lists=[*built_free(apps, [name for name in free if "lists" in plans[name]], index)],
        whole_scan=whole_scan(apps, mine, learnt.catalog),
        cost=cost(apps, index, learnt.catalog),
        grown=grown_cost(apps, index),
        compared=[*compared(apps, arguments.half, answers)],
        seconds=time.monotonic() - start,
    )
    text = report(results)
    sys.stdout.write(text)
    if total(results.scores["all"].values()).apps == 0:
        sys.exit("no app of this half is built")
    if arguments.write and not arguments.only:
        (HERE / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
