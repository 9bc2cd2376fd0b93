"""A signature as YAML in canonical form, and additions to the text of one that is there already.

Additions are lines put between the lines that there are: comments, quotes and hand-made fields stay as they are, to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sdkfp._files import write_whole
from sdkfp.learn.addresses import LearnError
from sdkfp.signature import CLASS_KINDS, Artifact, Clue, Example, Names, Signature, Strength, VersionRule, Vocabulary
from sdkfp.signature_reader import SIGNATURE_KEYS, read_signature

__all__ = ["has_signatures", "merge", "new_clues", "render", "save", "target_of"]

_FLOW_LISTS = ("aliases", "categories", "requires", "bundles", "overrides", "successors")


def render(signature: Signature) -> str:
    """A signature as a whole file."""
    return "".join(f"{line}\n" for block in _blocks(signature).values() for line in block)


def _blocks(signature: Signature) -> dict[str, list[str]]:
    """The lines of each key, in canonical order."""
    blocks: dict[str, list[str]] = {
        "id": [f"id: {signature.id}"],
        "name": [f"name: {_names(signature.name)}"],
        "organization": [f"organization: {signature.organization}"] if signature.organization else [],
        "categories": [f"categories: {_flow(signature.categories)}"],
        "purl": [f"purl: {_value_of(signature.purl)}"] if signature.purl else [],
        "website": [f"website: {_value_of(signature.website)}"] if signature.website else [],
        "clues": ["clues:", *_items(map(_clue, signature.clues))],
        "version": ["version:", *_items(map(_rule, signature.version))] if signature.version else [],
        "requires": [f"requires: {_flow(signature.requires)}"] if signature.requires else [],
        "bundles": [f"bundles: {_flow(signature.bundles)}"] if signature.bundles else [],
        "artifacts": ["artifacts:", *_items([_artifact(a)] for a in signature.artifacts)]
        if signature.artifacts
        else [],
    }
    examples: list[str] = []
    for key, found in (("match", signature.match), ("miss", signature.miss)):
        if found:
            examples += [f"  {key}:", *_items(map(_example, found), "    ")]
    blocks["examples"] = ["examples:", *examples] if examples else []
    return blocks


def _inside(text: str) -> str:
    """A text as a value inside ``{…}`` or ``[…]``, quoted where YAML would take it for something else."""
    dumped: str = yaml.safe_dump([text], default_flow_style=True, width=1 << 20, allow_unicode=True)
    return dumped.rstrip("\n")[1:-1]


def _value_of(text: str) -> str:
    """A text as the value of a key on a line of its own."""
    dumped: str = yaml.safe_dump({"k": text}, default_flow_style=False, width=1 << 20, allow_unicode=True)
    return dumped.rstrip("\n")[len("k: ") :]


def _flow(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_inside, texts))}]"


def _names(names: Names) -> str:
    chinese = f", zh: {_inside(names.zh)}" if names.zh else ""
    return f"{{en: {_inside(names.en)}{chinese}}}"


def _clue(clue: Clue) -> list[str]:
    lines = [f"{clue.kind.value}: {_value_of(clue.name)}"]
    if clue.strength is not Strength.SURE:
        lines.append(f"strength: {clue.strength.value}")
    return [*lines, *([f"why: {_value_of(clue.why)}"] if clue.why else [])]


def _rule(rule: VersionRule) -> list[str]:
    pattern = [] if rule.pattern == "(.+)" else ["pattern: '" + rule.pattern.replace("'", "''") + "'"]
    return [f"{rule.kind.value}: {_value_of(rule.name)}", *pattern]


def _artifact(artifact: Artifact) -> str:
    fields = [
        ("purl", artifact.purl),
        ("path", artifact.path),
        ("sha256", artifact.sha256),
        ("version", artifact.version),
    ]
    return "{" + ", ".join(f"{key}: {_inside(value)}" for key, value in fields if value) + "}"


def _example(example: Example) -> list[str]:
    fields = [("origin", example.origin), ("why", example.why), ("version", example.version)]
    lines = [f"{key}: {_value_of(value)}" for key, value in fields if value]
    return [*lines, "features: |", *(f"  {line}" for line in example.features.splitlines())]


def _items(items: Any, indent: str = "  ") -> Iterator[str]:
    for lines in items:
        for number, line in enumerate(lines):
            yield f"{indent}{'  ' if number else '- '}{line}"


# --- Merging -------------------------------------------------------------------------------------------------------------


def merge(text: str, known: Signature, found: Signature) -> str:
    """Add to a signature's text what was found and is not there yet; nothing is changed or taken out.

    Args:
        text: of the file.
        known: what it says now.
        found: the proposal.
    """
    editor = _Editor(text)
    editor.extend("clues", list(map(_clue, new_clues(known, found.clues))))
    if not known.version:
        editor.extend("version", list(map(_rule, found.version)))
    for key in ("requires", "bundles"):
        there, new = getattr(known, key), getattr(found, key)
        editor.extend(
            key, [[_inside(other)] for other in new if other not in (*known.requires, *known.bundles, *there)]
        )
    hashes = {artifact.sha256 for artifact in known.artifacts}
    editor.extend("artifacts", [[_artifact(artifact)] for artifact in found.artifacts if artifact.sha256 not in hashes])
    origins = {example.origin for example in known.match}
    editor.extend("examples.match", [_example(example) for example in found.match if example.origin not in origins])
    if not known.miss:
        editor.extend("examples.miss", list(map(_example, found.miss)))
    blocks = _blocks(found)
    for key in ("organization", "purl", "website"):
        if getattr(known, key) is None and blocks[key]:
            editor.insert_block(key, blocks[key])
    return editor.text


def new_clues(known: Signature, clues: Iterable[Clue]) -> Iterator[Clue]:
    """Those of some clues that a signature does not have, nor covers with a shorter prefix, nor excepts."""
    for clue in clues:
        same = [old for old in (*known.clues, *known.exceptions) if old.kind is clue.kind]
        covered = any(
            old.name == clue.name
            or (clue.kind in CLASS_KINDS and old.name.endswith(".") and clue.name.startswith(old.name))
            for old in same
        )
        if not covered:
            yield clue


class _Editor:
    """Puts lines between the lines of a YAML text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _root(self) -> MappingNode:
        root = yaml.compose(self.text)
        if not isinstance(root, MappingNode):
            raise LearnError("the signature is not a mapping")
        return root

    def extend(self, place: str, items: list[list[str]]) -> None:
        """Add items to the list at a key (or, with a dot, at a key of a key); it is made where there is none."""
        if not items:
            return
        keys = place.split(".")
        holder: Node = self._root()
        for depth, key in enumerate(keys):
            value = _value(holder, key)
            if value is None:
                self._add_key(holder, keys[:depth], keys[depth:], items)
                return
            holder = value
        self._add_items(holder, items)

    def _add_items(self, node: Node, items: list[list[str]]) -> None:
        if isinstance(node, SequenceNode) and node.flow_style:
            self._into_flow(node, items)
        elif isinstance(node, SequenceNode) and node.value:
            self._insert(_last_line(node) + 1, list(_items(items, " " * node.start_mark.column)))
        else:
            raise LearnError(f"line {node.start_mark.line + 1} holds no list to add to")

    def _into_flow(self, node: SequenceNode, items: list[list[str]]) -> None:
        at = node.end_mark.index - 1
        if any(len(lines) > 1 for lines in items):
            raise LearnError(f"line {node.start_mark.line + 1}: write this list with one item a line, then learn again")
        added = ", ".join(lines[0] for lines in items)
        self.text = f"{self.text[:at].rstrip()}{', ' if node.value else ''}{added}{self.text[at:]}"

    def _add_key(self, holder: Node, above: list[str], missing: list[str], items: list[list[str]]) -> None:
        """A key that is not there yet, with its list."""
        if not above and missing[0] in _FLOW_LISTS:
            self.insert_block(missing[0], [f"{missing[0]}: {'[' + ', '.join(lines[0] for lines in items) + ']'}"])
            return
        depth = len(above)
        lines = ["  " * (depth + number) + f"{key}:" for number, key in enumerate(missing)]
        lines += _items(items, "  " * (depth + len(missing)))
        if not above:
            self.insert_block(missing[0], lines)
        elif missing[0] == "match":  # before `miss`
            self._insert(holder.start_mark.line, lines)
        else:
            self._insert(_last_line(holder) + 1, lines)

    def insert_block(self, key: str, lines: list[str]) -> None:
        """Put a top-level key where the canonical order has it."""
        before = SIGNATURE_KEYS[: SIGNATURE_KEYS.index(key)]
        places = [_last_line(value) for name, value in self._root().value if name.value in before]
        self._insert(max(places) + 1 if places else 0, lines)

    def _insert(self, number: int, lines: Sequence[str]) -> None:
        there = self.text.split("\n")
        self.text = "\n".join([*there[:number], *lines, *there[number:]])


