"""What happened, from the trail's tags: registrations and stage changes, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.cache.memory import ORDERED, RECORDED
from rollbook.errors import BadCall
from rollbook.git.main_history import first_parents, is_first_parent
from rollbook.git.repository import resolve_commit
from rollbook.names import parse_moment
from rollbook.trail.chain import linked
from rollbook.trail.checkpoint import Reached, reached, remember, tag_refs
from rollbook.trail.event import Action
from rollbook.trail.known_tags import chain_to, changes_to, known_trail, shown, shown_to
from rollbook.trail.tag import RecordedTag, recorded_trail
from rollbook.trail.told_changes import change_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rollbook.git.repository import Repository
    from rollbook.trail.checkpoint import TagRefs


_EVIDENCE = "/evidence/"  # in the path of each file of it


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are asked for; what is None or empty is not asked about.

    `since` and `until` are judged by when main took the event in, in main's order. `stage` is where a version
    came from or went to; `by` who asked for it or approved it; `version` one version of the model.
    """

    since: datetime | None = None
    until: datetime | None = None
    action: Action | None = None
    stage: str = ""
    by: str = ""
    version: str = ""

    @property
    def is_undated(self) -> bool:
        return self.since is None and self.until is None

    def includes(self, tag: RecordedTag, landed_at: int) -> bool:
        """Whether an event that main took in at `landed_at` (Unix time, seconds) is asked for."""
        event = tag.event
        people = (event.requested_by, *event.approved_by)
        return (
            (self.since is None or landed_at >= self.since.timestamp())
            and (self.until is None or landed_at <= self.until.timestamp())
            and (self.action is None or event.action is self.action)
            and (not self.stage or self.stage in (event.start, event.target))
            and (not self.by or self.by.casefold() in (person.casefold() for person in people))
            and (not self.version or event.version == self.version)
        )


def narrowed(
    *,
    since: str | None = None,
    until: str | None = None,
    action: str | None = None,
    stage: str | None = None,
    by: str | None = None,
    version: str | None = None,
) -> EventFilter:
    """Return the events that texts ask for, two of them dates. Raises BadCall for no date and no action."""
    if action and action not in (choice.value for choice in Action):
        raise BadCall(f"{action[:40]!r} is nothing that happens", hint=", ".join(one.value for one in Action))
    return EventFilter(
        since=parse_moment(since, begins=True) if since else None,
        until=parse_moment(until) if until else None,
        action=Action(action) if action else None,
        stage=stage or "",
        by=by or "",
        version=version or "",
    )


def history(
    repository: Repository, revision: str, model: str | None = None, wanted: EventFilter | None = None
) -> list[RecordedTag]:
    """Return the recorded events of the commits that lead to `revision`, of all models or one, oldest first.

    They come in the order of main: dates never decide. `wanted` narrows them. Of one model, only tags that
    are named after it are read.
    """
    return list(each_event(repository, revision, model, wanted))


def each_event(
    repository: Repository, revision: str, model: str | None = None, wanted: EventFilter | None = None
) -> Iterable[RecordedTag]:
    """Return what `history` does, for one look at each: where the repository remembers their order, the
    events of all models are never held together."""
    wanted = wanted or EventFilter()
    refs, commit = tag_refs(repository), resolve_commit(repository, revision)
    if wanted.is_undated and model is None:
        checkpoint = _in_order(repository, commit, refs)
        chained = chain_to(repository, checkpoint.head) if checkpoint else None
        if chained is not None:
            everything = wanted == EventFilter()
            return chained if everything else (tag for tag in chained if wanted.includes(tag, 0))
    tags = _in_order_of_the_chain(repository, commit, model, refs) if refs and wanted.is_undated else None
    if tags is not None:
        return tags if wanted == EventFilter() else [tag for tag in tags if wanted.includes(tag, 0)]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:  # git walks main while it lists the tags
        walked = pool.submit(first_parents, repository, commit)
        recorded = _tags(repository, model).values()
    main = walked.result()
    order = {landed.commit: place for place, landed in enumerate(main)}
    moments = [landed.landed_at for landed in main]
    landed_tags = [
        tag
        for tag in recorded
        if tag.event.landed_in in order and (model is None or tag.event.model == model)
    ]
    landed_tags.sort(key=lambda tag: (order[tag.event.landed_in], tag.event.model, tag.event.number))
    if refs and model is None and len(recorded) == len(landed_tags):
        _remember_order(repository, commit, refs, landed_tags)
    return [tag for tag in landed_tags if wanted.includes(tag, moments[order[tag.event.landed_in]])]


