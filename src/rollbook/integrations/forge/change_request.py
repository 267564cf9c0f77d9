"""Asking for a change: its branch, pushed, and its pull request opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.finding import errors_among
from rollbook.git.refs import HEADS, NO_OBJECT, RefUpdate, remote_branch, resolve_branch, update_refs
from rollbook.integrations.forge.configured_forge import forge_at_hand
from rollbook.integrations.forge.github import ForgeFailed
from rollbook.integrations.forge.opening import open_pull_request
from rollbook.propose.proposal import commit_proposal, judge, push_branch
from rollbook.registry.main_branch import has_remote, main_commit, remote_name
from rollbook.registry.request_branches import has_landed, newest_tips

if TYPE_CHECKING:
    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.propose.proposal import Write


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was made, or stood already: what it asks for, its branch and the commit there, the
    address of its pull request, what went wrong with that, what it waits for, and what the check says of it,
    as far as these are known.
    """

    subject: str
    branch: str
    commit: str
    pull_request: str
    trouble: str
    waits_for: str
    findings: tuple[Finding, ...] = ()


def request(repository: Repository, planned: Write) -> Request:
    """Request a change, unless it is requested already: its branch is pushed where there is a remote, its
    pull request opened where there is a forge.

    Raises ChangeRefused when the check says what nobody but its author can put right. What can't be pushed
    leaves no branch.
    """
    change = planned.change
    branch = change.proposal.branch
    remote = remote_name(repository) if has_remote(repository) else None
    findings: tuple[Finding, ...] = ()
    commit, waits_for = standing_request(repository, branch, remote), ""
    is_new = commit is None
    if commit is None:
        verdict = judge(repository, change.proposal.base, change.proposal.files)
        verdict.require(change.wish, waiting_too=not change.may_wait)
        findings = verdict.findings
        waits_for = "; ".join(finding.message for finding in errors_among(verdict.findings).waiting)
        if planned.upload:
            planned.upload()
        commit = commit_proposal(repository, change.proposal)
    if remote and resolve_branch(repository, branch):
        try:
            push_branch(repository, branch)
        except BaseException:
            if is_new:
                # Also where the remote has another of that name: it is not this one.
                update_refs(repository, [RefUpdate(f"{HEADS}{branch}", NO_OBJECT, commit)])
            raise
    pull_request, trouble = pull_request_of(repository, branch) if remote else ("", "")
    subject = change.proposal.message.partition("\n")[0]
    return Request(subject, branch, commit, pull_request, trouble, waits_for, findings)


def standing_request(repository: Repository, branch: str, remote: str | None) -> str | None:
    """Return the commit of the open request of that name, here or on the remote; None without."""
    tips = resolve_branch(repository, branch), remote_branch(repository, remote, branch) if remote else None
    base = main_commit(repository)
    tip = next(iter(newest_tips(repository, tips)), None)
    return None if tip is None or has_landed(repository, base, tip) else tip


def open_pull_request_of(repository: Repository, branch: str) -> str:
    """Return the address of the branch's open pull request; empty without one, or where no forge answers."""
    forge = forge_at_hand(repository)
    try:
        return "" if forge is None else forge.open_pull_requests().get(branch, "")
    except ForgeFailed:
        return ""


def pull_request_of(repository: Repository, branch: str) -> tuple[str, str]:
    """Return the address of the branch's pull request, opened unless there is one, and what went wrong."""
    forge = forge_at_hand(repository)
    if forge is None:
        return "", ""
    try:
        return open_pull_request(repository, forge, branch), ""
    except ForgeFailed as error:
        return "", str(error)
