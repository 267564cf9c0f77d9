"""The trail as people read it: what one person asked for at one time, though it took several events."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from rollbook.names import time_text
from rollbook.trail.event import Action
from rollbook.trail.told_changes import told, told_together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.trail.event import Event
    from rollbook.trail.tag import RecordedTag

_WORDS = {
    Action.REGISTERED: "registered",
    Action.REMOVED: "its artifact removed, the record stays",
    Action.ALIAS_REMOVED: "no longer {start}",
}


@dataclass(frozen=True, slots=True)
class RecordedMove:
    """What became of a version: `word` says it; where that is empty, it went from one stage to another."""

    version: str
    start: str
    target: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change: when it landed (RFC 3339) in which commit, what it moved, who asked, who approved, why, its
    pull request, and the tags that record it."""

    at: str
    model: str
    moves: tuple[RecordedMove, ...]
    by: str
    approved_by: tuple[str, ...]
    reason: str
    commit: str
    pull_request: str
    tags: tuple[RecordedTag, ...]


def recorded_changes(tags: Sequence[RecordedTag]) -> Iterator[RecordedChange]:
    """Yield the changes that events tell, which are given in the order of main, in that order."""
    remaining = iter(tags)
    for together in told_together(map(told, tags)):
        yield _change([*islice(remaining, len(together))])


def _change(tags: Sequence[RecordedTag]) -> RecordedChange:
    events = [tag.event for tag in tags]
    approvers = [person for event in events for person in event.approved_by]
    return RecordedChange(
        at=time_text(tags[0].recorded_at),
        model=events[0].model,
        moves=tuple(dict.fromkeys(map(_move, events))),
        by=events[0].requested_by,
        approved_by=tuple(dict.fromkeys(approvers)),
        reason=_reason(events),
        commit=events[0].landed_in,
        pull_request=next((tag.pull_request for tag in tags if tag.pull_request), ""),
        tags=tuple(tags),
    )


def _reason(events: Sequence[Event]) -> str:
    """Return why it was asked for: a version that makes room for another one only says so of itself."""
    entering = [event for event in events if event.action is Action.ASSIGNED and event.target != "archived"]
    return next((event.reason for event in [*entering, *events] if event.reason), "")


def _move(event: Event) -> RecordedMove:
    word = _WORDS.get(event.action, "").format(start=event.start)
    if event.action is Action.ASSIGNED and event.start == event.target:
        word = f"changed in {event.target}"
    return RecordedMove(event.version, event.start, event.target, word)
