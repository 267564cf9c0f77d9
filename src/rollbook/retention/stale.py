"""Versions that nothing has happened to for long, and that nothing uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.names import precedence, time_text
from rollbook.registry.version_files import removed_among
from rollbook.retention.subjects import told_by_history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.registry.registry import Model, Registry

_SPAN = re.compile(r"(?P<count>[1-9][0-9]{0,4})(?P<unit>[dw])")
_DAYS = {"d": 1, "w": 7}
_LAST_SECOND = 253402300799  # of the year 9999


@dataclass(frozen=True, slots=True)
class Stale:
    """A version, its stage, what happened to it last and when, and how many whole days ago that was."""

    model: str
    version: str
    stage: str
    last: str
    at: datetime
    days: int

    def as_document(self) -> dict[str, str | int]:
        """Return the version as JSON data."""
        return {
            "model": self.model,
            "version": self.version,
            "stage": self.stage,
            "last": self.last,
            "at": time_text(int(self.at.timestamp())),
            "days": self.days,
        }


def parse_span(text: str) -> timedelta:
    """A span of days or weeks such as `90d` or `12w`. Raises BadCall for anything else."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise BadCall(f"{text[:40]!r} is no span of time", hint="Write days or weeks: 90d, 12w.")
    return timedelta(days=int(match["count"]) * _DAYS[match["unit"]])


def stale_versions(
    registry: Registry, span: timedelta, models: Sequence[Model] | None = None, *, now: datetime | None = None
) -> list[Stale]:
    """The versions that were last registered, moved, examined or described `span` ago or longer.

    Told by the history of main that leads to the registry's snapshot. What is in use is never stale: a
    version in an exclusive stage or with an alias; nor is one whose artifact is removed. By model, oldest
    event first. Raises Refused in a shallow clone.
    """
    asked = registry.models() if models is None else models
    moment = now or datetime.now(UTC)
    removed = removed_among(
        registry.snapshot, ((model.name, version) for model in asked for version in model.version_names)
    )
    happened = told_by_history(
        registry,
        "SELECT model, version, what, at, max(position << 24 | place) FROM told GROUP BY model, sort_key",
    )
    last = {(model, version): (what, seconds) for model, version, what, seconds, _ in happened}
    found = []
    for model in asked:
        used = _used(registry, model)
        for version in model.version_names:
            key = model.name, version
            if key not in last or key in removed or version in used:
                continue
            what, seconds = last[key]
            at = datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC)
            if moment - at >= span:
                entry = model.stages.entry_of(version)
                stage = entry.stage if entry else registry.policy.first_stage.name
                found.append(Stale(*key, stage, what, at, (moment - at).days))
    return sorted(found, key=lambda each: (each.model, each.at, precedence(each.version)))


def _used(registry: Registry, model: Model) -> frozenset[str]:
    exclusive = (stage.name for stage in registry.policy.stages if stage.exclusive)
    holders = {entry.version for name in exclusive for entry in model.stages.holders(name)}
    return frozenset(holders.union(model.stages.aliases.values()))
