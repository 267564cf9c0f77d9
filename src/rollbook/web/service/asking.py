"""What a route is given: who asks, and the registry as of the revision or date that is asked about."""

import re
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Security
from fastapi.security import HTTPBearer

from rollbook.web.identity.caller import Caller, Denied
from rollbook.web.registries.served_registry import ServedRegistry, Standing
from rollbook.web.service.page_cursor import parse_cursor
from rollbook.web.service.read_answers import Reading, require_acceptable

# How a client says who it is, for the document of the API; whether it did is told by `identify`.
_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token of `rollbook token create`, or of the OpenID provider that the service trusts.",
)
# What git must never take for an option, or for a search through all history.
_REVISION = r"^[A-Za-z0-9][A-Za-z0-9._/@^~+-]*$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]{4,16}(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
_COMMIT = re.compile(r"[0-9a-f]{40}")

Rev = Annotated[
    str | None,
    Query(
        max_length=200, pattern=_REVISION, description="A branch, a tag or a commit; a full commit fixes it."
    ),
]
At = Annotated[
    str | None, Query(max_length=40, pattern=_DATE, description="As main stood then, e.g. `2026-03-01`.")
]
CursorText = Annotated[
    str | None, Query(max_length=400, description="A page's `next_cursor`: all pages are of one commit.")
]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many a page has at most.")]
ModelName = Annotated[
    str,
    Path(description="A model's name; with a namespace as `risk/fraud` or `risk%2Ffraud`.", max_length=200),
]
VersionReference = Annotated[
    str,
    Path(
        description="A version (`v1.2.0`, `1.2.0`), a stage (`production`), an `@alias`, or `latest`.",
        max_length=200,
    ),
]


def asked_registry(request: Request) -> ServedRegistry:
    """Return the registry that a request is about: the one that its path names, else the first. Raises
    NotFound for one that isn't served."""
    served: ServedRegistry = request.app.state.registries.served(request.path_params.get("registry"))
    request.state.registry = served.name
    return served


def asking_caller(
    request: Request,
    served: Annotated[ServedRegistry, Depends(asked_registry)],
    _: Annotated[object, Security(_BEARER)] = None,
) -> Caller:
    """Return who sends a request. Raises Denied for a token that is none, or no longer, and for somebody who
    may do nothing here at all: they aren't told either what there is."""
    caller: Caller = request.app.state.identify(request, served)
    request.state.caller = caller
    if not caller.may_anything:
        raise Denied(
            f"{caller.person or 'nobody in particular'} may do nothing here",
            hint="Ask an admin for a role." if caller.is_known else "Bring a token.",
            is_unknown=not caller.is_known,
        )
    return caller


AskedRegistry = Annotated[ServedRegistry, Depends(asked_registry)]
AskingCaller = Annotated[Caller, Depends(asking_caller)]


def standing_of(
    served: ServedRegistry, *, rev: str | None = None, at: str | None = None, cursor: str | None = None
) -> Standing:
    """Return a registry as of a revision, a date, or the commit of a walk through pages."""
    if cursor is not None:
        return served.at(rev=parse_cursor(cursor).commit)
    if (rev is not None and not re.fullmatch(_REVISION, rev)) or len(rev or "") > 200:
        return served.now()
    return served.at(rev=rev, at=at)


def asked_standing(
    request: Request, served: AskedRegistry, _: AskingCaller, rev: Rev = None, at: At = None
) -> Standing:
    """Return the registry that a request is about, as of the revision or date that it names. Who may see
    nothing isn't told which revisions there are."""
    return _on_record(request, standing_of(served, rev=rev, at=at))


def main_standing(request: Request, served: AskedRegistry, _: AskingCaller) -> Standing:
    """Return the registry that a request is about, as main has it now."""
    return _on_record(request, standing_of(served))


def paged_standing(
    request: Request,
    served: AskedRegistry,
    _: AskingCaller,
    rev: Rev = None,
    at: At = None,
    cursor: CursorText = None,
) -> Standing:
    """Return the registry that a request is about; for a next page, at the commit of the pages before."""
    return _on_record(request, standing_of(served, rev=rev, at=at, cursor=cursor))


def _on_record(request: Request, standing: Standing) -> Standing:
    request.state.commit = standing.commit
    return standing


AskedStanding = Annotated[Standing, Depends(asked_standing)]


def asked_reading(request: Request, caller: AskingCaller, standing: AskedStanding) -> Reading:
    """Return what a read goes by. Raises Unchanged where the asker has that answer already."""
    return _reading(request, caller, standing)


def asked_page(
    request: Request, caller: AskingCaller, standing: Annotated[Standing, Depends(paged_standing)]
) -> Reading:
    """Return what a read of a list goes by, as `asked_reading` does."""
    return _reading(request, caller, standing)


def live_reading(request: Request, caller: AskingCaller, standing: AskedStanding) -> Reading:
    """Return what a read goes by whose answer more than a commit decides: tags, branches, the hour."""
    require_acceptable(request)
    return Reading(request, caller, standing, is_live=True)


def main_reading(
    request: Request, caller: AskingCaller, standing: Annotated[Standing, Depends(main_standing)]
) -> Reading:
    """Return what a read goes by that is about what main holds now, and no other revision."""
    require_acceptable(request)
    return Reading(request, caller, standing, is_live=True)


def _reading(request: Request, caller: Caller, standing: Standing) -> Reading:
    require_acceptable(request)
    asked = request.query_params
    is_fixed = "cursor" in asked or bool(_COMMIT.fullmatch(asked.get("rev", "")))
    reading = Reading(request, caller, standing, is_fixed=is_fixed)
    reading.require_changed()
    return reading


def artifact_reading(request: Request, caller: AskingCaller, standing: AskedStanding) -> Reading:
    """Return what a read of bytes goes by, which a digest fixes; their address does only with a commit."""
    require_acceptable(request)
    is_fixed = bool(_COMMIT.fullmatch(request.query_params.get("rev", "")))
    return Reading(request, caller, standing, is_fixed=is_fixed)


def live_page(
    request: Request, caller: AskingCaller, standing: Annotated[Standing, Depends(paged_standing)]
) -> Reading:
    """Return what a read of a list goes by, as `live_reading` does."""
    require_acceptable(request)
    return Reading(request, caller, standing, is_live=True)


AskedReading = Annotated[Reading, Depends(asked_reading)]
AskedPage = Annotated[Reading, Depends(asked_page)]
LiveReading = Annotated[Reading, Depends(live_reading)]
MainReading = Annotated[Reading, Depends(main_reading)]
LivePage = Annotated[Reading, Depends(live_page)]
ArtifactReading = Annotated[Reading, Depends(artifact_reading)]
