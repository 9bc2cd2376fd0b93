"""Rules about clues and exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from sdkfp.features import Feature, Kind
from sdkfp.lint.issue import Finding, Rule, Severity
from sdkfp.lint.workspace import SignatureFile, Workspace
from sdkfp.signature import CLASS_KINDS, Clue, Example, Signature, Strength

__all__ = ["RULES"]

_MANIFEST_CLASSES = (Kind.ACTIVITY, Kind.SERVICE, Kind.RECEIVER, Kind.PROVIDER)


def _covers(clue: Clue, name: str) -> bool:
    """Whether a clue meets a name of its kind, or a prefix lies below it."""
    if clue.kind in CLASS_KINDS:
        if clue.name.endswith("."):
            return name.startswith(clue.name)
        return name == clue.name or name.startswith(f"{clue.name}$")
    return fnmatchcase(name, clue.name) if "*" in clue.name else name == clue.name


def _clues(workspace: Workspace) -> Iterator[tuple[SignatureFile, Signature, int, Clue]]:
    for file, signature in workspace.examined:
        for position, clue in enumerate(signature.clues):
            yield file, signature, position, clue


def _prefix_dot(workspace: Workspace) -> Iterator[Finding]:
    """A package written without its dot is an exact class that no app has: the commonest dead clue in any list."""
    for file, signature, position, clue in _clues(workspace):
        if clue.kind not in CLASS_KINDS or clue.name.endswith("."):
            continue
        below = any(
            feature.name.startswith(f"{clue.name}.")
            for example in signature.match
            for feature in example.feature_set()
            if feature.kind is clue.kind
        )
        if below or (clue.name.rpartition(".")[2].islower() and not _exact_in_examples(signature, clue)):
            yield Finding(file, ("clues", position, clue.kind.value), f"`{clue}` looks like a package without its dot")


def _exact_in_examples(signature: Signature, clue: Clue) -> bool:
    return any(_covers(clue, f.name) for e in signature.match for f in e.feature_set() if f.kind is clue.kind)


def _duplicate_clue(workspace: Workspace) -> Iterator[Finding]:
    """A `sure` clue is nobody else's; two hints may be the same."""
    owners: dict[tuple[Kind, str], list[tuple[str, Strength]]] = {}
    for signature in workspace.catalog:
        for clue in signature.clues:
            if clue.kind is not Kind.YARA:
                owners.setdefault((clue.kind, clue.name), []).append((signature.id, clue.strength))
    for file, signature, position, clue in _clues(workspace):
        for other, strength in owners.get((clue.kind, clue.name), ()):
            sure = Strength.SURE in (clue.strength, strength)
            if other != signature.id and sure and not _declared(workspace, signature.id, other):
                yield Finding(file, ("clues", position, clue.kind.value), f"`{clue}` is also a clue of {other}")


def _declared(workspace: Workspace, sdk: str, other: str) -> bool:
    catalog = workspace.catalog
    return other in catalog[sdk].overrides or sdk in catalog[other].overrides


def _clue_twice(workspace: Workspace) -> Iterator[Finding]:
    for file, signature, position, clue in _clues(workspace):
        if any((clue.kind, clue.name) == (before.kind, before.name) for before in signature.clues[:position]):
            yield Finding(file, ("clues", position, clue.kind.value), f"`{clue}` stands twice")


def _shadowed_clue(workspace: Workspace) -> Iterator[Finding]:
    """The longest prefix owns a class, so a longer clue takes classes away from a shorter one; both must know."""
    packages: dict[str, list[str]] = {}
    for signature in workspace.catalog:
        for clue in signature.clues:
            if clue.kind is Kind.CLASS and clue.name.endswith("."):
                packages.setdefault(clue.name, []).append(signature.id)
    for file, signature, position, clue in _clues(workspace):
        if clue.kind is not Kind.CLASS:
            continue
        for prefix in _shorter_prefixes(clue.name):
            for other in packages.get(prefix, ()):
                if other != signature.id and not _known_to(workspace, signature, other, clue):
                    message = f"`{clue}` takes classes away from {other} (`class {prefix}`)"
                    yield Finding(file, ("clues", position, "class"), message)


def _shorter_prefixes(name: str) -> Iterator[str]:
    segments = name.rstrip(".").split(".")
    for length in range(1, len(segments)):
        yield ".".join(segments[:length]) + "."


