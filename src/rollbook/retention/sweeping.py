"""Taking bytes out of the DVC remote: those of removals that have landed, where nothing else needs them.

An object goes only when no file that DVC tracks data with mentions it, anywhere: in any commit that any ref
leads to, here or on the git remote, in the index or the working tree. What doesn't count is a removed
version's own pointer, which old commits keep for ever. A folder's listing goes after its files, so that a
sweep that was cut off can be run again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from rollbook.artifact.dir_object import SUFFIX
from rollbook.artifact.storage import open_storage
from rollbook.errors import BadCall, Conflict
from rollbook.git.clone import other_repository
from rollbook.git.refs import (
    NO_OBJECT,
    RefUpdate,
    fetch,
    fetch_tags,
    mirror_refs,
    ref_ids,
    remote_refs,
    update_refs,
)
from rollbook.names import time_text
from rollbook.registry.main_branch import has_remote, remote_name
from rollbook.retention.landed_removals import landed_removals
from rollbook.retention.needs import needs_of
from rollbook.retention.object_mentions import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.artifact.storage import Storage
    from rollbook.git.repository import Repository
    from rollbook.retention.landed_removals import LandedRemoval
    from rollbook.retention.needs import Needs

_ATTEMPTS = 5
_BATCH = 100  # objects that are looked at once more, and then deleted
_DAY = 86_400
_SEEN = "refs/rollbook/seen/"


@dataclass(frozen=True, slots=True)
class SweptObject:
    """An object that goes: DVC's name for it, and its size in bytes (0 where the remote does not tell)."""

    oid: str
    size: int


@dataclass(frozen=True, slots=True)
class SweptRemoval:
    """A removal that landed, and how its bytes stand.

    `state` is "go" where some of them go, "waiting" until the policy's days are over, "kept" where other
    things need all that is left, "gone" where nothing is left. `frees` counts the bytes that go; `why` says
    more.
    """

    model: str
    version: str
    landed_at: str
    state: str
    frees: int
    why: str


@dataclass(frozen=True, slots=True)
class Sweeping:
    """What a sweep deleted, or would delete, from the DVC remote `remote`."""

    remote: str
    deleted: bool
    objects: tuple[SweptObject, ...]
    removals: tuple[SweptRemoval, ...]


@dataclass(frozen=True, slots=True)
class _SweepPlan:
    """What is to go; `stored` says when each object was stored, `parts` what each consists of, itself too."""

    objects: tuple[SweptObject, ...]
    removals: tuple[SweptRemoval, ...]
    stored: Mapping[str, float | None]
    parts: Mapping[str, Sequence[str]]


def sweep(
    repository: Repository, *, delete: bool = False, also: Sequence[str] = (), now: datetime | None = None
) -> Sweeping:
    """Find the objects that landed removals let go and nothing else needs; with `delete`, delete them.

    `also` are other repositories (paths or URLs) that store in the same DVC remote. Raises BadCall in a bare
    repository, Refused in a shallow clone or when main here is ahead of the remote's, StorageFailed when a
    folder that is still needed can't be listed or the remote can't be used, Conflict while the git remote
    keeps moving.
    """
    if repository.work_tree is None:
        raise BadCall("a bare repository has no DVC remote to sweep", hint="Run it in a clone.")
    storage = open_storage(repository.work_tree)
    moment = now or datetime.now(UTC)
    with seen(repository):
        state = remote_state(repository)
        for _ in range(_ATTEMPTS):
            plan = _plan(repository, storage, also, moment)
            # Reading it all takes a while. Whoever pushed a proposal meanwhile may need what was to go.
            state, before = remote_state(repository), state
            if state == before or not delete:
                break
            refresh(repository)
        else:
            raise Conflict("the git remote keeps moving", hint="Nothing was deleted. Try again.")
    swept = _delete(storage, plan) if delete else frozenset(plan.objects)
    objects = tuple(candidate for candidate in plan.objects if candidate in swept)
    return Sweeping(storage.remote_url, delete, objects, plan.removals)


