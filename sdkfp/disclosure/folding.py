"""Text as it is compared: full-width forms, spaces beside Chinese characters, capitals and separators make no difference."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Folded", "Hit", "WordIndex", "blank", "count_cjk", "fold", "is_cjk"]

CJK = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_IS_CJK = re.compile(f"[{CJK}]")
_BESIDE_CJK = re.compile(rf"(?<=[{CJK}])\s+|\s+(?=[{CJK}])")
_SPACES = re.compile(r"\s+")
_MIDDLE_DOT = re.compile(r"[·•‧・]")
_WIFI = re.compile(r"wi[-‐‑– ]fi", re.IGNORECASE)
_LONGEST_CASE_SENSITIVE = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text twice, position by position: with its capitals and without."""

    text: str
    lower: str


def fold(text: str) -> Folded:
    """The text as it is compared."""
    plain = unicodedata.normalize("NFKC", text)
    plain = _WIFI.sub("WiFi", _MIDDLE_DOT.sub("", plain))
    plain = _SPACES.sub(" ", _BESIDE_CJK.sub("", plain)).strip()
    lower = plain.lower()
    if len(lower) != len(plain):  # a few characters have no lower form of one character
        lower = "".join(low if len(low := char.lower()) == 1 else char for char in plain)
    return Folded(plain, lower)


def is_cjk(character: str) -> bool:
    """A Chinese character."""
    return bool(_IS_CJK.match(character))


def _is_word(character: str) -> bool:
    """A letter or digit of a Latin word."""
    return character.isascii() and (character.isalnum() or character == "_")


@dataclass(frozen=True, slots=True)
class Hit(Generic[T]):
    """A word that was met in a text."""

    value: T
    word: str
    """As it stands in the index."""
    start: int
    end: int
    exact: bool
    """With the capitals of the index."""


class WordIndex(Generic[T]):
    """Finds the words of a vocabulary in a text; of words that overlap the longest of those that begin first."""

    def __init__(self, words: Iterable[tuple[str, T]]) -> None:
        self._by_head: dict[str, list[tuple[str, str, T]]] = {}
        seen: set[str] = set()
        for word, value in words:
            folded = fold(word)
            if len(folded.lower) > 1 and folded.lower not in seen:
                seen.add(folded.lower)
                self._by_head.setdefault(folded.lower[:2], []).append((folded.lower, folded.text, value))
        for found in self._by_head.values():
            found.sort(key=lambda entry: -len(entry[0]))

    def main(self, text: Folded) -> Hit[T] | None:
        """The word that a short text is about: the longest of those that it ends with, else the longest of all."""
        hits = [hit for start in range(len(text.lower) - 1) if (hit := self._at(text, start)) is not None]
        return max(hits, key=lambda hit: (hit.end == len(text.lower), hit.end - hit.start, hit.start), default=None)

    def get(self, text: str) -> T | None:
        """What the index has for this very word."""
        folded = fold(text).lower
        return next((value for word, _, value in self._by_head.get(folded[:2], ()) if word == folded), None)

    def find(self, text: Folded) -> list[Hit[T]]:
        """Every word of the text, in its order. Latin words are met as whole words only."""
        hits = []
        position = 0
        lower = text.lower
        while position < len(lower) - 1:
            hit = self._at(text, position)
            if hit is None:
                position += 1
            else:
                hits.append(hit)
                position = hit.end
        return hits

    def _at(self, text: Folded, start: int) -> Hit[T] | None:
        lower = text.lower
        for word, written, value in self._by_head.get(lower[start : start + 2], ()):
            if not lower.startswith(word, start):
                continue
            end = start + len(word)
            if _is_word(word[0]) and start and (_is_word(lower[start - 1]) or _hyphenated(lower, start - 1, -1)):
                continue
            if _is_word(word[-1]) and end < len(lower) and not _ends_word(lower, end):
                continue
            exact = text.text[start:end] == written
            if len(word) <= _LONGEST_CASE_SENSITIVE and word.isascii() and not exact:
                continue
            return Hit(value, written, start, end, exact)
        return None


def _ends_word(lower: str, end: int) -> bool:
    """A Latin word ends here: nothing of it follows, except ``sdk`` or ``framework`` written on to it."""
    rest = lower[end:]
    for written_on in ("sdk", "framework"):
        if rest.startswith(written_on):
            rest = rest[len(written_on) :]
            return not rest or not _is_word(rest[0])
    return not _is_word(rest[0]) and not _hyphenated(lower, end, 1)


def _hyphenated(lower: str, place: int, step: int) -> bool:
    """There is a hyphen with a letter behind it: the word goes on."""
    return lower[place] == "-" and 0 <= place + step < len(lower) and _is_word(lower[place + step])


_IDENTIFIERS = re.compile(
    r"(?i)\bhttps?://[^\s,;'\"<>()\u3000-\u303f\uff00-\uffef\u4e00-\u9fff]+|\b[a-z_]\w*(?:\.[a-z_]\w*)+", re.ASCII
)


def blank(text: str) -> str:
    """The text with addresses and dotted names as spaces, so that no word is met inside one."""
    return _IDENTIFIERS.sub(lambda found: " " * len(found[0]), text)


def count_cjk(text: str) -> int:
    """How many Chinese characters."""
    return len(_IS_CJK.findall(text))
