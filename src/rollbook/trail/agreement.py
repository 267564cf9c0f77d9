"""Whether the tags that stand record what main holds, so that others can follow them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollbook.errors import Refused, TagInTheWay
from rollbook.git.objects import read_at_once, read_tag_object
from rollbook.git.repository import commit_or_none, is_ancestor
from rollbook.trail.derive import Progress, derive
from rollbook.trail.event import Action
from rollbook.trail.landings import landed_changes
from rollbook.trail.pinned_tags import require_old_tags
from rollbook.trail.reconcile import tag_fault
from rollbook.trail.tag import parse_trailers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rollbook.git.repository import Repository
    from rollbook.trail.event import Event
    from rollbook.trail.tag import RecordedTag, RecordedTrail

_VERIFY = (
    "Find out who changed what before you go on: compare `git log --first-parent` with `rollbook history`."
)
_MEND = "Look at it. An administrator removes it: rollbook audit mend '{}'."
_MISSING = "Fetch it from where it still is: git fetch origin 'refs/tags/*:refs/tags/*'"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What main calls for from the trail's last landing on, or from the beginning; the tag objects that stand
    for it already, by tag name; the id of the tag object before the first; and the names of stray tags, which
    look like the trail's and record nothing that main holds."""

    events: list[Event]
    oids: Mapping[str, str]
    previous: str
    strays: tuple[str, ...]


def require_trail(
    repository: Repository, tip: str, trail: RecordedTrail, *, is_published: bool = False
) -> Agreement:
    """Hold the trail against `tip`, a commit of main.

    Raises TagInTheWay when a tag that main calls for is there and is not, byte for byte, what would be
    recorded; Refused when the tags make no unbroken chain, and, unless main `is_published` and so can't lag
    behind its tags, when one records a commit that is not on main. Stray tags stop nobody.
    """
    head = _head(trail.tags)
    if head is not None and is_ancestor(repository, head.event.landed_in, tip):
        since = commit_or_none(repository, f"{head.event.landed_in}^1")
        before = (tag for tag in trail.tags.values() if tag.event.landed_in != head.event.landed_in)
        progress = progress_of(before)
        events = list(derive(repository, landed_changes(repository, tip, since), progress))
        # A forged head leads astray; then all is derived.
        if not any(_strays(trail, events, complete=False)) and not _in_the_way(
            repository, tip, trail, events
        ):
            first = trail.tags.get(events[0].tag) if events else None
            return _agreement(repository, trail, events, progress, first.previous if first else "")
    progress = {}
    events = list(derive(repository, landed_changes(repository, tip), progress))
    if wrong := _in_the_way(repository, tip, trail, events):
        raise wrong
    strays = tuple(_strays(trail, events, complete=True))
    if not is_published:
        _require_on_main(repository, tip, [trail.tags[name] for name in strays])
    return replace(_agreement(repository, trail, events, progress, ""), strays=strays)


def require_more(repository: Repository, tip: str, agreed: Agreement, trail: RecordedTrail) -> None:
    """Hold a trail to which tags were added against what `require_trail` derived from main without them.
    Raises as that does; a tag that records nothing that main holds is left to the caller."""
    if wrong := _in_the_way(repository, tip, trail, agreed.events):
        raise wrong
    oids = _standing_oids(repository, trail.tags, agreed.events)
    _require_chain(trail.tags, agreed.events, oids, agreed.previous)


def _agreement(
    repository: Repository,
    trail: RecordedTrail,
    events: list[Event],
    progress: Mapping[str, Progress],
    previous: str,
) -> Agreement:
    require_origins(repository, (event for event in events if event.tag not in trail.tags), progress)
    oids = _standing_oids(repository, trail.tags, events)
    _require_chain(trail.tags, events, oids, previous)
    return Agreement(events, oids, previous, ())


def _standing_oids(
    repository: Repository, tags: Mapping[str, RecordedTag], events: list[Event]
) -> dict[str, str]:
    """Return the tag objects there are already, by tag name: those that a ref names, and those that a run
    which was cut off wrote without naming them, which the `Previous-Event` of a later tag still tells.

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


def _strays(trail: RecordedTrail, events: list[Event], *, complete: bool) -> Iterator[str]:
    """Yield the tags of these landings, or of all, that record nothing that main holds."""
    derived = {event.tag for event in events}
    landed_in = {event.landed_in for event in events}
    for name, tag in trail.tags.items():
        if name not in derived and (complete or tag.event.landed_in in landed_in):
            yield name


def _in_the_way(
    repository: Repository, tip: str, trail: RecordedTrail, events: list[Event]
) -> TagInTheWay | None:
    """Return the first tag that stands where an event is to be recorded, and is not what would be written
    there.
    """
    standing = [event for event in events if event.tag in trail.tags]
    objects = read_at_once(repository, (trail.tags[event.tag].oid for event in standing))
    for event, data in zip(standing, objects, strict=True):
        wrong = tag_fault(event, event.tag, data)
        if wrong and not _is_on(repository, trail.tags[event.tag].event.landed_in, tip):
            wrong = f"it records commit {trail.tags[event.tag].event.landed_in[:12]}, which is not on main"
        if wrong:
            return TagInTheWay(
                f"the tag {event.tag!r} does not record what main says: {wrong}", hint=_MEND.format(event.tag)
            )
    for event in events:
        if event.tag in trail.foreign:
            return TagInTheWay(
                f"a tag {event.tag!r} that Rollbook did not write stands in the way",
                hint="Where GTO made it, take the model over with its history: rollbook import gto. "
                f"Otherwise: {_MEND.format(event.tag)}",
            )
    return None


def _require_on_main(repository: Repository, tip: str, strays: Iterable[RecordedTag]) -> None:
    for tag in strays:
        landed_in = tag.event.landed_in
        if commit_or_none(repository, landed_in) and not _is_on(repository, landed_in, tip):
            raise Refused(
                f"the tag {tag.name!r} records commit {landed_in[:12]}, which is not on main",
                hint=f"Main was rewritten, or is behind here, or the tag is forged. {_VERIFY}",
            )


def _is_on(repository: Repository, commit: str, tip: str) -> bool:
    return commit_or_none(repository, commit) is not None and is_ancestor(repository, commit, tip)


def _head(tags: Mapping[str, RecordedTag]) -> RecordedTag | None:
    """Return the trail's last tag; None when it must be derived from the beginning, because it is empty or
    has a gap, or more tags than one claim to be the last.
    """
    oids = {tag.oid for tag in tags.values()}
    named = {tag.previous for tag in tags.values() if tag.previous}
    heads = [tag for tag in tags.values() if tag.oid not in named]
    return heads[0] if len(heads) == 1 and named <= oids else None


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
