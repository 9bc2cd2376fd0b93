"""Names in signatures that have to be names of something."""

from __future__ import annotations

from collections.abc import Mapping

from sdkfp.errors import SignatureIssue
from sdkfp.signature import Organization, Signature

__all__ = ["unknown_references"]


def unknown_references(
    signatures: Mapping[str, Signature], organizations: Mapping[str, Organization]
) -> list[SignatureIssue]:
    """Related SDKs and organizations that the catalog does not have."""
    issues = []
    for signature in signatures.values():
        for key, named in (
            ("requires", signature.requires),
            ("bundles", signature.bundles),
            ("overrides", signature.overrides),
            ("successors", signature.successors),
        ):
            issues += [
                SignatureIssue(
                    signature.path, 1, 1, f"`{key}` names the SDK {other!r}, which the catalog does not have"
                )
                for other in named
                if other not in signatures
            ]
        if signature.organization is not None and signature.organization not in organizations:
            message = (
                f"the organization {signature.organization!r} has no file organizations/{signature.organization}.yaml"
            )
            issues.append(SignatureIssue(signature.path, 1, 1, message))
    return issues
