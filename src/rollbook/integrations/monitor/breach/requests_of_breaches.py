"""Requests that the monitor makes: main as it is now and what is open beside it, and what becomes of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.finding import errors_among
from rollbook.errors import RollbookError
from rollbook.git.checkout import checkouts_of
from rollbook.git.refs import NO_OBJECT, RefUpdate, fetch, fetch_tags, resolve_branch, update_refs
from rollbook.integrations.forge.configured_forge import forge_at_hand
from rollbook.integrations.monitor.breach.deed import LANDED, PROPOSED, REFUSED, Deed, stopped
from rollbook.propose.landing import land
from rollbook.propose.proposal import ChangeRefused, push_branch
from rollbook.registry.main_branch import has_remote, main_branch, main_commit, remote_name
from rollbook.registry.request_branches import HERE, open_branches, request_branches
from rollbook.text import inert_code, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.registry.request_branches import RequestBranch

_MOST_FINDINGS = 3
_LONGEST_WHY = 600


@dataclass(frozen=True, slots=True)
class Standing:
    """Main as it is now, and the requests below one folder that have not landed: those that the remote has
    come first."""

    main: str
    requests: Sequence[RequestBranch]


@dataclass(frozen=True, slots=True)
class Asked:
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


def standing_now(repository: Repository, *folders: str) -> Standing:
    """Bring main and look at the requests below folders, such as `rollbook/evidence/MODEL/`, as they are
    now. Raises GitFailed when the remote is away."""
    main = bring(repository)
    named = [
        request
        for request in request_branches(repository, ask_remote=True)
        if request.name.startswith(folders)
    ]
    there_first = sorted(named, key=lambda request: request.places == (HERE,))
    return Standing(main, open_branches(repository, there_first, main))


def carried_out(repository: Repository, asked: Asked, main: str, *, lands: bool) -> Deed:
    """Land a request that stands here, or push it and open its pull request where a forge is at hand.

    What waits for others to approve is pushed too. Raises ChangeRefused for what the check refuses, Conflict
    when somebody else was first.
    """
    if lands:
        try:
            land(repository, asked.branch)
        except ChangeRefused as refusal:
            if errors_among(refusal.findings).standing:
                raise
            published(repository, asked)
            return stopped(REFUSED, f"{asked.what} waits on {asked.branch}: {why(refusal)}", main)
        return Deed(LANDED, asked.what)
    return Deed(PROPOSED, f"{asked.what} on {asked.branch}{published(repository, asked)}")


def published(repository: Repository, asked: Asked) -> str:
    """Push a request and open its pull request; return in words where that is, or why there is none."""
    if not has_remote(repository):
        return ""
    push_branch(repository, asked.branch)
    forge = forge_at_hand(repository)
    if forge is None:
        return ""
    body = f"{inert_code(asked.why)}\n\nMade by `rollbook monitor`."
    try:
        return f": {forge.open_pull_request(asked.branch, main_branch(repository), asked.title, body)}"
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
