"""Strict YAML: nodes with their place, duplicate keys, anchors and deep nesting refused, every mistake collected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sdkfp.errors import SignatureIssue

__all__ = ["MAX_BYTES", "Node", "Reader"]

MAX_BYTES = 1 << 20
"""A signature file is a few kilobytes; a megabyte is a mistake or an attack."""

MAX_DEPTH = 12

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"


class Reader:
    """Walks the node tree of one file and collects what is wrong with it."""

    def __init__(self, path: str, root: Node | None, issues: list[SignatureIssue]) -> None:
        self.path = path
        self.root = root
        self.issues = issues

    @classmethod
    def open(cls, path: Path) -> Reader:
        """Read and compose a file; what makes that impossible becomes an issue and ``root`` is ``None``."""
        try:
            return cls(str(path), _compose(path), [])
        except _Refused as refused:
            return cls(str(path), None, [SignatureIssue(str(path), refused.line, refused.column, refused.message)])

    def issue(self, node: Node, message: str, *, line_offset: int = 0) -> None:
        """Record a mistake at a node (``line_offset``: lines below it, inside a block scalar)."""
        mark = node.start_mark
        column = 1 if line_offset else mark.column + 1
        self.issues.append(SignatureIssue(self.path, mark.line + 1 + line_offset, column, message))

    def line(self, node: Node) -> int:
        """The 1-based line where a node starts."""
        return int(node.start_mark.line) + 1

    def mapping(
        self, node: Node, known: Sequence[str] | None = None, *, required: Iterable[str] = ()
    ) -> dict[str, Node]:
        """The entries of a mapping; unknown (where ``known`` is given), duplicate and missing keys are mistakes."""
        if not isinstance(node, MappingNode):
            self.issue(node, f"expected a mapping, found {_describe(node)}")
            return {}
        found: dict[str, Node] = {}
        for key_node, value in node.value:
            problem = self._key_problem(key_node, found, known)
            if problem:
                self.issue(key_node, problem)
            else:
                found[key_node.value] = value
        for key in required:
            if key not in found:
                self.issue(node, f"the key {key!r} is missing")
        return found

    def _key_problem(self, key: Node, found: dict[str, Node], known: Sequence[str] | None) -> str | None:
        if not isinstance(key, ScalarNode):
            return "a key is plain text"
        if key.value in found:
            return f"duplicate key {key.value!r}"
        if known is not None and key.value not in known:
            return f"unknown key {key.value!r}{_close(key.value, known)}"
        return None

    def sequence(self, node: Node | None) -> list[Node]:
        """The items of a list; a missing one has none."""
        if node is None:
            return []
        if not isinstance(node, SequenceNode):
            self.issue(node, f"expected a list, found {_describe(node)}")
            return []
        return list(node.value)

    def text(self, node: Node | None) -> str | None:
        """The text of a scalar; ``None`` for a missing node."""
        if node is None:
            return None
        if not isinstance(node, ScalarNode):
            self.issue(node, f"expected text, found {_describe(node)}")
            return None
        if node.tag == _NULL or not node.value.strip():
            self.issue(node, "the value is empty")
            return None
        return str(node.value)

    def texts(self, node: Node | None) -> list[str]:
        """The texts of a list of scalars."""
        return [text for item in self.sequence(node) if (text := self.text(item)) is not None]

    def boolean(self, node: Node | None) -> bool:
        """``true`` or ``false``."""
        text = self.text(node)
        if node is not None and text is not None and text not in ("true", "false"):
            self.issue(node, f"expected true or false, found {text[:40]!r}")
        return text == "true"


class _Refused(Exception):  # noqa: N818 - not an error that leaves this module
    """The file cannot be composed."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        self.message, self.line, self.column = message, line, column
        super().__init__(message)


def _compose(path: Path) -> Node:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _Refused(f"cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise _Refused(f"is larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
        _check_structure(text)
        root: Node | None = yaml.compose(text, Loader=_Loader)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _Refused("is not UTF-8", line, error.start - data.rfind(b"\n", 0, error.start)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _Refused(f"not YAML: {error.problem or error.context}", *place) from None
    except yaml.YAMLError as error:
        raise _Refused(f"not YAML: {str(error).splitlines()[0]}") from None
    if root is None:
        raise _Refused("is empty")
    return root


def _check_structure(text: str) -> None:
    """Refuse what must not reach the composer, which descends by recursion in C: deep nesting; and anchors, unused here."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        mark: Any = event.start_mark
        if depth > MAX_DEPTH:
            raise _Refused(f"is nested deeper than {MAX_DEPTH} levels", mark.line + 1, mark.column + 1)
        if getattr(event, "anchor", None) is not None:
            raise _Refused("anchors and aliases are not used in signatures", mark.line + 1, mark.column + 1)


def _describe(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return "nothing" if node.tag == _NULL else f"{str(node.value)[:40]!r}"


def _close(key: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - needed only to explain a mistake

    close = get_close_matches(key, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""
