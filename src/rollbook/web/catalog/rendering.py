"""How a page becomes HTML: templates in which every text is escaped, and harmless on a page."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from rollbook.names import time_text
from rollbook.text import printable
from rollbook.web.catalog.catalog_assets import asset_path
from rollbook.web.catalog.drawing.stage_icons import stage_icon, state_icon
from rollbook.web.catalog.pages.page_paths import (
    data_set_page_path,
    model_page_path,
    reference_page_path,
    version_page_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.web.catalog.pages.page_frame import PageFrame

# Where a name may go on in the next line; a word between two of these is never broken, nor is a version.
_BREAK_AFTER = re.compile(r"(?<=[-_/@:])(?=[^-_./@:\s])|(?<=[^\W\d]\.)(?=[^\W\d])")
_WEB = re.compile(r"https?://[^\s/?#\\]+(?:[/?#]\S*)?", re.IGNORECASE)
_UNSEEN = re.compile(r"[^\n\t\x20-\x7e]+")
_SECTIONS = ("data", "requests", "audit", "search")


def rendered(
    template: str, path: str, frame: PageFrame, *, title: str, crumbs: Sequence[Crumb] = (), **facts: Any
) -> str:
    """Return the page at `path` (such as `models/churn/`) as a template makes it of these facts.

    The template's links to other pages are made by `page_link(path)`; `root`, which leads from the page to
    the catalog's home, is for assets. `crumbs` are the pages above it, each a title and its path, without
    home and without itself.
    """
    root = "../" * path.count("/") or "./"
    section = path.partition("/")[0]
    html = (
        _environment()
        .get_template(template)
        .render(
            root=root,
            page_link=lambda target: page_link(target, root),
            path=path,
            section=section if section in _SECTIONS else "models",
            frame=frame,
            title=title,
            crumbs=crumbs,
            **facts,
        )
    )
    return _UNSEEN.sub(lambda found: _seen(found[0]), html)


def page_link(path: str, root: str) -> str:
    """Return the address of the page at `path` (such as `models/churn/`; home's is empty), from a page from
    which `root` leads to the catalog's home. A page is a folder: its host, or the service, finds the file in
    it."""
    target, mark, place = path.partition("#")
    return f"{root}{quote(target)}{mark}{quote(place)}"


def is_web_address(value: object) -> bool:
    """Whether a text is an address that a link may lead to: of the web, and nothing that would be run."""
    return isinstance(value, str) and value.isprintable() and _WEB.fullmatch(value) is not None


def breakable(name: object) -> Markup:
    """Return a name as HTML that may go on in the next line after its hyphens, dots and slashes."""
    return Markup("<wbr>").join(_BREAK_AFTER.split(printable(str(name))))


def joined(values: Iterable[object], separator: str = "") -> Markup:
    """Return values as HTML, one after another: what Jinja's filter `join` does, with each made harmless."""
    return escape(printable(separator)).join(
        value if hasattr(value, "__html__") else printable(str(value)) for value in values
    )


def text_lines(text: str) -> Markup:
    """Return a text as HTML with its line breaks kept, each line made harmless."""
    return Markup("\n").join(printable(line) for line in text.strip("\n").split("\n"))


def _seen(characters: str) -> str:
    """Return what is no plain letter as it is, but for what is invisible or turns the direction of text; so
    that this holds also for what came by way of `Markup`."""
    return "".join(char if char.isprintable() else printable(char) for char in characters)


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
    environment.filters.update(breakable=breakable, join=joined, time_text=time_text, text_lines=text_lines)
    environment.filters["shell_word"] = shlex.quote
    environment.tests["web_address"] = is_web_address
    environment.globals.update(model_at=model_page_path, version_at=version_page_path)
    environment.globals.update(reference_at=reference_page_path, data_set_at=data_set_page_path)
    environment.globals.update(asset=asset_path, stage_icon=stage_icon, state_icon=state_icon)
    return environment


# A page's title and its path below the catalog's home.
Crumb = tuple[str, str]
