"""The catalog's pages as a service makes them: what pages share is kept by commit, the pages last asked for
too."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import RollbookError
from rollbook.web.catalog.facts.model_summary import model_summaries
from rollbook.web.catalog.facts.overview import with_open_requests
from rollbook.web.catalog.pages.broken_page import missing_page
from rollbook.web.catalog.pages.compare_page import compare_page
from rollbook.web.catalog.pages.page_frame import page_frame
from rollbook.web.catalog.pages.page_paths import REQUESTS
from rollbook.web.catalog.pages.requests_page import requests_page
from rollbook.web.catalog.pages.site_map import SiteMap
from rollbook.web.catalog.site.search_index import search_entry, search_files
from rollbook.web.service.heavy_work import heavy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.web.registries.served_registry import ServedRegistry, Standing

_MOST_MAPS = 4
_MOST_BYTES = 16 << 20
_PAST = "../../"
_REQUESTS_LAST = 2.0  # seconds that the page of requests is shown as it was: each judges all that are open


class KeptPage(NamedTuple):
    """A page's bytes, and what tells them from any other."""

    content: bytes
    tag: str


class _Key(NamedTuple):
    registry: str
    commit: str
    as_of: str
    day: str  # gates are judged by it


@dataclass(eq=False)
class _Catalog:
    """One catalog at one commit."""

    pages: SiteMap
    lock: threading.Lock = field(default_factory=threading.Lock)
    search: Mapping[str, bytes] | None = None
    requests: KeptPage | None = None
    requests_at: float = 0.0


@dataclass(eq=False)
class KeptPages:
    """The catalogs and the pages that were asked for last, as many as there is room for; many threads may
    ask.

    What a reader can have made anew by each request takes a turn of `heavy`: the past, by its dates; choices
    of versions to compare; what is proposed.
    """

    requests_last: float = _REQUESTS_LAST
    catalogs: OrderedDict[_Key, _Catalog] = field(default_factory=OrderedDict)
    kept: OrderedDict[tuple[_Key, str], KeptPage] = field(default_factory=OrderedDict)
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def page(
        self,
        served: ServedRegistry,
        standing: Standing,
        path: str,
        as_of: str = "",
        versions: Sequence[str] = (),
    ) -> KeptPage:
        """Return the page at a path of a registry's catalog, that of a past date where `as_of` names one; the
        one that compares versions, with those that are named. Raises NotFound where there is no such page,
        CannotTell where too much is asked."""
        key = self._key(served, standing, as_of)
        if path.strip("/") == REQUESTS.strip("/") and not as_of:
            return self._requests(key, standing)  # no commit tells what is proposed
        if versions and path.endswith("/compare/"):
            return self._compared(key, standing, path, versions)
        with self.lock:
            found = self.kept.get((key, path))
            if found is not None:
                self.kept.move_to_end((key, path))
                return found
        catalog = self._catalog(key, standing)
        with heavy() if as_of else nullcontext(), catalog.lock:
            page = catalog.pages.page_at(path)
            content = page.make().encode()
        return self._keep(key, path, content)

    def search_file(
        self, served: ServedRegistry, standing: Standing, path: str, as_of: str = ""
    ) -> bytes | None:
        """Return a file that the search box reads; None where there is no such file."""
        catalog = self._catalog(self._key(served, standing, as_of), standing)
        if catalog.search is None:
            with heavy(), catalog.lock:
                if catalog.search is None:
                    registry = standing.registry
                    summaries = model_summaries(registry)
                    catalog.search = search_files(search_entry(registry, one) for one in summaries)
        return catalog.search.get(path)

    def missing(
        self, served: ServedRegistry, standing: Standing, path: str, as_of: str, error: RollbookError
    ) -> str:
        """Return the page for an address at which there is none."""
        catalog = self._catalog(self._key(served, standing, as_of), standing)
        return missing_page(catalog.pages.frame, path, error)

    def _compared(self, key: _Key, standing: Standing, path: str, versions: Sequence[str]) -> KeptPage:
        model = path.removeprefix("models/").removesuffix("/compare/")
        catalog = self._catalog(key, standing)
        with heavy():
            with catalog.lock:
                facts = catalog.pages.facts
            content = compare_page(facts, model, versions).encode()
        return KeptPage(content, _tag(content))

    def _requests(self, key: _Key, standing: Standing) -> KeptPage:
        catalog = self._catalog(key, standing)
        if (found := self._kept_requests(catalog)) is not None:
            return found
        with heavy(), catalog.lock:
            if (found := self._kept_requests(catalog)) is not None:  # somebody else's, made meanwhile
                return found
            shown = with_open_requests(catalog.pages.overview, standing.registry)
            content = requests_page(shown).encode()
            catalog.requests = made = KeptPage(content, _tag(content))
            catalog.requests_at = time.monotonic()
            return made

    def _kept_requests(self, catalog: _Catalog) -> KeptPage | None:
        is_new = time.monotonic() - catalog.requests_at < self.requests_last
        return catalog.requests if is_new else None

    def _key(self, served: ServedRegistry, standing: Standing, as_of: str) -> _Key:
        return _Key(served.name, standing.commit, as_of, datetime.now(UTC).date().isoformat())

    def _catalog(self, key: _Key, standing: Standing) -> _Catalog:
        with self.lock:
            found = self.catalogs.get(key)
            if found is None:
                frame = replace(
                    page_frame(standing.registry, key.as_of),
                    registry_name=_name(standing, key.registry),
                    now=_PAST if key.as_of else "",
                )
                found = self.catalogs[key] = _Catalog(SiteMap(standing.registry, frame))
                while len(self.catalogs) > _MOST_MAPS:
                    self.catalogs.popitem(last=False)
            self.catalogs.move_to_end(key)
            return found

    def _keep(self, key: _Key, path: str, content: bytes) -> KeptPage:
        page = KeptPage(content, _tag(content))
        with self.lock:
            if (key, path) not in self.kept:
                self.kept[key, path] = page
                self.size += len(content)
            while self.size > _MOST_BYTES:
                _, dropped = self.kept.popitem(last=False)
                self.size -= len(dropped.content)
        return page


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _name(standing: Standing, served_name: str) -> str:
    """Return what the pages call a registry: what its policy does, else what it is served by."""
    try:
        return standing.registry.policy.registry or served_name
    except RollbookError:
        return served_name
