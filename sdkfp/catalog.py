"""The catalog: every signature, read strictly, compiled once, cached by the hash of its content; and the look-ups."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sdkfp import _cache
from sdkfp._lookup import Found, collecting, look_up
from sdkfp._sources import Sources, hash_of
from sdkfp._version import __version__
from sdkfp.errors import CatalogError, SignatureError, SignatureIssue
from sdkfp.features import Kind
from sdkfp.index import ClueIndex
from sdkfp.packers import Packer
from sdkfp.policy_words import PolicyWords
from sdkfp.references import unknown_references
from sdkfp.ruleset import RuleFiles, RuleSet, check_rules, read_rule_file
from sdkfp.signature import (
    CLASS_KINDS,
    Clue,
    Names,
    Organization,
    PersonalInformation,
    Signature,
    Vocabulary,
)
from sdkfp.surfaces import Surfaces
from sdkfp.vocabulary import Reads, Rules
from sdkfp.yara import CompiledRules, RuleSource

if TYPE_CHECKING:
    from sdkfp.adapters import ImportedList
    from sdkfp.marks.index import MarkIndex

__all__ = ["Catalog", "CatalogOrigin", "Found", "builtin_directory", "read_vocabulary"]

_CACHE_FORMAT = 6
"""Raised whenever the records change, so that an old cache file is never read as a new one."""


class _Compiled(msgspec.Struct, frozen=True):
    """What the cache file holds."""

    signatures: tuple[Signature, ...]
    organizations: tuple[Organization, ...]
    vocabulary: Vocabulary
    rules: RuleFiles


def builtin_directory() -> Path:
    """The signatures that ship with sdkfp: inside the installed package, or beside it in a checkout.

    Raises:
        CatalogError: neither is there; the installation is broken.
    """
    package = Path(__file__).resolve().parent
    for place in (package / "_signatures", package.parent / "signatures"):
        if (place / "vocabulary").is_dir():
            return place
    raise CatalogError("the built-in signatures are missing from this installation of sdkfp")


@dataclass(frozen=True, slots=True)
class CatalogOrigin:
    """What a catalog was loaded from: another process loads the same one again."""

    directories: tuple[str, ...]
    builtin: bool
    cache: bool
    sha256: str

    def load(self) -> Catalog:
        """The catalog, once more.

        Raises:
            CatalogError: the signatures are wrong, or others than before.
        """
        catalog = Catalog.load(*self.directories, builtin=self.builtin, cache=self.cache)
        if catalog.sha256 != self.sha256:
            raise CatalogError("the signatures have changed since they were loaded")
        return catalog


class Catalog:
    """A frozen set of signatures with the words and organizations that they use."""

    def __init__(
        self,
        signatures: Iterable[Signature],
        organizations: Iterable[Organization],
        vocabulary: Vocabulary,
        *,
        sha256: str,
        rules: RuleSet | None = None,
        marks: Callable[[], MarkIndex] | None = None,
        origin: CatalogOrigin | None = None,
    ) -> None:
        self.signatures: Mapping[str, Signature] = {s.id: s for s in sorted(signatures, key=lambda s: s.id)}
        self.organizations: Mapping[str, Organization] = {o.id: o for o in sorted(organizations, key=lambda o: o.id)}
        self.vocabulary = vocabulary
        self.sha256 = sha256
        """Hash over the names and bytes of every file that the catalog was read from."""
        self.version = __version__
        self._rules = rules or RuleSet(RuleFiles())
        self._marks = marks
        self.notices: tuple[str, ...] = ()
        """What a user of this catalog has to be told, such as the licence of an imported list."""
        self.origin = origin
        """``None`` for a catalog that was put together in this process."""

    def __len__(self) -> int:
        return len(self.signatures)

    def __iter__(self) -> Iterator[Signature]:
        return iter(self.signatures.values())

    def __getitem__(self, sdk: str) -> Signature:
        return self.signatures[sdk]

    def __contains__(self, sdk: object) -> bool:
        return sdk in self.signatures

    @classmethod
    def builtin(cls, *, cache: bool = True) -> Catalog:
        """The signatures that ship with sdkfp."""
        return cls.load(cache=cache)

    @classmethod
    def load(cls, *directories: str | os.PathLike[str], builtin: bool = True, cache: bool = True) -> Catalog:
        """The built-in signatures and those of further directories.

        Args:
            directories: each has ``sdks/*.yaml`` (and, where wanted, ``nursery/``, ``organizations/``, ``vocabulary/``, ``packers/``),
                or is a plain folder of ``*.yaml`` signatures, with their ``.yar`` rules. A later signature replaces an earlier one
                with the same id, and its rules.
            builtin: begin with the signatures that ship with sdkfp. Their vocabulary is used in any case.
            cache: keep the compiled catalog in the user's cache directory, by the hash of its content.

        Raises:
            SignatureError: files are wrong; every mistake of every file is in it.
            CatalogError: a directory does not exist or has no signature.
        """
        extra = [Path(directory) for directory in directories]
        for directory in extra:
            if not directory.is_dir():
                raise CatalogError(f"{directory}: not a directory of signatures")
        sources = [Sources(builtin_directory(), with_sdks=builtin), *(Sources(directory) for directory in extra)]
        for source in sources[1:]:
            if not source.sdks and not source.nursery:
                raise CatalogError(f"{source.directory}: no signature (*.yaml) in it")
        digest = hash_of(sources, f"{_CACHE_FORMAT} {__version__}", cache=cache)
        compiled = _read_cache(digest) if cache else None
        checked: CompiledRules | None = None
        if compiled is None:
            compiled, checked = _compile(sources)
            if cache:
                _write_cache(digest, compiled)
        rules = RuleSet(compiled.rules, digest[:32] if cache else None, checked)
        marks = partial(_load_marks, [path for source in sources for path in source.marks], digest if cache else None)
        origin = CatalogOrigin(tuple(str(directory.absolute()) for directory in extra), builtin, cache, digest)
        parts = (compiled.signatures, compiled.organizations, compiled.vocabulary)
        return cls(*parts, sha256=digest, rules=rules, marks=marks, origin=origin)

    @classmethod
    def from_exodus(cls, source: str | os.PathLike[str] | bytes, *, base: Catalog | None = None) -> Catalog:
        """The signatures of ``base`` (by default the built-in ones) and a list in the JSON form of εxodus beside them.

        Imported entries are suspected at most, and look for nothing that ``base`` knows. See :attr:`notices`.

        Raises:
            CatalogError: the list cannot be read.
        """
        from sdkfp.adapters import read_exodus  # noqa: PLC0415 - seldom asked for

        return (base or cls.builtin())._with(read_exodus(source))

    @classmethod
    def from_libchecker(cls, source: str | os.PathLike[str] | bytes, *, base: Catalog | None = None) -> Catalog:
        """As :meth:`from_exodus`, for the rules database of LibChecker (SQLite) or its rows as JSON."""
        from sdkfp.adapters import read_libchecker  # noqa: PLC0415 - as above

        return (base or cls.builtin())._with(read_libchecker(source))

    def _with(self, imported: ImportedList) -> Catalog:
        entries, known = imported.signatures(self._knows)
        words = msgspec.structs.replace(
            self.vocabulary, categories={**self.vocabulary.categories, imported.category: imported.category_name}
        )
        digest = hashlib.sha256(f"{self.sha256} {imported.sha256}".encode()).hexdigest()
        catalog = Catalog(
            (*self, *entries), self.organizations.values(), words, sha256=digest, rules=self._rules, marks=self._marks
        )
        catalog.notices = (*self.notices, imported.notice(len(entries), known))
        return catalog

    def _knows(self, clue: Clue) -> bool:
        if clue.kind in CLASS_KINDS:
            return self.index.class_owner(f"{clue.name}A" if clue.name.endswith(".") else clue.name) is not None
        return any(True for _ in self.index.exact(clue.kind, [clue.name]))

    def lookup(self, text: str) -> list[Found]:
        """Signatures that a class name, prefix, library name, permission, id, or words in English or Chinese point to.

        The best answer is first; a text that nothing meets gives an empty list.
        """
        return look_up(self, text)

    def collecting(self, word: str) -> list[Found]:
        """Signatures that are declared to collect a type of personal information, given by its id, such as ``oaid``."""
        return collecting(self, word)

    @property
    def rules(self) -> CompiledRules:
        """The YARA rules of the signatures and of the packers, compiled."""
        return self._rules.compiled

    @property
    def packers(self) -> Mapping[str, Packer]:
        """Packers and hardening shells, by the namespace of their rules."""
        return self._rules.packers

    @cached_property
    def marks(self) -> MarkIndex:
        """The rename-proof marks of all signatures that have some.

        Raises:
            CatalogError: a ``.marks`` file is damaged.
        """
        return _load_marks([], None) if self._marks is None else self._marks()

    @cached_property
    def index(self) -> ClueIndex:
        """The clues of all signatures, by what they look for."""
        return ClueIndex(tuple(self))

    @cached_property
    def version_constants(self) -> Mapping[str, tuple[str, ...]]:
        """Names (``class.field``) of the constants that tell versions, by the class that they are in."""
        found: dict[str, list[str]] = {}
        for signature in self:
            for rule in signature.version:
                if rule.kind is Kind.CONSTANT:
                    found.setdefault(rule.name.rpartition(".")[0], []).append(rule.name)
        return {owner: tuple(names) for owner, names in found.items()}

    @cached_property
    def surfaces(self) -> Surfaces:
        """The vocabulary of reads, arranged for looking it up in an app."""
        return Surfaces(self.vocabulary.reads)

    @cached_property
    def dependants(self) -> Mapping[str, tuple[str, ...]]:
        """For each SDK, who requires or bundles it."""
        found: dict[str, list[str]] = {}
        for signature in self:
            for other in (*signature.requires, *signature.bundles):
                found.setdefault(other, []).append(signature.id)
        return {sdk: tuple(names) for sdk, names in found.items()}


def _compile(sources: Sequence[Sources]) -> tuple[_Compiled, CompiledRules | None]:
    from sdkfp.signature_reader import read_organization, read_signature  # noqa: PLC0415 - loads YAML: not for a cached catalog

    issues: list[SignatureIssue] = []
    words = _read_vocabulary(sources, issues)
    organizations: dict[str, Organization] = {}
    signatures: dict[str, Signature] = {}
    rules: dict[str, RuleSource] = {}
    for source in sources:
        for path in source.organizations:
            organization, found = read_organization(path)
            issues += found
            if organization is not None:
                organizations[organization.id] = organization
        own: dict[str, Signature] = {}
        for path, nursery in [*((p, False) for p in source.sdks), *((p, True) for p in source.nursery)]:
            signature, found = read_signature(path, words, nursery=nursery)
            issues += sorted(found)
            if signature is None:
                continue
            if signature.id in own:
                issues.append(
                    SignatureIssue(str(path), 1, 1, f"the id {signature.id!r} is also in {own[signature.id].path}")
                )
            own[signature.id] = signature
        signatures |= own
        for sdk in own:  # the rules of a signature that is replaced go with it
            rules.pop(sdk, None)
        read = [read_rule_file(path, issues) for path in source.rules]
        rules |= {rule.namespace: rule for rule in read if rule is not None}
    issues += unknown_references(signatures, organizations)
    packers = [source.directory / "packers" for source in sources if source.packers]
    files, compiled = check_rules(signatures, rules, packers, issues)
    if issues:
        raise SignatureError(tuple(issues))
    return _Compiled(
        tuple(signatures.values()),
        tuple(organizations.values()),
        words,
        files,
    ), compiled


def _read_vocabulary(sources: Sequence[Sources], issues: list[SignatureIssue]) -> Vocabulary:
    from sdkfp.policy_words_reader import read_policy_words  # noqa: PLC0415 - as above
    from sdkfp.signature_reader import read_types, read_words  # noqa: PLC0415 - as above
    from sdkfp.vocabulary_reader import read_reads, read_rules  # noqa: PLC0415 - as above

    categories: dict[str, Names] = {}
    purposes: dict[str, Names] = {}
    types: dict[str, PersonalInformation] = {}
    reads, regulations, policy = Reads(), Rules(), PolicyWords()
    for source in sources:
        for (
            path
        ) in source.vocabulary:  # in the order of their names: the types come before the policy's words and the reads
            found: list[SignatureIssue] = []
            if path.stem in ("categories", "purposes"):
                words, found = read_words(path)
                (categories if path.stem == "categories" else purposes).update(words)
            elif path.stem == "personal_information":
                read, found = read_types(path)
                types.update(read)
            elif path.stem == "reads":
                more, found = read_reads(path, types)
                reads = reads.joined(more)
            elif path.stem == "rules":
                named, found = read_rules(path)
                regulations = regulations.joined(named)
            elif path.stem == "policy":
                policy_words, found = read_policy_words(path, types)
                policy = policy.joined(policy_words)
            issues += found
    return Vocabulary(categories, purposes, types, reads, regulations, policy)


def read_vocabulary(directory: Path, issues: list[SignatureIssue]) -> Vocabulary:
    """The words of a directory of signatures; what is wrong in them is added to ``issues``."""
    return _read_vocabulary([Sources(directory, with_sdks=False)], issues)


def _load_marks(files: Sequence[Path], key: str | None) -> MarkIndex:
    from sdkfp.marks.index import load_index  # noqa: PLC0415 - loads numpy: only for an app's code

    return load_index(files, key)


def _read_cache(digest: str) -> _Compiled | None:
    data = _cache.read(f"catalog-{digest[:32]}.msgpack")
    try:
        return None if data is None else msgspec.msgpack.decode(data, type=_Compiled)
    except msgspec.DecodeError:
        return None


def _write_cache(digest: str, compiled: _Compiled) -> None:
    lean = [msgspec.structs.replace(signature, match=(), miss=()) for signature in compiled.signatures]
    body = msgspec.msgpack.encode(msgspec.structs.replace(compiled, signatures=tuple(lean)))
    _cache.write(f"catalog-{digest[:32]}.msgpack", body)
