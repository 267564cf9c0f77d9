"""What registers versions."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from rollbook.web.identity.caller import Right
from rollbook.web.service.writing.asked_write import AskedEarly, AskedWrite, turns
from rollbook.web.service.writing.landed_or_asked import written
from rollbook.web.service.writing.new_version import FILES, new_version
from rollbook.web.service.writing.reception import ARTIFACT, FACTS, Received, received
from rollbook.web.service.writing.told_bodies import told
from rollbook.web.service.writing.told_registering import Registering
from rollbook.web.service.writing.write_answers import WRITE_ANSWERS, whole
from rollbook.web.service.writing.write_settings import WriteSettings

router = APIRouter(responses=WRITE_ANSWERS, tags=["writing"])

_PARTS = frozenset([ARTIFACT, "provenance", *FILES])


def write_settings(request: Request) -> WriteSettings:
    """Return what the operator lets writes do."""
    settings: WriteSettings = request.app.state.writing
    return settings


Settings = Annotated[WriteSettings, Depends(write_settings)]


def body_of(shape: type[BaseModel], files: frozenset[str]) -> dict[str, Any]:
    """Return how OpenAPI tells of a body that is JSON, or has parts: the JSON in one, files in others."""
    told_in = whole(shape)
    binary = {"type": "string", "contentMediaType": "application/octet-stream"}
    parts = {FACTS: told_in, **{name: {"type": "array", "items": binary} for name in sorted(files)}}
    multipart = {
        "schema": {"type": "object", "properties": parts, "required": [FACTS], "additionalProperties": False},
        "encoding": {FACTS: {"contentType": "application/json"}},
    }
    content = {"application/json": {"schema": told_in}, "multipart/form-data": multipart}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/models/register",
    status_code=202,
    openapi_extra=body_of(Registering, _PARTS),
    operation_id="register_version",
)
async def register(request: Request, asked: AskedEarly, settings: Settings) -> JSONResponse:
    """Propose a new version of a model, with its artifact: sent, of a version here, or at an address.

    A body of JSON names the artifact by its digest or its URL. One of parts (`multipart/form-data`) has the
    same JSON in its part `facts`, the artifact in its part `artifact` (a folder in several, each named by its
    path), and files beside it in others.
    """
    asked.author  # noqa: B018 - before anything is read of what nobody may send
    asked.require_somewhere(Right.PROPOSE)
    async with received(request, _PARTS, settings.most_bytes) as came:
        body = came.told(Registering)
        asked.require(Right.PROPOSE, body.name)
        async with turns(request).turn():
            return await run_in_threadpool(_registered, asked, body, came, settings)


def _registered(
    asked: AskedWrite, body: Registering, came: Received, settings: WriteSettings
) -> JSONResponse:
    digests = sorted((file.part, file.name, file.sha256) for file in came.files)
    with asked.for_author(), new_version(asked, body, came, settings) as version:
        return written(asked, version.plan, {**told(body), "files": digests}, created=True)
