"""The canonical form of a signature file: order of keys, indentation, white space; and rewriting into it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from sdkfp.errors import SdkfpError
from sdkfp.lint.issue import Finding, Rule, Severity
from sdkfp.lint.workspace import SignatureFile, Workspace
from sdkfp.signature import CLUE_KINDS, VERSION_KINDS
from sdkfp.signature_reader import SIGNATURE_KEYS

__all__ = ["ITEM_KEYS", "RULES", "LayoutError", "canonical"]

_CLUE = (*(kind.value for kind in CLUE_KINDS), "strength", "why")
ITEM_KEYS: dict[str, tuple[str, ...]] = {
    "name": ("en", "zh"),
    "clues": _CLUE,
    "except": _CLUE,
    "version": (*(kind.value for kind in VERSION_KINDS), "pattern"),
    "collects": ("type", "purpose", "need", "versions", "basis", "source", "as_of"),
    "artifacts": ("purl", "path", "sha256", "version"),
    "sources": ("url", "as_of", "says"),
    "examples": ("match", "miss"),
    "match": ("origin", "version", "features"),
    "miss": ("why", "features"),
}
"""The order of the keys of each item, by the key that holds the items."""

_KEY_LINE = re.compile(r"([a-z_]+):(?:[ \t]|$)")


class LayoutError(SdkfpError):
    """A file cannot be rewritten without losing something of it."""


# --- Checks --------------------------------------------------------------------------------------------------------------


def _key_order(workspace: Workspace) -> Iterator[Finding]:
    for file in workspace.files:
        if file.examined and isinstance(file.root, MappingNode) and not file.problems:
            yield from _order_of(file, file.root, (), SIGNATURE_KEYS)


def _order_of(file: SignatureFile, node: Node, place: tuple[str | int, ...], order: Sequence[str]) -> Iterator[Finding]:
    if isinstance(node, SequenceNode):
        for position, item in enumerate(node.value):
            yield from _order_of(file, item, (*place, position), order)
    if not isinstance(node, MappingNode):
        return
    keys = [key.value for key, _ in node.value]
    known = [key for key in keys if key in order]
    if known != sorted(known, key=order.index):
        first = next(a for a, b in zip(known, sorted(known, key=order.index), strict=True) if a != b)
        where = ".".join(map(str, place))
        yield Finding(file, (*place, first), f"{first!r} is out of order{f' in {where}' if where else ''}")
    for key, value in node.value:
        if key.value in ITEM_KEYS:
            yield from _order_of(file, value, (*place, key.value), ITEM_KEYS[key.value])


def _layout(workspace: Workspace) -> Iterator[Finding]:
    for file in workspace.files:
        if file.examined and file.root is not None and not file.problems:
            problem = _white_space(file.text()) or _indentation(file.root, 0)
            if problem:
                yield Finding(file, (), problem)


def _white_space(text: str) -> str | None:
    if text.startswith(("\ufeff", "---")):
        return "the file begins with a byte order mark or `---`"
    if "\r" in text:
        return "lines end in CR"
    if not text.endswith("\n") or text.endswith("\n\n"):
        return "the file does not end in one line feed"
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            return f"line {number} ends in white space"
    return None


def _indentation(node: Node, column: int) -> str | None:
    """The first node that does not stand two columns deeper than what holds it; flow collections are one's own affair."""
    if getattr(node, "flow_style", True):
        return None
    if node.start_mark.column != column:
        return f"line {node.start_mark.line + 1} is indented by {node.start_mark.column}, not by {column}"
    values = [value for _, value in node.value] if isinstance(node, MappingNode) else list(node.value)
    return next((problem for value in values if (problem := _indentation(value, column + 2))), None)


RULES = (
    Rule("key-order", Severity.ERROR, "run `sdkfp lint --fix`", _key_order),
    Rule("layout", Severity.ERROR, "run `sdkfp lint --fix`", _layout),
)


# --- Rewriting -----------------------------------------------------------------------------------------------------------


def canonical(text: str) -> str:
    """A signature in canonical form, with its comments.

    Args:
        text: a whole signature file that the strict reader accepts.

    Raises:
        LayoutError: something would be lost (never seen; the result is compared with the original).
    """
    plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    done = _reordered(_round_trip(plain))
    if _values(yaml.compose(done)) != _values(yaml.compose(plain)) or _comments(done) != _comments(plain):
        raise LayoutError("the canonical form would lose a value or a comment: mend the layout by hand")
    return done


def _round_trip(text: str) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, needed for rewriting only
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415

    writer = YAML(typ="rt")
    writer.preserve_quotes = True
    writer.width = 1 << 20
    writer.indent(mapping=2, sequence=4, offset=2)
    data = writer.load(text)

    def order(value: Any, keys: Sequence[str]) -> None:
        if isinstance(value, list):
            for item in value:
                order(item, keys)
        elif isinstance(value, CommentedMap):
            wanted = sorted(value, key=lambda key: keys.index(key) if key in keys else len(keys))
            if list(value) != wanted and keys is not SIGNATURE_KEYS:
                for key in wanted:
                    value.move_to_end(key)
            for key, inner in value.items():
                if key in ITEM_KEYS:
                    order(inner, ITEM_KEYS[key])

    order(data, SIGNATURE_KEYS)
    out = io.StringIO()
    writer.dump(data, out)
    return out.getvalue()


def _reordered(text: str) -> str:
    """Top-level keys in their order; each takes along the comment lines right above it."""
    blocks: list[tuple[str, list[str]]] = [("", [])]
    waiting: list[str] = []
    for line in text.rstrip().split("\n"):
        key = _KEY_LINE.match(line)
        if key is not None:
            blocks.append((key[1], [*waiting, line]))
            waiting = []
        elif line.startswith("#"):
            waiting.append(line)
        else:  # indented lines belong to the key above, and so do comments with such lines behind them
            blocks[-1][1].extend([*waiting, line])
            waiting = []
    head, *keyed = blocks
    keyed.sort(key=lambda block: SIGNATURE_KEYS.index(block[0]))
    lines = [line.rstrip() for _, block in (head, *keyed) for line in block]
    return "\n".join([*lines, *waiting]) + "\n"


def _values(node: Any) -> object:
    """The texts of a node tree, whatever the order of the keys."""
    if isinstance(node, MappingNode):
        return {key.value: _values(value) for key, value in node.value}
    return [_values(item) for item in node.value] if isinstance(node, SequenceNode) else node.value


def _comments(text: str) -> list[str]:
    """The comments of a file, sorted; a `#` inside a value counts too, on both sides of the comparison."""
    return sorted(found[1].strip() for found in re.finditer(r"(?:^|\s)(#[^\n]*)", text))
