"""Whether the tags that stand record what main holds, so that others can follow them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.git.objects import read_tag_object
from rollbook.git.repository import commit_or_none, is_ancestor
from rollbook.trail.derive import Progress, derive
from rollbook.trail.event import Action
from rollbook.trail.landings import landed_changes
from rollbook.trail.pinned_tags import require_old_tags
from rollbook.trail.tag import RecordedTag, RecordedTrail, parse_trailers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.trail.event import Event

_VERIFY = (
    "Find out who changed what before you go on: compare `git log --first-parent` with `rollbook history`."
)
_MISSING = "Fetch it from where it still is: git fetch origin 'refs/tags/*:refs/tags/*'"


def require_trail(
    repository: Repository, tip: str, trail: RecordedTrail
) -> tuple[list[Event], Mapping[str, str], str]:
    """Raise Refused unless every tag of the trail's last landing and after records what `tip`, a commit of
    main, calls for, in one unbroken chain.

    Returns the events from that landing on, the tag objects that stand for them already by tag name, and the
    id of the tag object before the first.
    """
    head, progress = _resume(repository, trail.tags, tip)
    since = commit_or_none(repository, f"{head.event.landed_in}^1") if head else None
    events = list(derive(repository, landed_changes(repository, tip, since), progress))
    _require_agreement(trail, events, complete=head is None)
    require_origins(repository, (event for event in events if event.tag not in trail.tags), progress)
    oids = _standing_oids(repository, trail.tags, events)
    first = trail.tags.get(events[0].tag) if events and head else None
    previous = first.previous if first else ""
    _require_chain(trail.tags, events, oids, previous)
    return events, oids, previous


def _standing_oids(
    repository: Repository, tags: Mapping[str, RecordedTag], events: list[Event]
) -> dict[str, str]:
    """The tag objects there are already, by tag name: those that a ref names, and those that a run which was
    cut off wrote without naming them, which the `Previous-Event` of a later tag still tells.

    Raises Refused when a later tag tells of one that is gone: made anew, it would break the chain.
    """
    oids: dict[str, str] = {}
    told = ""
    for event in reversed(events):
        standing = tags.get(event.tag)
        if standing is not None:
            oids[event.tag], told = standing.oid, standing.previous
        elif told:
            data = read_tag_object(repository, told)
            if data is None:
                raise Refused(f"the tag {event.tag!r} is missing, and later ones build on it", hint=_MISSING)
            oids[event.tag] = told
            told = next(iter(parse_trailers(data.decode(errors="replace")).get("Previous-Event", ())), "")
    return oids


def _require_chain(
    tags: Mapping[str, RecordedTag], events: list[Event], oids: Mapping[str, str], previous: str
) -> None:
    """Raise Refused when a tag names another predecessor than the tag that stands before it."""
    for event in events:
        standing = tags.get(event.tag)
        if standing is not None and standing.previous != previous:
            raise Refused(
                f"the tag {event.tag!r} does not follow the one before it: one of the two was replaced",
                hint=_VERIFY,
            )
        # A tag that has no object yet is made anew; those after it have none either.
        previous = oids.get(event.tag, previous)


def _require_agreement(trail: RecordedTrail, events: list[Event], *, complete: bool) -> None:
    """Raise Refused when a tag contradicts the events: another content, no event at all, or not ours."""
    derived = {event.tag: event for event in events}
    landed_in = {event.landed_in for event in events}
    for tag in trail.tags.values():
        event = derived.get(tag.name)
        if event is None:
            if complete or tag.event.landed_in in landed_in:
                raise Refused(f"the tag {tag.name!r} records what main does not hold", hint=_VERIFY)
        # Approvals that only a forge knows are attested by the tag, not derived.
        elif replace(tag.event, approved_by=event.approved_by) != event:
            raise Refused(f"the tag {tag.name!r} does not record what main says", hint=_VERIFY)
    for name in derived.keys() & trail.foreign:
        raise Refused(
            f"a tag {name!r} that Rollbook did not write stands in the way",
            hint="Where GTO made it, take the model over with its history: rollbook import gto. "
            f"Otherwise look at it, and delete it: git tag -d '{name}'",
        )


def _resume(
    repository: Repository, tags: Mapping[str, RecordedTag], tip: str
) -> tuple[RecordedTag | None, dict[str, Progress]]:
    """The trail's head and how far each model has come before the commit the head records; None and
    nothing when the trail must be derived from the beginning, because it is empty or has a gap."""
    oids = {tag.oid for tag in tags.values()}
    named = {tag.previous for tag in tags.values() if tag.previous}
    heads = [tag for tag in tags.values() if tag.oid not in named]
    if len(heads) != 1 or not named <= oids:
        return None, {}
    (head,) = heads
    landed_in = head.event.landed_in
    if not is_ancestor(repository, landed_in, tip):
        raise Refused(
            f"the tag {head.name!r} records commit {landed_in[:12]}, which is not on main",
            hint=f"Main was rewritten, or this clone is shallow or behind. {_VERIFY}",
        )
    return head, progress_of(tag for tag in tags.values() if tag.event.landed_in != landed_in)


def progress_of(tags: Iterable[RecordedTag]) -> dict[str, Progress]:
    """How far each model has come by its tags."""
    progress: dict[str, Progress] = {}
    for tag in sorted(tags, key=lambda tag: tag.event.number):
        come = progress.setdefault(tag.event.model, Progress())
        come.number = tag.event.number
        come.recorded_at = tag.recorded_at
        if tag.event.action is Action.REGISTERED:
            come.registered_in[tag.event.version] = tag.commit
        elif tag.event.action is Action.REMOVED:
            come.removed.add(tag.event.version)
    return progress


def require_origins(
    repository: Repository, events: Iterable[Event], progress: Mapping[str, Progress]
) -> None:
    """Raise Refused unless the tags that these events go on from stand here."""
    models = {event.model for event in events if event.origin}
    origins = (progress[model].origin for model in sorted(models))
    require_old_tags(repository, (origin for origin in origins if origin))
