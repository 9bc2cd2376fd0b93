"""The examples of a proposal: trimmed listings that exercise each of its clues, and near misses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from sdkfp.features import Feature, Kind
from sdkfp.learn.artifact import Release
from sdkfp.signature import CLASS_KINDS, Clue, Example, Strength, VersionRule

__all__ = ["match_examples", "miss_examples"]

_CLASSES_PER_PREFIX = 2
_MOST_EXAMPLES = 3


def match_examples(releases: Sequence[Release], clues: Sequence[Clue], rules: Sequence[VersionRule]) -> list[Example]:
    """One listing a release, at most three: the newest with every clue, the oldest and one between with the sure ones.

    Args:
        releases: in the order of their versions.
        clues: of the proposal.
        rules: of the proposal; a listing has what they read, and names the version.
    """
    chosen = list(dict.fromkeys((len(releases) - 1, 0, len(releases) // 2)))[:_MOST_EXAMPLES]
    return [_match_example(releases[number], clues, rules, whole=number == chosen[0]) for number in chosen]


def _match_example(release: Release, clues: Sequence[Clue], rules: Sequence[VersionRule], *, whole: bool) -> Example:
    lines: dict[str, None] = {}
    for clue in clues:
        if whole or clue.strength is Strength.SURE:
            lines.update(dict.fromkeys(_of_clue(release, clue)))
    told = [line for rule in rules for line in _of_rule(release, rule)]
    lines.update(dict.fromkeys(told))
    return Example(
        features="".join(f"{line}\n" for line in lines),
        origin=release.purl or release.label,
        version=release.version if told else None,
    )


def _of_clue(release: Release, clue: Clue) -> Iterator[str]:
    values = release.names(clue.kind)
    if clue.kind in CLASS_KINDS:
        for name in _telling([name for name in values if name.startswith(clue.name) or name == clue.name], clue.name):
            yield Feature(clue.kind, name).format()
        return
    for name in sorted(
        name for name in values if name == clue.name or ("*" in clue.name and fnmatchcase(name, clue.name))
    )[:1]:
        yield Feature(clue.kind, name, _plain(values[name])).format()


def _plain(value: str | None) -> str | None:
    """A value that the app fills in is none."""
    return None if value is None or "${" in value or value.startswith("@") else value


def _telling(names: Sequence[str], prefix: str) -> list[str]:
    """The classes that say most to a reader: high up, with a word of the package in their names, short."""
    plain = [name for name in names if "$" not in name and len(name.rpartition(".")[2]) > 3] or list(names)
    words = [word for word in prefix.rstrip(".").split(".")[1:] if len(word) > 3]

    def rank(name: str) -> tuple[object, ...]:
        simple = name.rpartition(".")[2].casefold()
        told = any(word in simple for word in words)
        return name.count("."), simple == "buildconfig", not told, len(name), name

    return sorted(plain, key=rank)[:_CLASSES_PER_PREFIX]


def _of_rule(release: Release, rule: VersionRule) -> Iterator[str]:
    for name, value in sorted(release.names(rule.kind).items()):
        if name == rule.name or ("*" in rule.name and fnmatchcase(name, rule.name)):
            yield Feature(rule.kind, name, value).format()


def miss_examples(release: Release, clues: Sequence[Clue]) -> list[Example]:
    """A neighbour's name that begins with the same letters, and code that only mentions the SDK."""
    examples = []
    prefix = next((clue for clue in clues if clue.kind in CLASS_KINDS and clue.name.endswith(".")), None)
    library = next((clue for clue in clues if clue.kind is Kind.LIBRARY), None)
    if prefix is not None:
        neighbour = f"{prefix.kind.value} {prefix.name.rstrip('.')}x.ui.Slider\n"
        why = "another package that begins with the same letters; a prefix ends at a segment"
        examples.append(Example(features=neighbour, why=why))
        name = _telling([name for name in release.names(prefix.kind) if name.startswith(prefix.name)], prefix.name)[0]
        why = "code that only mentions it; a reference is not the library"
        examples.append(Example(features=f"{Kind.REFERS.value} {name}\n", why=why))
    elif library is not None:
        other = library.name.replace("*", "1").removesuffix(".so")
        examples.append(
            Example(features=f"library {other}x.so\n", why="another library that begins with the same letters")
        )
    return examples
