"""What a route is given: who asks, and the registry as of the revision or date that is asked about."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from rollbook.web.identity.caller import Caller, Denied
from rollbook.web.registries.served_registry import ServedRegistry, Standing

# How a client says who it is, for the document of the API; whether it did is told by `identify`.
_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token of `rollbook token create`, or of the OpenID provider that the service trusts.",
)


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


def asked_standing(
    request: Request, served: AskedRegistry, _: AskingCaller, rev: str | None = None, at: str | None = None
) -> Standing:
    """Return the registry that a request is about, as of the revision or date that it names. Who may see
    nothing isn't told which revisions there are."""
    standing = served.at(rev=rev, at=at)
    request.state.commit = standing.commit
    return standing


AskedStanding = Annotated[Standing, Depends(asked_standing)]
