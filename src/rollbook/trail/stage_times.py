"""When a version was in which stage, as main's history has it: what the audit trail's tags record.

Events are derived from the commits that landed, so neither a forged tag nor anything that a pull request says
can make a stay longer. A commit that claims to be older than one before it counts as landed with that one.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.git.main_history import first_parents
from rollbook.trail.derive import derive
from rollbook.trail.event import Action
from rollbook.trail.landings import landed_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.trail.event import Event

_LAST_SECOND = 253402300799  # of the year 9999


@dataclass(frozen=True, slots=True)
class Stay:
    """A version's time in one stage; `left` is None while it lasts."""

    stage: str
    entered: datetime
    left: datetime | None = None


def trail(repository: Repository, base: str) -> Callable[[str, str], tuple[Stay, ...]]:
    """A function that tells the stays of a version (model, version) as the history of `base` has them.

    The history is read when it is first asked, once for each model.
    """

    @functools.cache
    def landed() -> dict[str, int]:
        return {commit.commit: commit.landed_at for commit in first_parents(repository, base)}

    @functools.cache
    def events(model: str) -> list[Event]:
        paths = (layout.model_directory(model), layout.POLICY)
        found = derive(repository, landed_changes(repository, base, paths=paths), {})
        return [event for event in found if event.model == model]

    def stays_of(model: str, version: str) -> tuple[Stay, ...]:
        return stays((event for event in events(model) if event.version == version), landed())

    return stays_of


def stays(events: Iterable[Event], landed: Mapping[str, int]) -> tuple[Stay, ...]:
    """The stays that one version's events make up, oldest first.

    `landed` gives for each commit of main the time (Unix, seconds) before which it can't have landed.
    """
    found: list[Stay] = []
    for event in events:
        seconds = max(event.recorded_at, landed.get(event.landed_in, 0))
        moment = datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC)
        current = found[-1] if found and found[-1].left is None else None
        if current and current.stage != event.target:
            found[-1] = Stay(current.stage, current.entered, moment)
        # A departure and the arrival that follows it name the same target.
        if event.action is not Action.REMOVED and (current is None or current.stage != event.target):
            found.append(Stay(event.target, moment))
    return tuple(found)
