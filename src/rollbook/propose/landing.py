"""Landing a proposal: the check that CI runs, a merge commit on main, the tags, and one atomic push."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.check.commit_dates import future_findings
from rollbook.check.judge import check_merge
from rollbook.errors import BadCall, Conflict, NotFound, Refused
from rollbook.git.checkout import checkouts_of
from rollbook.git.commits import read_commit
from rollbook.git.main_history import merged_commits
from rollbook.git.operation import one_operation
from rollbook.git.refs import (
    NO_OBJECT,
    RefUpdate,
    fetch,
    fetch_tags,
    ref_ids,
    remote_branch,
    resolve_branch,
    update_refs,
)
from rollbook.git.repository import is_ancestor
from rollbook.git.write import commit
from rollbook.propose.proposal import ProposalVerdict
from rollbook.propose.publication import publish
from rollbook.registry.main_branch import has_remote, landed_main, remote_name
from rollbook.registry.request_branches import newest_tips
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.registry.main_branch import MainBranch
    from rollbook.trail.event import Event


@dataclass(frozen=True, slots=True)
class Landing:
    """What landed: the branch, the name of the main branch, the merge commit there, the events recorded,
    findings that are mere warnings, the remote that has it all (None: this repository alone), and, where
    recording it is left to others, why (`unrecorded`)."""

    branch: str
    main: str
    commit: str
    events: list[Event]
    warnings: list[Finding]
    remote: str | None
    unrecorded: str = ""

    def as_document(self) -> dict[str, object]:
        """Return the landing as JSON data."""
        return {"branch": self.branch, "commit": self.commit, "tags": [event.tag for event in self.events]}

    def _repr_html_(self) -> str:
        from rollbook.insight.display import display, fact_table

        facts = [
            ("recorded", "; ".join(event.summary for event in self.events)),
            ("not recorded", self.unrecorded),
            ("warnings", "; ".join(finding.message for finding in self.warnings)),
            ("commit", self.commit),
            ("pushed to", self.remote),
        ]
        return display(f"Landed on {self.main}", fact_table(facts))


@dataclass(frozen=True, slots=True)
class _Head:
    """The branch to land: its commit, and where refs to it stand."""

    name: str
    commit: str
    local: str | None
    remote: str | None


@one_operation()
def land(
    repository: Repository, branch: str, *, keep_branch: bool = False, judged: str | None = None
) -> Landing:
    """Check `branch` exactly as CI does, merge it into main, record what happened, and push it all at once.

    `judged` is the commit that somebody was found to have the right to land; by default whatever the branch
    is at. Raises ChangeRefused when the check says no, Conflict when somebody else landed first or the branch
    is not at `judged` any more, Refused when the repository's state forbids it. In each case nothing has
    changed. A landing that was cut off after its push is completed by landing again.
    """
    remote = remote_name(repository) if has_remote(repository) else None
    if remote:
        # Tags first: main is at least as new then, and no tag speaks of a commit that isn't here.
        fetch_tags(repository, remote)
        fetch(repository, remote)
    standing, base = landed_main(repository, remote)
    main = standing.name
    if branch == main:
        raise BadCall(f"{main} is what proposals land on", hint=_open_proposals(repository))
    head = _find_branch(repository, branch, remote)
    if judged not in (None, head.commit):
        raise Conflict(
            f"{branch} has moved to {head.commit}", hint="Look at what it says now, then try again."
        )
    if is_ancestor(repository, head.commit, base):
        return _complete(repository, standing, base, head, keep_branch=keep_branch)
    findings, tree = check_merge(repository, base, head.commit)
    ProposalVerdict(tuple(findings)).require(f"{branch} can't land on {main}")
    assert tree is not None, "a merge that conflicts is a finding"
    merged = commit(repository, tree, [base, head.commit], _message(repository, head, main))
    ahead = tuple(future_findings(repository, base, merged, datetime.now(UTC)))
    ProposalVerdict(ahead).require(f"{branch} can't land on {main}")
    gone = [RefUpdate(f"refs/heads/{branch}", NO_OBJECT, head.remote)] if head.remote else []
    done = publish(repository, standing, base, merged, remote, [] if keep_branch else gone)
    _drop_branch(repository, head, keep_branch=keep_branch)
    return Landing(branch, main, merged, done.events, findings, remote, done.unrecorded)


def _find_branch(repository: Repository, branch: str, remote: str | None) -> _Head:
    local = resolve_branch(repository, branch)
    # Asked anew: what was fetched once may have been deleted there since.
    tracked = remote_branch(repository, remote, branch) if remote else None
    newest = newest_tips(repository, (local, tracked))
    if len(newest) > 1:
        raise Refused(
            f"{branch} and {remote}/{branch} have diverged",
            hint=f"Keep one of the two: git branch -D {branch}, or git push {remote} --delete {branch}",
        )
    if not newest:
        raise NotFound(f"there is no branch {branch!r}", hint=_open_proposals(repository))
    return _Head(branch, newest[0], local, tracked)


def _open_proposals(repository: Repository) -> str:
    refs = ref_ids(repository, "refs/heads/rollbook", "refs/remotes/*/rollbook")
    names = [printable(ref.split("/", 2)[2]) for ref in refs]
    return f"Open proposals: {', '.join(names)}" if names else "There are no open proposals."


def _message(repository: Repository, head: _Head, main: str) -> str:
    subject = read_commit(repository, head.commit).subject.strip()
    return f"Merge {head.name} into {main}\n\n{subject}\n"


def _drop_branch(repository: Repository, head: _Head, *, keep_branch: bool) -> None:
    if head.local and not keep_branch and not checkouts_of(repository, head.name):
        update_refs(repository, [RefUpdate(f"refs/heads/{head.name}", NO_OBJECT, head.local)])


def _complete(
    repository: Repository, main: MainBranch, base: str, head: _Head, *, keep_branch: bool
) -> Landing:
    """Return the branch is on main already: bring the local side up to it, and record what is missing."""
    remote = remote_name(repository) if has_remote(repository) else None
    done = publish(repository, main, base, base, remote)
    is_cleared = keep_branch or head.commit not in merged_commits(repository, base)
    if main.local == base and not done.events and is_cleared:
        raise Refused(f"{head.name} is on {main.name} already", hint="There is nothing to land.")
    _drop_branch(repository, head, keep_branch=keep_branch)
    return Landing(head.name, main.name, base, done.events, [], remote, done.unrecorded)
