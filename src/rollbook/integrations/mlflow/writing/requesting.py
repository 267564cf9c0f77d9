"""Asking for a change: its branch, pushed, its pull request opened; and waiting until main holds it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.finding import errors_among
from rollbook.errors import GitFailed, Refused
from rollbook.git.operation import own_operation
from rollbook.git.refs import remote_branch, resolve_branch
from rollbook.integrations.forge.configured_forge import forge_at_hand
from rollbook.integrations.forge.github import ForgeFailed
from rollbook.integrations.forge.opening import open_pull_request
from rollbook.integrations.mlflow.failures import RequestWaits
from rollbook.propose.direct_landing import fetched_main
from rollbook.propose.proposal import commit_proposal, judge, push_branch
from rollbook.registry.main_branch import has_remote, main_commit, remote_name
from rollbook.registry.request_branches import has_landed, newest_tips

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.integrations.mlflow.writing.open_batch import Write

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was made, or stood already: what it asks for, its branch and the commit there, the
    address of its pull request, what went wrong with that, and what it waits for, as far as these are known.
    """

    subject: str
    branch: str
    commit: str
    pull_request: str
    trouble: str
    waits_for: str


def request(repository: Repository, planned: Write) -> Request:
    """Request a change, unless it is requested already: its branch is pushed where there is a remote, its
    pull request opened where there is a forge.

    Raises ChangeRefused when the check says what nobody but its author can put right.
    """
    change = planned.change
    branch = change.proposal.branch
    remote = remote_name(repository) if has_remote(repository) else None
    commit, waits_for = _standing(repository, branch, remote), ""
    if commit is None:
        verdict = judge(repository, change.proposal.base, change.proposal.files)
        verdict.require(change.wish, waiting_too=not change.may_wait)
        waits_for = "; ".join(finding.message for finding in errors_among(verdict.findings).waiting)
        if planned.upload:
            planned.upload()
        commit = commit_proposal(repository, change.proposal)
    if remote and resolve_branch(repository, branch):
        push_branch(repository, branch)
    pull_request, trouble = _pull_request(repository, branch) if remote else ("", "")
    subject = change.proposal.message.partition("\n")[0]
    return Request(subject, branch, commit, pull_request, trouble, waits_for)


def landed(repository: Repository, made: Request, wait: float, hint: str = "") -> str:
    """Return the commit of main that holds a request, as soon as there is one.

    Raises RequestWaits, with `hint` at its end, when there is none after `wait` seconds, Refused when the
    request is withdrawn meanwhile.
    """
    remote = remote_name(repository) if has_remote(repository) else None
    commit = _waited(repository, made.branch, made.commit, remote, wait) if wait else None
    if commit is None:
        raise RequestWaits(made.subject, made.branch, made.pull_request, made.waits_for, made.trouble, hint)
    return commit


def _standing(repository: Repository, branch: str, remote: str | None) -> str | None:
    """Return the commit of the open request of that name, here or on the remote; None without."""
    tips = resolve_branch(repository, branch), remote_branch(repository, remote, branch) if remote else None
    base = main_commit(repository)
    tip = next(iter(newest_tips(repository, tips)), None)
    return None if tip is None or has_landed(repository, base, tip) else tip


def _pull_request(repository: Repository, branch: str) -> tuple[str, str]:
    """Return the address of the branch's pull request, opened unless there is one, and what went wrong."""
    forge = forge_at_hand(repository)
    if forge is None:
        return "", ""
    try:
        return open_pull_request(repository, forge, branch), ""
    except ForgeFailed as error:
        return "", str(error)


def _waited(
    repository: Repository, branch: str, commit: str, remote: str | None, seconds: float
) -> str | None:
    """Return the commit of main that holds a request, as soon as there is one; None after some seconds."""
    end, pause = time.monotonic() + seconds, _FIRST_PAUSE
    while True:
        try:
            # Not as the operation that waits once found things: settings may change in the meantime.
            with own_operation():
                is_open = _is_open(repository, branch, remote)
                # Asked after the branch: it goes away when it lands.
                main = fetched_main(repository)
        except GitFailed:
            if time.monotonic() >= end:
                raise
        else:
            if has_landed(repository, main, commit):
                return main
            if not is_open:
                raise Refused(
                    f"the request {branch} is withdrawn: its branch is gone, and main does not hold it"
                )
        left = end - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(left, pause))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _is_open(repository: Repository, branch: str, remote: str | None) -> bool:
    tip = remote_branch(repository, remote, branch) if remote else resolve_branch(repository, branch)
    return tip is not None
