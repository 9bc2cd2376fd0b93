"""Who is able to read which personal information, and which permission that needs, as edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from sdkfp.behaviour import OWN, Grade
from sdkfp.behaviour.records import PACKAGE
from sdkfp.graph.model import APP
from sdkfp.graph.parties import OTHER_PACKAGES, readable
from sdkfp.graph.relation import Relation
from sdkfp.vocabulary import Weight

if TYPE_CHECKING:
    from collections.abc import Callable

    from sdkfp.behaviour import Finding, Site
    from sdkfp.graph.parties import Parties

__all__ = ["ability_relations"]


def ability_relations(
    findings: Iterable[Finding], parties: Parties, libraries: Mapping[str, str]
) -> Iterator[Relation]:
    """The ``reads`` and ``needs`` of what was observed, so far as it makes a claim alone.

    A permission is needed where it is one of those that a read needs, or one of several of which one is enough.
    Code of the smaller unattributed packages counts by package or library, so far as its sites are listed.

    Args:
        findings: from :func:`sdkfp.behaviour.observe`.
        parties: of the app.
        libraries: location → node of each native library.
    """
    for finding in findings:
        read = finding.read
        if read.weight is not Weight.READ or finding.grade is Grade.STRING:
            continue
        for source, count, site in _sources(finding, parties, libraries):
            said = _said(f"reads {read}", site)
            yield Relation(source, f"type:{read.type}", "reads", said, count)
            for permission in dict.fromkeys((*read.all_of, *read.any_of)):
                yield Relation(source, f"permission:{permission}", "needs", said, count)


def _sources(finding: Finding, parties: Parties, libraries: Mapping[str, str]) -> Iterator[tuple[str, int, Site]]:
    """(node, sites, first site)."""
    if finding.owner is not None:
        yield _node(finding.owner, parties), finding.count, finding.sites[0]
        return
    found: dict[str, list[Site]] = {}
    for site in finding.sites:
        known = parties.id_of_class(site.class_name) if site.class_name else libraries.get(site.location)
        found.setdefault(known or OTHER_PACKAGES, []).append(site)
    for party, sites in found.items():
        yield party, len(sites), sites[0]


def _node(owner: str, parties: Parties) -> str:
    if owner == OWN:
        return APP
    if not owner.startswith(PACKAGE):
        return owner
    node = f"{PACKAGE}{readable(owner.removeprefix(PACKAGE))}"
    return node if any(node == party.id for party in parties.nodes) else OTHER_PACKAGES


def _said(verb: str, site: Site) -> Callable[[], str]:
    def text() -> str:
        if site.class_name is None:
            return f"{verb} @ {site.location}"
        owner = f"L{site.class_name.replace('.', '/')};"
        place = f"{owner}->{site.method}" if site.method else owner
        return f"{place} {verb} @ {site.location}"

    return text
