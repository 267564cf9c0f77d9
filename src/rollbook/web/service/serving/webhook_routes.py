"""What a forge calls when something was pushed, so that nobody waits for the next turn of fetching.

A delivery only says that it is worth looking: whatever it holds, the registry is fetched from where it always
is. So one that is sent again costs a fetch at most, and those come one a second at most.
"""

import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from rollbook.errors import BadCall, NotFound
from rollbook.web.identity.caller import Denied
from rollbook.web.registries.followed_registry import FollowedRegistry

if TYPE_CHECKING:
    from rollbook.web.registries.served_registries import ServedRegistries

router = APIRouter()
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
_ADDRESSES = ("clone_url", "ssh_url", "git_url", "html_url", "git_http_url", "git_ssh_url")
_LIKE_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[^/:]+):(?P<path>[^/].*)")


@router.post("/webhook", status_code=202)
async def hear_of_a_push(request: Request) -> JSONResponse:
    """Fetch the registries that a forge says something was pushed to.

    The body's HMAC-SHA-256 by the secret that the forge was given comes in `X-Hub-Signature-256`
    (https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries).
    """
    secret: bytes = request.app.state.webhook_secret
    if not secret:
        raise NotFound("no webhook is heard here", hint="Start the service with --webhook-secret-file.")
    body = await request.body()
    _require_signed(body, secret, request.headers.get("x-hub-signature-256", ""))
    named = _named(body)
    fetched = []
    registries: ServedRegistries = request.app.state.registries
    for name in registries.names:
        registry = registries.served(name)
        if isinstance(registry, FollowedRegistry) and same_place(registry.url) in named:
            registry.fetch_soon()
            fetched.append(name)
    return JSONResponse({"fetches": fetched}, 202)


def _require_signed(body: bytes, secret: bytes, signature: str) -> None:
    told = _SIGNATURE.fullmatch(signature)
    made = hmac.new(secret, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(told[1] if told else "0" * 64, made):
        raise Denied(
            "the delivery is not signed with this service's secret",
            hint="Give the forge the same secret.",
            is_unknown=True,
        )


def _named(body: bytes) -> set[str]:
    """Return the places of the repository that a delivery is about. Raises BadCall for what is none."""
    try:
        delivery: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadCall("the delivery is no JSON", hint="Choose the content type application/json.") from error
    repository = delivery.get("repository") if isinstance(delivery, dict) else None
    if not isinstance(repository, dict):
        return set()
    addresses = (repository.get(key) for key in _ADDRESSES)
    return {same_place(address) for address in addresses if isinstance(address, str)}


def same_place(address: str) -> str:
    """Return the host and path that an address is of, the same for its forms by https and by ssh."""
    scp = None if "://" in address else _LIKE_SCP.fullmatch(address)
    if scp:
        host, path = scp["host"], scp["path"]
    else:
        try:
            parts = urlsplit(address)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return ""
    return f"{host.casefold()}/{path.strip('/').removesuffix('.git').casefold()}"
