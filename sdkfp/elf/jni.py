"""JNI names: ``Java_…`` symbols turned back into class and method.

Source: JNI specification, chapter 2, "Resolving Native Method Names".
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["JniMethod", "jni_method"]

_ESCAPE = re.compile(r"_(0[0-9a-f]{4}|[123])|_")
_LETTERS = {"1": "_", "2": ";", "3": "["}


class JniMethod(NamedTuple):
    """A Java method that a library implements under its JNI name."""

    class_name: str
    """Dotted; a nested class with ``$``."""
    method: str
    signature: str | None
    """Descriptors of the arguments, for example ``Ljava/lang/String;I``; ``None`` where the symbol does not carry them."""


def jni_method(symbol: str) -> JniMethod | None:
    """The class and method of a ``Java_…`` symbol; ``None`` if the name is not of that form."""
    if not symbol.startswith("Java_"):
        return None
    name, overloaded, arguments = symbol[5:].partition("__")
    class_name, _, method = _unmangle(name).rpartition("/")
    if not class_name or not method:
        return None
    return JniMethod(class_name.replace("/", "."), method, _unmangle(arguments) if overloaded else None)


def _unmangle(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        escape = found[1]
        if escape is None:
            return "/"
        return _LETTERS[escape] if len(escape) == 1 else chr(int(escape[1:], 16))

    return _ESCAPE.sub(plain, text)
