"""How a write becomes a request, or lands where the caller may have it so; and what is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi.responses import JSONResponse

from rollbook.access.roles import policy_at
from rollbook.check.report.findings_json import as_mapping
from rollbook.errors import Conflict, Refused
from rollbook.git.checkout import checkouts_of
from rollbook.git.commits import read_commit
from rollbook.git.refs import NO_OBJECT, RefUpdate, resolve_branch, update_refs
from rollbook.git.write import ObjectWriter
from rollbook.integrations.forge.change_request import Request, pull_request_of, request, standing_request
from rollbook.propose.direct_landing import fetched_main, land_anew
from rollbook.propose.proposal import Write
from rollbook.registry.main_branch import has_remote, remote_name
from rollbook.web.service.problems import quoted_commit
from rollbook.web.service.writing.asked_before import (
    DoneBefore,
    done_before,
    tags_recording,
    with_fingerprint,
)

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.propose.landing import Landing
    from rollbook.propose.proposal import Proposal
    from rollbook.web.service.writing.asked_write import AskedWrite

_ATTEMPTS = 3

# What is made upon a commit, and what is told of it besides.
Plan = Callable[[str], tuple[Write, Mapping[str, Any]]]


def written(asked: AskedWrite, plan: Plan, told: object, *, created: bool = False) -> JSONResponse:
    """Do what `plan` makes upon the commit that it is given: as a request, or landed where that was asked.

    `told` is what the caller told, as JSON data; what lands answers 201 where something is `created`, else
    200, and a request 202. The rights are the route's to ask for. Raises ChangeRefused when the check says
    no, Conflict when the branch stands with something else or others keep being first, MainMoved as
    `If-Match` has it. Nothing has changed then.
    """
    repository = asked.served.repository
    with asked.in_turn():
        fingerprint = asked.fingerprint(json.dumps(told, sort_keys=True, default=str).encode())
        base = fetched_main(repository)
        if earlier := done_before(repository, base, asked.author.email, fingerprint):
            return _answered_before(asked, earlier, created=created)
        _require_unsigned(repository, base)
        details: Mapping[str, Any] = {}

        def planned(onto: str) -> Write:
            nonlocal details
            asked.require_base(onto)
            made, details = plan(onto)
            proposal = made.change.proposal
            message = with_fingerprint(proposal.message, fingerprint)
            return replace(made, change=replace(made.change, proposal=replace(proposal, message=message)))

        if asked.land:
            return _landed(land_anew(repository, planned, base), details, created=created)
        made = _request_anew(asked, planned, base, fingerprint)
        if isinstance(made, DoneBefore):
            return _answered_before(asked, made, created=created)
        return _requested(asked, made, details)


def _require_unsigned(repository: Repository, base: str) -> None:
    policy = policy_at(repository, base)
    if policy is not None and policy.require_signed:
        raise Refused(
            "the policy demands that whoever makes a change signs it, and the service can't sign for you",
            hint="Propose it from a clone, with your key: `rollbook` has the same commands.",
        )


class RequestedOtherwise(Conflict):
    """A branch stands with something else than what is asked for."""


def _request_anew(
    asked: AskedWrite, plan: Callable[[str], Write], base: str, fingerprint: str
) -> Request | DoneBefore:
    """Request what `plan` makes upon a commit; where somebody else was first, what it makes once that is
    known, unless they asked for the same by the same key, or stand where it would again."""
    repository = asked.served.repository
    for attempt in range(_ATTEMPTS):
        planned = plan(base)
        try:
            return _request(repository, planned)
        except Conflict as error:
            base = fetched_main(repository)
            if earlier := done_before(repository, base, asked.author.email, fingerprint):
                return earlier
            branch = planned.change.proposal.branch
            is_taken = isinstance(error, RequestedOtherwise)
            if attempt == _ATTEMPTS - 1 or (is_taken and plan(base).change.proposal.branch == branch):
                raise
    raise AssertionError("the loop returns or raises")


def _request(repository: Repository, planned: Write) -> Request:
    """Request a change; the branch stays on the remote alone, where there is one, as replicas see it."""
    proposal = planned.change.proposal
    remote = remote_name(repository) if has_remote(repository) else None
    standing = standing_request(repository, proposal.branch, remote)
    if standing and not _is_same(repository, standing, proposal):
        raise RequestedOtherwise(
            f"{proposal.branch} is requested already, otherwise",
            hint="See what it says, then land or reject it first.",
        )
    was_here = resolve_branch(repository, proposal.branch)
    made = request(repository, planned)
    if remote and not was_here:
        drop_local(repository, proposal.branch)
    return made


def drop_local(repository: Repository, branch: str) -> None:
    """Remove a branch here that the remote holds, unless it is checked out."""
    tip = resolve_branch(repository, branch)
    if tip and not checkouts_of(repository, branch):
        update_refs(repository, [RefUpdate(f"refs/heads/{branch}", NO_OBJECT, tip)])


def _is_same(repository: Repository, standing: str, proposal: Proposal) -> bool:
    """Whether the commit of a request makes of what it stands on just what a proposal would."""
    commit = read_commit(repository, standing)
    if len(commit.parents) != 1:
        return False
    return ObjectWriter(repository).tree(commit.parents[0], proposal.files) == commit.tree


def _requested(asked: AskedWrite, made: Request, details: Mapping[str, Any]) -> JSONResponse:
    document = {
        "status": "requested",
        "branch": made.branch,
        "commit": made.commit,
        "subject": made.subject,
        "pull_request": made.pull_request or None,
        "trouble": made.trouble or None,
        "waits_for": made.waits_for or None,
        "findings": [as_mapping(finding) for finding in made.findings],
        **details,
    }
    return JSONResponse(document, 202, headers={"Location": f"{asked.prefix}/requests/{made.branch}"})


def _landed(landing: Landing, details: Mapping[str, Any], *, created: bool) -> JSONResponse:
    return landed_document(
        landing.commit,
        {
            "tags": [event.tag for event in landing.events],
            "unrecorded": landing.unrecorded or None,
            "findings": [as_mapping(finding) for finding in landing.warnings],
            **details,
        },
        status=201 if created else 200,
    )


def landed_document(commit: str, more: Mapping[str, Any], *, status: int = 200) -> JSONResponse:
    """Return what is answered of a change that main holds as a commit."""
    document = {"status": "landed", "commit": commit, **more}
    return JSONResponse(document, status, headers={"ETag": quoted_commit(commit)})


def _answered_before(asked: AskedWrite, earlier: DoneBefore, *, created: bool) -> JSONResponse:
    repository = asked.served.repository
    if not earlier.branch:
        more = {"tags": tags_recording(repository, earlier.commit), "subject": earlier.subject}
        return landed_document(earlier.commit, more, status=201 if created and asked.land else 200)
    pull_request, trouble = pull_request_of(repository, earlier.branch)
    made = Request(earlier.subject, earlier.branch, earlier.commit, pull_request, trouble, "")
    return _requested(asked, made, {})
