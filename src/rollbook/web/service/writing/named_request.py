"""An open request as a path names it: which models it is about, whose it is, and what it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.commits import read_commits
from rollbook.git.main_history import commits_between
from rollbook.git.merge import merge
from rollbook.git.refs import is_branch_name, remote_branch, resolve_branch
from rollbook.names import alias_of, is_alias_target
from rollbook.propose.open_requests import requested_moves
from rollbook.registry.change import changed_files
from rollbook.registry.main_branch import has_remote, remote_name
from rollbook.registry.request_branches import FOLDER, has_landed, newest_tips

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.propose.open_requests import RequestedMove


@dataclass(frozen=True, slots=True)
class NamedRequest:
    """An open request: its branch, its commit, the models that it changes something of (empty text: what
    belongs to none), who made its commits, and what main becomes with it (empty where the two conflict)."""

    branch: str
    commit: str
    models: tuple[str, ...]
    authors: frozenset[str]
    tree: str


def named_request(repository: Repository, base: str, branch: str) -> NamedRequest:
    """Return the request on a branch, as it stands on the remote now. Raises NotFound without one, or once it
    has landed, Refused where it differs here and there."""
    none = NotFound(
        f"no request is open on {branch[:120]!r}", hint="A request's branch begins with rollbook/."
    )
    if not branch.startswith(f"{FOLDER}/") or not is_branch_name(repository, branch):
        raise none
    remote = remote_name(repository) if has_remote(repository) else None
    there = remote_branch(repository, remote, branch) if remote else None
    tips = newest_tips(repository, (resolve_branch(repository, branch), there))
    if len(tips) > 1:
        raise Refused(f"{branch} differs here and on the remote", hint="Bring the two together first.")
    if not tips or has_landed(repository, base, tips[0]):
        raise none
    merged = merge(repository, base, tips[0])
    changes = changed_files(repository, base, merged.written, directory="")
    commits = read_commits(repository, commits_between(repository, base, tips[0]))
    return NamedRequest(
        branch,
        tips[0],
        tuple(sorted({change.place.model or "" for change in changes})) or ("",),
        frozenset(commit.author_email.casefold() for commit in commits),
        merged.tree or "",
    )


def approved_move(
    repository: Repository, base: str, request: NamedRequest, version: str | None, target: str | None
) -> RequestedMove:
    """Return the move of a request that is to be approved: that of this version to this stage, where they are
    named; else the one that its branch is called after, or the only one. Raises BadCall where that is not
    one, Refused where the request conflicts with main."""
    if not request.tree:
        raise Refused(f"{request.branch} conflicts with main", hint="Make the request anew.")
    moves = [move for move in requested_moves(repository, base, request.tree) if move.target]
    wanted = [
        move
        for move in moves
        if (version is None or move.version == version.removeprefix("v"))
        and (target is None or move.target == target)
    ]
    last = request.branch.rpartition("/")[2]
    named = [move for move in wanted if last == f"{move.version}-{_plain(move.target)}"]
    found = named or wanted
    if len(found) != 1:
        told = "; ".join(f"{move.version} to {move.target}" for move in moves) or "nothing"
        raise BadCall(
            f"which move is to be approved can't be told: {request.branch} moves {told}",
            hint="Name its `version`, and where it goes by `to`.",
        )
    return found[0]


def _plain(target: str) -> str:
    return alias_of(target) if is_alias_target(target) else target
