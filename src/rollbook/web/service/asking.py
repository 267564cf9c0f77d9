"""What a route is given: who asks, and the registry as of the revision or date that is asked about."""

import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BeforeValidator

from rollbook.errors import NotFound, RollbookError
from rollbook.git.main_history import is_first_parent
from rollbook.web.identity.caller import Caller, Denied
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry, Standing
from rollbook.web.service.reading.page_cursor import parse_cursor
from rollbook.web.service.reading.read_answers import Reading, require_acceptable

# How a client says who it is, for the document of the API; whether it did is told by `identify`.
_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token of `rollbook token create`, or of the OpenID provider that the service trusts.",
)
# What git must never take for an option, or for a search through all history.
_REVISION = r"^[A-Za-z0-9][A-Za-z0-9._/@^~+#!-]*$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]{4,16}(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
_COMMIT = re.compile(r"[0-9a-f]{40}")

_SEGMENT = "[A-Za-z0-9]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?"
# What the names are like. Who writes one that is not is told so with a hint, so the routes don't hold them.
_NAME = {"pattern": f"^{_SEGMENT}(/{_SEGMENT})?$"}
_REFERENCE = {"pattern": r"^(v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?|@?[a-z][a-z0-9]*([-_][a-z0-9]+)*)$"}

Rev = Annotated[
    str | None,
    Query(
        max_length=200, pattern=_REVISION, description="A branch, a tag or a commit; a full commit fixes it."
    ),
]
_LOST_PLUS = re.compile(r"([0-9-]{10}[T ][0-9:.]{4,16}) ([0-9]{2}:?[0-9]{2})")


def with_its_plus(moment: object) -> object:
    """Return a moment with the `+` of its offset, which stands for a space in a query: many a client forgets
    to write it as `%2B`."""
    lost = _LOST_PLUS.fullmatch(moment) if isinstance(moment, str) else None
    return f"{lost[1]}+{lost[2]}" if lost else moment


At = Annotated[
    str | None,
    Query(max_length=40, pattern=_DATE, description="As main stood then, e.g. `2026-03-01`."),
    BeforeValidator(with_its_plus),
]
Day = Annotated[
    str | None,
    Query(max_length=40, pattern=_DATE, description="A date, or a time."),
    BeforeValidator(with_its_plus),
]
CursorText = Annotated[
    str | None,
    Query(
        max_length=400,
        pattern="^[A-Za-z0-9_-]+$",
        description="A page's `next_cursor`: all pages are of one commit.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many a page has at most.")]
ModelName = Annotated[
    str,
    Path(
        description="A model's name; with a namespace as `risk/fraud` or `risk%2Ffraud`.",
        max_length=200,
        json_schema_extra=_NAME,
    ),
]
VersionReference = Annotated[
    str,
    Path(
        description="A version (`v1.2.0`, `1.2.0`), a stage (`production`), an `@alias`, or `latest`.",
        max_length=200,
        json_schema_extra=_REFERENCE,
    ),
]
MaybeModel = Annotated[
    str | None, Query(max_length=200, description="One model alone.", json_schema_extra=_NAME)
]
StageName = Annotated[
    str,
    Path(
        description="A stage, or an `@alias`.",
        max_length=200,
        json_schema_extra={"pattern": "^@?[a-z][a-z0-9]*([-_][a-z0-9]+)*$"},
    ),
]
Words = Annotated[str | None, Query(max_length=200)]


def asked_registry(request: Request) -> ServedRegistry:
    """Return the registry that a request is about: the one that its path names, else the first. Raises
    NotFound for one that isn't served; for whoever may do nothing with the first, what they would be told of
    that."""
    registries: ServedRegistries = request.app.state.registries
    try:
        served = registries.served(request.path_params.get("registry"))
    except NotFound:
        _identified(request, registries.served())
        raise
    request.state.registry = served.name
    return served


def asking_caller(
    request: Request,
    served: Annotated[ServedRegistry, Depends(asked_registry)],
    _: Annotated[object, Security(_BEARER)] = None,
) -> Caller:
    """Return who sends a request. Raises Denied for a token that is none, or no longer, and for somebody who
    may do nothing here at all: they aren't told either what there is."""
    request.state.caller = caller = _identified(request, served)
    return caller


def asking_callers(
    request: Request, _: Annotated[object, Security(_BEARER)] = None
) -> Mapping[ServedRegistry, Caller]:
    """Return who sends a request to each registry where they may do anything. Raises as `asking_caller` does
    where that is none."""
    registries: ServedRegistries = request.app.state.registries
    callers: dict[ServedRegistry, Caller] = {}
    refusals: list[RollbookError] = []
    for served in map(registries.served, registries.names):
        try:
            callers[served] = _identified(request, served)
        except RollbookError as error:
            refusals.append(error)
    if refusals and not callers:
        raise refusals[0]
    if callers:
        request.state.caller = next(iter(callers.values()))
    return callers


def _identified(request: Request, served: ServedRegistry) -> Caller:
    caller: Caller = request.app.state.identify(request, served)
    if not caller.may_anything:
        raise Denied(
            f"{caller.called} may do nothing here",
            hint="Ask an admin for a role." if caller.is_known else "Bring a token.",
            is_unknown=not caller.is_known,
        )
    return caller


