"""A model: what stands where, and its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.web.catalog.page_frame import page_frame
from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from rollbook.api.public_registry import Registry


def model_page(registry: Registry, name: str) -> str:
    """Return the page of a model. Raises NotFound for an unknown one, InvalidFile for a broken file."""
    return rendered(
        "model.html",
        f"models/{name}/",
        page_frame(registry),
        title=name,
        model=registry.show_model(name),
        versions=registry.list(name),
    )
