"""What happened to a model and its versions, as the pages tell it: a line for what one person asked for
once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from rollbook.trail.event import Action
from rollbook.trail.told_changes import change_row, told, told_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rollbook.trail.tag import RecordedTag


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One change: when it landed, what happened, who asked, who approved and why; the stage that a version
    came into (empty without one), the versions that had a part, the pull request's address and the tags
    that record it."""

    at: str
    change: str
    by: str
    approved_by: str
    reason: str
    stage: str
    versions: Sequence[str]
    pull_request: str
    tags: Sequence[str]


def timeline_of(tags: Sequence[RecordedTag]) -> list[TimelineEntry]:
    """Return what the events of a model tell, the newest first."""
    return [*_entries(tags)][::-1]


def arrivals(tags: Iterable[RecordedTag], stage: str) -> frozenset[str]:
    """Return the versions that came into a stage at some time."""
    return frozenset(
        tag.event.version
        for tag in tags
        if tag.event.action is Action.ASSIGNED
        and tag.event.target == stage
        and tag.event.start != tag.event.target
    )


def _entries(tags: Sequence[RecordedTag]) -> Iterator[TimelineEntry]:
    in_order = iter(tags)
    for together in told_together(map(told, tags)):
        own = [*islice(in_order, len(together))]
        at, _, change, by, approved_by, reason = change_row(together)
        # The first sentence is of what was asked for; what it displaced comes after.
        stages = [
            tag.event.target
            for tag in own
            if tag.event.action is Action.ASSIGNED and change.startswith(f"{tag.event.version} ")
        ]
        yield TimelineEntry(
            at=at,
            change=change,
            by=by,
            approved_by=approved_by,
            reason=reason,
            stage=stages[0] if stages else "",
            versions=[*dict.fromkeys(tag.event.version for tag in own)],
            pull_request=next((tag.pull_request for tag in own if tag.pull_request), ""),
            tags=[tag.name for tag in own],
        )
