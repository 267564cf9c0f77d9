"""What is said of models and versions after they are registered: notes, records, cards, evidence."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from rollbook.errors import AlreadySo
from rollbook.propose.card_proposal import plan_card
from rollbook.propose.model_edit import plan_model_edit
from rollbook.propose.new_note import plan_note
from rollbook.propose.proposal import Write
from rollbook.web.identity.caller import Right
from rollbook.web.service.writing.asked_write import Asked, AskedEarly, AskedWrite, turns
from rollbook.web.service.writing.landed_or_asked import written
from rollbook.web.service.writing.new_evidence_over_http import ATTACH, FILE, LearntEvidence, learnt
from rollbook.web.service.writing.reception import Received, received
from rollbook.web.service.writing.registering_routes import Settings, body_of
from rollbook.web.service.writing.told_bodies import Card, ModelEdit, Notes, told
from rollbook.web.service.writing.transition_routes import named_version
from rollbook.web.service.writing.write_answers import WRITE_ANSWERS

router = APIRouter(responses=WRITE_ANSWERS, tags=["writing"])
_PARTS = frozenset([ATTACH, FILE])


@router.patch("/models/{name:path}/{version}/notes", status_code=202, operation_id="edit_notes")
def note(asked: Asked, name: str, version: str, body: Notes) -> JSONResponse:
    """Propose to note on a version what may change: a description, tags."""
    asked.require(Right.PROPOSE, name)

    def plan(base: str) -> tuple[Write, Mapping[str, Any]]:
        change, told_of = plan_note(
            asked.served.repository,
            base,
            named_version(name, version),
            description=body.description,
            tags=body.tags,
            remove_tags=body.remove_tags,
        )
        return Write(change), {"model": told_of.model, "version": str(told_of.version)}

    return written(asked, plan, told(body))


@router.patch("/models/{name:path}", status_code=202, operation_id="edit_model")
def edit_model(asked: Asked, name: str, body: ModelEdit) -> JSONResponse:
    """Propose to change what is said of a model: its owner, its purpose, its tags."""
    asked.require(Right.PROPOSE, name)
    fields = body.model_dump(exclude={"tags", "remove_tags"})

    def plan(base: str) -> tuple[Write, Mapping[str, Any]]:
        change, changed = plan_model_edit(
            asked.served.repository, base, name, fields, tags=body.tags, remove_tags=body.remove_tags
        )
        return Write(change), {"model": name, "changed": [*changed]}

    return written(asked, plan, told(body))


@router.put("/models/{name:path}/{version}/card", status_code=202, operation_id="write_card")
def write_card(asked: Asked, name: str, version: str, body: Card) -> JSONResponse:
    """Propose a version's model card, its generated parts made anew from the registry."""
    asked.require(Right.PROPOSE, name)

    def plan(base: str) -> tuple[Write, Mapping[str, Any]]:
        planned = plan_card(asked.served.repository, base, named_version(name, version), body.text or None)
        if planned is None:
            raise AlreadySo(f"the card of {name}@{version} is so already")
        of = planned.version
        details = {"model": of.model, "version": str(of.version), "unfilled": [*planned.card.unfilled]}
        return Write(planned.change), details

    return written(asked, plan, told(body))


@router.post(
    "/models/{name:path}/{version}/evidence",
    status_code=202,
    openapi_extra=body_of(LearntEvidence, _PARTS),
    operation_id="add_evidence",
)
async def add_evidence(
    request: Request, asked: AskedEarly, settings: Settings, name: str, version: str
) -> JSONResponse:
    """Propose evidence on a version, bound to its artifact's digest: a fact that was learnt about it.

    A body of JSON, or one of parts (`multipart/form-data`): the same JSON in `facts`, a report whose numbers
    become metrics in `file`, and what to keep with it in `attach`, as often as there are files.
    """
    asked.require(Right.PROPOSE, name)
    asked.author  # noqa: B018 - before anything is read of what nobody may send
    async with received(request, _PARTS, settings.most_bytes) as came:
        body = came.told(LearntEvidence)
        async with turns(request).turn():
            return await run_in_threadpool(_added, asked, named_version(name, version), body, came)


def _added(asked: AskedWrite, reference: str, body: LearntEvidence, came: Received) -> JSONResponse:
    digests = sorted((file.part, file.name, file.sha256) for file in came.files)
    with asked.for_author(), learnt(asked, reference, body, came) as plan:
        return written(asked, plan, {**told(body), "files": digests}, created=True)
