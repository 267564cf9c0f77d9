"""What is proposed and has not landed: by whom, since when, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.web.catalog.pages.page_paths import REQUESTS
from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from rollbook.web.catalog.facts.overview import Overview


def requests_page(overview: Overview) -> str:
    """Return the page of the requests that are open."""
    there = {model.name for model in overview.models}
    return rendered(
        "requests.html", REQUESTS, overview.frame, title="Requests", overview=overview, there=there
    )
