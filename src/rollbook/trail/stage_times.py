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
from rollbook.git.main_history import MOST_AHEAD, first_parent_line
from rollbook.git.receipts import receipts
from rollbook.trail.derive import derive
from rollbook.trail.landings import landed_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rollbook.git.main_history import Landed, LineCommit
    from rollbook.git.repository import Repository
    from rollbook.trail.derive import Progress
    from rollbook.trail.event import Event

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


def trail(
    repository: Repository, base: str, now: datetime | None = None, *, of_all: bool = False
) -> Callable[[str, str], tuple[Stay, ...]]:
    """Return a function that tells the stays of a version (model, version) as the history of `base` has them:
    each as late as a server's receipts prove it, and at `now` (by default the clock's) at the latest.

    The history is read when it is first asked: once for each model, or once `of_all`.
    """
    at = event_times(repository, base, now)

    @functools.cache
    def read(*paths: str) -> dict[str, list[Move]]:
        changes = landed_changes(repository, base, None, paths)
        moves: dict[str, list[Move]] = {}
        for event in _of_stages(derive(repository, changes, {}, with_manifests=False)):
            move = Move(event.model, event.version, event.target, at(event))
            moves.setdefault(event.model, []).append(move)
        return moves

    def moves_of(model: str) -> Sequence[Move]:
        return read(*([layout.ROOT] if of_all else paths_of(model))).get(model, ())

    return lambda model, version: stays(move for move in moves_of(model) if move.version == version)


def event_times(repository: Repository, base: str, now: datetime | None = None) -> Callable[[Event], int]:
    """Return a function that tells when an event of `base`'s history was (Unix time, seconds): as late as a
    server's receipts prove it, and at `now` (by default the clock's) at the latest."""
    moment = int((now or datetime.now(UTC)).timestamp())

    @functools.cache
    def proved() -> dict[str, int]:
        return proved_times(first_parent_line(repository, base), receipts(repository), moment)

    def at(event: Event) -> int:
        since = proved()[event.landed_in]
        # What is recorded after a date in the future is dated after that, whenever it came.
        return since if event.recorded_at > moment + MOST_AHEAD else max(event.recorded_at, since)

    return at


def last_changes(
    repository: Repository, base: str, now: datetime | None = None
) -> Callable[[str], dict[str, datetime]]:
    """Return a function that tells, for a model, when each of its versions last came into its stage, or its
    entry there (such as its share of the traffic) changed, as `base`'s history has it. A version that nothing
    moved is missing."""
    at = event_times(repository, base, now)

    def of_model(model: str) -> dict[str, datetime]:
        changes = landed_changes(repository, base, None, paths_of(model))
        return {
            event.version: _moment(at(event))
            for event in _of_stages(derive(repository, changes, {}, with_manifests=False))
            if event.model == model and event.target
        }

    return of_model


def landing_times(line: Iterable[Landed]) -> dict[str, int]:
    """Return when each commit of main landed at the earliest (Unix time, seconds)."""
    return {landed.commit: landed.landed_at for landed in line}


def proved_times(line: Sequence[LineCommit], received: Mapping[str, int], now: int) -> dict[str, int]:
    """Return since when each commit of main stands there at least (Unix time, seconds), for what must not be
    shortened by a date that somebody chose.

    A commit is never older than one before it. One dated in the future counts as the next that isn't. Where a
    server `received` main, what came after its first receipt is no older than the first that covers it, and
    as new as `now` where none does. `line` is main, oldest first.
    """
    times: dict[str, int] = {}
    claims: list[int | None] = []
    latest = 0
    for commit in line:
        is_possible = commit.committed_at <= now + MOST_AHEAD
        latest = max(latest, commit.committed_at) if is_possible else latest
        claims.append(latest if is_possible else None)
    begun = next((place for place, commit in enumerate(line) if commit.oid in received), len(line))
    following, proof = now, now
    for place in reversed(range(len(line))):
        proof = min(proof, received.get(line[place].oid, proof))
        claim = claims[place]
        following = min(following, proof) if claim is None else claim
        times[line[place].oid] = max(following, proof) if place > begun else following
    return times


def paths_of(model: str) -> tuple[str, ...]:
    """Return the paths whose changes tell of a model's moves."""
    return layout.model_directory(model), layout.POLICY


def moves_since(
    repository: Repository,
    tip: str,
    landed: dict[str, int],
    progress: dict[str, Progress],
    since: str | None = None,
) -> list[Move]:
    """Return the moves that main made from `since` (excluded; None: from the beginning) to `tip`, of all
    models, oldest first.

    `landed` is from `landing_times`; `progress` says how far each model had come at `since`, and is carried
    on.
    """
    changes = landed_changes(repository, tip, since)
    return [
        Move(event.model, event.version, event.target, max(event.recorded_at, landed[event.landed_in]))
        for event in _of_stages(derive(repository, changes, progress, with_manifests=False))
    ]


def _of_stages(events: Iterable[Event]) -> Iterator[Event]:
    """Yield the events that are moves: an alias leaves a version where it stands."""
    return (event for event in events if not event.is_of_alias)


def stays(moves: Iterable[Move]) -> tuple[Stay, ...]:
    """Return the stays that one version's moves make up, oldest first."""
    past: list[Stay] = []
    for move in moves:
        moment = _moment(move.at)
        current = past[-1] if past and past[-1].left is None else None
        if current and current.stage != move.target:
            past[-1] = Stay(current.stage, current.entered, moment)
        # A departure and the arrival that follows it name the same target.
        if move.target and (current is None or current.stage != move.target):
            past.append(Stay(move.target, moment))
    return tuple(past)


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(min(second, _LAST_SECOND), UTC)
