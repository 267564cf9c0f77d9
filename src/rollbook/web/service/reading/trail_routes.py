"""What is read of the audit trail, of what came from where, and of what is proposed."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from rollbook.errors import BadCall, RollbookError
from rollbook.web.identity.caller import Right
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.asking import (
    AskingCallers,
    CursorText,
    Day,
    Limit,
    LivePage,
    LiveReading,
    MainReading,
    MaybeModel,
    ModelName,
    Words,
)
from rollbook.web.service.heavy_work import heavy
from rollbook.web.service.reading import read_models
from rollbook.web.service.reading.page_cursor import page
from rollbook.web.service.reading.read_answers import (
    JSON,
    Reading,
    accepted,
    as_json,
    offers,
    require_acceptable,
)
from rollbook.web.service.reading.version_routes import HTML, MARKDOWN, SHUT_IN

router = APIRouter(tags=["trail"])
# What stands once, whichever registry is meant.
all_registries = APIRouter(tags=["registries"])
_PERIOD = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\.\.[0-9]{4}-[0-9]{2}-[0-9]{2}$"
Action = Literal["registered", "assigned", "unassigned", "removed", "alias-set", "alias-removed"]


@all_registries.get("/registries", response_model=read_models.RegistryList, operation_id="list_registries")
def list_registries(request: Request, callers: AskingCallers) -> Response:
    """List the registries that are served, of which the caller may see anything; the first that is served is
    meant where none is named."""
    require_acceptable(request)
    rows = [{"name": served.name, "commit": _main_of(served)} for served in callers]
    headers = {"cache-control": "no-cache"}
    return Response(as_json({"registries": rows}), media_type=JSON, headers=headers)


def _main_of(registry: ServedRegistry) -> str | None:
    try:
        return registry.now().commit
    except RollbookError:
        return None


@router.get("/history", response_model=read_models.Events, operation_id="list_history")
def list_history(
    reading: LivePage,
    since: Day = None,
    until: Day = None,
    action: Action | None = None,
    stage: Words = None,
    by: Words = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List what happened to all models: registrations, stage changes, aliases; oldest first."""
    reading.require(Right.READ)
    return _history(reading, None, limit, cursor, since=since, until=until, action=action, stage=stage, by=by)


@router.get(
    "/models/{name:model}/history", response_model=read_models.Events, operation_id="list_model_history"
)
def list_model_history(
    reading: LivePage,
    name: ModelName,
    version: Annotated[str | None, Query(max_length=80, description="One version alone.")] = None,
    since: Day = None,
    until: Day = None,
    action: Action | None = None,
    stage: Words = None,
    by: Words = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List what happened to a model, or to one version of it; oldest first."""
    reading.require(Right.READ, name)
    ref = None if version is None else str(reading.version(Right.READ, name, version))
    narrowed = {"since": since, "until": until, "action": action, "stage": stage, "by": by, "ref": ref}
    return _history(reading, name, limit, cursor, **narrowed)


def _history(
    reading: Reading, model: str | None, limit: int, cursor: str | None, **narrowed: str | None
) -> Response:
    told: dict[str, Any] = {**narrowed}
    history = reading.registry.history(model, **told, with_evidence=False)
    events, following = page(reading.request, history.events, reading.standing.commit, limit, cursor)
    document = {
        "events": type(history)(events, (), {}).as_document(),
        "next_cursor": following,
        "commit": reading.standing.commit,
        "total": len(history.events),
    }
    return reading.answer(document, link=reading.next_link(following))


@router.get("/audit/head", response_model=read_models.AuditHead, operation_id="show_audit_head")
def show_audit_head(reading: MainReading) -> Response:
    """Tell the last tag of the trail: kept elsewhere, it shows later whether the trail was cut."""
    reading.require(Right.READ)
    with heavy():
        return reading.answer(reading.registry.audit.head())


@router.get("/audit/verification", response_model=read_models.Verification, operation_id="verify_audit")
def verify_audit(
    reading: MainReading,
    since: Annotated[str | None, Query(pattern=r"^[0-9a-f]{7,40}$|^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] = None,
    model: MaybeModel = None,
) -> Response:
    """Derive every event from main's history anew, and compare with the tags of the trail."""
    reading.require(Right.READ)
    with heavy():
        return reading.answer(reading.registry.audit.verify(since=since, model=model))


@router.get(
    "/report",
    operation_id="report_period",
    response_class=Response,
    responses={
        200: {"content": {MARKDOWN: {"schema": {"type": "string"}}, HTML: {"schema": {"type": "string"}}}}
    },
)
@offers(MARKDOWN, HTML)
def report_period(
    request: Request,
    reading: MainReading,
    period: Annotated[
        str, Query(max_length=60, pattern=_PERIOD, description="`START..END`, by its two dates.")
    ],
    model: MaybeModel = None,
) -> Response:
    """Report what ran in a period, who asked for it and approved it, and by which gates."""
    from rollbook.insight.compliance.report_html import as_html
    from rollbook.insight.compliance.report_markdown import as_markdown

    reading.require(Right.READ)
    with heavy():
        report = reading.registry.report(period, model)
    if accepted(request, MARKDOWN, HTML) != HTML:
        return Response(as_markdown(report), media_type=MARKDOWN, headers={"cache-control": "no-cache"})
    headers = {"cache-control": "no-cache", "content-security-policy": SHUT_IN}
    return Response(as_html(report), media_type=HTML, headers=headers)


@router.get("/descendants", response_model=read_models.Descendants, operation_id="find_descendants")
def find_descendants(
    reading: LiveReading,
    data: Annotated[
        str | None,
        Query(max_length=1000, description="A data set: its name, `NAME@VERSION`, address or SHA-256."),
    ] = None,
    commit: Annotated[str | None, Query(max_length=64, description="A commit of the training code.")] = None,
    parent: Annotated[str | None, Query(max_length=200, description="A version, as `NAME@VERSION`.")] = None,
) -> Response:
    """List every version that came from a data set, a commit of the training code, or a version."""
    reading.require(Right.READ)
    told = [source for source in (data, commit, parent) if source is not None]
    if any("\0" in source for source in told):
        raise BadCall("a source has no NUL in it", hint="Write its name, address or digest.")
    with heavy():
        found = reading.registry.descendants(data=data, commit=commit, parent=parent)
    return reading.answer({"descendants": [*found]})


@router.get("/access", response_model=read_models.Access, operation_id="review_access")
def review_access(reading: LiveReading, model: MaybeModel = None, who: Words = None) -> Response:
    """Tell who may do what: people, roles, models."""
    reading.require(Right.READ)
    return reading.answer(reading.registry.access(model=model, who=who))


@router.get("/requests", response_model=read_models.RequestList, operation_id="list_requests")
def list_requests(reading: MainReading) -> Response:
    """List what is proposed and has not landed, as far as it was fetched: what it waits for, what fails."""
    reading.require(Right.READ)
    with heavy():
        return reading.answer({"requests": reading.registry.requests(offline=True)})
