"""Open a privacy policy: HTML, Markdown, plain text, DOCX or PDF."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from types import ModuleType

from sdkfp.disclosure.document import MAX_PIECES, Document, Line, Piece, PolicyError, drop_empty, table_rows

__all__ = ["MAX_BYTES", "open_policy"]

MAX_BYTES = 50 << 20
MAX_TEXT_BYTES = 8 << 20
_MARKUP = re.compile(rb"<(?:!doctype html|html|head|body|table|div|p|h[1-6]|meta)\b", re.IGNORECASE)
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{2,20})", re.IGNORECASE)
_LIKELY = ["gb18030", "big5", "shift_jis", "euc_kr", "cp1252"]
"""What policies that are not UTF-8 are written in."""
_CELL = re.compile(r"\t+| ?\| ?")
_FEWEST_SEPARATORS = 2


def open_policy(source: str | os.PathLike[str] | bytes, *, name: str | None = None) -> Document:
    """Read a policy from a path, or from its bytes.

    Args:
        source: the file.
        name: its name, which tells Markdown from plain text; by default that of the path.

    Raises:
        PolicyError: it cannot be read; the message says why, also for a scanned PDF without text.
    """
    data = source if isinstance(source, bytes) else _read(Path(source))
    suffix = Path(name or ("" if isinstance(source, bytes) else os.fspath(source))).suffix.lower()
    if len(data) > MAX_BYTES:
        raise PolicyError(f"the policy has more than {MAX_BYTES >> 20} MiB")
    if not data.strip():
        raise PolicyError("the policy is empty")
    if data.startswith(b"%PDF-") or b"%PDF-" in data[:1024]:
        return Document("pdf", None, _limited(_reader("pdf").read_pdf(data)))
    if data.startswith(b"PK\x03\x04"):
        return Document("docx", None, _limited(_reader("docx").read_docx(data)))
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise PolicyError("this is a Word document of the old binary form (.doc): save it as .docx first")
    head = data[:4096]
    if head.count(b"\x00") * 50 > len(head) and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PolicyError("this is no text, HTML, Markdown, DOCX or PDF")
    return _read_text(data, suffix)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"cannot open {path}: {error.strerror or error}") from None


def _reader(form: str) -> ModuleType:
    try:
        return importlib.import_module(f"sdkfp.disclosure.read_{form}")
    except ModuleNotFoundError as error:
        raise PolicyError(
            f"reading {form.upper()} needs the Python package {error.name!r}: pip install 'sdkfp[policy]'"
        ) from None


def _limited(pieces: list[Piece]) -> tuple[Piece, ...]:
    if len(pieces) > MAX_PIECES:
        raise PolicyError(f"the policy has more than {MAX_PIECES} lines and rows")
    return tuple(pieces)


def _read_text(data: bytes, suffix: str) -> Document:
    if len(data) > MAX_TEXT_BYTES:
        raise PolicyError(f"the policy has more than {MAX_TEXT_BYTES >> 20} MiB of text")
    text, encoding = decode(data)
    if suffix in (".md", ".markdown"):
        html = _reader("html")
        return Document("markdown", encoding, _limited(html.read_html(html.from_markdown(text))))
    if suffix in (".html", ".htm", ".xhtml") or _MARKUP.search(data[:65536]):
        return Document("html", encoding, _limited(_reader("html").read_html(text)))
    return Document("text", encoding, _limited(read_plain(text)))


def decode(data: bytes) -> tuple[str, str]:
    """The text of bytes and the name of its encoding: a byte order mark, UTF-8, what the HTML says, or what fits best.

    Raises:
        PolicyError: no encoding fits.
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(name, "replace"), name.removesuffix("-sig")
    declared = _DECLARED.search(data[:4096])
    names = ["utf-8", *([declared[1].decode("ascii")] if declared else [])]
    for name in names:
        wanted = "gb18030" if name.lower() in ("gb2312", "gbk") else name
        try:
            return data.decode(wanted), name.lower()
        except (UnicodeDecodeError, LookupError):
            continue
    normalizer = _reader("charset")
    guess = normalizer.best(data, _LIKELY)
    if guess is None:
        raise PolicyError("the encoding of the text is not known: save it as UTF-8")
    text, name = guess
    return str(text), str(name)


def read_plain(text: str) -> list[Piece]:
    """Lines of plain text; runs of lines with the same number of tabs or ``|`` are tables."""
    pieces: list[Piece] = []
    table: list[list[str]] = []
    tables = 0
    for number, raw in enumerate([*text.splitlines(), ""], start=1):
        cells = [cell.strip() for cell in _CELL.split(raw.strip().strip("|").strip())]
        if len(cells) > _FEWEST_SEPARATORS and (not table or len(table[0]) == len(cells)):
            table.append(cells)
            continue
        if len(table) > 1:
            tables += 1
            pieces += table_rows(tables, table)
        else:
            pieces += drop_empty(Line(f"line {number - 1}", "  ".join(row)) for row in table)
        table = []
        pieces += drop_empty([Line(f"line {number}", raw)])
    return pieces
