"""The application that answers, and what every request goes through before a route is asked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from rollbook import __version__
from rollbook.errors import RollbookError
from rollbook.web.identity.caller import anybody
from rollbook.web.service import (
    catalog_routes,
    health_routes,
    mlflow_routes,
    model_routes,
    webhook_routes,
    whoami_route,
)
from rollbook.web.service.bounded_requests import BoundedRequests
from rollbook.web.service.kept_answers import KeptAnswers
from rollbook.web.service.kept_pages import KeptPages
from rollbook.web.service.limits import Limits
from rollbook.web.service.observed import Observed
from rollbook.web.service.problems import refused
from rollbook.web.service.rate_limit import RateLimit
from rollbook.web.service.read_recording import ReadRecording
from rollbook.web.service.service_metrics import ServiceMetrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import Request

    from rollbook.web.identity.caller import Caller
    from rollbook.web.identity.read_log import ReadLog
    from rollbook.web.registries.served_registries import ServedRegistries
    from rollbook.web.registries.served_registry import ServedRegistry


def create_app(
    registries: ServedRegistries,
    *,
    identify: Callable[[Request, ServedRegistry], Caller] = anybody,
    read_log: ReadLog | None = None,
    limits: Limits | None = None,
    webhook_secret: bytes = b"",
    logs_all: bool = False,
) -> FastAPI:
    """Return the application that answers for these registries, and closes them when it ends.

    `identify` tells who sends a request to one of them; by default anybody does, who may read. What is given
    to whom goes into `read_log`. Without a `webhook_secret` no forge is heard. `logs_all` has a line in the
    log for each request.
    """

    @asynccontextmanager
    async def while_it_runs(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            registries.close()
            if read_log is not None:
                read_log.close()

    app = FastAPI(
        title="Rollbook", version=__version__, lifespan=while_it_runs, docs_url=None, redoc_url=None
    )
    app.state.registries = registries
    app.state.identify = identify
    app.state.metrics = ServiceMetrics(registries)
    app.state.webhook_secret = webhook_secret
    app.add_exception_handler(RollbookError, refused)
    app.include_router(health_routes.router)
    app.include_router(webhook_routes.router, prefix="/api/v1")
    app.include_router(whoami_route.router, prefix="/api/v1")
    app.include_router(whoami_route.router, prefix="/api/v1/registries/{registry}", include_in_schema=False)
    app.include_router(model_routes.router, prefix="/api/v1")
    app.include_router(mlflow_routes.router)
    # A client's registry is then the address with this before it.
    app.include_router(mlflow_routes.router, prefix="/registries/{registry}", include_in_schema=False)
    app.state.pages = KeptPages()
    app.include_router(catalog_routes.router, prefix="/registries/{registry}")
    app.include_router(catalog_routes.router)  # last: every other path is a page's, or nothing's
    _go_through(app, limits or Limits(), read_log, logs_all=logs_all)
    return app


def _go_through(app: FastAPI, limits: Limits, read_log: ReadLog | None, *, logs_all: bool) -> None:
    """Set up what requests go through, the innermost first."""
    state = app.state
    app.add_middleware(BoundedRequests, limits=limits)
    app.add_middleware(KeptAnswers, identify=state.identify, metrics=state.metrics)
    if read_log is not None:
        app.add_middleware(ReadRecording, log=read_log)
    if limits.rate:
        app.add_middleware(RateLimit, rate=limits.rate)
    app.add_middleware(Observed, metrics=state.metrics, logs_all=logs_all)