def each_shown(repository: Repository, revision: str) -> Iterable[list[str]]:
    """Return what a table shows of each event that `each_event` gives of all models, as `shown` does; where
    the repository remembers their order, without taking their tags apart."""
    commit = resolve_commit(repository, revision)
    known = _in_order(repository, commit, tag_refs(repository))
    rows = shown_to(repository, known.head) if known else None
    return rows if rows is not None else map(shown, each_event(repository, commit))


def each_change(repository: Repository, revision: str) -> Iterable[list[str]]:
    """Return what a table shows of each change that the events of all models tell, as `change_row` does; as
    `each_shown`."""
    commit = resolve_commit(repository, revision)
    known = _in_order(repository, commit, tag_refs(repository))
    rows = changes_to(repository, known.head) if known else None
    return rows if rows is not None else change_rows(each_event(repository, commit))


def _in_order(repository: Repository, commit: str, refs: TagRefs | None) -> Reached | None:
    """Up to where the repository remembers that its tags are one chain in main's order, of a commit that
    leads through there; None where it does not."""
    known = reached(repository, refs, ORDERED) if refs else None
    return known if known and is_first_parent(repository, known.tip, commit) else None


def _remember_order(repository: Repository, commit: str, refs: TagRefs, tags: Sequence[RecordedTag]) -> None:
    """Remember that the chain's order is main's, where it is: walking the chain takes less time."""
    before = ["", *(tag.oid for tag in tags)]
    is_chain = all(tag.previous == oid for oid, tag in zip(before, tags, strict=False))
    if is_chain and tag_refs(repository) == refs:
        remember(repository, Reached(refs.digest, commit, before[-1]), ORDERED)


def _tags(repository: Repository, model: str | None) -> Mapping[str, RecordedTag]:
    return (known_trail(repository) if model is None else recorded_trail(repository, [model])).tags


def _in_order_of_the_chain(
    repository: Repository, commit: str, model: str | None, refs: TagRefs
) -> list[RecordedTag] | None:
    """All events, or those of one model, where this repository remembers that its tags are one chain in the
    order of the commits that lead to `commit`; None where it does not."""
    facts = (reached(repository, refs, fact) for fact in (RECORDED, ORDERED))
    checkpoint = next(
        (fact for fact in facts if fact and is_first_parent(repository, fact.tip, commit)), None
    )
    if checkpoint is None:
        return None
    tags = _tags(repository, model)
    if model is not None:
        own = (tag for tag in tags.values() if tag.event.model == model)
        return sorted(own, key=lambda tag: tag.event.number)
    chain = linked(tags.values())
    if len(chain) != len(tags) or (chain and chain[-1].oid != checkpoint.head):
        return None
    if tag_refs(repository) == refs:
        remember(repository, checkpoint, ORDERED)  # the next time they need not be held together
    return chain


def evidence(
    repository: Repository, revision: str, tags: Sequence[RecordedTag]
) -> Mapping[str, tuple[str, ...]]:
    """For each of these events, by its tag, the paths of the evidence that stood with its version when it
    landed, sorted."""
    from rollbook import layout
    from rollbook.git.changes import ABSENT, changes_along

    if not tags:
        return {}
    awaited: dict[str, list[RecordedTag]] = {}
    for tag in tags:
        awaited.setdefault(tag.event.landed_in, []).append(tag)
    standing_paths: dict[tuple[str | None, str | None], set[str]] = {}
    paths_by_tag: dict[str, tuple[str, ...]] = {}
    for commit, changes in changes_along(repository, revision, None, (layout.ROOT,)):
        for change in changes:
            place = layout.place(change.path) if _EVIDENCE in change.path else None
            if place is not None and place.kind is layout.Kind.EVIDENCE:
                paths = standing_paths.setdefault((place.model, place.version), set())
                (paths.discard if change.new_mode == ABSENT else paths.add)(change.path)
        for tag in awaited.get(commit.oid, ()):
            paths_by_tag[tag.name] = tuple(
                sorted(standing_paths.get((tag.event.model, tag.event.version), ()))
            )
    return paths_by_tag
