"""Where a page of the catalog stands that is asked for by another address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.names import is_model_name
from rollbook.web.catalog.pages.page_paths import version_page_path

if TYPE_CHECKING:
    from rollbook.registry.registry import Registry


def page_elsewhere(registry: Registry, path: str) -> str | None:
    """Return where the page stands that `path` means by `v1.0.0`, a stage, an `@alias` or `latest`, as
    `models/churn/production/`; home, where all models are, for `models/`. None where it means none."""
    if path == "models/":
        return ""
    parts = path.split("/")
    if len(parts) not in (4, 5) or parts[0] != "models" or parts[-1]:
        return None
    model, reference = "/".join(parts[1:-2]), parts[-2].removeprefix("@")
    if not is_model_name(model):
        return None
    try:
        there = version_page_path(model, registry.version(f"{model}@{reference}").version)
    except RollbookError:
        return None
    return there if there != path else None
