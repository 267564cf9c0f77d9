"""The catalog's home: every model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.names import PRODUCTION
from rollbook.web.catalog.page_frame import page_frame
from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from rollbook.api.public_registry import Registry


def home_page(registry: Registry) -> str:
    """Return the page that lists every model."""
    return rendered(
        "home.html",
        "",
        page_frame(registry),
        title="Models",
        models=registry.list(),
        production=PRODUCTION,
    )
