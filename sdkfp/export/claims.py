"""Claims about personal information, for documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkfp.vocabulary import Weight

if TYPE_CHECKING:
    from sdkfp.behaviour import CollectsRecord, SiteRecord

__all__ = ["makes_claim", "site_text"]


def makes_claim(claim: CollectsRecord) -> bool:
    """Whether it says something alone: a read of the weight ``support`` only stands beside a declaration."""
    return claim.weight is not Weight.SUPPORT


def site_text(site: SiteRecord) -> str:
    """``com.a.B.method(I)V @ app.apk!classes.dex``; the location alone where there is no class."""
    if site.class_name is None:
        return site.location
    name = f"{site.class_name}.{site.method}" if site.method else site.class_name
    return f"{name} @ {site.location}"
