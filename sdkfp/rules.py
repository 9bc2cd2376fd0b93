"""YARA rules on the parts of an app: what they match becomes features and, with its strings, evidence."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sdkfp.app import App
from sdkfp.container import Entry
from sdkfp.dex import Dex
from sdkfp.errors import NotExamined
from sdkfp.features import Column, FeatureSet
from sdkfp.yara import CompiledRules, RuleMatch, StringHit, Target, YaraError, YaraTimeoutError, yara_column

__all__ = ["RuleMatches", "match_features", "match_parts"]

_ELF_MAGIC = b"\x7fELF"
_LONGEST_SECONDS = 30.0
"""For one part of an app."""
_MOST_SECONDS = 300.0
"""For all parts together: an app with many parts that are slow to search must not take hours."""
_LONGEST_FILE = 64 << 20
"""Bytes of a file that rules name."""


@dataclass(frozen=True, slots=True)
class RuleMatches:
    """What rules found."""

    columns: tuple[Column, ...]
    """Features of the kind ``yara``, one column a location."""
    strings: Mapping[tuple[str, str], tuple[StringHit, ...]]
    """The strings met, by (rule as ``namespace/rule``, location)."""
    not_examined: tuple[NotExamined, ...]


class _Run:
    """Gathers matches, within the time for all."""

    def __init__(self, rules: CompiledRules) -> None:
        self._rules = rules
        self._seconds_left = _MOST_SECONDS
        self._found: dict[str, list[RuleMatch]] = {}
        self._not_examined: list[NotExamined] = []

    def match(self, target: Target, data: bytes, location: str, *, file_name: str = "", start: int = 0) -> None:
        seconds = min(_LONGEST_SECONDS, self._seconds_left)
        begin = time.monotonic()
        try:
            if seconds <= 0:
                raise YaraTimeoutError(f"the rules before it took longer than {_MOST_SECONDS:.0f} s together")
            found = self._rules.match(target, data, timeout_s=seconds, file_name=file_name, start=start)
        except YaraError as error:
            code = "rules-timeout" if isinstance(error, YaraTimeoutError) else "rules-failed"
            self.skip(location, code, f"no rule was matched with {location}: {error}")
        else:
            self._found.setdefault(location, []).extend(found)
        finally:
            self._seconds_left -= time.monotonic() - begin  # not what reading the parts takes

    def skip(self, location: str, code: str, reason: str) -> None:
        self._not_examined.append(NotExamined(location, code, reason))

    def result(self) -> RuleMatches:
        return RuleMatches(
            tuple(yara_column(found, location) for location, found in self._found.items() if found),
            {(match.name, place): match.strings for place, found in self._found.items() for match in found},
            tuple(self._not_examined),
        )


def match_parts(app: App, rules: CompiledRules) -> RuleMatches:
    """Run the rules for dex files, native libraries and files; each library is inflated once for this and for :attr:`App.native`."""
    run = _Run(rules)
    if "dex" in rules.targets:
        for location, dexes in _dex_files(app):
            data = dexes[0].data
            start, end = _string_range(dexes) if rules.strings_suffice else (0, len(data))
            run.match("dex", data[start:end], location, start=start)
    if "elf" in rules.targets:
        for library, data in app.read_libraries():
            if data.startswith(_ELF_MAGIC):
                run.match("elf", data, library.location)
    if "file" in rules.targets:
        for entry in app.entries:
            if rules.wants_file(app.installed_name(entry)):
                _match_file(run, app, entry)
    return run.result()


def _match_file(run: _Run, app: App, entry: Entry) -> None:
    if entry.size > _LONGEST_FILE:
        run.skip(entry.location, "rules-file-too-large", f"{entry.location} has {entry.size} bytes: no rule read it")
        return
    data = app.read(entry)
    if data is not None:
        run.match("file", data, entry.location, file_name=app.installed_name(entry))


def match_features(features: FeatureSet, rules: CompiledRules, location: str) -> RuleMatches:
    """Run the rules for features on those kinds that they look at.

    Args:
        features: of the whole app, with what :func:`match_parts` gave.
        rules: of the catalog.
        location: of the app.
    """
    run = _Run(rules)
    if "features" in rules.targets:
        run.match("features", features.format(rules.kinds).encode("utf-8", "backslashreplace"), location)
    return run.result()


def _dex_files(app: App) -> Iterator[tuple[str, list[Dex]]]:
    """The dex files by the bytes that they are in: those of a container share them."""
    found: dict[int, tuple[str, list[Dex]]] = {}
    for part in app.dexes:
        found.setdefault(id(part.dex.data), (part.location, []))[1].append(part.dex)
    yield from found.values()


def _string_range(dexes: Iterable[Dex]) -> tuple[int, int]:
    """The bytes from the first string to the end of the last, wherever the tables of the file say that they lie."""
    start, end = 0, 0
    for dex in dexes:
        ids = dex.header.string_ids
        room = max(0, len(dex.data) - ids.offset) // 4
        offsets = np.frombuffer(dex.data, "<u4", min(ids.size, room), ids.offset) if room else np.empty(0, "<u4")
        if len(offsets):
            first, last = int(offsets.min()), int(offsets.max())
            zero = dex.data.find(b"\0", last + 1)  # an empty string begins with a NUL, its length
            start = min(start, first) if end else first
            end = max(end, zero + 1 if zero >= 0 else len(dex.data))
    return start, end