AskedRegistry = Annotated[ServedRegistry, Depends(asked_registry)]
AskingCaller = Annotated[Caller, Depends(asking_caller)]
AskingCallers = Annotated[Mapping[ServedRegistry, Caller], Depends(asking_callers)]


def standing_of(
    registries: ServedRegistries,
    registry: str | None,
    *,
    rev: str | None = None,
    at: str | None = None,
    cursor: str | None = None,
) -> Standing:
    """Return a registry by its name as of a revision, a date, or the commit of a walk through pages."""
    served = registries.served(registry)
    if cursor is not None:
        return served.at(rev=parse_cursor(cursor).commit)
    if (rev is not None and not re.fullmatch(_REVISION, rev)) or len(rev or "") > 200:
        return served.now()
    return served.at(rev=rev, at=at)


def _stood(
    request: Request, *, rev: str | None = None, at: str | None = None, cursor: str | None = None
) -> Standing:
    state = request.app.state
    standing = standing_of(
        state.registries, request.path_params.get("registry"), rev=rev, at=at, cursor=cursor
    )
    request.state.commit = standing.commit
    return standing


def asked_standing(request: Request, _: AskingCaller, rev: Rev = None, at: At = None) -> Standing:
    """Return the registry that a request is about, as of the revision or date that it names. Who may do
    nothing isn't told which revisions there are."""
    return _stood(request, rev=rev, at=at)


def main_standing(request: Request, _: AskingCaller) -> Standing:
    """Return the registry that a request is about, as main has it now."""
    return _stood(request)


def paged_standing(
    request: Request, _: AskingCaller, rev: Rev = None, at: At = None, cursor: CursorText = None
) -> Standing:
    """Return the registry that a request is about; for a next page, at the commit of the pages before."""
    return _stood(request, rev=rev, at=at, cursor=cursor)


AskedStanding = Annotated[Standing, Depends(asked_standing)]


def asked_reading(request: Request, caller: AskingCaller, standing: AskedStanding) -> Reading:
    """Return what a read goes by. Raises Unchanged where the asker has that answer already."""
    return _reading(request, caller, standing)


def asked_page(
    request: Request, caller: AskingCaller, standing: Annotated[Standing, Depends(paged_standing)]
) -> Reading:
    """Return what a read of a list goes by, as `asked_reading` does."""
    return _reading(request, caller, standing, is_paged=True)


def live_reading(request: Request, caller: AskingCaller, standing: AskedStanding) -> Reading:
    """Return what a read goes by whose answer more than a commit decides: tags, branches, the hour."""
    require_acceptable(request)
    return _begun(request, caller, standing, is_live=True)


def main_reading(
    request: Request, caller: AskingCaller, standing: Annotated[Standing, Depends(main_standing)]
) -> Reading:
    """Return what a read goes by that is about what main holds now, and no other revision."""
    require_acceptable(request)
    return _begun(request, caller, standing, is_live=True)


def _begun(
    request: Request, caller: Caller, standing: Standing, *, is_fixed: bool = False, is_live: bool = False
) -> Reading:
    """Return what a read goes by. What main never held, such as a branch that waits for review, puts nothing
    into production, whatever it says: rights that production gives end there."""
    if caller.in_production:
        served = asked_registry(request)
        main = served.now().commit
        if standing.commit != main and not is_first_parent(served.repository, standing.commit, main):
            caller = caller.without_production()
    return Reading(request, caller, standing, is_fixed=is_fixed, is_live=is_live)


def _reading(request: Request, caller: Caller, standing: Standing, *, is_paged: bool = False) -> Reading:
    require_acceptable(request)
    asked = request.query_params
    # A cursor names a commit to a list alone; any other route answers of main, whatever stands there.
    is_fixed = (is_paged and "cursor" in asked) or bool(_COMMIT.fullmatch(asked.get("rev", "")))
    reading = _begun(request, caller, standing, is_fixed=is_fixed)
    reading.require_changed()
    return reading


def artifact_reading(request: Request, caller: AskingCaller, standing: AskedStanding) -> Reading:
    """Return what a read of bytes goes by, which a digest fixes; their address does only with a commit."""
    require_acceptable(request)
    is_fixed = bool(_COMMIT.fullmatch(request.query_params.get("rev", "")))
    return _begun(request, caller, standing, is_fixed=is_fixed)


def live_page(
    request: Request, caller: AskingCaller, standing: Annotated[Standing, Depends(paged_standing)]
) -> Reading:
    """Return what a read of a list goes by, as `live_reading` does."""
    require_acceptable(request)
    return _begun(request, caller, standing, is_live=True)


AskedReading = Annotated[Reading, Depends(asked_reading)]
AskedPage = Annotated[Reading, Depends(asked_page)]
LiveReading = Annotated[Reading, Depends(live_reading)]
MainReading = Annotated[Reading, Depends(main_reading)]
LivePage = Annotated[Reading, Depends(live_page)]
ArtifactReading = Annotated[Reading, Depends(artifact_reading)]
