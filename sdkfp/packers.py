"""Packers and hardening shells: the index of their rules, ``packers/packers.yaml`` beside ``packers/<id>.yar``.

What such a rule finds is no SDK. It says that code of the app is hidden, so that what was not found may still be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdkfp.errors import SignatureError, SignatureIssue
from sdkfp.yara import RuleSource

if TYPE_CHECKING:
    from sdkfp._yaml import Node, Reader

__all__ = ["Packer", "PackerRule", "Packers", "read_packers"]

_LONGEST_RULES = 1 << 20


@dataclass(frozen=True, slots=True)
class PackerRule:
    """Why a rule holds."""

    name: str
    why: str
    source: str
    """A URL, or the package URL of the artifact that shows it."""
    sha256: str | None = None
    """Of that artifact."""


@dataclass(frozen=True, slots=True)
class Packer:
    """One packer or hardening shell."""

    id: str
    name_en: str
    name_zh: str | None
    vendor: str
    rules: tuple[PackerRule, ...]


@dataclass(frozen=True, slots=True)
class Packers:
    """Every packer of a directory, and its rules to be compiled; the namespace of a rule is the packer's id."""

    packers: Mapping[str, Packer]
    sources: tuple[RuleSource, ...]


def read_packers(directory: Path) -> Packers:
    """Read ``packers.yaml`` and the rule files that it names.

    Raises:
        SignatureError: files are missing or wrong; every mistake is in it.
    """
    from sdkfp._yaml import Reader  # noqa: PLC0415 - loads YAML: not for a cached catalog

    reader = Reader.open(directory / "packers.yaml")
    entries = reader.mapping(reader.root) if reader.root is not None else {}
    packers = {packer: _packer(reader, packer, node) for packer, node in entries.items()}
    sources = []
    for packer in packers:
        path = directory / f"{packer}.yar"
        try:
            data = path.read_bytes()[:_LONGEST_RULES]
            sources.append(RuleSource(packer, str(path), data.decode("utf-8")))
        except OSError as error:
            reader.issue(entries[packer], f"{path.name} cannot be read: {error.strerror or error}")
        except UnicodeDecodeError:
            reader.issues.append(SignatureIssue(str(path), 1, 1, "is not UTF-8"))
    named = {f"{packer}.yar" for packer in packers}
    for path in sorted(directory.glob("*.yar")):
        if path.name not in named:
            reader.issues.append(SignatureIssue(str(path), 1, 1, "has no entry in packers.yaml"))
    if reader.issues:
        raise SignatureError(tuple(reader.issues))
    return Packers(packers, tuple(sources))


def _packer(reader: Reader, packer: str, node: Node) -> Packer:
    fields = reader.mapping(node, ("name", "vendor", "rules"), required=("name", "vendor", "rules"))
    names = reader.mapping(fields["name"], ("en", "zh"), required=("en",)) if "name" in fields else {}
    rules = []
    for name, rule in (reader.mapping(fields["rules"]) if "rules" in fields else {}).items():
        parts = reader.mapping(rule, ("why", "source", "sha256"), required=("why", "source"))
        why, source = reader.text(parts.get("why")), reader.text(parts.get("source"))
        if source is not None and not source.startswith(("https://", "pkg:")):
            reader.issue(parts["source"], f"{source!r} is neither a URL nor a package URL")
        rules.append(PackerRule(name, why or "", source or "", reader.text(parts.get("sha256"))))
    return Packer(
        packer,
        reader.text(names.get("en")) or "",
        reader.text(names.get("zh")),
        reader.text(fields.get("vendor")) or "",
        tuple(rules),
    )
