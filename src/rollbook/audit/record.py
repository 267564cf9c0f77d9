"""Recording: the tags that main's history calls for and the repository does not have yet.

Events are derived, so recording is idempotent: run twice, it writes nothing; killed at any point, the
next run completes what is missing. Where there is a remote, the tags go there in one atomic push first,
and appear locally after it; of two recorders at once, the remote takes one, and the other finds nothing
left to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollbook.audit.chain import chain
from rollbook.audit.derive import Progress, derive, landed_changes
from rollbook.audit.event import Action
from rollbook.audit.sign import signer
from rollbook.audit.tag import RecordedTag, RecordedTrail, parse_trailers, recorded_trail, tag_object
from rollbook.errors import Conflict, Refused
from rollbook.git.refs import NO_OBJECT, RefUpdate, fetch, fetch_tags, push, update_refs
from rollbook.git.repository import has_remote, is_ancestor, landed_commit, remote_name
from rollbook.git.write import ObjectWriter, identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.audit.event import Event
    from rollbook.git.repository import Repository

_ATTEMPTS = 5
# Tags that go together: what they take on git's command line stays below what systems allow. The tags come
# in the chain's order, so that each batch leaves a trail that is whole as far as it goes.
_BATCH = 1000
_VERIFY = (
    "Find out who changed what before you go on: compare `git log --first-parent` with `rollbook history`."
)
_MISSING = "Fetch it from where it still is: git fetch origin 'refs/tags/*:refs/tags/*'"


@dataclass(frozen=True, slots=True)
class NewTag:
    """A tag to be created: the event it records, and the id of its object, which stands already."""

    event: Event
    oid: str

    @property
    def ref(self) -> RefUpdate:
        return RefUpdate(f"refs/tags/{self.event.tag}", self.oid, NO_OBJECT)


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a forge alone knows of a commit that landed: the address of its pull request, and who approved it
    there. The recorder vouches for it; nobody can derive it."""

    pull_request: str = ""
    approved_by: tuple[str, ...] = ()


def _nothing(_commit: str) -> Attestation:
    return Attestation()


def record(
    repository: Repository,
    *,
    push_tags: bool | None = None,
    attest: Callable[[str], Attestation] = _nothing,
) -> list[Event]:
    """Write the tags of everything that landed on main and has none; return the events recorded.

    `push_tags`: whether they go to the remote as well; by default, when there is one. What has landed is then
    what the remote's main holds. `attest` tells what a forge knows of a commit; when it fails, nothing is
    recorded. Raises Conflict when others keep being first, Refused when the tags there
    are contradict main, or when the local main has commits that the remote's has not.
    """
    to_remote = has_remote(repository) if push_tags is None else push_tags
    remote = remote_name(repository)
    for attempt in range(_ATTEMPTS):
        if to_remote:
            # Tags first: main is at least as new then, and no tag speaks of a commit that isn't here.
            fetch_tags(repository, remote)
            fetch(repository, remote)
        new = new_tags(repository, landed_commit(repository, remote if to_remote else None), attest)
        updates = [tag.ref for tag in new]
        try:
            if to_remote:
                _send(repository, remote, [*_unsent(repository, remote), *updates])
            update_refs(repository, updates)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        return [tag.event for tag in new]
    raise AssertionError("the loop returns or raises")


def _send(repository: Repository, remote: str, updates: list[RefUpdate]) -> None:
    for start in range(0, len(updates), _BATCH):
        push(repository, remote, updates[start : start + _BATCH])


def _unsent(repository: Repository, remote: str) -> list[RefUpdate]:
    """The tags of the trail that stand here and not on the remote, in the chain's order: recorded before
    there was a remote, or lost there."""
    listed = repository.git("ls-remote", "--", remote, "refs/tags/*").decode(errors="surrogateescape")
    there = {line.partition("\t")[2] for line in listed.splitlines()}
    updates = (RefUpdate(f"refs/tags/{tag.name}", tag.oid, NO_OBJECT) for tag in chain(repository))
    return [update for update in updates if update.ref not in there]


def new_tags(
    repository: Repository, tip: str, attest: Callable[[str], Attestation] = _nothing
) -> list[NewTag]:
    """Make the tag objects that `tip`, a commit of main, calls for and no tag records yet, without any ref.

    Raises Refused when a tag contradicts main, when one of its name was made by hand, and in a shallow clone.
    """
    if repository.try_text("rev-parse", "--is-shallow-repository") == "true":
        # Its oldest commit would seem to have brought everything.
        raise Refused(
            "this clone is shallow: it does not hold main's whole history",
            hint="Fetch it: git fetch --unshallow; in CI, fetch-depth: 0.",
        )
    trail = recorded_trail(repository)
    events, oids, previous = require_trail(repository, tip, trail)
    if all(event.tag in trail.tags for event in events):
        return []
    writer, sign, tagger = ObjectWriter(repository), signer(repository), identity(repository)
    made: list[NewTag] = []
    for event in events:
        oid = oids.get(event.tag)
        if oid is None:
            known = attest(event.landed_in)
            names = tuple(dict.fromkeys([*event.approved_by, *known.approved_by]))
            data = tag_object(replace(event, approved_by=names), tagger, previous, known.pull_request)
            oid = writer.store("tag", sign(data) if sign else data)
        if event.tag not in trail.tags:
            made.append(NewTag(event, oid))
        previous = oid
    return made


def require_trail(
    repository: Repository, tip: str, trail: RecordedTrail
) -> tuple[list[Event], Mapping[str, str], str]:
    """Raise Refused unless every tag of the trail's last landing and after records what `tip`, a commit of
    main, calls for, in one unbroken chain.

    Returns the events from that landing on, the tag objects that stand for them already by tag name, and the
    id of the tag object before the first.
    """
    head, progress = _resume(repository, trail.tags, tip)
    since = _before(repository, head.event.landed_in) if head else None
    events = list(derive(repository, landed_changes(repository, tip, since), progress))
    _require_agreement(trail, events, complete=head is None)
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
            contents = repository.try_text("cat-file", "tag", told)
            if contents is None:
                raise Refused(f"the tag {event.tag!r} is missing, and later ones build on it", hint=_MISSING)
            oids[event.tag] = told
            told = next(iter(parse_trailers(contents).get("Previous-Event", ())), "")
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
            hint=f"Look at it, and delete it: git tag -d '{name}'",
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
    progress: dict[str, Progress] = {}
    earlier = (tag for tag in tags.values() if tag.event.landed_in != landed_in)
    for tag in sorted(earlier, key=lambda tag: tag.event.number):
        come = progress.setdefault(tag.event.model, Progress())
        come.number = tag.event.number
        come.recorded_at = tag.recorded_at
        if tag.event.action is Action.REGISTERED:
            come.registered_in[tag.event.version] = tag.commit
    return head, progress


def _before(repository: Repository, commit: str) -> str | None:
    return repository.try_text("rev-parse", "--verify", "--quiet", f"{commit}^1")
