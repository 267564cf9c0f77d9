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
from rollbook.trail.landings import landed_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rollbook.git.main_history import Landed
    from rollbook.git.repository import Repository
    from rollbook.trail.derive import Progress

_LAST_SECOND = 253402300799  # of the year 9999


@dataclass(frozen=True, slots=True)
class Move:
    """A version came to the stage `target`, or its artifact was removed, where that is empty; `at` is when
    (Unix time, seconds)."""

    model: str
    version: str
    target: str
    at: int


@dataclass(frozen=True, slots=True)
class Stay:
    """A version's time in one stage; `left` is None while it lasts."""

    stage: str
    entered: datetime
    left: datetime | None = None


def trail(repository: Repository, base: str) -> Callable[[str, str], tuple[Stay, ...]]:
    """Return a function that tells the stays of a version (model, version) as the history of `base` has them.

    The history is read when it is first asked, once for each model.
    """

    @functools.cache
    def landed() -> dict[str, int]:
        return landing_times(first_parents(repository, base))

    @functools.cache
    def moves(model: str) -> list[Move]:
        return moves_since(repository, base, landed(), {}, model=model)

    return lambda model, version: stays(move for move in moves(model) if move.version == version)


def landing_times(line: Iterable[Landed]) -> dict[str, int]:
    """Return when each commit of main landed at the earliest (Unix time, seconds)."""
    return {landed.commit: landed.landed_at for landed in line}


def moves_since(
    repository: Repository,
    tip: str,
    landed: dict[str, int],
    progress: dict[str, Progress],
    since: str | None = None,
    model: str | None = None,
) -> list[Move]:
    """Return the moves that main made from `since` (excluded; None: from the beginning) to `tip`, of all
    models or one, oldest first.

    `landed` is from `landing_times`; `progress` says how far each model had come at `since`, and is carried
    on.
    """
    paths = (layout.ROOT,) if model is None else (layout.model_directory(model), layout.POLICY)
    changes = landed_changes(repository, tip, since, paths)
    return [
        Move(event.model, event.version, event.target, max(event.recorded_at, landed[event.landed_in]))
        for event in derive(repository, changes, progress, with_manifests=False)
        if model in (None, event.model)
    ]


def stays(moves: Iterable[Move]) -> tuple[Stay, ...]:
    """Return the stays that one version's moves make up, oldest first."""
    past: list[Stay] = []
    for move in moves:
        moment = datetime.fromtimestamp(min(move.at, _LAST_SECOND), UTC)
        current = past[-1] if past and past[-1].left is None else None
        if current and current.stage != move.target:
            past[-1] = Stay(current.stage, current.entered, moment)
        # A departure and the arrival that follows it name the same target.
        if move.target and (current is None or current.stage != move.target):
            past.append(Stay(move.target, moment))
    return tuple(past)
