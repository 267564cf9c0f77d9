"""Versions that nothing has happened to for long, and that nothing uses."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.insight.query.index.lookup import ask, problem_in
from rollbook.layout import Kind
from rollbook.names import moment_text, time_text
from rollbook.registry.served import Use
from rollbook.retention.subjects import known_use, require_history, served_by_evidence, told_by_history

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.registry.registry import Registry
    from rollbook.registry.served import Usage

# What is said to have happened last to a version that served after everything else.
SERVED = "served"
_SPAN = re.compile(r"(?P<count>[1-9][0-9]{0,4})(?P<unit>[dw])")
_DAYS = {"d": 1, "w": 7}
_LAST_SECOND = 253402300799  # of the year 9999
_EPOCH = datetime.fromtimestamp(0, UTC)
_SECOND = timedelta(seconds=1)
_DAY = 24 * 3600  # seconds

# What happened last to each version that nothing uses. A removal counts even where its file can't be read.
_LAST = """
SELECT m.name, v.version, v.sort_key, coalesce(v.stage, :first_stage), l.what,
  min(l.at, :last_second) AS moment
FROM (SELECT model, sort_key, what, at, max(position << 24 | place) FROM told GROUP BY model, sort_key) AS l
JOIN model AS m ON m.name = l.model JOIN version AS v ON v.model_id = m.id AND v.sort_key = l.sort_key
WHERE moment <= :latest AND (:models IS NULL OR m.name IN (SELECT value FROM json_each(:models)))
AND NOT EXISTS (SELECT 1 FROM stage_entry AS e WHERE e.model_id = m.id AND e.version = v.version
  AND e.stage IN (SELECT value FROM json_each(:exclusive)))
AND NOT EXISTS (SELECT 1 FROM alias AS a WHERE a.model_id = m.id AND a.version = v.version)
AND NOT EXISTS (SELECT 1 FROM removal AS r WHERE r.version_id = v.id)
AND NOT EXISTS (SELECT 1 FROM problem AS p
  WHERE p.path = 'registry/' || m.name || '/versions/' || v.version || '/removed.yaml')
ORDER BY m.name, moment, v.sort_key
"""


@dataclass(frozen=True, slots=True)
class Stale:
    """A version, its stage, what happened to it last and when, and how many whole days ago that was; and when
    it last served, empty where nothing tells of it."""

    model: str
    version: str
    stage: str
    last: str
    at: datetime
    days: int
    served: str = ""

    def as_document(self) -> dict[str, str | int | None]:
        """Return the version as JSON data."""
        return {
            "model": self.model,
            "version": self.version,
            "stage": self.stage,
            "last": self.last,
            "at": moment_text(self.at),
            "days": self.days,
            "served": self.served or None,
        }


def parse_span(text: str) -> timedelta:
    """Return a span of days or weeks such as `90d` or `12w`. Raises BadCall for anything else."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise BadCall(f"{text[:40]!r} is no span of time", hint="Write days or weeks: 90d, 12w.")
    return timedelta(days=int(match["count"]) * _DAYS[match["unit"]])


class StaleVersions(list[Stale]):
    """The stale versions, and those of which nobody can tell whether they served: they are not listed.

    `unknown` says of each of those (model, version) why.
    """

    def __init__(self, listed: Iterable[Stale], unknown: Mapping[tuple[str, str], str] | None = None) -> None:
        super().__init__(listed)
        self.unknown = unknown or {}


def stale_versions(
    registry: Registry,
    span: timedelta,
    models: Sequence[str] | None = None,
    *,
    now: datetime | None = None,
) -> StaleVersions:
    """Return the versions, of all models or of these, that were last registered, moved, examined or described
    `span` ago or longer, and by evidence have not served since.

    Told by the history of main that leads to the registry's snapshot. What is in use is never stale: a
    version in an exclusive stage or with an alias, or one that runs somewhere; nor is one whose artifact is
    removed. By model, oldest event first. Raises Refused in a shallow clone,
    InvalidFile for stages, or evidence of use, that can't be read.
    """
    registry.require()
    require_history(registry.repository)
    ask(registry, _require_readable_stages, history=registry.snapshot.commit is not None)
    policy = registry.policy
    now = now or datetime.now(UTC)
    moment = now - _EPOCH
    rows = told_by_history(
        registry,
        _LAST,
        first_stage=policy.first_stage.name,
        exclusive=json.dumps([stage.name for stage in policy.stages if stage.exclusive]),
        models=None if models is None else json.dumps([*models]),
        latest=(moment - span) // _SECOND,
        last_second=_LAST_SECOND,
    )
    on_record = served_by_evidence(registry, now)
    listed: list[tuple[str, Stale]] = []
    for model, version, order, stage, what, happened_at in rows:
        use = known_use(on_record, {}, model, version)
        if use.within(now - span):
            continue
        served_at = (use.served.at - _EPOCH) // _SECOND if use.served else None
        at = max(happened_at, served_at or 0)
        last = what if at == happened_at else SERVED
        days = (moment // _SECOND - at) // _DAY
        told = "" if served_at is None else time_text(served_at)
        stale = Stale(model, version, stage, last, datetime.fromtimestamp(at, UTC), days, told)
        listed.append((order, stale))
    listed.sort(key=lambda each: (each[1].model, each[1].at, each[0]))
    return StaleVersions(stale for _, stale in listed)


def still_stale(listed: StaleVersions, usage: Usage, span: timedelta, now: datetime) -> StaleVersions:
    """Return those of the stale versions that, by what sources told, have not served within `span` either.
    Those of which nobody can tell are left out, as `unknown`."""
    left, unknown = [], dict(listed.unknown)
    for stale in listed:
        use = usage.get((stale.model, stale.version), Use())
        if use.unknown:
            unknown[stale.model, stale.version] = use.unknown
        if use.within(now - span):
            continue
        left.append(stale if use.served is None else _since_served(stale, use.served.at, now))
    return StaleVersions(sorted(left, key=lambda stale: (stale.model, stale.at)), unknown)


def _since_served(stale: Stale, at: datetime, now: datetime) -> Stale:
    served = max(moment_text(at), stale.served)
    if at <= stale.at:
        return replace(stale, served=served)
    return replace(stale, last=SERVED, at=at, days=(now - at) // timedelta(days=1), served=served)


def _require_readable_stages(connection: sqlite3.Connection) -> None:
    problem = problem_in(connection, "WHERE p.kind = ? ORDER BY m.name", Kind.STAGES.value)
    if problem is not None:
        raise problem
