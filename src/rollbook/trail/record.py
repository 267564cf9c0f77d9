"""Recording: the tags that main's history calls for and the repository does not have yet.

Events are derived, so recording is idempotent: run twice, it writes nothing; killed at any point, the
next run completes what is missing. Where there is a remote, the tags go there in one atomic push first,
and appear locally after it; of two recorders at once, the remote takes one, and the other finds nothing
left to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollbook.cache.memory import ORDERED
from rollbook.errors import Conflict, Refused
from rollbook.git.main_history import is_first_parent
from rollbook.git.operation import one_operation
from rollbook.git.refs import (
    NO_OBJECT,
    TAGS,
    RefUpdate,
    fetch,
    fetch_tags,
    push,
    remote_refs,
    tag_ids,
    update_refs,
)
from rollbook.git.shallow import is_shallow
from rollbook.git.write import ObjectWriter, committer_identity
from rollbook.registry.main_branch import has_remote, landed_commit, remote_name
from rollbook.signing.tag_signing import signer
from rollbook.text import one_line
from rollbook.trail.agreement import progress_of, require_origins, require_trail
from rollbook.trail.chain import chain
from rollbook.trail.checkpoint import Reached, reached, remember, tag_refs
from rollbook.trail.derive import derive
from rollbook.trail.landings import landed_changes
from rollbook.trail.tag import (
    is_trail_name,
    recorded_trail,
    tag_object,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.trail.checkpoint import TagRefs
    from rollbook.trail.event import Event

_ATTEMPTS = 5
# Tags that go together: what they take on git's command line stays below what systems allow. The tags come
# in the chain's order, so that each batch leaves a trail that is whole as far as it goes.
_BATCH = 1000


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


def _ignored(_name: str) -> None:
    return


@one_operation()
def record(
    repository: Repository,
    *,
    push_tags: bool | None = None,
    attest: Callable[[str], Attestation] = _nothing,
    name_stray: Callable[[str], None] = _ignored,
) -> list[Event]:
    """Write the tags of everything that landed on main and has none; return the events recorded.

    `push_tags`: whether they go to the remote as well; by default, when there is one. What has landed is then
    what the remote's main holds. `attest` tells what a forge knows of a commit; when it fails, nothing is
    recorded. `name_stray` is told each tag that looks like the trail's and records nothing that main holds:
    it stops nobody. Raises Conflict when others keep being first, TagInTheWay when another tag stands where
    one is to be written, Refused when the tags make no unbroken chain, or when the local main has commits
    that the remote's has not.
    """
    to_remote = has_remote(repository) if push_tags is None else push_tags
    remote = remote_name(repository)
    for attempt in range(_ATTEMPTS):
        if to_remote:
            # Tags first: main is at least as new then, and no tag speaks of a commit that isn't here.
            fetch_tags(repository, remote)
            fetch(repository, remote)
        tip = landed_commit(repository, remote if to_remote else None)
        missing = missing_tags(repository, tip, attest, is_published=to_remote)
        updates = [tag.ref for tag in missing.tags]
        try:
            if to_remote:
                _send(repository, remote, [*_unsent(repository, remote, missing.strays), *updates])
            update_refs(repository, updates)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        missing.remember(repository)
        for name in missing.strays:
            name_stray(name)
        return [tag.event for tag in missing.tags]
    raise AssertionError("the loop returns or raises")


def _send(repository: Repository, remote: str, updates: list[RefUpdate]) -> None:
    for start in range(0, len(updates), _BATCH):
        push(repository, remote, updates[start : start + _BATCH])


def _unsent(repository: Repository, remote: str, strays: tuple[str, ...]) -> list[RefUpdate]:
    """Return the tags of the trail that stand here and not on the remote, in the chain's order: recorded
    before there was a remote, or lost there.
    """
    there = remote_refs(repository, remote, f"{TAGS}*")
    if all(f"{TAGS}{name}" in there or not is_trail_name(name) for name in tag_ids(repository)):
        return []
    updates = (RefUpdate(f"{TAGS}{tag.name}", tag.oid, NO_OBJECT) for tag in chain(repository, strays))
    return [update for update in updates if update.ref not in there]


@dataclass(frozen=True, slots=True)
class Missing:
    """The tags that `tip`, a commit of main, calls for and that are not there, in the chain's order.

    `head` is the id of the object that ends the chain with them, `previous` of the one that ended it before,
    where that was known to be all of it; `refs` are the tags there were before; `strays` names those that
    record nothing that main holds.
    """

    tags: list[NewTag]
    tip: str
    head: str
    previous: str
    refs: TagRefs | None
    strays: tuple[str, ...] = ()

    def remember(self, repository: Repository) -> None:
        """Remember how far the trail reaches, now that the tags stand: the next time starts from there."""
        if self.refs is None:
            return
        after = self.refs.after(tag.ref for tag in self.tags)
        checkpoint = Reached(after.digest, self.tip, self.head)
        remember(repository, checkpoint)
        ordered = reached(repository, self.refs, ORDERED)
        if ordered is not None and ordered.head == self.previous:
            remember(repository, checkpoint, ORDERED)


def missing_tags(
    repository: Repository,
    tip: str,
    attest: Callable[[str], Attestation] = _nothing,
    *,
    is_published: bool = False,
) -> Missing:
    """Make the tag objects that `tip`, a commit of main, calls for and no tag records yet, without any ref.

    Raises as `require_trail` does, and Refused in a shallow clone.
    """
    if is_shallow(repository):
        # Its oldest commit would seem to have brought everything.
        raise Refused(
            "this clone is shallow: it does not hold main's whole history",
            hint="Fetch it: git fetch --unshallow; in CI, fetch-depth: 0.",
        )
    refs = tag_refs(repository)
    checkpoint = reached(repository, refs) if refs else None
    missing = _missing_since(repository, tip, checkpoint, refs, attest) if checkpoint else None
    return missing or _missing(repository, tip, refs, attest, is_published=is_published)


def _missing_since(
    repository: Repository,
    tip: str,
    known: Reached,
    refs: TagRefs | None,
    attest: Callable[[str], Attestation],
) -> Missing | None:
    """Return what is missing since the trail was found whole, of the models that changed since; None where
    that does not tell, because main was rewritten, or tags stand that were not to be expected.
    """
    if tip == known.tip:
        return Missing([], tip, known.head, known.head, refs)
    if not is_first_parent(repository, known.tip, tip):
        return None
    changes = landed_changes(repository, tip, known.tip)
    trail = recorded_trail(
        repository, {file.place.model or "" for change in changes for file in change.files}
    )
    progress = progress_of(trail.tags.values())
    events = list(derive(repository, changes, progress))
    if any(event.tag in trail.tags or event.tag in trail.foreign for event in events):
        return None
    require_origins(repository, events, progress)
    made = _made(repository, events, {}, known.head, attest)
    return Missing(made, tip, made[-1].oid if made else known.head, known.head, refs)


def _missing(
    repository: Repository,
    tip: str,
    refs: TagRefs | None,
    attest: Callable[[str], Attestation],
    *,
    is_published: bool,
) -> Missing:
    """Return what is missing, by all the tags that there are."""
    trail = recorded_trail(repository)
    if tag_refs(repository) != refs:
        refs = None  # somebody else writes tags: which ones were read, nobody can tell
    agreed = require_trail(repository, tip, trail, is_published=is_published)
    if agreed.strays:
        refs = None  # what is remembered is that all tags are the trail's
    events = agreed.events
    if all(event.tag in trail.tags for event in events):
        head = trail.tags[events[-1].tag].oid if events else ""
        return Missing([], tip, head, head, refs, agreed.strays)
    made = _made(repository, events, agreed.oids, agreed.previous, attest)
    missing = [tag for tag in made if tag.event.tag not in trail.tags]
    standing = made[: -len(missing)]
    before = standing[-1].oid if standing else agreed.previous
    return Missing(missing, tip, made[-1].oid, before, refs, agreed.strays)


def _made(
    repository: Repository,
    events: list[Event],
    oids: Mapping[str, str],
    previous: str,
    attest: Callable[[str], Attestation],
) -> list[NewTag]:
    """Return the tags of these events, in one chain after `previous`; the objects in `oids` stand already."""
    if not events:
        return []
    writer, sign, tagger = ObjectWriter(repository), signer(repository), committer_identity(repository)
    made: list[NewTag] = []
    for event in events:
        oid = oids.get(event.tag)
        if oid is None:
            attestation = attest(event.landed_in)
            attested = filter(None, map(one_line, attestation.approved_by))
            names = tuple(dict.fromkeys([*event.approved_by, *attested]))
            pull_request = one_line(attestation.pull_request)
            data = tag_object(replace(event, approved_by=names), tagger, previous, pull_request)
            oid = writer.store("tag", sign(data) if sign else data)
        made.append(NewTag(event, oid))
        previous = oid
    return made
