"""The files under examination: read strictly, but one wrong file does not hide what is wrong in the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sdkfp._yaml import Node, Reader
from sdkfp.catalog import Catalog, builtin_directory, read_vocabulary
from sdkfp.errors import CatalogError, SignatureError, SignatureIssue
from sdkfp.signature import Organization, Signature, Vocabulary
from sdkfp.signature_reader import read_organization, read_signature
from sdkfp.yara import RuleSource

__all__ = ["SignatureFile", "Workspace", "is_catalog", "open_workspace"]

_LONGEST_RULES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class SignatureFile:
    """One YAML file with a signature."""

    path: Path
    shown: str
    """The path as messages write it."""
    nursery: bool
    examined: bool
    """Whether its issues are wanted; the others are there so that the catalog is whole."""
    root: Node | None
    signature: Signature | None
    """``None`` where the file breaks the format."""
    problems: tuple[SignatureIssue, ...] = ()

    @property
    def id(self) -> str:
        return self.path.stem

    def place(self, *keys: str | int) -> tuple[int, int]:
        """Line and column, both 1-based, of the deepest node on a way of keys and positions; 1, 1 where there is none."""
        node = self.root
        for key in keys:
            child = _child(node, key)
            if child is None:
                break
            node = child
        return (1, 1) if node is None else (int(node.start_mark.line) + 1, int(node.start_mark.column) + 1)

    def text(self) -> str:
        """The file's text; empty where it cannot be read as such, which :attr:`problems` then says."""
        try:
            return self.path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""


def _child(node: Node | None, key: str | int) -> Node | None:
    value = getattr(node, "value", None)
    if not isinstance(value, list):
        return None
    if isinstance(key, int):
        item = value[key] if key < len(value) else None
        return None if isinstance(item, tuple) else item
    return next((pair[1] for pair in value if isinstance(pair, tuple) and pair[0].value == key), None)


@dataclass(frozen=True)
class Workspace:
    """Everything that the checks look at."""

    files: tuple[SignatureFile, ...]
    organizations: Mapping[str, Organization]
    vocabulary: Vocabulary
    yara: tuple[RuleSource, ...] = ()
    """The rule files beside signatures, namespace = file name."""
    other_problems: tuple[SignatureIssue, ...] = ()
    """In organization, vocabulary and rule files."""
    marks: tuple[Path, ...] = ()
    """The files of marks beside signatures, that of the common ones left out."""
    base: Catalog | None = None
    """The built-in signatures, where the files are to be seen together with them."""
    _by_id: dict[str, SignatureFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file in self.files:
            self._by_id.setdefault(file.id, file)

    def __getitem__(self, sdk: str) -> SignatureFile:
        return self._by_id[sdk]

    def __contains__(self, sdk: object) -> bool:
        return sdk in self._by_id or (self.base is not None and sdk in self.base)

    @property
    def examined(self) -> Iterator[tuple[SignatureFile, Signature]]:
        """The examined files that could be read."""
        for file in self.files:
            if file.examined and file.signature is not None:
                yield file, file.signature

    @cached_property
    def catalog(self) -> Catalog:
        """The signatures that could be read."""
        found = {} if self.base is None else dict(self.base.signatures)
        found |= {f.signature.id: f.signature for f in reversed(self.files) if f.signature is not None}
        return Catalog(found.values(), self.organizations.values(), self.vocabulary, sha256="")

    def strict_catalog(self) -> Catalog:
        """As :attr:`catalog`, but only if every file could be read.

        Raises:
            SignatureError: files break the format; every mistake is in it.
        """
        problems = (*(p for file in self.files for p in file.problems), *self.other_problems)
        if problems:
            raise SignatureError(problems)
        return self.catalog

    def closure(self, sdk: str) -> set[str]:
        """An SDK and everything that it requires or bundles, directly or not."""
        found: set[str] = set()
        waiting = [sdk]
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                if here in self.catalog:
                    waiting += [*self.catalog[here].requires, *self.catalog[here].bundles]
        return found


def is_catalog(directory: Path) -> bool:
    """Whether a directory is a whole catalog: it brings its own vocabulary and stands without the built-in signatures."""
    return (directory / "vocabulary").is_dir()


def open_workspace(path: Path | None = None) -> Workspace:
    """Read a directory of signatures, or the one file that is wanted and the rest of its catalog.

    Args:
        path: a whole catalog, a plain folder of signatures (which is seen together with the built-in ones) or one file;
            by default the built-in signatures.

    Raises:
        CatalogError: there is no signature.
    """
    only = path if path is not None and path.is_file() else None
    directory = _directory_of(path)
    if not directory.is_dir():
        raise CatalogError(f"{directory}: not a directory of signatures")
    base = None if is_catalog(directory) else Catalog.builtin()
    problems: list[SignatureIssue] = []
    vocabulary = read_vocabulary(directory, problems) if base is None else base.vocabulary
    organizations = {} if base is None else dict(base.organizations)
    for organization_path in sorted(directory.glob("organizations/*.yaml")):
        organization, found = read_organization(organization_path)
        problems += found
        if organization is not None:
            organizations[organization.id] = organization
    files = tuple(
        _read(file_path, vocabulary, examined=only is None or file_path.samefile(only))
        for file_path in _signature_paths(directory)
    )
    if not any(file.examined for file in files):
        raise CatalogError(f"{path or directory}: no signature (*.yaml) in it")
    rules = tuple(_rules(directory, problems))
    marks = tuple(path for folder in _homes(directory) for path in sorted(folder.glob("*.marks")))
    if only is not None:
        problems = [problem for problem in problems if Path(problem.path) == only]
        rules = tuple(source for source in rules if source.namespace == only.stem)
        marks = tuple(path for path in marks if path.stem == only.stem)
    return Workspace(files, organizations, vocabulary, rules, tuple(problems), marks, base)


def _directory_of(path: Path | None) -> Path:
    if path is None:
        return builtin_directory()
    if not path.is_file():
        return path
    return path.parent.parent if path.parent.name in ("sdks", "nursery") else path.parent


def _signature_paths(directory: Path) -> list[Path]:
    paths = (path for folder in _homes(directory) for path in sorted(folder.glob("*.yaml")))
    return [path for path in paths if not path.name.startswith(".")]


def _homes(directory: Path) -> tuple[Path, ...]:
    """The folders of signatures: of a plain folder itself."""
    flat = not any((directory / name).is_dir() for name in ("sdks", "nursery", "organizations", "vocabulary"))
    return (directory,) if flat else (directory / "sdks", directory / "nursery")


def _read(path: Path, vocabulary: Vocabulary, *, examined: bool) -> SignatureFile:
    nursery = path.parent.name == "nursery"
    signature, problems = read_signature(path, vocabulary, nursery=nursery)
    root = Reader.open(path).root if examined else None
    return SignatureFile(path, str(path), nursery, examined, root, signature, tuple(problems))


def _rules(directory: Path, problems: list[SignatureIssue]) -> Iterator[RuleSource]:
    for folder in _homes(directory):
        for path in sorted(folder.glob("*.yar")):
            text = _rule_text(path, problems)
            if text is not None:
                yield RuleSource(path.stem, str(path), text)


def _rule_text(path: Path, problems: list[SignatureIssue]) -> str | None:
    try:
        return path.read_bytes()[:_LONGEST_RULES].decode("utf-8")
    except OSError as error:
        problems.append(SignatureIssue(str(path), 1, 1, f"cannot be read: {error.strerror or error}"))
    except UnicodeDecodeError:
        problems.append(SignatureIssue(str(path), 1, 1, "is not UTF-8"))
    return None
