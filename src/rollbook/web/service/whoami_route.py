"""Who the caller is to a registry, and what they may do."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from rollbook.web.identity.caller import ALL_MODELS, Right
from rollbook.web.service.asking import AskedRegistry, AskingCaller
from rollbook.web.service.reading.read_answers import JSON, as_json, require_acceptable


class RightsOn(BaseModel):
    """Rights on some models."""

    models: str | None = Field(description="The pattern of the models; null for all.")
    rights: list[str]


class WhoAmI(BaseModel):
    """Who the caller is to a registry, and what they may do."""

    registry: str
    commit: str = Field(description="The commit of main whose policy answers.")
    known: bool = Field(description="Whether it is known who asks.")
    email: str | None
    login: str | None
    name: str | None = Field(description="What the author of their commits is called.")
    credential: str | None = Field(description="The id of the token, or the issuer, that vouches for them.")
    roles: list[str] = Field(description="Their roles for all models.")
    rights: list[str] = Field(description="What they may do with every model.")
    rights_on: list[RightsOn] = Field(description="What more they may do with some.")
    in_production: list[RightsOn] = Field(description="What they may do with versions in production alone.")
    within: list[str] | None = Field(description="The models that the token ends at; null where it doesn't.")


router = APIRouter(tags=["registries"])


@router.get("/whoami", response_model=WhoAmI, operation_id="whoami")
def whoami(request: Request, caller: AskingCaller, served: AskedRegistry) -> Response:
    """Say who you are to the registry, and what you may do there, by main's policy as it is now."""
    require_acceptable(request)
    told = {
        "registry": served.name,
        "commit": served.now().commit,
        "known": caller.is_known,
        "email": caller.person.email or None,
        "login": caller.person.login or None,
        "name": caller.name or None,
        "credential": caller.credential or None,
        "roles": [*caller.roles],
        "rights": _told(caller.rights),
        "rights_on": _by_models(caller.rights_on),
        "in_production": _by_models(caller.in_production),
        "within": None if caller.within is None else [*caller.within],
    }
    return Response(as_json(told), media_type=JSON, headers={"cache-control": "no-store"})


def _told(rights: frozenset[Right]) -> list[str]:
    return [right for right in Right if right in rights]


def _by_models(held: Mapping[str, frozenset[Right]]) -> list[dict[str, Any]]:
    return [
        {"models": None if pattern == ALL_MODELS else pattern, "rights": _told(rights)}
        for pattern, rights in held.items()
    ]
