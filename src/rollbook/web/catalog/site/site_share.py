"""The pages of some models, written to a site's folder: the share of one of the processes that build it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.api.public_registry import Registry
from rollbook.git.repository import discover
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.web.catalog.pages.page_frame import PageFrame
from rollbook.web.catalog.pages.record_pages import pages_of_model
from rollbook.web.catalog.pages.site_map import SiteMap
from rollbook.web.catalog.site.site_folder import write_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.web.catalog.facts.catalog_facts import CatalogFacts


def write_share(context: Mapping[str, Any], models: Sequence[str]) -> Iterator[dict[str, int]]:
    """Write the pages of each model; yield how long each of its files is. `context` tells of which repository
    and commit, to which folder, and what stands around the pages."""
    repository = discover(Path(context["repository"]))
    frame = PageFrame(**{**context["frame"], "dates": tuple(context["frame"]["dates"])})
    with Registry(repository, commit_snapshot(repository, context["commit"])) as registry:
        facts = SiteMap(registry, frame).facts
        for model in models:
            yield write_model(facts, Path(context["folder"]), model)


def write_model(facts: CatalogFacts, folder: Path, model: str) -> dict[str, int]:
    """Write the pages of a model; return how long each file is."""
    lengths = {}
    for page in pages_of_model(facts, model):
        content = page.make().encode()
        write_file(folder, page.file, content)
        lengths[page.file] = len(content)
    return lengths
