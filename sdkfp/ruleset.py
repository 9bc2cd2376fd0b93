"""The YARA rules of a catalog: the files beside signatures and those of packers, checked with the signatures, compiled once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from sdkfp import _cache
from sdkfp.errors import CatalogError, SignatureError, SignatureIssue
from sdkfp.features import Kind
from sdkfp.packers import Packer, Packers, read_packers
from sdkfp.signature import Signature
from sdkfp.yara import CompiledRules, RuleSource, compile_rules, default_engine

__all__ = ["RuleFiles", "RuleSet", "check_rules", "read_rule_file"]

_LONGEST_RULES = 1 << 20


class RuleFiles(msgspec.Struct, frozen=True):
    """The rules as they were read."""

    sources: tuple[RuleSource, ...] = ()
    """Namespace = id of the SDK or of the packer."""
    packers: tuple[Packer, ...] = ()


class RuleSet:
    """The rules of a catalog, compiled when first asked for."""

    def __init__(self, files: RuleFiles, cache_key: str | None = None, compiled: CompiledRules | None = None) -> None:
        """
        Args:
            files: the rules.
            cache_key: under which the compiled form is kept in the user's cache directory; ``None`` not to keep it.
            compiled: by :func:`check_rules`, where they have just been checked.
        """
        self.packers: Mapping[str, Packer] = {packer.id: packer for packer in files.packers}
        self._sources = files.sources
        self._cache_key = cache_key
        self._known = compiled

    @cached_property
    def compiled(self) -> CompiledRules:
        """The rules, ready to run: from the cache, or compiled and put there."""
        name = f"rules-{self._cache_key}-{default_engine()}.bin" if self._cache_key and self._sources else None
        if name and self._known is None:
            data = _cache.read(name)
            if data is not None:
                try:
                    return CompiledRules.deserialize(data)
                except CatalogError:  # compiled by another version of the engine
                    pass
        compiled = self._known or compile_rules(self._sources, engine=default_engine())
        if name:
            _cache.write(name, compiled.serialize())
        return compiled


def read_rule_file(path: Path, issues: list[SignatureIssue]) -> RuleSource | None:
    """One ``.yar`` file; what is wrong with it as a file is added to ``issues``."""
    try:
        data = path.read_bytes()
        if len(data) > _LONGEST_RULES:
            issues.append(SignatureIssue(str(path), 1, 1, f"has {len(data)} bytes; {_LONGEST_RULES} are read"))
            return None
        return RuleSource(path.stem, str(path), data.decode("utf-8"))
    except OSError as error:
        issues.append(SignatureIssue(str(path), 1, 1, f"cannot be read: {error.strerror or error}"))
    except UnicodeDecodeError:
        issues.append(SignatureIssue(str(path), 1, 1, "is not UTF-8"))
    return None


def check_rules(
    signatures: Mapping[str, Signature],
    rules: Mapping[str, RuleSource],
    packer_directories: Iterable[Path],
    issues: list[SignatureIssue],
) -> tuple[RuleFiles, CompiledRules | None]:
    """Compile the rules, and hold them against the signatures that use them; what is wrong is added to ``issues``.

    Args:
        signatures: by id.
        rules: the rules beside them, by id.
        packer_directories: each with a ``packers.yaml``; a later packer replaces an earlier one with the same id.
        issues: grows.
    """
    packers: dict[str, Packer] = {}
    shells: dict[str, RuleSource] = {}
    for directory in packer_directories:
        found = _packers_of(directory, issues)
        packers |= found.packers
        shells |= {source.namespace: source for source in found.sources}
    issues += [
        SignatureIssue(source.path, 1, 1, f"no signature {sdk}.yaml lies beside these rules")
        for sdk, source in rules.items()
        if sdk not in signatures
    ]
    files = RuleFiles((*rules.values(), *shells.values()), tuple(packers.values()))
    try:
        compiled = compile_rules(files.sources, engine=default_engine())
    except SignatureError as error:
        issues += error.issues
        return files, None
    issues += _unknown_rules(signatures.values(), compiled)
    issues += _unexplained_rules(packers, shells, compiled)
    return files, compiled


def _packers_of(directory: Path, issues: list[SignatureIssue]) -> Packers:
    try:
        return read_packers(directory)
    except SignatureError as error:
        issues += error.issues
        return Packers({}, ())


def _unknown_rules(signatures: Iterable[Signature], compiled: CompiledRules) -> list[SignatureIssue]:
    known = {name for target in compiled.targets for name in compiled.names(target)}
    issues = []
    for signature in signatures:
        clues = [clue.name for clue in (*signature.clues, *signature.exceptions) if clue.kind is Kind.YARA]
        versions = [rule.name for rule in signature.version if rule.kind is Kind.YARA]
        issues += [
            SignatureIssue(signature.path, 1, 1, f"{name!r} is no rule of {signature.id}.yar")
            for name in dict.fromkeys((*clues, *versions))
            if f"{signature.id}/{name}" not in known
        ]
    return issues


def _unexplained_rules(
    packers: Mapping[str, Packer], shells: Mapping[str, RuleSource], compiled: CompiledRules
) -> Sequence[SignatureIssue]:
    """Every rule of a packer has its reason in ``packers.yaml``, and every reason its rule."""
    explained = {f"{packer.id}/{rule.name}" for packer in packers.values() for rule in packer.rules}
    written = {
        name for target in compiled.targets for name in compiled.names(target) if name.partition("/")[0] in packers
    }
    return [
        SignatureIssue(shells[name.partition("/")[0]].path, 1, 1, f"the rule {name!r} {wrong}")
        for names, wrong in (
            (written - explained, "has no entry in packers.yaml"),
            (explained - written, "of packers.yaml is not here"),
        )
        for name in sorted(names)
    ]
