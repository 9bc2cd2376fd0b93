"""PDF as lines."""

from __future__ import annotations

import io
import logging

import pypdf
from pypdf.errors import PyPdfError

from sdkfp.disclosure.document import Line, Piece, PolicyError, drop_empty

__all__ = ["read_pdf"]

_MOST_PAGES = 500
_FEWEST_CHARACTERS = 20
"""On an average page; a page of text has more than a thousand."""

logging.getLogger("pypdf").addHandler(logging.NullHandler())


def read_pdf(data: bytes) -> list[Piece]:
    """The lines of every page.

    Raises:
        PolicyError: it is encrypted, damaged, or has no text: a scan.
    """
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise PolicyError("the PDF is encrypted: remove its password first")
        pages = len(reader.pages)
        if pages > _MOST_PAGES:
            raise PolicyError(f"the PDF has more than {_MOST_PAGES} pages")
        texts = [page.extract_text() for page in reader.pages]
    except PolicyError:
        raise
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OSError) as error:
        raise PolicyError(f"the PDF is damaged: {type(error).__name__}: {error}"[:300]) from None
    except Exception as error:  # a new kind of error from a damaged file is still a damaged file
        raise PolicyError(f"the PDF cannot be read: {type(error).__name__}: {error}"[:300]) from None
    if sum(len(text.strip()) for text in texts) < _FEWEST_CHARACTERS * max(1, pages):
        raise PolicyError(
            f"the PDF has {pages} pages but no text: it is most likely a scan. Recognize its text first (OCR), "
            "or take the policy as a web page"
        )
    found: list[Piece] = []
    for number, text in enumerate(texts, start=1):
        lines = enumerate(text.splitlines(), start=1)
        found += drop_empty(Line(f"page {number}, line {row}", line) for row, line in lines)
    return found