def _value(node: Node, key: str) -> Node | None:
    if not isinstance(node, MappingNode):
        raise LearnError(f"line {node.start_mark.line + 1} holds no mapping to add to")
    return next((value for name, value in node.value if name.value == key), None)


def _last_line(node: Node) -> int:
    """The 0-based line on which a node ends, comments and empty lines behind it not counted."""
    if isinstance(node, ScalarNode):
        if node.style not in ("|", ">"):
            return int(node.end_mark.line)
        return int(node.start_mark.line) + len(node.value.rstrip("\n").split("\n"))
    if getattr(node, "flow_style", True) or not node.value:
        return int(node.end_mark.line)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


# --- Files ---------------------------------------------------------------------------------------------------------------


def has_signatures(directory: Path) -> bool:
    """Whether there is any signature file below a directory."""
    return any(any(directory.glob(pattern)) for pattern in ("*.yaml", "sdks/*.yaml", "nursery/*.yaml"))


def target_of(directory: Path, sdk: str) -> Path:
    """The file of a signature below a directory: where it is, else where a new one belongs."""
    flat = not any((directory / name).is_dir() for name in ("sdks", "nursery", "organizations", "vocabulary"))
    places = [directory] if flat else [directory / "sdks", directory / "nursery"]
    files = [place / f"{sdk}.yaml" for place in places]
    return next((file for file in files if file.exists()), files[0])


def save(signature: Signature, directory: Path, vocabulary: Vocabulary) -> tuple[Path, bool]:
    """Write a new signature file, or add to the one that is there.

    Returns:
        The file, and whether it is new.

    Raises:
        LearnError: the file that is there breaks the format, or it cannot be written; nothing is changed then.
    """
    path = target_of(directory, signature.id)
    new = not path.exists()
    try:
        if new:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, render(signature).encode())
            return path, True
        known, issues = read_signature(path, vocabulary)
        if known is None:
            raise LearnError("mend the file first:\n" + "\n".join(map(str, issues)))
        text = path.read_bytes().decode("utf-8")
        merged = merge(text, known, signature)
        if merged != text:
            write_whole(path, merged.encode())
    except OSError as error:
        raise LearnError(f"{path} cannot be written: {error.strerror or error}; nothing was changed") from None
    return path, False
