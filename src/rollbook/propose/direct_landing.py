"""Landing a change without a branch: one commit on main, checked as a push to main is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.judge import check_push
from rollbook.errors import Conflict
from rollbook.git.operation import one_operation
from rollbook.git.refs import fetch, fetch_tags
from rollbook.git.write import ObjectWriter, commit
from rollbook.propose.landing import Landing
from rollbook.propose.proposal import ProposalVerdict
from rollbook.propose.publication import publish
from rollbook.registry.main_branch import has_remote, landed_commit, landed_main, remote_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.git.repository import Repository
    from rollbook.propose.proposal import PlannedChange, Write


_ATTEMPTS = 5


def _nothing() -> None:
    return


def fetched_main(repository: Repository) -> str:
    """Fetch main and the trail, where there is a remote, and return the commit that the next change lands
    on."""
    remote = remote_name(repository) if has_remote(repository) else None
    if remote:
        # Tags first: main is at least as new then, and no tag speaks of a commit that isn't here.
        fetch_tags(repository, remote)
        fetch(repository, remote)
    return landed_commit(repository, remote)


@one_operation()
def land_change(
    repository: Repository, planned: PlannedChange, prepare: Callable[[], object] = _nothing
) -> Landing:
    """Commit a change on main, check it as CI checks a push, record what happened, and push it all at once.

    `prepare` is called once the check has passed, before anything is published: it uploads what the change
    names. Raises ChangeRefused when the check says no, Conflict when main is no longer at the change's base,
    Refused when the repository's state forbids it. In each case nothing has changed.
    """
    proposal = planned.proposal
    remote = remote_name(repository) if has_remote(repository) else None
    base = proposal.base
    main, landed = landed_main(repository, remote)
    if landed != base:
        raise Conflict(f"{main.name} has moved on", hint="Try again.")
    tree = ObjectWriter(repository).tree(base, proposal.files)
    made = commit(repository, tree, [base], proposal.message)
    findings = check_push(repository, base, made, may_run=True)
    ProposalVerdict(tuple(findings)).require(planned.wish)
    prepare()
    done = publish(repository, main, base, made, remote)
    return Landing("", main.name, made, done.events, findings, remote, done.unrecorded)


def land_anew(repository: Repository, plan: Callable[[str], Write], base: str) -> Landing:
    """Land what `plan` makes upon the commit `base`; where somebody else was first, what it makes upon main
    as it is then. Raises as `land_change` and `plan` do, Conflict when others keep being first."""
    for attempt in range(_ATTEMPTS):
        planned = plan(base)
        try:
            return land_change(repository, planned.change, planned.upload or _nothing)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
        base = fetched_main(repository)
    raise AssertionError("the loop returns or raises")
