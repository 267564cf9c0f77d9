"""What a route is given: who asks, and the registry as of the revision or date that is asked about."""

from typing import Annotated

from fastapi import Depends, Request

from rollbook.web.identity.caller import Caller
from rollbook.web.registries.served_registry import Standing


def asking_caller(request: Request) -> Caller:
    """Return who sends a request. Raises Denied for a token that is none, or no longer."""
    caller: Caller = request.app.state.identify(request)
    return caller


def asked_standing(request: Request, rev: str | None = None, at: str | None = None) -> Standing:
    """Return the registry that a request is about, as of the revision or date that it names."""
    standing: Standing = request.app.state.registries.served().at(rev=rev, at=at)
    return standing


AskingCaller = Annotated[Caller, Depends(asking_caller)]
AskedStanding = Annotated[Standing, Depends(asked_standing)]
