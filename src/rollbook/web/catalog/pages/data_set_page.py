"""A data set: everything that saw it; and the index of all data sets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import NotFound
from rollbook.names import PRODUCTION
from rollbook.web.catalog.facts.version_sources import DATA_KINDS
from rollbook.web.catalog.pages.catalog_page import digest
from rollbook.web.catalog.pages.page_paths import DATA_SETS, data_set_page_path
from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.registry.deployments import Deployment
    from rollbook.web.catalog.facts.catalog_facts import CatalogFacts
    from rollbook.web.catalog.facts.version_sources import Source

_MOST = 500  # versions on one page: a command tells of all


@dataclass(frozen=True, slots=True)
class Seen:
    """A version that saw a data set: as what (its versions, as the manifest has them), or by way of which
    versions; and where it runs."""

    reference: str
    stage: str
    as_what: Sequence[str]
    via: Sequence[str]
    deployments: Sequence[Deployment]


def data_set_page(facts: CatalogFacts, name: str) -> str:
    """Return the page of a data set. Raises NotFound for one that no version names."""
    if name not in facts.versions.data_sets:
        raise NotFound(f"no version names the data set {name[:200]!r}")
    seen = {reference: _as(facts, reference, name) for reference in facts.versions.data_sets[name]}
    ways = facts.versions.ways_from(seen)
    in_order = facts.versions.production_first(ways)
    sources = [source for sources in seen.values() for source in sources]
    rows = [
        Seen(
            reference,
            facts.versions.stages.get(reference) or facts.first_stage,
            [*dict.fromkeys(source.version for source in seen.get(reference, ()) if source.version)],
            ways[reference],
            facts.versions.deployments.get(reference, ()),
        )
        for reference in in_order[:_MOST]
    ]
    forms = {(source.version, source.uri, source.digest): source.rows for source in sources}
    return rendered(
        "data_set.html",
        data_set_page_path(name),
        facts.frame,
        title=name,
        crumbs=[("Data sets", DATA_SETS)],
        name=name,
        rows=rows,
        left_out=len(in_order) - len(rows),
        count=len(in_order),
        in_production=sum(1 for one in in_order if facts.versions.stages.get(one) == PRODUCTION),
        forms=[(*form, rows_in) for form, rows_in in [*forms.items()][:_MOST]],
    )


def _as(facts: CatalogFacts, reference: str, name: str) -> list[Source]:
    """Return as what a version saw a data set."""
    sources = facts.versions.sources_of(reference)
    return [source for source in sources if source.kind in DATA_KINDS and source.data_set == name]


def data_set_inputs(facts: CatalogFacts, name: str) -> str:
    """Return what the page of a data set depends on."""
    told = hashlib.sha256()
    for reference, via in facts.versions.ways_from(facts.versions.data_sets[name]).items():
        told.update(facts.told_of(reference))
        told.update("\0".join((*via, "")).encode(errors="surrogatepass"))
    return told.hexdigest()


def data_sets_page(facts: CatalogFacts) -> str:
    """Return the index of all data sets, with how many versions saw each, and which are in production."""
    return rendered("data_sets.html", DATA_SETS, facts.frame, title="Data sets", rows=_listed(facts))


def data_sets_inputs(facts: CatalogFacts) -> str:
    """Return what the index of data sets depends on."""
    return digest(_listed(facts))


def _listed(facts: CatalogFacts) -> list[tuple[str, str, int, list[str]]]:
    stages = facts.versions.stages
    rows = []
    for name, seen in facts.versions.data_sets.items():
        ways = facts.versions.ways_from(seen)
        serving = [reference for reference in ways if stages.get(reference) == PRODUCTION]
        rows.append((name, data_set_page_path(name), len(ways), serving))
    rows.sort(key=lambda row: (-len(row[3]), row[0].casefold(), row[0]))
    return rows
