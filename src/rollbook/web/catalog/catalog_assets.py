"""The catalog's style, script and libraries, each under a name with its content's hash, so that a host may
let browsers keep it for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rollbook.insight.plain_page import page_style

if TYPE_CHECKING:
    from collections.abc import Mapping

_STYLE, _STYLE_OF_PAGES = "catalog.css", "record_pages.css"


def asset_path(name: str) -> str:
    """Return where an asset such as `vendor/minisearch.js` stands, below the catalog's home."""
    return _paths()[name]


def every_asset() -> Mapping[str, bytes]:
    """Return the content of every asset by its path below the catalog's home, such as
    `assets/catalog-4f1d0c2a9b7e.css`."""
    return {_paths()[name]: content for name, content in _contents().items()}


@cache
def _paths() -> Mapping[str, str]:
    paths = {}
    for name, content in _contents().items():
        stem, _, ending = name.rpartition(".")
        paths[name] = f"assets/{stem}-{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
    return paths


@cache
def _contents() -> Mapping[str, bytes]:
    folder = files("rollbook.web.catalog").joinpath("assets")
    contents = {}
    for inside, place in (("", folder), ("vendor/", folder.joinpath("vendor"))):
        for item in place.iterdir() if place.is_dir() else ():
            if item.is_file():
                contents[inside + item.name] = item.read_bytes()
    contents[_STYLE] = b"\n".join(
        [page_style().encode(), contents[_STYLE], contents.pop(_STYLE_OF_PAGES)]
    )  # one file, one request
    return contents
