"""The application that answers, and what every request goes through before a route is asked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from rollbook.errors import RollbookError
from rollbook.web.identity.caller import anybody
from rollbook.web.service import whoami_route
from rollbook.web.service.api_description import VERSION, describe
from rollbook.web.service.middleware.bounded_requests import BoundedRequests
from rollbook.web.service.middleware.kept_answers import KeptAnswers
from rollbook.web.service.middleware.limits import Limits
from rollbook.web.service.middleware.named_paths import NamedPaths
from rollbook.web.service.middleware.observed import Observed
from rollbook.web.service.middleware.rate_limit import RateLimit
from rollbook.web.service.middleware.read_recording import ReadRecording
from rollbook.web.service.middleware.service_metrics import ServiceMetrics
from rollbook.web.service.mlflow import mlflow_routes
from rollbook.web.service.pages import catalog_routes
from rollbook.web.service.pages.kept_pages import KeptPages
from rollbook.web.service.problems import invalid, refused, unmet
from rollbook.web.service.reading import artifact_routes, model_routes, trail_routes, version_routes
from rollbook.web.service.reading.read_answers import Unchanged, unchanged
from rollbook.web.service.reading.verified_copies import VerifiedCopies
from rollbook.web.service.serving import health_routes, webhook_routes
from rollbook.web.service.writing import (
    deciding_routes,
    describing_routes,
    registering_routes,
    transition_routes,
)
from rollbook.web.service.writing.write_settings import USUAL, WriteSettings
from rollbook.web.service.writing.write_turns import WriteTurns

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
    writing: WriteSettings = USUAL,
    webhook_secret: bytes = b"",
    logs_all: bool = False,
) -> FastAPI:
    """Return the application that answers for these registries, and closes them when it ends.

    `identify` tells who sends a request to one of them; by default anybody does, who may read. What is given
    to whom goes into `read_log`. `writing` says what writes may do. Without a `webhook_secret` no forge is
    heard. `logs_all` has a line in the log for each request.
    """

    @asynccontextmanager
    async def while_it_runs(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            app.state.copies.close()
            registries.close()
            if read_log is not None:
                read_log.close()

    app = FastAPI(title="Rollbook", version=VERSION, lifespan=while_it_runs, docs_url=None, redoc_url=None)
    app.state.registries = registries
    app.state.identify = identify
    app.state.writing = writing
    app.state.write_turns = WriteTurns()
    app.state.metrics = ServiceMetrics(registries)
    app.state.readiness = health_routes.Readiness(registries)
    app.state.webhook_secret = webhook_secret
    app.state.copies = VerifiedCopies()
    _answer_errors(app)
    app.include_router(health_routes.router)
    app.include_router(webhook_routes.router, prefix="/api/v1")
    _include(app)
    describe(app)
    app.state.pages = KeptPages()
    app.include_router(catalog_routes.router, prefix="/registries/{registry}")
    app.include_router(catalog_routes.by_name)
    app.include_router(catalog_routes.router)  # last: every other path is a page's, or nothing's
    _go_through(app, limits or Limits(), read_log, logs_all=logs_all)
    return app


def _answer_errors(app: FastAPI) -> None:
    app.add_exception_handler(RollbookError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, unmet)
    app.add_exception_handler(Unchanged, unchanged)


def _include(app: FastAPI) -> None:
    """Have everything answered for the first registry, and for each by its name; what has a word of its own
    where a version may stand goes first."""
    writes = (registering_routes, transition_routes, describing_routes, deciding_routes)
    reads = (whoami_route, trail_routes, model_routes, artifact_routes, version_routes)
    app.include_router(trail_routes.all_registries, prefix="/api/v1")
    for prefix, is_described in (("/api/v1", True), ("/api/v1/registries/{registry}", False)):
        for routes in (*writes, *reads):
            app.include_router(routes.router, prefix=prefix, include_in_schema=is_described)
    # A client's registry is then the address with this before it.
    for prefix, is_described in (("", True), ("/registries/{registry}", False)):
        app.include_router(mlflow_routes.router, prefix=prefix, include_in_schema=is_described)


def _go_through(app: FastAPI, limits: Limits, read_log: ReadLog | None, *, logs_all: bool) -> None:
    """Set up what requests go through, the innermost first."""
    state = app.state
    app.add_middleware(NamedPaths, registries=state.registries, identify=state.identify)
    app.add_middleware(BoundedRequests, limits=limits)
    app.add_middleware(KeptAnswers, identify=state.identify, metrics=state.metrics)
    if read_log is not None:
        app.add_middleware(ReadRecording, log=read_log)
    if limits.rate:
        app.add_middleware(RateLimit, rate=limits.rate)
    app.add_middleware(Observed, metrics=state.metrics, logs_all=logs_all)
