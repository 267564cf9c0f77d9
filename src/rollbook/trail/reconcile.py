"""Comparing the tags that stand with the events that main's history calls for: a pure function of the two."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.text import one_line
from rollbook.trail.contradiction import Contradiction
from rollbook.trail.pinned_tags import changed_tags
from rollbook.trail.standing_tags import standing_tag
from rollbook.trail.tag import tag_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.records.origin import Origin
    from rollbook.trail.event import Event
    from rollbook.trail.standing_tags import StandingTag, StandingTags

_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
_APPROVED = "Approved-By: "
_FIND_OUT = "Find out who changed it: compare it with another clone's tag, or with a backup's."
_NOT_RECORDED = (
    "If it landed just now, run `rollbook audit record`. If it was recorded before, somebody deleted the "
    "tag: fetch it from another clone."
)
_RESTORE = "Fetch it from another clone: what main says of the time before rests on it."


@dataclass(frozen=True, slots=True)
class Main:
    """Main's first-parent line: each commit's place, where each model's first event landed, and what the
    models were taken over from, where they were."""

    order: Mapping[str, int]
    began: Mapping[str, int]
    origins: Mapping[str, Origin] = field(default_factory=dict)


def compare(
    events: Sequence[Event], standing: StandingTags, main: Main, *, after: str = ""
) -> list[Contradiction]:
    """Return everything in which the tags and the events disagree; the first event's tag follows the tag
    object `after`, or none.

    A tag that was replaced is named itself; the tag after it, which names the old one, only when nothing else
    is wrong with either.
    """
    contradictions: list[Contradiction] = []
    tag_names = {tag.oid: tag.name for tag in standing.tags.values()}
    before: str | None = after
    before_is_sound = True
    for event in events:
        tag = standing.tags.get(event.tag)
        wrong = list(_absence(event, standing) if tag is None else tag_contradictions(event, tag))
        if tag is not None and not wrong and before is not None and tag.previous != before:
            contradictions += _broken_link(event, tag, before, tag_names) if before_is_sound else ()
        contradictions += wrong
        before = tag.oid if tag else None
        before_is_sound = not wrong
    derived = {event.tag for event in events}
    for tag in standing.tags.values():
        if tag.name not in derived:
            contradictions.append(_extra(tag, main))
    contradictions += _outside(derived, standing, main)
    contradictions += _taken_over(standing, main)
    return contradictions


def _absence(event: Event, standing: StandingTags) -> Iterator[Contradiction]:
    what = f"{event.summary} (landed in {event.landed_in[:12]})"
    if event.tag in standing.broken:
        yield _about(event, "RB604", "its head is not written as git writes a tag's", _FIND_OUT)
    elif event.tag in standing.foreign:
        yield _about(
            event,
            "RB615",
            f"a tag that Rollbook did not write stands where this is to be recorded: {what}",
            f"Look at it, delete it (git tag -d '{event.tag}', also on the remote), then record.",
        )
    else:
        yield _about(event, "RB601", f"no tag records: {what}", _NOT_RECORDED)


def tag_contradictions(event: Event, tag: StandingTag) -> Iterator[Contradiction]:
    """Yield what is wrong with the tag of an event by itself, whatever stands before it: each byte is to be
    as `audit record` writes it, given who tagged and what is attested. Signatures are judged elsewhere."""
    if tag.inner != event.tag:
        message = f"the ref points at the tag object of {tag.inner!r}"
        yield _about(event, "RB603", message, "A signature counts for the name inside only. " + _FIND_OUT)
        return
    if tag.commit != event.commit:
        message = f"it stands on {tag.commit[:12]}, and {event.summary} belongs on {event.commit[:12]}"
        yield _about(event, "RB603", message, _FIND_OUT)
    when = f"{event.recorded_at} +0000"
    if tag.when != when:
        message = f"it is dated {_date(tag.when)}, and main's history gives {_date(when)}"
        yield _about(event, "RB606", message, _FIND_OUT)
    if difference := _difference(event, tag):
        yield _about(event, "RB604", difference, _FIND_OUT)


def tag_fault(event: Event, name: str, data: bytes) -> str:
    """Return what is wrong with a tag object of an event by itself, as `tag_contradictions` tells; empty when
    nothing is."""
    tag = standing_tag(name, "", data)
    if tag is None:
        return "its head is not written as git writes a tag's"
    return next((item.message for item in tag_contradictions(event, tag)), "")


def _difference(event: Event, tag: StandingTag) -> str:
    """How the message differs from the one that would be recorded; empty when it does not by a byte.

    What is attested, and which tag stands before, is the tag's word; where and how that is written is not.
    """
    approved = [line[len(_APPROVED) :] for line in tag.message.split("\n")[1:] if line.startswith(_APPROVED)]
    attested = [name for name in approved if name and name == one_line(name)]
    pull_request = one_line(tag.trailer("Pull-Request"))
    names = tuple(dict.fromkeys([*event.approved_by, *attested]))
    previous = tag.previous if _OBJECT_ID.fullmatch(tag.previous) else ""
    called_for = event if names == event.approved_by else replace(event, approved_by=names)
    expected = tag_message(called_for, previous, pull_request)
    return "" if tag.message == expected else _first_difference(expected.split("\n"), tag.message.split("\n"))


def _first_difference(expected: list[str], lines: list[str]) -> str:
    for line in expected:
        if line not in lines:
            key, colon, value = line.partition(": ")
            if not colon:
                return f"its summary is not {line!r}"
            values = [tag_line.partition(": ")[2] for tag_line in lines if tag_line.startswith(f"{key}: ")]
            return f"its {key} is {values[0] if values else ''!r} where main says {value!r}"
    foreign = next((line for line in lines if line and line not in expected), "")
    if not foreign:
        return "its lines are those that main calls for, in another order, or not each of them once"
    return f"its message has a line that main does not call for: {foreign[:120]!r}"


def _broken_link(
    event: Event, tag: StandingTag, before: str, held: Mapping[str, str]
) -> Iterator[Contradiction]:
    if tag.previous in held or not before or not tag.previous:
        named = held.get(tag.previous, "none")
        follows = held.get(before, "none")
        message = f"it names {named} as the tag before it, and by main's history that is {follows}"
        yield _about(event, "RB605", message, _FIND_OUT)
        return
    message = (
        f"it was recorded after the tag object {tag.previous[:12]}, and {before[:12]} "
        f"({held.get(before, 'known by its id')}) stands there now: one of the two was replaced"
    )
    yield _about(event, "RB608", message, _FIND_OUT)


def _extra(tag: StandingTag, main: Main) -> Contradiction:
    landed_in, model = tag.trailer("Landed-In"), tag.trailer("Model")
    if tag.inner != tag.name:
        message = f"the ref points at the tag object of {tag.inner!r}"
        hint = "A signature counts for the name inside only. Delete the ref, also on the remote."
        return Contradiction("RB603", tag.name, _known(landed_in, main), message, hint, model)
    if landed_in not in main.order:
        message = f"it records commit {landed_in[:12] or '(none)'}, which is not on main"
        hint = (
            "Either main was rewritten, or the tag is forged. If this clone's main is older than its tags, "
            "fetch, and verify again."
        )
        return Contradiction("RB613", tag.name, landed_in, message, hint, model)
    message = f"commit {landed_in[:12]} on main calls for no such event"
    return Contradiction("RB602", tag.name, landed_in, message, _FIND_OUT, model)


def _outside(derived: set[str], standing: StandingTags, main: Main) -> Iterator[Contradiction]:
    """Yield the tags that GTO reads as events of a model of the registry, and that are no events."""
    old = {tag.tag for origin in main.origins.values() for tag in origin.tags}
    for name in sorted(standing.broken - derived - old):
        yield Contradiction("RB602", name, "", "it looks like an event, and main calls for none", _FIND_OUT)
    for name, commit in standing.foreign.items():
        model = name.partition("@")[0].partition("#")[0]
        if name in derived or name in old or model not in main.began:
            continue
        # Of a model that was taken over, every tag there was then is known.
        is_older = model not in main.origins and main.order.get(commit, len(main.order)) < main.began[model]
        yield Contradiction(
            "RB602",
            name,
            commit,
            "Rollbook did not write it, and tools that read GTO's tags take it for an event",
            "It is older than the model's first event." if is_older else _FIND_OUT,
            model,
            "warning" if is_older else "error",
        )


def _taken_over(standing: StandingTags, main: Main) -> Iterator[Contradiction]:
    """Yield the old tags of models that were taken over, where they don't stand as they did."""
    places = {place: commit for commit, place in main.order.items()}
    for model, origin in main.origins.items():
        landed_in = places.get(main.began.get(model, -1), "")
        for tag in changed_tags([origin], standing.objects):
            oid = standing.objects.get(tag.tag)
            if oid is None:
                message = f"the model was taken over with this tag ({tag.object[:12]}), and it is gone"
                yield Contradiction("RB601", tag.tag, landed_in, message, _RESTORE, model)
            else:
                message = f"the model was taken over with {tag.object[:12]}, and {oid[:12]} stands there now"
                yield Contradiction("RB604", tag.tag, landed_in, message, _FIND_OUT, model)


def _known(commit: str, main: Main) -> str:
    return commit if commit in main.order else ""


def _about(event: Event, code: str, message: str, hint: str) -> Contradiction:
    return Contradiction(code, event.tag, event.landed_in, message, hint, event.model)


def _date(when: str) -> str:
    seconds, _, zone = when.partition(" ")
    try:
        written = f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return when
    return written if zone == "+0000" else f"{written} ({zone})"