def _known_to(workspace: Workspace, signature: Signature, other: str, clue: Clue) -> bool:
    """Whether two SDKs are declared to stand in one another's packages: by exception, relation or the same maker."""
    theirs = workspace.catalog[other]
    related = other in workspace.closure(signature.id) or signature.id in workspace.closure(other)
    same_maker = signature.organization is not None and signature.organization == theirs.organization
    excepted = any(exception.kind is clue.kind and _covers(exception, clue.name) for exception in theirs.exceptions)
    return related or same_maker or excepted or _declared(workspace, signature.id, other)


def _overlapping_names(workspace: Workspace) -> Iterator[Finding]:
    """`libfoo*.so` in one SDK and `libfoobar.so` in another: one file gives evidence for both."""
    names: dict[Kind, list[tuple[str, str]]] = {}
    for signature in workspace.catalog:
        for clue in signature.clues:
            if "*" not in clue.name and clue.strength is Strength.SURE:
                names.setdefault(clue.kind, []).append((clue.name, signature.id))
    for file, signature, position, clue in _clues(workspace):
        if "*" not in clue.name or clue.strength is not Strength.SURE:
            continue
        excepted = [exception for exception in signature.exceptions if exception.kind is clue.kind]
        for name, other in names.get(clue.kind, ()):
            meets = other != signature.id and _covers(clue, name) and not _declared(workspace, signature.id, other)
            if meets and not any(_covers(exception, name) for exception in excepted):
                message = f"`{clue}` also meets `{name}`, a clue of {other}"
                yield Finding(file, ("clues", position, clue.kind.value), message)


def _dead_except(workspace: Workspace) -> Iterator[Finding]:
    """An exception takes away from the clues of its own file only."""
    for file, signature in workspace.examined:
        for position, exception in enumerate(signature.exceptions):
            if not any(c.kind is exception.kind and _covers(c, exception.name) for c in signature.clues):
                message = f"the exception `{exception}` lies under no clue of {signature.id}"
                yield Finding(file, ("except", position, exception.kind.value), message)


def _unproven_except(workspace: Workspace) -> Iterator[Finding]:
    for file, signature in workspace.examined:
        features = [f for example in (*signature.miss, *signature.match) for f in _features(example)]
        for position, exception in enumerate(signature.exceptions):
            if not any(feature.kind is exception.kind and _covers(exception, feature.name) for feature in features):
                message = f"no example has what the exception `{exception}` takes away"
                yield Finding(file, ("except", position, exception.kind.value), message)


def _features(example: Example) -> Iterator[Feature]:
    yield from example.feature_set()


def _version_elsewhere(workspace: Workspace) -> Iterator[Finding]:
    """The constant of a class that another SDK owns is that SDK's version."""
    for file, signature in workspace.examined:
        for position, rule in enumerate(signature.version):
            if rule.kind is not Kind.CONSTANT:
                continue
            owner = workspace.catalog.index.class_owner(rule.name.rpartition(".")[0])
            other = None if owner is None else workspace.catalog.index.signatures[owner.signature].id
            if other is not None and other != signature.id and other not in workspace.closure(signature.id):
                message = f"the constant {rule.name} is in a class of {other}"
                yield Finding(file, ("version", position, "constant"), message)


RULES = (
    Rule(
        "prefix-dot",
        Severity.ERROR,
        "end the prefix with a dot, or give the exact class in a match example",
        _prefix_dot,
    ),
    Rule("clue-twice", Severity.ERROR, "take one of the two out", _clue_twice),
    Rule(
        "duplicate-clue", Severity.ERROR, "make it a hint in both, give it to one, or say `overrides`", _duplicate_clue
    ),
    Rule(
        "shadowed-clue",
        Severity.ERROR,
        "say `except`, `requires`, `bundles` or `overrides` in one of the two",
        _shadowed_clue,
    ),
    Rule("overlapping-names", Severity.ERROR, "narrow the pattern, or say `except`", _overlapping_names),
    Rule("dead-except", Severity.ERROR, "take the exception out, or mend its name", _dead_except),
    Rule("unproven-except", Severity.ERROR, "give a miss example with such a feature", _unproven_except),
    Rule("version-elsewhere", Severity.ERROR, "read the version from a class that this SDK owns", _version_elsewhere),
)
