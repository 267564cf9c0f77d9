"""The application that answers."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from rollbook import __version__
from rollbook.errors import RollbookError
from rollbook.web.identity.caller import ANYBODY
from rollbook.web.service import (
    deciding_routes,
    describing_routes,
    model_routes,
    registering_routes,
    transition_routes,
)
from rollbook.web.service.problems import invalid_request, not_served, refused
from rollbook.web.service.write_settings import USUAL, WriteSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import Request

    from rollbook.web.identity.caller import Caller
    from rollbook.web.registries.served_registries import ServedRegistries


def create_app(
    registries: ServedRegistries,
    *,
    identify: Callable[[Request], Caller] = lambda _: ANYBODY,
    writing: WriteSettings = USUAL,
) -> FastAPI:
    """Return the application that answers for these registries, and closes them when it ends.

    `identify` tells who sends a request; by default anybody does, who may read. `writing` says what
    writes may do.
    """

    @asynccontextmanager
    async def while_it_runs(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            registries.close()

    app = FastAPI(
        title="Rollbook", version=__version__, lifespan=while_it_runs, docs_url=None, redoc_url=None
    )
    app.state.registries = registries
    app.state.identify = identify
    app.state.writing = writing
    app.add_exception_handler(RollbookError, refused)
    app.add_exception_handler(RequestValidationError, invalid_request)
    app.add_exception_handler(HTTPException, not_served)
    app.include_router(model_routes.router, prefix="/api/v1")
    for routes in (registering_routes, transition_routes, describing_routes, deciding_routes):
        app.include_router(routes.router, prefix="/api/v1")
    return app
