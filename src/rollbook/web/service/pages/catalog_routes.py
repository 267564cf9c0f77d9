"""The catalog in a browser: the pages that `rollbook site build` writes, as main has them now or had them."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from rollbook.errors import BadCall, NotFound, RollbookError
from rollbook.names import parse_moment
from rollbook.web.catalog.catalog_assets import every_asset
from rollbook.web.identity.caller import Caller, Denied, Right
from rollbook.web.registries.served_registry import ServedRegistry, Standing
from rollbook.web.service.asking import AskedRegistry, AskingCaller
from rollbook.web.service.pages.page_elsewhere import page_elsewhere
from rollbook.web.service.problems import status_of

if TYPE_CHECKING:
    from rollbook.web.service.pages.kept_pages import KeptPages

router = APIRouter(include_in_schema=False)
by_name = APIRouter(include_in_schema=False)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FOR_EVER = "public, max-age=31536000, immutable"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_HTML = "text/html; charset=utf-8"


@router.get("/assets/{name:path}")
def asset(name: str) -> Response:
    """Return the catalog's style, script or icon, which tell nothing of any registry."""
    content = every_asset().get(f"assets/{name}")
    if content is None:
        raise NotFound(f"the catalog has no asset {name[:200]!r}")
    return _file(content, name, _FOR_EVER)


@router.get("/as-of/{date}/assets/{name:path}")
def asset_of_the_past(date: str, name: str) -> Response:
    """Return the style, script or icon of a catalog of the past."""
    return asset(name)


@router.get("/as-of/{date}")
def home_of_the_past(request: Request, date: str) -> Response:
    """Lead to the catalog of a date."""
    return _redirect(request, f"{quote(date, safe='')}/")


@router.get("/as-of/{date}/{path:path}")
def page_of_the_past(
    request: Request, served: AskedRegistry, caller: AskingCaller, date: str, path: str
) -> Response:
    """Return a page of the catalog as it stood at a date."""
    _require_all(caller)
    _require_day(date)
    try:
        standing = served.at(at=date)
    except NotFound as error:  # the registry is younger
        return _missing(request, served, served.now(), f"as-of/{date}/{path}", error)
    return _answer(request, served, standing, path, as_of=date)


@by_name.get("/registries/{registry}")
def home_by_name(request: Request, registry: str) -> Response:
    """Lead to a registry's catalog, whether it is served or not."""
    return _redirect(request, f"{quote(registry, safe='')}/")


@router.get("/{path:path}")
def page(
    request: Request,
    served: AskedRegistry,
    caller: AskingCaller,
    path: str,
    at: str | None = None,
    versions: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Return a page of the catalog as main has it now; with `at` the same page as it stood then."""
    if path.startswith(("api/", "registries/")) or path in ("metrics", "healthz", "readyz"):
        raise NotFound(
            f"there is nothing at {request.url.path.replace('%2F', '/')[:200]}",
            hint="/openapi.json has every path of the API. Of models/A/B, A/B is the model where the registry"
            " has it as of then, else A is.",
        )
    _require_all(caller)
    if at:
        _require_day(at)
        up = "../" * path.count("/")
        then = f"{up or './'}as-of/{quote(at, safe='')}/{quote(path)}"
        return RedirectResponse(then, 307, headers=_HEADERS)
    standing = served.now()
    return _answer(request, served, standing, path, versions=versions or ())


def _require_day(date: str) -> None:
    """Raise BadCall for what is no day: every moment has its own catalog, and there are too many of them."""
    if not _DAY.fullmatch(date):
        raise BadCall(f"{date[:40]!r} is no day", hint="Give one as 2026-03-01.")
    parse_moment(date)


def _require_all(caller: Caller) -> None:
    """Raise Denied unless the caller may see which models and versions there are, all of them: each page
    leads to others, its search to every model, and its lineage tells of other models' versions."""
    caller.require(Right.CATALOG)
    if caller.within is not None or Right.CATALOG not in caller.rights:
        raise Denied(
            f"{caller.called} may see some models here, and the pages tell of all",
            hint="Ask the API, which tells of those, or an admin for the role of a viewer.",
            is_unknown=not caller.is_known,
        )


def _answer(
    request: Request,
    served: ServedRegistry,
    standing: Standing,
    path: str,
    *,
    as_of: str = "",
    versions: Sequence[str] = (),
) -> Response:
    kept: KeptPages = request.app.state.pages
    if path.startswith("search/") and path.endswith(".js"):
        content = kept.search_file(served, standing, path, as_of)
        if content is None:
            raise NotFound(f"there is no such part of the search index: {path[:200]!r}")
        return _file(content, path, "private, no-cache")
    folder = path if not path or path.endswith(("/", ".json")) else f"{path}/"
    try:
        page = kept.page(served, standing, folder, as_of, versions)
    except (NotFound, BadCall) as error:
        there = page_elsewhere(standing.registry, folder)
        if there is None:
            return _missing(request, served, standing, path, error, as_of)
        return _redirect(request, "../" * path.count("/") + quote(there) or "./")
    if folder != path:
        return _redirect(request, f"{quote(path.rpartition('/')[2])}/")
    headers = {**_HEADERS, "ETag": page.tag, "Cache-Control": "private, no-cache"}
    told = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    if page.tag in told or "*" in told:
        return Response(status_code=304, headers=headers)
    media_type = _TYPES["json"] if path.endswith(".json") else _HTML
    return Response(page.content, headers=headers, media_type=media_type)


def _missing(
    request: Request,
    served: ServedRegistry,
    standing: Standing,
    path: str,
    error: RollbookError,
    as_of: str = "",
) -> Response:
    """Return the page that tells a reader why there is none."""
    kept: KeptPages = request.app.state.pages
    missing = kept.missing(served, standing, path, as_of, error)
    return HTMLResponse(missing, status_of(error), headers={**_HEADERS, "Cache-Control": "no-store"})


def _redirect(request: Request, to: str) -> Response:
    """Lead a browser on, relative to where it asks: a proxy may have the service anywhere."""
    query = request.url.query
    return RedirectResponse(f"{to}?{query}" if query else to, 307, headers=_HEADERS)


def _file(content: bytes, name: str, keep: str) -> Response:
    media_type = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return Response(content, headers={**_HEADERS, "Cache-Control": keep}, media_type=media_type)
