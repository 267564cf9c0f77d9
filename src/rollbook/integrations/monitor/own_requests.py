"""Requests that the monitor makes: main as it is now and what is open beside it, and what becomes of one."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.finding import errors_among
from rollbook.errors import Conflict, InvalidFile, RollbookError
from rollbook.git.checkout import checkouts_of
from rollbook.git.main_history import merge_bases
from rollbook.git.refs import (
    NO_OBJECT,
    TAGS,
    RefUpdate,
    fetch,
    fetch_tags,
    resolve_branch,
    tag_ids,
    update_refs,
)
from rollbook.integrations.forge.configured_forge import forge_at_hand
from rollbook.integrations.monitor.deed import LANDED, PROPOSED, REFUSED, Deed, stopped
from rollbook.layout import stages_path
from rollbook.propose.landing import land
from rollbook.propose.proposal import ChangeRefused, drop_unpushed, push_branch
from rollbook.registry.change import changed_files
from rollbook.registry.main_branch import has_remote, main_branch, main_commit, remote_name
from rollbook.registry.registry import stage_table
from rollbook.registry.request_branches import HERE, RequestBranch, open_branches, request_branches
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import inert_code, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rollbook.git.repository import Repository
    from rollbook.records.stages import StageEntry

_ATTEMPTS = 3
_MOST_FINDINGS = 3
_LONGEST_WHY = 600


@dataclass(frozen=True, slots=True)
class Situation:
    """Main as it is now, and the requests below some folders that have not landed: those that the remote has
    come first."""

    main: str
    requests: Sequence[RequestBranch]

    def request_on(self, branch: str) -> RequestBranch | None:
        """Return the request that stands on a branch; None where there is none."""
        return next((request for request in self.requests if request.name == branch), None)


@dataclass(frozen=True, slots=True)
class Request:
    """A request: its branch, what it brings in short, and what its pull request is called and says."""

    branch: str
    what: str
    title: str
    why: str


def bring(repository: Repository) -> str:
    """Fetch main and the trail; return main's commit. Raises GitFailed when the remote is away."""
    if has_remote(repository):
        remote = remote_name(repository)
        # Tags first: main is at least as new then.
        fetch_tags(repository, remote)
        fetch(repository, remote)
    return main_commit(repository)


def situation_now(repository: Repository, *folders: str, ask_remote: bool = True) -> Situation:
    """Bring main and look at the requests below folders, such as `rollbook/evidence/MODEL/`, as they are
    now; unless `ask_remote`, as they were last fetched. Raises GitFailed when the remote is away."""
    main = bring(repository) if ask_remote else main_commit(repository)
    named = [
        request
        for request in request_branches(repository, ask_remote=ask_remote)
        if request.name.startswith(folders)
    ]
    there_first = sorted(named, key=lambda request: request.places == (HERE,))
    return Situation(main, open_branches(repository, there_first, main))


def rejected_requests(repository: Repository, folder: str) -> list[RequestBranch]:
    """Return the requests below a folder that somebody turned down."""
    kept = folder.replace("rollbook/", "rejected/", 1)
    return [
        RequestBranch(f"{folder}{tag.removeprefix(kept).rpartition('/')[0]}", f"{TAGS}{tag}^{{commit}}", ())
        for tag in tag_ids(repository)
        if tag.startswith(kept)
    ]


def is_rejected(repository: Repository, branch: str, is_it: Callable[[RequestBranch], bool]) -> bool:
    """Return whether somebody turned down a request of this name that is the one meant."""
    folder = f"{branch.rpartition('/')[0]}/"
    return any(request.name == branch and is_it(request) for request in rejected_requests(repository, folder))


def is_own(repository: Repository, request: RequestBranch, main: str, path: str) -> bool:
    """Return whether a request stands here and changes one file alone: what somebody pushed is not landed for
    them, nor what they put beside it."""
    if HERE not in request.places:
        return False
    starts = merge_bases(repository, main, request.commit)
    changes = changed_files(repository, starts[0], request.commit, "") if len(starts) == 1 else []
    return [change.path for change in changes] == [path]


def entry_in(repository: Repository, request: RequestBranch, model: str, version: str) -> StageEntry | None:
    """Return the entry of a version that a request leads to; None without one, or where the stages can't be
    read."""
    with closing(commit_snapshot(repository, request.commit)) as snapshot:
        (data,) = snapshot.read_many([stages_path(model)])
    try:
        return stage_table(model, data).entry_of(version)
    except InvalidFile:
        return None  # anybody's branch, which the check refuses


def done_first(repository: Repository, folders: Sequence[str], do: Callable[[Situation], Deed]) -> Deed:
    """Return what `do` makes of what stands now, anew while others are first: so many times.

    Raises as it does at the last; ChangeRefused at once where main has not moved.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        now = situation_now(repository, *folders)
        try:
            return do(now)
        except (Conflict, ChangeRefused) as error:
            is_final = isinstance(error, ChangeRefused) and main_commit(repository) == now.main
            if attempt == _ATTEMPTS or is_final:
                raise
    raise AssertionError("the loop returns or raises")


def carried_out(repository: Repository, request: Request, main: str, *, lands: bool) -> Deed:
    """Land a request that stands here, or push it and open its pull request where a forge is at hand.

    What waits for others to approve is pushed too. Raises ChangeRefused for what the check refuses, Conflict
    when somebody else was first; what can't come through as it is then goes here.
    """
    if not lands:
        try:
            return Deed(PROPOSED, f"{request.what} on {request.branch}{published(repository, request)}")
        except Conflict:
            drop_own(repository, request.branch)
            raise
    try:
        land(repository, request.branch)
    except Conflict:
        drop_unpushed(repository, request.branch)  # what was first may say the same
        raise
    except ChangeRefused as refusal:
        if errors_among(refusal.findings).standing:
            drop_own(repository, request.branch)
            raise
        published(repository, request)
        return stopped(REFUSED, f"{request.what} waits on {request.branch}: {why(refusal)}", main)
    return Deed(LANDED, request.what)


def published(repository: Repository, request: Request) -> str:
    """Push a request and open its pull request; return in words where that is, or why there is none."""
    if not has_remote(repository):
        return ""
    push_branch(repository, request.branch)
    forge = forge_at_hand(repository)
    if forge is None:
        return ""
    body = f"{inert_code(request.why)}\n\nMade by `rollbook monitor`."
    try:
        return f": {forge.open_pull_request(request.branch, main_branch(repository), request.title, body)}"
    except RollbookError as error:
        return f" (no pull request: {error})"


def drop_own(repository: Repository, branch: str) -> None:
    """Remove a request's branch here that led nowhere; what the remote has stays."""
    tip = resolve_branch(repository, branch)
    if tip is not None and not checkouts_of(repository, branch):
        update_refs(repository, [RefUpdate(f"refs/heads/{branch}", NO_OBJECT, tip)])


def why(error: RollbookError) -> str:
    """Return on one line what is wrong, with the first findings of a change that was refused."""
    findings = error.findings if isinstance(error, ChangeRefused) else ()
    errors = [finding for finding in findings if finding.severity == "error"]
    told = [f"{finding.code} {finding.message}" for finding in errors[:_MOST_FINDINGS]]
    return printable("; ".join([str(error), *told]))[:_LONGEST_WHY]
