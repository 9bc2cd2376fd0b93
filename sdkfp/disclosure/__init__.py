"""The list of third-party SDKs that a privacy policy needs, and the comparison of a policy with an app.

``disclosure_rows`` and ``disclosure_paper`` make the list, ``write_paper`` writes it; ``open_policy`` and ``check_policy`` compare.
``docs/disclosure.md`` says what the answers mean.
"""

from __future__ import annotations

from sdkfp.disclosure.check import PolicyCheck, check_policy
from sdkfp.disclosure.document import Document, PolicyError
from sdkfp.disclosure.findings import check_paper, paper_text
from sdkfp.disclosure.layouts import LAYOUTS, disclosure_paper
from sdkfp.disclosure.paper import FORMATS, Paper, write_paper
from sdkfp.disclosure.reading import open_policy
from sdkfp.disclosure.rows import DisclosureRow, disclosure_rows

__all__ = [
    "FORMATS",
    "LAYOUTS",
    "DisclosureRow",
    "Document",
    "Paper",
    "PolicyCheck",
    "PolicyError",
    "check_paper",
    "check_policy",
    "disclosure_paper",
    "disclosure_rows",
    "open_policy",
    "paper_text",
    "write_paper",
]
