"""What becomes of requests: approved, turned down, landed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from rollbook.api.json_document import document
from rollbook.check.report.findings_json import as_mapping
from rollbook.git.operation import one_operation
from rollbook.git.refs import NO_OBJECT, RefUpdate, resolve_branch, update_refs
from rollbook.integrations.forge.change_request import open_pull_request_of
from rollbook.propose.approval import approve_signed, asked_approval
from rollbook.propose.direct_landing import fetched_main
from rollbook.propose.landing import land as land_branch
from rollbook.propose.open_requests import judged_request
from rollbook.propose.proposal import push_branch
from rollbook.propose.rejection import reject as reject_branch
from rollbook.registry.main_branch import has_remote
from rollbook.registry.request_branches import RequestBranch
from rollbook.signing.approval_signature import NAMESPACE
from rollbook.web.identity.caller import Right
from rollbook.web.service.writing.asked_write import Asked, AskedWrite
from rollbook.web.service.writing.landed_or_asked import drop_local, landed_document
from rollbook.web.service.writing.named_request import NamedRequest, approved_move, named_request
from rollbook.web.service.writing.told_bodies import Approval, Landing, Rejection
from rollbook.web.service.writing.write_answers import PROBLEMS, Landed

router = APIRouter(responses=PROBLEMS, tags=["deciding"])


@router.get("/requests/{branch:path}/approval-content", operation_id="show_approval_content")
def approval_content(
    asked: Asked,
    branch: str,
    note: Annotated[str, Query(max_length=2000)] = "",
    version: Annotated[str | None, Query(max_length=120)] = None,
    to: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """Return what you would sign to approve a request: write `content` to a file as it is, then
    `ssh-keygen -Y sign -n rollbook-approval -f KEY FILE`. A `note` is part of it."""
    repository = asked.served.repository
    with _decided(asked, branch, Right.APPROVE) as (base, request):
        move = approved_move(repository, base, request, version, to)
        reference = f"{move.model}@{move.version}"
        content = asked_approval(repository, reference, move.target, branch=branch, note=note).content
    return {
        "content": content.canonical().decode(),
        "sha256": sha256(content.canonical()).hexdigest(),
        "namespace": NAMESPACE,
        "by": asked.author.email,
        "fields": content.signed_fields(),
    }


@router.get("/requests/{branch:path}", operation_id="show_request")
def show_request(asked: Asked, branch: str) -> dict[str, Any]:
    """Show an open request as it stands on the remote now: what it moves, who asks, what it waits for, what
    fails, and its pull request."""
    repository = asked.served.repository
    asked.require_somewhere(Right.READ)
    with one_operation():
        base = fetched_main(repository)
        request = named_request(repository, base, branch)
        for model in request.models:
            asked.caller.require(Right.READ, model)
        judged = judged_request(repository, base, RequestBranch(branch, request.commit, ()))
        pull_request = open_pull_request_of(repository, branch)
    shown: dict[str, Any] = document(replace(judged, pull_request=pull_request))
    shown.pop("places")  # where the service's clone stands is nobody's business
    return shown


@router.post("/requests/{branch:path}/approve", operation_id="approve_request")
def approve(asked: Asked, branch: str, body: Approval) -> dict[str, Any]:
    """Approve a request by your SSH signature over what `approval-content` tells for the same note. The
    service signs for nobody: what counts is your key in `registry/allowed_signers`."""
    repository = asked.served.repository
    with _decided(asked, branch, Right.APPROVE) as (base, request), _pushed(asked, branch):
        move = approved_move(repository, base, request, body.version, body.to)
        approved = approve_signed(
            repository,
            f"{move.model}@{move.version}",
            move.target,
            branch=branch,
            note=body.note,
            signature=body.signature,
        )
    return {"status": "approved", **approved.as_document()}


@router.post("/requests/{branch:path}/reject", operation_id="reject_request")
def reject(asked: Asked, branch: str, body: Rejection) -> dict[str, Any]:
    """Turn a request down, or take your own back: its branch goes, and a tag keeps what was proposed, and
    why it was not taken."""
    with _decided(asked, branch, Right.APPROVE, or_own=True):
        rejected = reject_branch(asked.served.repository, branch, reason=body.reason)
    return {
        "status": "rejected",
        "branch": rejected.branch,
        "commit": rejected.commit,
        "by": rejected.by,
        "reason": rejected.reason,
        "tag": rejected.tag,
    }


@router.post("/requests/{branch:path}/land", response_model=Landed, operation_id="land_request")
def land(asked: Asked, branch: str, body: Landing | None = None) -> JSONResponse:
    """Land a request: check it as CI does, merge it into main, record what happened."""
    keep = body.keep_branch if body else False
    with _decided(asked, branch, Right.LAND) as (_, request):
        landing = land_branch(asked.served.repository, branch, keep_branch=keep, judged=request.commit)
    return landed_document(
        landing.commit,
        {
            "branch": landing.branch,
            "tags": [event.tag for event in landing.events],
            "unrecorded": landing.unrecorded or None,
            "findings": [as_mapping(finding) for finding in landing.warnings],
        },
    )


@contextmanager
def _decided(
    asked: AskedWrite, branch: str, right: Right, *, or_own: bool = False
) -> Iterator[tuple[str, NamedRequest]]:
    """Decide on a request in turn: once the caller may, on all the models that it is about."""
    repository = asked.served.repository
    asked.require_somewhere(Right.PROPOSE if or_own else right)
    with asked.in_turn():
        base = fetched_main(repository)
        asked.require_base(base)
        request = named_request(repository, base, branch)
        is_own = request.authors == {asked.author.email.casefold()}
        asked.require(Right.PROPOSE if or_own and is_own else right, *request.models)
        yield base, request


@contextmanager
def _pushed(asked: AskedWrite, branch: str) -> Iterator[None]:
    """Push what is done inside to a branch; where that fails, the branch here is as it was."""
    repository = asked.served.repository
    before = resolve_branch(repository, branch)
    try:
        yield
        if has_remote(repository):
            push_branch(repository, branch)
    except BaseException:
        now = resolve_branch(repository, branch)
        if now and now != before:
            update_refs(repository, [RefUpdate(f"refs/heads/{branch}", before or NO_OBJECT, now)])
        raise
    if has_remote(repository) and before is None:
        drop_local(repository, branch)
