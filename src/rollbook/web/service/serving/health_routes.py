"""How the service itself does, for whoever restarts it, sends requests to it, and watches it."""

import threading
import time
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from rollbook.errors import RollbookError
from rollbook.text import one_line
from rollbook.web.registries.served_registry import ServedRegistry

if TYPE_CHECKING:
    from rollbook.web.registries.served_registries import ServedRegistries

router = APIRouter(include_in_schema=False)
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
_FRESH = 0.5  # seconds that one look at the registries counts for whoever asks


@router.get("/healthz")
async def tell_whether_it_lives() -> PlainTextResponse:
    """Answer, which only a process that lives does."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def tell_whether_it_can_answer(request: Request) -> JSONResponse:
    """Tell of each registry whether main can be read, and for how long it has been stale. 503 while one
    can't be read; what is stale is still an answer."""
    readiness: Readiness = request.app.state.readiness
    document = await readiness.told()
    return JSONResponse(document, 200 if document["ready"] else 503, headers={"cache-control": "no-store"})


@router.get("/metrics")
def tell_metrics(request: Request) -> Response:
    """Tell the metrics, as Prometheus reads them."""
    return Response(request.app.state.metrics.text(), media_type=_EXPOSITION)


class Readiness:
    """How the registries stand, looked at twice a second at most: whoever asks often makes no more work."""

    def __init__(self, registries: "ServedRegistries") -> None:
        self._registries = registries
        self._document: dict[str, Any] = {"ready": False, "registries": {}}
        self._until = 0.0
        self._looking = threading.Lock()

    async def told(self) -> dict[str, Any]:
        """Return how they stand; while somebody else looks, how they stood."""
        if time.monotonic() >= self._until and self._looking.acquire(blocking=False):
            try:
                self._document = await run_in_threadpool(self._look)
                self._until = time.monotonic() + _FRESH
            finally:
                self._looking.release()
        return self._document

    def _look(self) -> dict[str, Any]:
        told = {name: _told(self._registries.served(name)) for name in self._registries.names}
        return {"ready": all(one["ready"] for one in told.values()), "registries": told}


def _told(registry: ServedRegistry) -> dict[str, Any]:
    try:
        commit = registry.now().commit
    except (RollbookError, OSError) as error:
        return {"ready": False, "problem": one_line(str(error), 300)}
    return {"ready": True, "commit": commit, "stale_seconds": round(registry.stale_for(), 1)}
