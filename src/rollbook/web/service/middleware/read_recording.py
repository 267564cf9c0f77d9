"""Putting on record what was asked for and given: the part of an ASGI application around the routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.errors import CannotTell
from rollbook.names import time_now
from rollbook.web.service.problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rollbook.web.identity.caller import Caller
    from rollbook.web.identity.read_log import ReadLog

_BARE = (204, 304)  # answers without a body
# What a route may tell of its answer, in `request.state.read`.
_TOLD = ("action", "model", "version", "commit", "sha256")


class ReadRecording:
    """Writes a line for each answer to somebody who was identified, or turned away, before it leaves; and one
    more where less than what was promised went out."""

    def __init__(self, app: ASGIApp, log: ReadLog) -> None:
        self.app = app
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        answer = _Answer(scope, send, self.log)
        try:
            await self.app(scope, receive, answer.send)
        finally:
            answer.end()


class _Answer:
    """An answer on its way: what its line says, and how much of it went out. One that can't be put on record
    is withheld, and what stands in its place says so."""

    def __init__(self, scope: Scope, send: Send, log: ReadLog) -> None:
        self._scope, self._send, self._log = scope, send, log
        self._method = scope["method"]  # within, a HEAD is answered as a GET is
        self._line: dict[str, Any] = {}
        self._sent = 0
        self._is_withheld = False

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if self._is_withheld:
            return
        if message["type"] == "http.response.start":
            try:
                self._begin(message)
            except CannotTell as error:
                self._is_withheld, self._line = True, {}
                await problem(503, type(error).__name__, str(error))(self._scope, _nothing, self._send)
                return
        await self._send(message)
        self._sent += len(message.get("body", b""))

    def end(self) -> None:
        """Put on record how much went out, where that was not promised, or less."""
        promised = self._line.get("bytes")
        if self._line and self._method != "HEAD" and promised != self._sent:
            self._log.write({**self._line, "time": time_now(), "event": "sent", "bytes": self._sent})

    def _begin(self, message: Message) -> None:
        state = self._scope["state"]
        if "caller" not in state and message["status"] not in (401, 403):
            return  # nobody's: whether the service is well, its figures
        headers = {name.lower(): value for name, value in message.get("headers", ())}
        length = headers.get(b"content-length", b"")
        self._line = {
            "time": time_now(),
            "event": "answer",
            "request_id": state.get("request_id"),
            **_who(state.get("caller")),
            **_what(self._scope),
            "method": self._method,
            "status": message["status"],
            "bytes": int(length) if length.isdigit() else 0 if message["status"] in _BARE else None,
        }
        self._log.write(self._line)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _who(caller: Caller | None) -> dict[str, Any]:
    if caller is None:
        return {"caller": None, "credential": None}
    return {"caller": str(caller.person) or None, "credential": caller.credential or None}


def _what(scope: Scope) -> dict[str, Any]:
    state, route = scope["state"], scope.get("endpoint")
    path = scope.get("path_params", {})
    told = {name: state.get("read", {}).get(name) for name in _TOLD}
    return {
        **told,
        "action": told["action"] or getattr(route, "__name__", None),
        "registry": state.get("registry"),
        "model": told["model"] or path.get("name") or path.get("model"),
        "version": told["version"] or path.get("reference") or path.get("version"),
        "commit": told["commit"] or state.get("commit"),
        "path": scope["path"],
    }
