"""Errors as problem documents (RFC 9457), each with the status that tells a client what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rollbook.check.report.findings_json import as_mapping
from rollbook.errors import (
    AlreadySo,
    BadCall,
    CannotTell,
    Conflict,
    GitFailed,
    InvalidFile,
    ModelFailed,
    NotFound,
    Refused,
    RollbookError,
    StorageFailed,
    TooMuch,
)
from rollbook.propose.proposal import ChangeRefused
from rollbook.text import printable
from rollbook.web.identity.caller import Denied
from rollbook.web.service.asked_write import MainMoved

if TYPE_CHECKING:
    from fastapi import Request

_MOST_TOLD = 50
# The first class that an error is an instance of counts.
_STATUS: tuple[tuple[type[RollbookError], int], ...] = (
    (MainMoved, 412),
    (BadCall, 400),
    (NotFound, 404),
    (AlreadySo, 409),
    (Conflict, 409),
    (TooMuch, 413),
    (Refused, 422),
    (InvalidFile, 422),
    (ModelFailed, 422),
    (StorageFailed, 502),
    (GitFailed, 502),
    (CannotTell, 503),
    (RollbookError, 500),
)


def problem(status: int, title: str, detail: str, **members: Any) -> JSONResponse:
    """Return a problem document: its status, what kind of problem it is, and what is wrong this time."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(document, status, media_type="application/problem+json")


async def refused(_: Request, error: Exception) -> JSONResponse:
    """Return the problem that an error of the registry is."""
    assert isinstance(error, RollbookError)
    if isinstance(error, Denied):
        status = 401 if error.is_unknown else 403
    else:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
    hint: dict[str, Any] = {"hint": printable(error.hint)} if error.hint else {}
    if isinstance(error, ChangeRefused):
        hint["findings"] = [as_mapping(finding) for finding in error.findings]
    return problem(status, type(error).__name__, printable(str(error)), **hint)


async def invalid_request(_: Request, error: Exception) -> JSONResponse:
    """Return the problem that a request is which has another shape than the API tells; of what came, nothing
    is said but where it is wrong, and how."""
    assert isinstance(error, RequestValidationError)
    wrong = [
        {
            "where": [printable(str(part))[:200] for part in one["loc"]],
            "message": printable(str(one["msg"]))[:500],
        }
        for one in error.errors()[:_MOST_TOLD]
    ]
    first = f"{'.'.join(wrong[0]['where'])}: {wrong[0]['message']}" if wrong else "it has another shape"
    return problem(422, "InvalidRequest", first, errors=wrong)


async def not_served(_: Request, error: Exception) -> JSONResponse:
    """Return the problem that a path or method is which the API does not have."""
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, HTTPStatus(error.status_code).phrase, printable(str(error.detail)))
    answer.headers.update(error.headers or {})
    return answer


def quoted_commit(commit: str) -> str:
    """Return a commit as an ETag (https://www.rfc-editor.org/rfc/rfc9110#name-etag)."""
    return f'"{commit}"'
