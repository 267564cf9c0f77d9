"""Moving main: the tags of what happened, one atomic push, then everything here that follows main."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.access.recorders import may_record
from rollbook.access.roles import RECORDER, Person, roles_at
from rollbook.errors import Conflict, GitFailed, TagInTheWay
from rollbook.git.checkout import checkouts_of, require_room, switch
from rollbook.git.refs import NO_OBJECT, RefUpdate, push, ref_id, update_refs
from rollbook.git.repository import is_ancestor
from rollbook.git.write import committer_identity
from rollbook.trail.record import missing_tags

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.registry.main_branch import MainBranch
    from rollbook.trail.event import Event
    from rollbook.trail.record import Missing


@dataclass(frozen=True, slots=True)
class Publication:
    """What was recorded of a move of main; where recording it is left to others, why (`unrecorded`)."""

    events: list[Event]
    unrecorded: str = ""


def publish(
    repository: Repository,
    main: MainBranch,
    base: str,
    tip: str,
    remote: str | None,
    also: Sequence[RefUpdate] = (),
) -> Publication:
    """Move main from the commit `base` to `tip`, which was checked, and record what happened: on the remote
    first, where there is one, with the updates `also`, all at once; then here. `main` is where it stood.

    Raises Conflict when somebody else moved main first, Refused when a checkout of main has no room for what
    comes. In each case nothing has changed.
    """
    old = main.local or NO_OBJECT
    checkouts = checkouts_of(repository, main.name)
    for checkout in checkouts:
        require_room(repository, checkout, old, tip)
    missing, unrecorded = _to_record(repository, base, tip, is_published=remote is not None)
    tags = [tag.ref for tag in missing.tags] if missing else []
    ref = f"refs/heads/{main.name}"
    if remote:
        moved = [RefUpdate(ref, tip, base)] if tip != base else []
        push(repository, remote, [*moved, *tags, *also])
    now = (ref_id(repository, ref) or NO_OBJECT) if remote else old
    if now in (old, NO_OBJECT) or is_ancestor(repository, now, tip):
        # Another landing here may have brought it nearer.
        _move_local(repository, RefUpdate(ref, tip, now), tags, checkouts)
    else:
        # It went further meanwhile, or its own way by a commit that nobody else has: neither is taken back.
        update_refs(repository, tags)
    if missing:
        missing.remember(repository)
    return Publication([tag.event for tag in missing.tags] if missing else [], unrecorded)


def _to_record(
    repository: Repository, base: str, tip: str, *, is_published: bool
) -> tuple[Missing | None, str]:
    """Return what `tip` calls for and no tag records yet; or None and why that is left to others: main holds
    all that is needed to record it later.
    """
    roles = roles_at(repository, base)
    if not may_record(roles, Person(email=committer_identity(repository).email)):
        return None, f"recording it is left to {', '.join(roles[RECORDER])}, as the policy says"
    try:
        return missing_tags(repository, tip, is_published=is_published), ""
    except TagInTheWay as error:
        return None, f"it is not recorded yet: {error}. {error.hint}"


def follow_main(repository: Repository, main: str, tip: str) -> None:
    """Bring the local main, and where it is checked out, to `tip`, a commit of the remote's that holds it.

    Raises Refused when a checkout has no room for what comes, Conflict when another git moves main.
    """
    ref = f"refs/heads/{main}"
    old = ref_id(repository, ref) or NO_OBJECT
    if old == tip:
        return
    checkouts = checkouts_of(repository, main)
    for checkout in checkouts:
        require_room(repository, checkout, old, tip)
    _move_local(repository, RefUpdate(ref, tip, old), [], checkouts)


def _move_local(
    repository: Repository, move: RefUpdate, others: list[RefUpdate], checkouts: list[Path]
) -> None:
    """Bring main, its checkouts and the tags to where they belong; each step can be repeated."""
    for checkout in checkouts:
        switch(repository, checkout, move.old, move.new)
    try:
        update_refs(repository, [move, *others])
    except (Conflict, GitFailed):
        for checkout in checkouts:
            switch(repository, checkout, move.new, move.old)
        raise
