"""Rule lists of others, read at run time from a file that the user has, and our catalog written in other forms.

No such list is part of sdkfp. What is read becomes entries that are suspected at most, beside the signatures of a catalog.
"""

from __future__ import annotations

from sdkfp.adapters.exodus import read_exodus
from sdkfp.adapters.imported import ImportedEntry, ImportedList
from sdkfp.adapters.libchecker import read_libchecker

__all__ = ["ImportedEntry", "ImportedList", "read_exodus", "read_libchecker"]
