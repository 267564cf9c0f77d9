"""What the pages about all models are made of, gathered once: summaries, health, requests, the trail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.names import parse_moment
from rollbook.web.catalog.facts.model_health import gates_today, model_health
from rollbook.web.catalog.facts.model_summary import model_summaries
from rollbook.web.catalog.facts.trail_standing import trail_standing
from rollbook.web.catalog.pages.page_frame import page_frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from rollbook.api.public_registry import Registry
    from rollbook.propose.open_requests import Request
    from rollbook.web.catalog.facts.model_health import GatesToday, ModelHealth
    from rollbook.web.catalog.facts.model_summary import ModelSummary
    from rollbook.web.catalog.facts.trail_standing import TrailStanding
    from rollbook.web.catalog.pages.page_frame import PageFrame


@dataclass(frozen=True, slots=True)
class Overview:
    """A registry as a whole, as of `today`: the models by name, the health of each, what gates say of those
    in production (None where that can't be told), the open requests (None
    where they can't be told, `no_requests` says why), and whether the trail holds."""

    frame: PageFrame
    today: date
    stages: tuple[str, ...]
    models: tuple[ModelSummary, ...]
    health: Mapping[str, ModelHealth]
    gates: Mapping[str, GatesToday] | None
    requests: Sequence[Request] | None
    no_requests: str
    trail: TrailStanding


def overview(
    registry: Registry,
    *,
    frame: PageFrame | None = None,
    summaries: Sequence[ModelSummary] | None = None,
    gates: Mapping[str, GatesToday] | None = None,
    trail: TrailStanding | None = None,
    today: date | None = None,
) -> Overview:
    """Gather what the pages about all models show. `summaries` are those of all models where somebody knows
    them already, `gates` what today's say of those models of which somebody does, and `trail` how it stands.
    Of a catalog of the past (`frame.as_of`) no request is open, no gate is judged, and what is due is told
    for that day.

    Raises NotFound where there is no registry, InvalidFile for a policy or stages that can't be read.
    """
    policy = registry.policy
    frame = frame or page_frame(registry)
    summaries = model_summaries(registry) if summaries is None else summaries
    moment = parse_moment(frame.as_of) if frame.as_of else datetime.now(UTC)
    today = today or moment.date()
    judged = {} if frame.as_of else _gates(registry, summaries, gates or {})
    health = {
        summary.name: model_health(
            summary, judged, today, reminder=policy.sunset_reminder, is_monitored=bool(policy.monitoring)
        )
        for summary in summaries
    }
    requests, no_requests = _requests(registry, frame)
    stages = tuple(stage.name for stage in policy.stages)
    trail = trail or trail_standing(registry.repository)
    return Overview(frame, today, stages, tuple(summaries), health, judged, requests, no_requests, trail)


def _gates(
    registry: Registry, summaries: Sequence[ModelSummary], known: Mapping[str, GatesToday]
) -> Mapping[str, GatesToday] | None:
    serving = [one.name for one in summaries if one.in_production and not one.broken]
    judged = gates_today(registry, [name for name in serving if name not in known])
    return None if judged is None else {**known, **judged}


def with_open_requests(overview: Overview, registry: Registry) -> Overview:
    """Return an overview with the requests that are open now: no commit tells them."""
    requests, no_requests = _requests(registry, overview.frame)
    return replace(overview, requests=requests, no_requests=no_requests)


def _requests(registry: Registry, frame: PageFrame) -> tuple[Sequence[Request] | None, str]:
    if frame.as_of:
        return None, "A catalog of the past tells no requests: they are never stored, only computed for now."
    try:
        return registry.requests(offline=True), ""
    except RollbookError as error:
        return None, str(error)
