"""Which part of a path is a model's name: a name may have a namespace, and then a slash in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request

from rollbook.errors import RollbookError
from rollbook.names import is_model_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rollbook.web.identity.caller import Caller
    from rollbook.web.registries.served_registries import ServedRegistries
    from rollbook.web.registries.served_registry import ServedRegistry, Standing

_SLASH = "%2F"
_BELOW_MODELS = re.compile(
    r"(?P<before>/api/v1(?:/registries/(?P<registry>[^/]+))?/models/)(?P<rest>.+)", re.DOTALL
)
_READS = frozenset(["GET", "HEAD"])
# What a scope says where the answer's body is not asked for.
HEAD_ALONE = "rollbook.head_alone"


class ModelConvertor(Convertor[str]):
    """A model's name as one segment of a path, `{name:model}`, as `NamedPaths` leaves it."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return value.replace(_SLASH, "/")

    def to_string(self, value: str) -> str:
        return value.replace("/", _SLASH)


register_url_convertor("model", ModelConvertor())


class NamedPaths:
    """Makes the name of a model one segment of the path of a read, before a route is looked for; and has a
    HEAD answered as a GET is, without the body.

    A namespace can't be a model. So of `models/A/B/...`, whether its slashes were written as such or as
    `%2F`, A/B is the name where the registry has that model, as of the revision or date that is asked about;
    else A is. For who may do nothing there, whom the route turns away, nothing is looked up.
    """

    def __init__(
        self,
        app: ASGIApp,
        registries: ServedRegistries,
        identify: Callable[[Request, ServedRegistry], Caller],
    ) -> None:
        self._app = app
        self._registries = registries
        self._identify = identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in _READS:
            found = _BELOW_MODELS.fullmatch(scope["path"])
            if found is not None:
                first, _, rest = found["rest"].partition("/")
                second, slash, others = rest.partition("/")
                name = f"{first}/{second}"
                if is_model_name(name) and await run_in_threadpool(self._has, found["registry"], name, scope):
                    scope["path"] = f"{found['before']}{first}{_SLASH}{second}{slash}{others}"
            if scope["method"] == "HEAD":
                scope["method"] = "GET"
                scope[HEAD_ALONE] = True
                send = _WithoutBody(scope, send).send
        await self._app(scope, receive, send)

    def _has(self, registry: str | None, name: str, scope: Scope) -> bool:
        try:
            served = self._registries.served(registry)
            if not self._identify(Request(scope), served).may_anything:
                return False
            try:
                standing = self._standing(registry, scope)
            except RollbookError:  # the route that is asked meets the same, and says so
                standing = served.now()
            return standing.registry.has_model(name)
        except RollbookError:
            return False

    def _standing(self, registry: str | None, scope: Scope) -> Standing:
        from rollbook.web.service.asking import standing_of, with_its_plus

        told = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=100)
        asked: dict[str, Any] = {key: told[key][-1] for key in ("rev", "at", "cursor") if key in told}
        if "at" in asked:
            asked["at"] = with_its_plus(asked["at"])
        return standing_of(self._registries, registry, **asked)


class _WithoutBody:
    """An answer on its way out, of which the head alone is sent."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._is_over = False

    async def send(self, message: Message) -> None:
        # The server reads it there: it holds any other answer to the length that its head tells.
        self._scope["method"] = "HEAD"
        if message["type"] != "http.response.body":
            await self._send(message)
        elif not self._is_over:
            self._is_over = True
            await self._send({"type": "http.response.body", "body": b""})
