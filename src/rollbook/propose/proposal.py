"""A Proposal: files to write and a message, which become one commit on a branch of their own.

The commit is made from git objects alone, so the checkout, the index and the branch of the user are
never touched; the branch appears last, so that a failure at any point leaves nothing behind but
unreferenced objects, which git itself sweeps away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.base_context import circumstances
from rollbook.check.finding import errors_among
from rollbook.check.judge import check_change
from rollbook.errors import Conflict, NotFound, Refused
from rollbook.git.checkout import checkouts_of
from rollbook.git.operation import one_operation
from rollbook.git.refs import NO_OBJECT, RefUpdate, push, remote_branch, resolve_branch, update_refs
from rollbook.git.repository import is_ancestor
from rollbook.git.write import ObjectWriter, commit
from rollbook.registry.main_branch import has_remote, main_branch, main_commit, remote_name
from rollbook.registry.request_branches import has_landed
from rollbook.snapshot.tree_snapshot import TreeSnapshot, commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed: a branch name, the base commit it starts from, a commit message, and the files
    to write (None: to remove), by path."""

    branch: str
    base: str
    message: str
    files: Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change that is ready to be proposed. `wish` begins the refusal of one that the check refuses; what
    `may_wait` is not kept back by what somebody else has to put right, such as an approval that is missing.
    """

    proposal: Proposal
    wish: str
    may_wait: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A change, and what sends the bytes that it names."""

    change: PlannedChange
    upload: Callable[[], object] | None = None


class ChangeRefused(Refused):
    """The check says no. `findings` says why."""

    def __init__(self, message: str, findings: tuple[Finding, ...]) -> None:
        super().__init__(message, hint="Nothing was changed. Correct what the findings name, then try again.")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class ProposalVerdict:
    """What the check says of a change."""

    findings: tuple[Finding, ...]

    def require(self, message: str, *, waiting_too: bool = True) -> None:
        """Raise ChangeRefused with `message` when a finding is an error; unless `waiting_too`, when one is an
        error that nobody but its author can put right."""
        errors = errors_among(self.findings)
        if errors.standing or (waiting_too and errors.waiting):
            raise ChangeRefused(message, self.findings)


def judge(repository: Repository, base: str, files: Mapping[str, bytes | None]) -> ProposalVerdict:
    """Check what `base` becomes with `files`, before there is a commit of it."""
    tree = ObjectWriter(repository).tree(base, files)
    before = commit_snapshot(repository, base)
    after = TreeSnapshot(repository, tree, "the proposal")
    try:
        context = circumstances(repository, before, may_run=True)
        return ProposalVerdict(tuple(check_change(repository, before, after, context)))
    finally:
        before.close()
        after.close()


@one_operation()
def propose(
    repository: Repository, planned: PlannedChange, *, draft: bool = False
) -> tuple[str, ProposalVerdict]:
    """Check a planned change and make its branch; return the commit, and what the check says.

    With `draft` it is made whatever the check says. Raises ChangeRefused, and as `commit_proposal` does.
    """
    proposal = planned.proposal
    refuse_standing(repository, proposal.branch)
    verdict = judge(repository, proposal.base, proposal.files)
    if not draft:
        verdict.require(planned.wish, waiting_too=not planned.may_wait)
    return commit_proposal(repository, proposal), verdict


def branch_name(action: str, model: str, version: str, stage: str = "") -> str:
    """Return `rollbook/<action>/<model>/<version>-<stage>`, the name of a proposal's branch."""
    return f"rollbook/{action}/{model}/{version}{'-' if stage else ''}{stage}"


def refuse_blocked(repository: Repository, branch: str) -> None:
    """Raise Refused when a branch has the name of a folder that the proposal's branch would stand in."""
    parts = branch.split("/")
    for count in range(1, len(parts)):
        blocking = "/".join(parts[:count])
        if resolve_branch(repository, blocking):
            raise Refused(
                f"a branch called {blocking!r} is in the way: git can't make {branch} beside it",
                hint=f"Rename the branch: git branch -m {blocking} {blocking.replace('/', '-')}-work",
            )


def refuse_standing(repository: Repository, branch: str) -> None:
    """Raise Conflict when a proposal of that name is open, or its branch is checked out; one that has landed
    makes room."""
    standing = resolve_branch(repository, branch)
    if standing is None:
        return
    if not has_landed(repository, main_commit(repository), standing):
        raise Conflict(
            f"the branch {branch} exists already",
            hint=f"Land it (rollbook land {branch}), or drop it (git branch -D {branch}) and try again.",
        )
    if checkouts := checkouts_of(repository, branch):
        raise Conflict(
            f"the branch {branch}, which has landed, is checked out in {checkouts[0]}",
            hint=f"Switch to another branch there: git switch {main_branch(repository)}",
        )


def commit_proposal(repository: Repository, proposal: Proposal) -> str:
    """Make the commit and then the branch; return the commit's id.

    A branch of that name that has landed makes room. Raises Conflict when the branch is open already, Refused
    when another is in its way; changes nothing then.
    """
    refuse_blocked(repository, proposal.branch)
    refuse_standing(repository, proposal.branch)
    tree = ObjectWriter(repository).tree(proposal.base, proposal.files)
    made = commit(repository, tree, [proposal.base], proposal.message)
    landed = resolve_branch(repository, proposal.branch) or NO_OBJECT
    update_refs(repository, [RefUpdate(f"refs/heads/{proposal.branch}", made, landed)])
    return made


def drop_unpushed(repository: Repository, branch: str) -> None:
    """Remove a proposal's branch here, unless the remote has it or it is checked out."""
    tip = resolve_branch(repository, branch)
    is_shared = has_remote(repository) and resolve_branch(repository, branch, remote_name(repository))
    if tip and not is_shared and not checkouts_of(repository, branch):
        update_refs(repository, [RefUpdate(f"refs/heads/{branch}", NO_OBJECT, tip)])


def push_branch(repository: Repository, branch: str) -> str:
    """Push a proposal's branch to the remote; return the remote's name.

    Raises Refused without a remote, Conflict when the remote has another branch of that name.
    """
    remote = remote_name(repository)
    if not has_remote(repository):
        raise Refused(
            f"there is no remote {remote!r} to push to",
            hint=f"Add one: git remote add {remote} URL; or land without one: rollbook land {branch}",
        )
    head = resolve_branch(repository, branch)
    if head is None:
        raise NotFound(f"there is no branch {branch!r}")
    old = remote_branch(repository, remote, branch)
    is_free = old is None or is_ancestor(repository, old, head)
    if old and not is_free and not has_landed(repository, main_commit(repository), old):
        raise Conflict(
            f"{remote} has another {branch} already",
            hint=f"Look at it (git log {old[:12]}); land it, or drop it: git push {remote} --delete {branch}",
        )
    push(repository, remote, [RefUpdate(f"refs/heads/{branch}", head, old or NO_OBJECT)])
    return remote


def pull_request_hint(repository: Repository, branch: str) -> str:
    """Say what to do with a proposal's branch next."""
    main = main_branch(repository)
    return f"Open a pull request from {branch} into {main}, or land it: rollbook land {branch}"
