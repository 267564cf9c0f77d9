"""What is done with every request, whatever answers it: an id, a line in the log, a count, safe headers."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect

from rollbook.text import one_line
from rollbook.web.service.problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rollbook.web.service.middleware.service_metrics import ServiceMetrics

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_PROBLEM = b"application/problem+json"
_LONGEST_PROBLEM = 1 << 20
_SLOW = 5.0  # seconds after which an answer is worth a line in the log
# https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# For what brings no policy of its own: data, of which a browser shall make no page.
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
UNMATCHED = "unmatched"
logger = logging.getLogger("rollbook.service")


class Observed:
    """Gives each request an id (that of `X-Request-Id` where it is a sane one), and tells of its answer.

    The log has failures and slow answers, with `logs_all` all of them; of the path only the route's template,
    for what a stranger writes there is not to be read by people.
    """

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics, *, logs_all: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._logs_all = logs_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, _request_id(scope))
        scope.setdefault("state", {})["request_id"] = answer.request_id.decode()
        start = time.perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - whatever it is: the service goes on, and says so
            await self._failed(scope, receive, answer, error)
        finally:
            self._tell(scope, answer, time.perf_counter() - start)

    async def _failed(self, scope: Scope, receive: Receive, answer: _Answer, error: Exception) -> None:
        if isinstance(error, ClientDisconnect) and not answer.status:
            return  # nobody is there to be answered
        left = isinstance(error, TimeoutError) and answer.status
        if not left:
            members = {"request_id": answer.request_id.decode(), "route": route_of(scope)}
            logger.error("failed", exc_info=error, extra={"members": members})
        if answer.status:
            raise error
        hint = "Whoever runs the service finds it in the log by the request's id."
        sorry = problem(500, "Unexpected", "the service failed to answer", hint=hint)
        await sorry(scope, receive, answer.send)

    def _tell(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        route, status = route_of(scope), answer.status or 499  # as nginx calls who left
        self._metrics.heard(scope["method"], route, status, seconds)
        if self._logs_all or status >= 500 or seconds > _SLOW:
            members = {
                "request_id": answer.request_id.decode(),
                "method": one_line(scope["method"], 20),
                "route": route,
                "status": status,
                "seconds": round(seconds, 6),
            }
            logger.log(
                logging.ERROR if status >= 500 else logging.INFO, "request", extra={"members": members}
            )


def route_of(scope: Scope) -> str:
    """Return the template of the route that answered a request."""
    if kept := scope.get("rollbook.route"):
        return str(kept)
    # A newer FastAPI has the template with its prefix there, and without in the route.
    included = scope.get("fastapi", {}).get("effective_route_context")
    return str(getattr(included or scope.get("route"), "path_format", UNMATCHED))


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return bytes(value)
    return os.urandom(8).hex().encode()


class _Answer:
    """An answer on its way out, which gets the headers that all have; a problem also names its request."""

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0
        self._held: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self.request_id), *_ALWAYS]
            named = {name for name, _ in headers}
            if _POLICY[0] not in named:
                headers.append(_POLICY)
            message["headers"] = headers
            if any(name == b"content-type" and value.startswith(_PROBLEM) for name, value in headers):
                self._held = message
                return
        elif self._held is not None:
            self._body += message.get("body", b"")
            if message.get("more_body") and len(self._body) <= _LONGEST_PROBLEM:
                return
            message = {**message, "body": self._named_body()}
            start, self._held = self._held, None
            length = str(len(message["body"])).encode()
            others = [(name, value) for name, value in start["headers"] if name != b"content-length"]
            start["headers"] = [*others, (b"content-length", length)]
            await self._send(start)
        await self._send(message)

    def _named_body(self) -> bytes:
        try:
            document: Any = json.loads(self._body)
        except ValueError:
            return self._body
        document["request_id"] = self.request_id.decode()
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
