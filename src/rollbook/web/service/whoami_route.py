"""Who the caller is to a registry, and what they may do."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from rollbook.web.identity.caller import ALL_MODELS, Right
from rollbook.web.service.asking import AskedRegistry, AskingCaller

router = APIRouter()


@router.get("/whoami")
def whoami(caller: AskingCaller, served: AskedRegistry) -> dict[str, Any]:
    """Say who you are to the registry, and what you may do there, by main's policy as it is now."""
    return {
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


def _told(rights: frozenset[Right]) -> list[str]:
    return [right for right in Right if right in rights]


def _by_models(held: Mapping[str, frozenset[Right]]) -> list[dict[str, Any]]:
    return [
        {"models": None if pattern == ALL_MODELS else pattern, "rights": _told(rights)}
        for pattern, rights in held.items()
    ]
