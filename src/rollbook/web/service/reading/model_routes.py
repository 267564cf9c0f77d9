"""What is read of models: all of them, one, its versions, and those side by side."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from rollbook.registry.list_filter import list_filter
from rollbook.registry.listing import Listed, listed_model, readable_models
from rollbook.text import printable
from rollbook.web.identity.caller import Right
from rollbook.web.service.asking import (
    AskedPage,
    AskedReading,
    CursorText,
    Limit,
    LiveReading,
    ModelName,
    Words,
)
from rollbook.web.service.heavy_work import heavy
from rollbook.web.service.middleware.kept_answers import fixed_by_commit
from rollbook.web.service.reading import read_models
from rollbook.web.service.reading.page_cursor import page
from rollbook.web.service.reading.shapes import model_document, model_row, version_row

router = APIRouter(tags=["models"])
Several = Annotated[list[str], Query(max_length=50)]
Reverse = Annotated[bool, Query(description="Turns the order round.")]


@router.get("/models", response_model=read_models.ModelList, operation_id="list_models")
@fixed_by_commit
def list_models(
    reading: AskedPage,
    stage: Words = None,
    owner: Words = None,
    team: Words = None,
    task: Words = None,
    tag: Annotated[Several, Query(description="`NAME` or `NAME=TEXT`; all of them.")] = [],  # noqa: B006
    q: Annotated[
        str | None, Query(max_length=200, description="Words of a name, owner, task or tag.")
    ] = None,
    sort: Literal["name", "created", "stage", "owner", "team", "task"] | None = None,
    *,
    reverse: Reverse = False,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List the models, their versions, and which of them is in production."""
    about = {"stage": stage, "owner": owner, "team": team, "task": task}
    wanted = list_filter(**about, tags=tag, sort=sort, reverse=reverse)
    among = _telling(q) if q else None
    listed, broken = readable_models(reading.registry, wanted, among=among)
    caller = reading.caller
    caller.require(Right.CATALOG)
    seen = [model for model in listed if caller.may_see(model.model, stage or None)]
    items, following = page(reading.request, seen, reading.standing.commit, limit, cursor)
    document = {
        "models": [model_row(model, caller.stages_seen(model.model)) for model in items],
        "next_cursor": following,
        "commit": reading.standing.commit,
        "total": len(seen),
        "broken": [
            {"name": name, "problem": printable(why)} for name, why in broken.items() if caller.may_see(name)
        ],
    }
    return reading.answer(document, link=reading.next_link(following))


def _telling(words: str) -> Callable[[Listed], bool]:
    """Return whether every one of the words is told of a model, whatever its case."""
    wanted = words.casefold().split()

    def is_told(item: Listed) -> bool:
        told = [item.name]
        if (facts := item.facts) is not None:
            tags = (f"{key}={value}" for key, value in facts.tags.items())
            told += [facts.owner, facts.team, facts.task, *tags]
        text = "\n".join(told).casefold()
        return all(word in text for word in wanted)

    return is_told


@router.get("/models/{name:model}", response_model=read_models.ModelDocument, operation_id="show_model")
def show_model(reading: LiveReading, name: ModelName) -> Response:
    """Show a model: what it is and whose, what stands where, its gates, and what happened to it last."""
    model = reading.model(Right.READ, name)
    row = model_row(listed_model(model))
    return reading.answer(model_document(reading.registry.show_model(name), row))


@router.get(
    "/models/{name:model}/versions", response_model=read_models.VersionList, operation_id="list_versions"
)
@fixed_by_commit
def list_versions(
    reading: AskedPage,
    name: ModelName,
    stage: Words = None,
    tag: Several = [],  # noqa: B006
    sort: Literal["name", "created", "stage"] | None = None,
    *,
    reverse: Reverse = False,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List the versions of a model, newest first."""
    reading.require(Right.CATALOG, name, None)
    listed = reading.registry.list(name, stage=stage, tags=tag, sort=sort, reverse=reverse)
    seen = [version for version in listed if reading.caller.may_see(name, version.stage)]
    items, following = page(reading.request, seen, reading.standing.commit, limit, cursor)
    document = {
        "model": name,
        "versions": [version_row(name, version) for version in items],
        "next_cursor": following,
        "commit": reading.standing.commit,
        "total": len(seen),
    }
    return reading.answer(document, link=reading.next_link(following))


@router.get(
    "/models/{name:model}/compare", response_model=read_models.Comparison, operation_id="compare_versions"
)
@fixed_by_commit
def compare_versions(
    reading: AskedReading,
    name: ModelName,
    versions: Annotated[Several, Query(description="Versions, repeated or parted by commas.")] = [],  # noqa: B006
    metric: Several = [],  # noqa: B006
    lower_is_better: Several = [],  # noqa: B006
    higher_is_better: Several = [],  # noqa: B006
    evidence: Words = None,
) -> Response:
    """Put versions of a model side by side; by default what is in production, before it, and the newest."""
    reading.require(Right.READ, name)
    told: dict[str, Any] = {
        "metrics": metric,
        "lower_is_better": lower_is_better,
        "higher_is_better": higher_is_better,
        "evidence": evidence,
    }
    named = [one for part in versions for one in part.split(",") if one]
    return reading.answer(reading.registry.compare(name, named, **told))


@router.get("/models/{name:model}/best", response_model=read_models.BestVersion, operation_id="best_version")
@fixed_by_commit
def best_version(
    reading: AskedReading,
    name: ModelName,
    metric: Annotated[str, Query(min_length=1, max_length=200)],
    *,
    lower_is_better: Annotated[bool | None, Query(description="By default the metric's name tells.")] = None,
    evidence: Words = None,
    stage: Words = None,
) -> Response:
    """Tell the best version of a model by a metric."""
    reading.require(Right.READ, name)
    best = reading.registry.best(
        name, metric, lower_is_better=lower_is_better, evidence=evidence, stage=stage
    )
    return reading.answer(best)


@router.get("/stale", response_model=read_models.StaleVersions, operation_id="list_stale")
def list_stale(
    reading: LiveReading,
    span: Annotated[str, Query(pattern=r"^[1-9][0-9]{0,3}[dw]$", description="As `90d` or `12w`.")],
) -> Response:
    """List the versions that nothing happened to for a span, as evidence tells; no source is asked."""
    reading.require(Right.READ)
    with heavy():
        return reading.answer({"versions": [*reading.registry.list(stale=span, usage=False)]})


@router.get("/storage", response_model=read_models.Storage, operation_id="show_storage")
def show_storage(reading: LiveReading) -> Response:
    """Say what the artifacts take, by model, stage and format, and what they share."""
    reading.require(Right.READ)
    with heavy():
        return reading.answer(reading.registry.storage())
