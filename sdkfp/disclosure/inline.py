"""Paragraphs that hold several keys with their values: ``名称:甲SDK 目的:推送 收集信息:OAID``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sdkfp.disclosure.document import Line
from sdkfp.disclosure.folding import WordIndex, count_cjk, is_cjk

if TYPE_CHECKING:
    from sdkfp.policy_words import Column

__all__ = ["LONGEST_KEY", "key_parts"]

LONGEST_KEY = 24
_COLON = re.compile("[:\uff1a]")
_BRACKETED = re.compile(r"\s*[(\uff08\[【][^()\uff08\uff09\[\]【】]{0,20}[)\uff09\]】]\s*$")
_FEWEST_KEYS = 2
_FEWEST_CHARACTERS = 4
"""Chinese characters of a key that may follow other characters without a separator."""
_MOST_COLONS = 200
_ENDS = " \t,;，；。、|/-—–"


def key_parts(line: Line, heads: WordIndex[Column]) -> list[Line]:
    """What stands before the first key, which may be empty, and every key with its value; the line alone if it has fewer than two."""
    text = line.text
    starts = [
        start
        for colon in list(_COLON.finditer(text))[:_MOST_COLONS]
        if (start := _start_of_key(text, colon.start(), heads)) is not None
    ]
    if len(starts) < _FEWEST_KEYS:
        return [line]
    ends = [*starts[1:], len(text)]
    parts = [text[: starts[0]], *(text[start:end] for start, end in zip(starts, ends, strict=True))]
    return [Line(line.place, part.strip(_ENDS), line.heading and not number) for number, part in enumerate(parts)]


def _start_of_key(text: str, colon: int, heads: WordIndex[Column]) -> int | None:
    """Where the longest word for a column begins that ends at a colon."""
    before = text[max(0, colon - 2 * LONGEST_KEY) : colon]
    end = colon - len(before) + len(_BRACKETED.sub("", before))
    for start in range(max(0, end - LONGEST_KEY), end - 1):
        word = text[start:end]
        if not word[0].isspace() and heads.get(word) is not None and _apart(text, start, word):
            return start
    return None


def _apart(text: str, start: int, word: str) -> bool:
    """It is not the end of another word."""
    last = text[start - 1] if start else " "
    return not last.isalnum() or (count_cjk(word) >= _FEWEST_CHARACTERS and is_cjk(word[0]))
