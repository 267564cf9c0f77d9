"""How a page becomes HTML: templates in which every text is escaped, and harmless on a page."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from rollbook.text import printable


def rendered(template: str, path: str, **facts: Any) -> str:
    """Return the page at `path` (such as `models/churn/`) as a template makes it of these facts.

    The template's links to pages are made by `link(path)`; `root` leads from the page to the catalog's home,
    for its assets.
    """
    root = "../" * path.count("/") or "./"
    return (
        _environment()
        .get_template(template)
        .render(root=root, link=lambda target: link(target, root), **facts)
    )


def link(path: str, root: str) -> str:
    """Return the address of the page at `path` (such as `models/churn/`, the home being empty) for a page from
    which `root` leads to the catalog's home. The page is a folder: its host, or the service, finds what is in it.
    """
    return f"{root}{quote(path)}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rollbook.web.catalog"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # What a text says is shown as it is; a control character or a turn of direction in it is not obeyed.
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    return environment
