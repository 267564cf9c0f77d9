"""What people changed, a line each: the events of one request that landed in one commit are told together.

A version that comes into production is an event, that it leaves staging another, and two more that it
displaces the version before it: one person asked for it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.names import time_text
from rollbook.trail.event import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rollbook.trail.tag import RecordedTag

# What is told of an event: when it landed, model, version, action, from, to, by, reason; then the commit that
# brought it, when it was asked for, and who approved it, each followed by the unit separator.
Told = tuple[str, str, str, str, str, str, str, str, str, str, str]

COLUMNS = ("when", "model", "change", "by", "approved by", "reason")
_MOST = 50  # events on a line: a stranger's commit may hold any number
_SEPARATOR = "\x1f"
_SENTENCES = {
    Action.REGISTERED.value: "{version} registered",
    Action.ASSIGNED.value: "{version} put into {target}",
    Action.UNASSIGNED.value: "{version} taken out of {start}",
    Action.REMOVED.value: "{version}: artifact removed",
    Action.ALIAS_SET.value: "{version} given {target}",
    Action.ALIAS_REMOVED.value: "{start} taken from {version}",
}


def told(tag: RecordedTag) -> Told:
    """Return what is told of a tag's event."""
    event = tag.event
    return (
        time_text(tag.recorded_at), event.model, event.version, event.action.value, event.start, event.target,
        event.requested_by, event.reason, event.landed_in, event.requested_at,
        "".join(f"{name}{_SEPARATOR}" for name in event.approved_by),
    )  # fmt: skip


def told_together(events: Iterable[Told]) -> Iterator[list[Told]]:
    """Yield the events in their order, those together that follow each other and are one change: of one
    model, from one commit, asked for by one person at one time.
    """
    together: list[Told] = []
    request: tuple[str, ...] = ()
    for event in events:
        _, model, _, _, _, _, by, _, landed_in, asked_at, _ = event
        if (landed_in, model, by, asked_at) != request or not landed_in or len(together) == _MOST:
            if together:
                yield together
            together, request = [], (landed_in, model, by, asked_at)
        together.append(event)
    if together:
        yield together


def change_rows(tags: Iterable[RecordedTag]) -> Iterator[list[str]]:
    """Yield what a table shows of each change that tags tell."""
    return map(change_row, told_together(map(told, tags)))


def changes_of(tags: Iterable[RecordedTag], version: str) -> Iterator[list[str]]:
    """Yield what a table shows of each change that one version had a part in."""
    for together in told_together(map(told, tags)):
        if any(event[2] == version for event in together):
            yield change_row(together)


def change_row(events: Sequence[Told]) -> list[str]:
    """Return what a table shows of one change, by `COLUMNS`."""
    when, model, version, action, start, target, by, reason, _, _, approved = events[0]
    if len(events) == 1:
        return [when, model, _sentence(action, version, start, target), by, _names(approved), reason]
    sentences, reasons = _told_of(events)
    approvals = "".join(dict.fromkeys(event[10] for event in events))
    return [when, model, ", ".join(sentences), by, _names(approvals), "; ".join(reasons)]


def _told_of(events: Sequence[Told]) -> tuple[list[str], Iterable[str]]:
    """Return a sentence for each version's move, and why; what was displaced comes last, and needs no reason
    of its own."""
    came_in = {event[2] for event in events if event[3] == Action.ASSIGNED.value}
    displaced = _displaced(events, came_in)
    aliases = {event[5] for event in events if event[3] == Action.ALIAS_SET.value}
    asked: list[str] = []
    after: list[str] = []
    reasons: dict[str, None] = {}
    lesser: dict[str, None] = {}
    for _, _, version, action, start, target, _, reason, _, _, _ in events:
        if action == Action.UNASSIGNED.value and version in displaced:
            after.append(f"{version} displaced to {target}")
            lesser[reason] = None
        elif action == Action.ALIAS_REMOVED.value and start in aliases:
            after.append(f"before {version}")
        elif action == Action.UNASSIGNED.value and version in came_in:
            continue  # told by its coming in
        elif action == Action.ASSIGNED.value and version in displaced:
            continue  # told by its leaving
        else:
            asked.append(_sentence(action, version, start, target))
            reasons[reason] = None
    return asked + after, [reason for reason in reasons if reason] or [reason for reason in lesser if reason]


def _displaced(events: Sequence[Told], came_in: set[str]) -> set[str]:
    """Return the versions that left a stage because another came into it. Where two change places, the reason
    tells which of them."""
    arrivals = {event[5]: (event[2], event[4]) for event in events if event[3] == Action.ASSIGNED.value}
    displaced = set()
    for _, _, version, action, start, target, _, reason, _, _, _ in events:
        arrived, came_from = arrivals.get(start, (version, ""))
        if action != Action.UNASSIGNED.value or arrived == version:
            continue
        says_so = reason.startswith((f"replaced by {arrived} in ", f"rolled back to {arrived}: "))
        if came_from != target or version not in came_in or says_so:
            displaced.add(version)
    return displaced


def _sentence(action: str, version: str, start: str, target: str) -> str:
    if action == Action.ASSIGNED.value and start == target:
        return f"{version} changed in {target}"
    sentence = _SENTENCES.get(action)
    if sentence is None:
        return f"{version} {action}"
    return sentence.format(version=version, start=start, target=target)


def _names(approved: str) -> str:
    return ", ".join(dict.fromkeys(name for name in approved.split(_SEPARATOR) if name))
