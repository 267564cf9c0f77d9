"""What moves versions between stages, and aliases between versions."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from rollbook.errors import BadCall
from rollbook.names import ARCHIVED, DEPRECATED, Reference, is_version
from rollbook.propose.alias_move import plan_alias
from rollbook.propose.promotion import plan_promotion, previous_holder
from rollbook.propose.proposal import Write
from rollbook.propose.stage_edits import Displacement
from rollbook.web.identity.caller import Right
from rollbook.web.service.writing.asked_write import Asked, AskedWrite
from rollbook.web.service.writing.landed_or_asked import Plan, written
from rollbook.web.service.writing.told_bodies import (
    AliasTo,
    Archiving,
    Deprecation,
    Rollback,
    Told,
    ToldMove,
    Transition,
    told,
)
from rollbook.web.service.writing.write_answers import WRITE_ANSWERS

router = APIRouter(responses=WRITE_ANSWERS, tags=["writing"])


@router.post("/models/{name:path}/{version}/transition", status_code=202, operation_id="request_transition")
def transition(asked: Asked, name: str, version: str, body: Transition) -> JSONResponse:
    """Propose that a version moves to a stage, or that its share of the traffic there changes."""
    details = {"traffic": body.traffic, **_exceptions(body)}
    return _moved(asked, named_version(name, version), body.to_stage, body, "promote", details, _room(body))


@router.post("/models/{name:path}/rollback", status_code=202, operation_id="request_rollback")
def rollback(asked: Asked, name: str, body: Rollback) -> JSONResponse:
    """Propose that a model goes back to the version that held a stage before, or to the one that is named: by
    `to`, or in the path (`/models/NAME/VERSION/rollback`)."""
    model, _, last = name.rpartition("/")
    to = body.to
    if model and is_version(last.removeprefix("v")):
        name, to = model, to or last
    asked.require(Right.PROPOSE, name)
    if to and body.skip:
        raise BadCall("a version is either named or looked for", hint="Give `to`, or `skip`.")
    repository = asked.served.repository

    def plan(base: str) -> tuple[Write, Mapping[str, Any]]:
        version = to or previous_holder(repository, name, body.stage, body.skip)
        return _planned_move(
            asked, base, named_version(name, version), body.stage, body.reason, "rollback",
            _exceptions(body), _room(body),
        )  # fmt: skip

    return written(asked, plan, told(body))


@router.post("/models/{name:path}/{version}/deprecate", status_code=202, operation_id="request_deprecation")
def deprecate(asked: Asked, name: str, version: str, body: Deprecation) -> JSONResponse:
    """Propose that a version is deprecated: still served, with what to use instead and until when."""
    details = {name: getattr(body, name) for name in ("replacement", "sunset", "migration")}
    return _moved(asked, named_version(name, version), DEPRECATED, body, "deprecate", details)


@router.post("/models/{name:path}/{version}/archive", status_code=202, operation_id="request_archiving")
def archive(asked: Asked, name: str, version: str, body: Archiving) -> JSONResponse:
    """Propose that a version is archived: out of use, its record and its artifact kept."""
    return _moved(asked, named_version(name, version), ARCHIVED, body, "archive", {})


@router.put("/models/{name:path}/aliases/{alias}", status_code=202, operation_id="set_alias")
def set_alias(asked: Asked, name: str, alias: str, body: AliasTo) -> JSONResponse:
    """Propose that an alias points to a version."""
    asked.require(Right.PROPOSE, name)
    reference = named_version(name, body.version)
    return written(
        asked,
        _alias_plan(asked, reference, alias, body.reason, override=body.override, despite=body.despite),
        told(body),
    )


@router.delete("/models/{name:path}/aliases/{alias}", status_code=202, operation_id="remove_alias")
def remove_alias(
    asked: Asked, name: str, alias: str, reason: Annotated[str, Query(min_length=1, max_length=1000)]
) -> JSONResponse:
    """Propose that an alias points to no version any more."""
    asked.require(Right.PROPOSE, name)
    plan = _alias_plan(asked, Reference(name, name=alias), alias, reason, remove=True)
    return written(asked, plan, {"reason": reason})


def named_version(model: str, version: str) -> str:
    """Return the reference of a version as a path names it: itself, with or without `v`, a stage, an
    alias."""
    return f"{model}@{version.removeprefix('@')}"


def _moved(
    asked: AskedWrite,
    reference: str,
    stage: str,
    body: Told,
    action: str,
    details: Mapping[str, Any],
    room: Displacement | None = None,
) -> JSONResponse:
    asked.require(Right.PROPOSE, reference.rpartition("@")[0])
    reason: str = body.reason  # type: ignore[attr-defined]
    plan: Plan = lambda base: _planned_move(asked, base, reference, stage, reason, action, details, room)  # noqa: E731
    return written(asked, plan, told(body))


def _planned_move(
    asked: AskedWrite,
    base: str,
    reference: str,
    stage: str,
    reason: str,
    action: str,
    details: Mapping[str, Any],
    room: Displacement | None,
) -> tuple[Write, Mapping[str, Any]]:
    planned = plan_promotion(
        asked.served.repository,
        base,
        reference,
        stage,
        reason=reason,
        details=details,
        action=action,
        displaced=room,
    )
    moves = [{"version": move.version, "from": move.start, "to": move.target} for move in planned.moves]
    return Write(planned.change), {"model": planned.model, "moves": moves, "waived": [*planned.waived]}


def _alias_plan(
    asked: AskedWrite,
    reference: str | Reference,
    alias: str,
    reason: str,
    *,
    remove: bool = False,
    override: str | None = None,
    despite: str | None = None,
) -> Plan:
    def plan(base: str) -> tuple[Write, Mapping[str, Any]]:
        planned = plan_alias(
            asked.served.repository,
            base,
            reference,
            alias,
            reason=reason,
            remove=remove,
            override=override,
            despite=despite,
        )
        moved = {"model": planned.model, "alias": alias, "from": planned.before, "to": planned.after}
        return Write(planned.change), moved

    return plan


def _exceptions(body: ToldMove) -> dict[str, Any]:
    return {"override": {"reason": body.override} if body.override else None, "despite": body.despite}


def _room(body: ToldMove) -> Displacement | None:
    said = (body.displaced, body.sunset, body.migration)
    if all(part is None for part in said):
        return None
    return Displacement(body.displaced or "", body.sunset or "", body.migration or "")
