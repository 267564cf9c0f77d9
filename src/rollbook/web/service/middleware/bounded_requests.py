"""What bounds a request: the size of its body, however that is sent, and the time that anything takes."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from rollbook.web.service.problems import problem

if TYPE_CHECKING:
    from fastapi.responses import JSONResponse
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rollbook.web.service.middleware.limits import Limits

# Where files may come with the request; what is sent there in parts is kept in files, not in memory.
_UPLOADS = re.compile(r"/api/v1/(registries/[^/]+/)?models/(register|[^?]+/evidence)")
_READS = frozenset(["GET", "HEAD", "OPTIONS"])
# A body may take as long as an answer, and as this many bytes a second need.
_SLOWEST = 16 << 10


class _TooLargeError(Exception):
    """The body is larger than it may be."""


class BoundedRequests:
    """Answers 413 to what is too large, 408 to whoever sends too slowly, 503 where no answer begins in time,
    and leaves whoever reads one too slowly."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        told = headers.get(b"content-length", b"")
        is_upload = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        most = self._limits.upload if is_upload and _UPLOADS.fullmatch(scope["path"]) else self._limits.body
        if told.isdigit() and int(told[:20]) > most:
            await _too_large(most)(scope, receive, send)
            return
        has_body = told not in (b"", b"0") or b"transfer-encoding" in headers
        limits = self._limits
        within = limits.seconds if scope["method"] in _READS else max(limits.seconds, limits.write_seconds)
        request = _Bounded(receive, send, most, limits.seconds, within, is_whole=not has_body)
        await request.answered(self._app, scope)


class _Bounded:
    """One request, its body counted and its steps timed."""

    def __init__(
        self, receive: Receive, send: Send, most: int, seconds: float, within: float, *, is_whole: bool
    ) -> None:
        self._receive, self._send = receive, send
        self._most, self._seconds, self._within = most, seconds, within
        self._came = 0
        self._is_whole = is_whole
        self._is_left = False
        self._start = time.monotonic()
        self._due = self._start + (within if is_whole else seconds)
        self._began = asyncio.Event()
        self._failure: JSONResponse | None = None

    async def answered(self, app: ASGIApp, scope: Scope) -> None:
        """Have the request answered, by a problem where it is not in time or not as it should be."""
        answering = asyncio.ensure_future(app(scope, self.receive, self.send))
        beginning = asyncio.ensure_future(self._began.wait())
        try:
            while not (answering.done() or beginning.done()):
                left = self._due - time.monotonic()
                if left <= 0:
                    self._is_left = True  # a thread at work can't be ended: what it says comes to nothing
                    await self._late()(scope, self._receive, self._send)
                    return
                await asyncio.wait({answering, beginning}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            await self._rest(answering, scope)
        finally:
            beginning.cancel()
            if not answering.done():
                answering.add_done_callback(_looked_at)
                answering.cancel()

    async def _rest(self, answering: asyncio.Future[None], scope: Scope) -> None:
        try:
            await answering
        except _TooLargeError:
            if self._began.is_set():
                raise
        if self._failure is not None and not self._began.is_set():
            await self._failure(scope, self._receive, self._send)

    async def receive(self) -> Message:
        """Return the next part of the request. Raises _TooLargeError."""
        message = await self._receive()
        if self._is_whole or message["type"] != "http.request":
            return message
        self._came += len(message.get("body", b""))
        if self._came > self._most:
            self._failure = _too_large(self._most)
            raise _TooLargeError
        self._is_whole = not message.get("more_body", False)
        slowest = self._start + self._came / _SLOWEST
        self._due = self._within + time.monotonic() if self._is_whole else self._seconds + slowest
        return message

    async def send(self, message: Message) -> None:
        """Send the next part of the answer. Raises TimeoutError where nobody takes it."""
        if self._is_left or (self._failure is not None and not self._began.is_set()):
            return  # what a framework makes of the error says less
        self._began.set()
        if message.get("more_body"):
            await asyncio.wait_for(self._send(message), self._seconds)
        else:
            await self._send(message)

    def _late(self) -> JSONResponse:
        if not self._is_whole:
            answer = problem(408, "TooSlow", "the request's body comes too slowly")
            answer.headers["connection"] = "close"
            return answer
        within = f"there was no answer within {self._within:g} s"
        answer = problem(503, "TooSlow", within, hint="Try again.")
        answer.headers["retry-after"] = "5"
        return answer


def _looked_at(answering: asyncio.Future[None]) -> None:
    if not answering.cancelled():
        answering.exception()  # so that nobody is told that it never was


def _too_large(most: int) -> JSONResponse:
    hint = "Whoever runs the service may allow more: --body-limit, --upload-limit."
    answer = problem(413, "TooMuch", f"the request's body has more than {most} bytes", hint=hint)
    answer.headers["connection"] = "close"
    return answer
