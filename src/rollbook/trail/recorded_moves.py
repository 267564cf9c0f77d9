"""The moves of a model as its tags tell them: where in main's history to look, so that not all is walked.

What the tags say of a version is held against the commits that they name, and so is what they say of the last
landing. Where the two differ, or a tag is missing, they tell nothing. That a commit which they name, but for
the last, is on main at all is for `audit verify` to judge, as it is when `history` shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed
from rollbook.trail.agreement import progress_of
from rollbook.trail.derive import Progress, derive
from rollbook.trail.landings import changes_landed_in
from rollbook.trail.stage_times import Move, paths_of
from rollbook.trail.tag import recorded_trail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.git.repository import Repository
    from rollbook.trail.event import Event
    from rollbook.trail.landings import LandedChange
    from rollbook.trail.tag import RecordedTag


@dataclass(frozen=True, slots=True)
class KnownMoves:
    """A model's moves up to a commit of main (None: before the first), and how far it had come there."""

    upto: str | None = None
    progress: Progress = field(default_factory=Progress)
    moves: tuple[Move, ...] = ()


def moves_of(events: Iterable[Event]) -> tuple[Move, ...]:
    """Return the moves that events record, at the times that they record: an alias moves no version."""
    return tuple(
        Move(event.model, event.version, event.target, event.recorded_at)
        for event in events
        if not event.is_of_alias
    )


def recorded_moves(repository: Repository, model: str, version: str) -> KnownMoves | None:
    """Return a model's moves up to the last landing that its tags record, held against main for `version`;
    None where they do not tell."""
    tags = recorded_events(repository, model, version)
    if tags is None:
        return None
    return KnownMoves(tags[-1].event.landed_in, progress_of(tags)[model], moves_of(tag.event for tag in tags))


def recorded_events(repository: Repository, model: str, version: str) -> list[RecordedTag] | None:
    """Return the tags of a model's events, in order, held against main for `version` and for the last
    landing; None where they do not tell."""
    own = (tag for tag in recorded_trail(repository, [model]).tags.values() if tag.event.model == model)
    tags = sorted(own, key=lambda tag: tag.event.number)
    if not tags or any(
        tag.event.number != place or tag.name != tag.event.tag for place, tag in enumerate(tags, 1)
    ):
        return None
    landings = [(commit, [*group]) for commit, group in groupby(tags, lambda tag: tag.event.landed_in)]
    last = landings[-1][0]
    asked = [
        commit
        for commit, group in landings
        if commit == last or any(tag.event.version == version for tag in group)
    ]
    try:
        changes = {change.commit: change for change in changes_landed_in(repository, asked, paths_of(model))}
    except GitFailed:  # a commit that isn't here
        return None
    before: list[RecordedTag] = []
    for commit, group in landings:
        if commit in asked and (
            commit not in changes or not _agree(repository, changes[commit], before, group)
        ):
            return None
        before += group
    return tags


def _agree(
    repository: Repository, change: LandedChange, before: list[RecordedTag], tags: list[RecordedTag]
) -> bool:
    """Return whether a landing's tags say what it did to their model, which had come as far as `before`."""
    derived = derive(repository, [change], progress_of(before), with_manifests=False)
    told = [_facts(event) for event in derived if event.model == tags[0].event.model]
    return told == [_facts(tag.event) for tag in tags]


def _facts(event: Event) -> tuple[object, ...]:
    """Return what a change of main tells of an event without the manifest."""
    return event.action, event.tag, event.start, event.target, event.commit, event.recorded_at
