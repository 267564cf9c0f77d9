"""The branches that requests stand on: those below `rollbook/`, here and on the remote; and which have
landed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.git.commits import tree_of
from rollbook.git.main_history import merge_bases
from rollbook.git.merge import merge
from rollbook.git.refs import HEADS, REMOTES, fetch, ref_ids, remote_refs
from rollbook.git.repository import is_ancestor
from rollbook.names import is_version, precedence
from rollbook.registry.main_branch import has_remote, remote_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.git.repository import Repository

FOLDER = "rollbook"
# Where a branch is that is in this repository; else it is on the remote of that name.
HERE = "here"


@dataclass(frozen=True, slots=True)
class RequestBranch:
    """A branch that requests stand on: its name, its tip, and where it is: `here`, the remote's name."""

    name: str
    commit: str
    places: tuple[str, ...]


def request_branches(repository: Repository, *, ask_remote: bool = False) -> list[RequestBranch]:
    """Return the branches below `rollbook/`, by name: those here, and the remote's as last fetched or, with
    `ask_remote`, as they are now, their objects fetched.

    One that differs here and there counts as the newer where one holds the other; else as both. Raises
    GitFailed when the remote must be asked and can't be reached.
    """
    return [
        RequestBranch(name, commit, tuple(place for place, tip in tips.items() if tip == commit))
        for name, tips in branch_tips(repository, ask_remote=ask_remote).items()
        for commit in newest_tips(repository, tips.values())
    ]


def branch_tips(repository: Repository, *, ask_remote: bool) -> dict[str, dict[str, str]]:
    """Return the branches below `rollbook/`, by name, with the tip that each has in each place: `here`, and
    the remote's name. Asking the remote is as for `request_branches`."""
    places = {HERE: _without(HEADS, ref_ids(repository, f"{HEADS}{FOLDER}/"))}
    if has_remote(repository):
        remote = remote_name(repository)
        places[remote] = _asked(repository, remote) if ask_remote else _fetched(repository, remote)
    names = sorted({name for branches in places.values() for name in branches})
    return {
        name: {place: branches[name] for place, branches in places.items() if name in branches}
        for name in names
    }


def newest_tips(repository: Repository, tips: Iterable[str | None]) -> list[str]:
    """Return those of a branch's tips (None: it isn't there) that no other holds: several have diverged."""
    different = list(dict.fromkeys(tip for tip in tips if tip))
    return [
        tip
        for tip in different
        if not any(is_ancestor(repository, tip, other) for other in different if other != tip)
    ]


def _without(prefix: str, refs: dict[str, str]) -> dict[str, str]:
    return {ref.removeprefix(prefix): oid for ref, oid in refs.items()}


def _fetched(repository: Repository, remote: str) -> dict[str, str]:
    prefix = f"{REMOTES}{remote}/"
    return _without(prefix, ref_ids(repository, f"{prefix}{FOLDER}/"))


def _asked(repository: Repository, remote: str) -> dict[str, str]:
    refs = remote_refs(repository, remote, f"{HEADS}{FOLDER}/*")
    if refs:
        fetch(repository, remote, *refs)
    return _without(HEADS, refs)


def has_landed(repository: Repository, base: str, commit: str) -> bool:
    """Return whether main at `base` holds all that a branch changes, however it came there: merged, squashed,
    or made again. A branch with commits that change nothing is somebody's all the same."""
    if is_ancestor(repository, commit, base):
        return True
    starts = merge_bases(repository, base, commit)
    if not starts or tree_of(repository, commit) in {tree_of(repository, start) for start in starts}:
        return False
    return merge(repository, base, commit).tree == tree_of(repository, base)


def open_branches(
    repository: Repository, branches: Iterable[RequestBranch], base: str
) -> list[RequestBranch]:
    """Return those of these branches that have something which main at `base` has not."""
    return [branch for branch in branches if not has_landed(repository, base, branch.commit)]


def requested_versions(repository: Repository, model: str, registered: Sequence[str]) -> list[str]:
    """Return the versions of a model that open requests register, lowest first: by their branches' names,
    here and on the remote as it is now, or as last fetched where it can't be reached."""
    folder = f"{FOLDER}/register/{model}/"
    try:
        branches = request_branches(repository, ask_remote=True)
    except RollbookError:
        # Without the remote a version may be proposed twice; pushing it says so.
        branches = request_branches(repository)
    names = {branch.name.removeprefix(folder) for branch in branches if branch.name.startswith(folder)}
    return sorted((name for name in names - set(registered) if is_version(name)), key=precedence)
