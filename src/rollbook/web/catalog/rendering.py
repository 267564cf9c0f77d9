"""How a page becomes HTML: templates in which every text is escaped, and harmless on a page."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from rollbook.text import printable


def rendered(template: str, path: str, **facts: Any) -> str:
    """Return the page at `path` (such as `models/churn/`) as a template makes it of these facts.

    The template's links begin with `root`, which leads from the page to the catalog's home.
    """
    return _environment().get_template(template).render(root="../" * path.count("/") or "./", **facts)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("rollbook.web.catalog"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # What a text says is shown as it is; a control character or a turn of direction in it is not obeyed.
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
