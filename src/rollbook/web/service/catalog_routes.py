"""The catalog in a browser: the pages that `rollbook site build` writes, as main has them now or had them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from rollbook.errors import BadCall, NotFound, RollbookError
from rollbook.names import is_model_name
from rollbook.web.catalog.broken_page import missing_page
from rollbook.web.catalog.catalog_assets import every_asset
from rollbook.web.catalog.compare_page import compare_page
from rollbook.web.catalog.page_frame import page_frame
from rollbook.web.catalog.page_paths import compare_page_path
from rollbook.web.identity.caller import Right
from rollbook.web.service.asking import AskingCaller
from rollbook.web.service.kept_pages import KeptPage, KeptPages
from rollbook.web.registries.served_registry import ServedRegistry, Standing

router = APIRouter(include_in_schema=False)

_FOR_EVER = "public, max-age=31536000, immutable"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
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
