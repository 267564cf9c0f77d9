"""Errors as problem documents (RFC 9457), each with the status that tells a client what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

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
    VersionTaken,
)
from rollbook.propose.proposal import ChangeRefused
from rollbook.text import printable
from rollbook.web.identity.caller import INSUFFICIENT_SCOPE, Denied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from rollbook.web.identity.caller import Caller


class MainMoved(Refused):
    """Main is no longer at the commit that a write was meant for (`If-Match`)."""


# The first class that an error is an instance of counts.
_STATUS: tuple[tuple[type[RollbookError], int], ...] = (
    (MainMoved, 412),
    (BadCall, 400),
    (NotFound, 404),
    (AlreadySo, 409),
    (VersionTaken, 409),
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
_NO_JSON = "json_invalid"  # what pydantic calls it; its place is then a number of characters, and no name
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_MOST_ERRORS, _LONGEST_MESSAGE = 20, 500


def problem(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """Return a problem document: its status, what kind of problem it is, and what is wrong this time."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(document, status, headers, media_type="application/problem+json")


async def refused(request: Request, error: Exception) -> JSONResponse:
    """Return the problem that an error of the registry is."""
    assert isinstance(error, RollbookError)
    error = as_told(request, error)
    status = status_of(error)
    members: dict[str, Any] = {"hint": printable(error.hint)} if error.hint else {}
    if isinstance(error, ChangeRefused):
        members["findings"] = [as_mapping(finding) for finding in error.findings]
    if isinstance(error, InvalidFile) and error.path:
        members |= {"path": printable(error.path), "line": error.line, "key": printable(error.key)}
    headers = challenge(error) if isinstance(error, Denied) else {}
    if status == 503:
        headers["Retry-After"] = "5"
    return problem(status, type(error).__name__, printable(str(error)), headers=headers, **members)


def as_told(request: Request, error: RollbookError) -> RollbookError:
    """Return what whoever asks is told of an error.

    To somebody who doesn't see all there is, what they may not see and what isn't there are one: neither an
    answer's status nor a suggestion in it tells them a name.
    """
    caller: Caller | None = getattr(request.state, "caller", None)
    is_told = caller is not None and caller.sees_all
    if is_told or not (isinstance(error, NotFound) or (isinstance(error, Denied) and error.is_hidden)):
        return error
    if caller is not None and not caller.is_known:
        return Denied("whoever asks this says who they are", hint="Bring a token.", is_unknown=True)
    return NotFound("there is nothing of that name here that may be shown")


def challenge(error: Denied) -> dict[str, str]:
    """Return the headers that tell a client what to bring (RFC 6750, 3)."""
    # Who brought nothing is told of no error.
    is_bare = error.is_unknown and error.code == INSUFFICIENT_SCOPE
    told = "" if is_bare else f', error="{error.code}"'
    return {"WWW-Authenticate": f'Bearer realm="rollbook"{told}'}


def status_of(error: RollbookError) -> int:
    """Return the HTTP status that an error of the registry is answered with."""
    if isinstance(error, Denied):
        return 401 if error.is_unknown else 403
    return next(status for kind, status in _STATUS if isinstance(error, kind))


async def invalid(_: Request, error: Exception) -> JSONResponse:
    """Return the problem that parameters are which can't be: each by its name, and where it stands."""
    assert isinstance(error, RequestValidationError)
    told = [
        {
            "name": printable(".".join(str(part) for part in one["loc"][1:] if one["type"] != _NO_JSON)),
            "in": str(one["loc"][0]) if one["loc"] else "",
            "message": printable(str(one["msg"]))[:_LONGEST_MESSAGE],
        }
        for one in error.errors()[:_MOST_ERRORS]
    ]
    detail = f"{told[0]['name'] or 'the request'}: {told[0]['message']}" if told else "it has another shape"
    is_no_object = any(one["in"] == "body" and not one["name"] for one in told)
    members: dict[str, Any] = {"errors": told}
    if is_no_object:
        members["hint"] = "Send a JSON object, and say so: Content-Type: application/json."
    return problem(422, "InvalidParameter", detail, **members)


async def unmet(request: Request, error: Exception) -> JSONResponse:
    """Return the problem of a request that no route answers: no such path, method, or kind of answer."""
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    detail, headers = printable(str(error.detail)), dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = allowed = ", ".join(_methods_at(request))
        detail = f"there is no {printable(request.method)[:20]} of this; there is {allowed}"
    return problem(error.status_code, title, detail, headers=headers)


def _methods_at(request: Request) -> list[str]:
    """Return the methods that a path has, of all routes: https://www.rfc-editor.org/rfc/rfc9110#name-allow."""
    routes = request.app.router.routes

    def has(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in routes)

    found = [method for method in _METHODS if has(method)]
    return ["GET", "HEAD", *found[1:]] if found[:1] == ["GET"] else found


def quoted_commit(commit: str) -> str:
    """Return a commit as an ETag (https://www.rfc-editor.org/rfc/rfc9110#name-etag)."""
    return f'"{commit}"'
