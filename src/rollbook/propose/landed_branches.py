"""Removing the branches of requests that have landed, here and on the remote: a forge leaves them behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.git.checkout import checkouts_of
from rollbook.git.refs import HEADS, NO_OBJECT, RefUpdate, fetch, push, update_refs
from rollbook.registry.main_branch import has_remote, published_commit, remote_name
from rollbook.registry.request_branches import HERE, branch_tips, has_landed

if TYPE_CHECKING:
    from rollbook.git.repository import Repository


@dataclass(frozen=True, slots=True)
class LandedBranch:
    """A request's branch that has landed: its name, and where it was removed: `here`, the remote's name;
    `checkouts` are those that have it checked out, so that it stays here."""

    branch: str
    removed: tuple[str, ...]
    checkouts: tuple[str, ...]


def remove_landed(repository: Repository) -> list[LandedBranch]:
    """Remove the branches below `rollbook/` of which main holds everything, as it is on the remote now.

    One that has something left in one of the two places stays in both. Raises GitFailed when the remote can't
    be reached, Conflict when a branch moved meanwhile: then none has gone on the remote.
    """
    remote = remote_name(repository) if has_remote(repository) else None
    if remote:
        fetch(repository, remote)
    base = published_commit(repository)
    tips = branch_tips(repository, ask_remote=True)
    landed = {
        name: places
        for name, places in tips.items()
        if all(has_landed(repository, base, tip) for tip in set(places.values()))
    }
    checkouts = {name: checkouts_of(repository, name) for name, places in landed.items() if HERE in places}
    if remote:
        push(repository, remote, [_gone(name, at[remote]) for name, at in landed.items() if remote in at])
    update_refs(
        repository, [_gone(name, landed[name][HERE]) for name, held_by in checkouts.items() if not held_by]
    )
    return [
        LandedBranch(
            name,
            tuple(place for place in places if place != HERE or not checkouts[name]),
            tuple(map(str, checkouts.get(name, ()))),
        )
        for name, places in landed.items()
    ]


def _gone(branch: str, tip: str) -> RefUpdate:
    return RefUpdate(f"{HEADS}{branch}", NO_OBJECT, tip)
