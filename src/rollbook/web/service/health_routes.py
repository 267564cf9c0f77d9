"""How the service itself does, for whoever restarts it, sends requests to it, and watches it."""

import threading
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from rollbook.errors import RollbookError
from rollbook.text import one_line
from rollbook.web.registries.served_registry import ServedRegistry

if TYPE_CHECKING:
    from rollbook.web.registries.served_registries import ServedRegistries

router = APIRouter(include_in_schema=False)
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
# One question of readiness at a time: whoever asks often makes no more work than one.
_asking = threading.Lock()


@router.get("/healthz")
async def tell_whether_it_lives() -> PlainTextResponse:
    """Answer, which only a process that lives does."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def tell_whether_it_can_answer(request: Request) -> JSONResponse:
    """Tell of each registry whether main can be read, and for how long it has been stale. 503 while one
    can't be read; what is stale is still an answer."""
    registries: ServedRegistries = request.app.state.registries
    with _asking:
        told = {name: _told(registries.served(name)) for name in registries.names}
    is_ready = all(one["ready"] for one in told.values())
    document = {"ready": is_ready, "registries": told}
    return JSONResponse(document, 200 if is_ready else 503, headers={"cache-control": "no-store"})


@router.get("/metrics")
def tell_metrics(request: Request) -> Response:
    """Tell the metrics, as Prometheus reads them."""
    return Response(request.app.state.metrics.text(), media_type=_EXPOSITION)


def _told(registry: ServedRegistry) -> dict[str, Any]:
    try:
        commit = registry.now().commit
    except (RollbookError, OSError) as error:
        return {"ready": False, "problem": one_line(str(error), 300)}
    return {"ready": True, "commit": commit, "stale_seconds": round(registry.stale_for(), 1)}