def _plan(repository: Repository, storage: Storage, also: Sequence[str], now: datetime) -> _SweepPlan:
    landed = landed_removals(repository, storage.stored)
    mentioned = set(mentions(repository))
    for address in also:
        with other_repository(address) as other:
            # A path that is removed here means another version there.
            mentioned |= {mention.elsewhere(address) for mention in mentions(other)}
    due = [removal for removal in landed if _is_due(removal, now)]
    needs = needs_of(mentioned, due, storage)
    oids = {removal.key: needs.objects(removal.removal.md5) for removal in due}
    candidates = list(dict.fromkeys(oid for parts in oids.values() for oid in parts if oid not in needs))
    stored = storage.stored(candidates)
    young = _young(stored, due, oids, now)
    going = [oid for oid in candidates if oid in stored and not young & {oid, *needs.objects(oid)}]
    sizes = storage.sizes(going)
    removals = tuple(_told(landing, oids.get(landing.key), needs, young, sizes, now) for landing in landed)
    # A listing after the files that it names: the next run needs it to finish what this one may leave.
    ordered = sorted(going, key=lambda oid: (oid.endswith(SUFFIX), oid))
    objects = tuple(SweptObject(oid, sizes.get(oid) or 0) for oid in ordered)
    return _SweepPlan(objects, removals, stored, {oid: needs.objects(oid) for oid in going})


def _delete(storage: Storage, plan: _SweepPlan) -> frozenset[SweptObject]:
    """Delete what the plan says but for what was stored anew since; return what went."""
    deleted: set[SweptObject] = set()
    renewed: set[str] = set()
    for batch in _batches(plan.objects):
        stored = storage.stored([candidate.oid for candidate in batch])
        renewed |= {
            candidate.oid
            for candidate in batch
            if stored.get(candidate.oid) != plan.stored.get(candidate.oid)
        }
        going = [candidate for candidate in batch if not renewed & {*plan.parts[candidate.oid]}]
        storage.delete([candidate.oid for candidate in going])
        deleted.update(going)
    return frozenset(deleted)


def _batches(objects: Sequence[SweptObject]) -> Iterator[list[SweptObject]]:
    remaining = iter(objects)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _is_due(removal: LandedRemoval, now: datetime) -> bool:
    return removal.doubt == "" and now.timestamp() >= removal.landed_at + removal.stay_days * _DAY


def _young(
    stored: Mapping[str, float | None],
    due: Sequence[LandedRemoval],
    oids: Mapping[tuple[str, str], Sequence[str]],
    now: datetime,
) -> frozenset[str]:
    """Return the objects that were stored again after the removal, not long ago: somebody may be registering
    them."""
    young = set()
    for removal in due:
        for oid in oids[removal.key]:
            at = stored.get(oid)
            if at is not None and at > max(removal.landed_at, now.timestamp() - removal.stay_days * _DAY):
                young.add(oid)
    return frozenset(young)


def _told(
    landed: LandedRemoval,
    oids: Sequence[str] | None,
    needs: Needs,
    young: frozenset[str],
    sizes: Mapping[str, int | None],
    now: datetime,
) -> SweptRemoval:
    frees = sum(sizes.get(oid) or 0 for oid in oids or ())
    state, why = "gone", ""
    if oids is None:
        due = landed.landed_at + landed.stay_days * _DAY
        state, why = "waiting", f"its bytes stay until {time_text(due)}"
        if landed.doubt:
            state, why = "kept", landed.doubt
    elif any(oid in sizes for oid in oids):
        state = "go"
    elif recent := [oid for oid in oids if oid in young]:
        state, why = "kept", f"{recent[0]} was stored again: somebody may be registering it"
    needed = [oid for oid in oids or () if oid in needs]
    if needed:
        state = state if state == "go" else "kept"
        why = why or f"{len(needed)} of {len(oids or ())} objects are needed by {needs.by(needed[0])}"
    key = landed.removal
    return SweptRemoval(key.model, key.version, time_text(landed.landed_at), state, frees, why)


# --- what the remote's refs lead to: other people's branches and proposals ----------------------------------


@contextmanager
def seen(repository: Repository) -> Iterator[None]:
    """Let every ref of the remote stand here as well, while it lasts, below `refs/rollbook/seen`.

    A clone that fetches one branch only would not see the others, and none sees pull requests from forks.
    What a run that was killed left there is renewed by the next. Nothing happens without a remote. Raises
    GitFailed when the remote can't be reached.
    """
    if not has_remote(repository):
        yield
        return
    try:
        refresh(repository)
        yield
    finally:
        brought = ref_ids(repository, _SEEN).items()
        update_refs(repository, [RefUpdate(ref, NO_OBJECT, oid) for ref, oid in brought])


def refresh(repository: Repository) -> None:
    """Bring main, the tags, and what stands below `refs/rollbook/seen` to what the remote has now."""
    remote = remote_name(repository)
    fetch_tags(repository, remote)
    fetch(repository, remote)
    mirror_refs(repository, remote, _SEEN)


def remote_state(repository: Repository) -> dict[str, str]:
    """Return what the remote's refs point at now, by their names; nothing without a remote."""
    return remote_refs(repository, remote_name(repository)) if has_remote(repository) else {}
