"""Answers that a commit fixes, kept while main stands there: what is asked for again and again is not made
again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from rollbook.web.identity.caller import ANYBODY, Denied, anybody
from rollbook.web.registries.standings_read import noted
from rollbook.web.service.observed import route_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rollbook.web.identity.caller import Caller
    from rollbook.web.registries.served_registry import ServedRegistry
    from rollbook.web.registries.standings_read import StandingRead
    from rollbook.web.service.service_metrics import ServiceMetrics

_MOST_BYTES = 16 << 20
_LARGEST = 256 << 10
_OVERHEAD = 1024  # bytes that keeping an answer takes besides its own
_LONGEST_PATH = 500
# What the routes that answer by nothing but a commit are called in their marks.
FIXED_BY_COMMIT = "fixed_by_commit"


def fixed_by_commit(route: Any) -> Any:
    """Mark a route whose answers follow from the commit that it reads alone: not from today's date, from
    tags, from other branches, or from who asks (beyond their rights)."""
    setattr(route, FIXED_BY_COMMIT, True)
    return route


class _Kept(NamedTuple):
    registry: ServedRegistry
    commit: str
    route: str
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: bytes


@dataclass(slots=True)
class _Answers:
    """The answers asked for last, as many as there is room for."""

    kept: OrderedDict[Hashable, _Kept] = field(default_factory=OrderedDict)
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable) -> _Kept | None:
        with self.lock:
            found = self.kept.get(key)
            if found is not None:
                self.kept.move_to_end(key)
            return found

    def put(self, key: Hashable, answer: _Kept) -> None:
        with self.lock:
            self._drop(key)
            self.kept[key] = answer
            self.size += len(answer.body) + _OVERHEAD
            while self.size > _MOST_BYTES:
                self._drop(next(iter(self.kept)))

    def _drop(self, key: Hashable) -> None:
        dropped = self.kept.pop(key, None)
        if dropped is not None:
            self.size -= len(dropped.body) + _OVERHEAD


class KeptAnswers:
    """Answers reads from memory: for who has the same rights, on a registry whose main stands where it stood.

    Who asks is told first, each time. An answer says when its registry is stale.
    """

    def __init__(self, app: ASGIApp, identify: Callable[[Request], Caller], metrics: ServiceMetrics) -> None:
        self._app = app
        self._identify = identify
        self._metrics = metrics
        self._answers = _Answers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or len(scope["path"]) > _LONGEST_PATH:
            await self._app(scope, receive, send)
            return
        caller = await self._caller(scope)
        key = None if caller is None else (_rights(caller), *_asked(scope))
        found = self._answers.get(key) if key is not None else None
        if found is not None and found.registry.now_at_once() == found.commit:
            scope["rollbook.route"] = found.route
            self._metrics.answered_from_memory()
            await _send(found, scope, send)
            return
        with noted() as read:
            taken = _Taken(send, read)
            await self._app(scope, receive, taken.send)
        if key is not None and taken.is_whole and _is_fixed(scope, read):
            registry, commit, _ = read[0]
            etag = next((value for name, value in taken.headers if name == b"etag"), b"")
            kept = _Kept(registry, commit, route_of(scope), taken.status, taken.headers, taken.body, etag)
            self._answers.put(key, kept)

    async def _caller(self, scope: Scope) -> Caller | None:
        if self._identify is anybody:
            return ANYBODY
        try:
            return await run_in_threadpool(self._identify, Request(scope))
        except Denied:
            return None  # the route says so


def _asked(scope: Scope) -> tuple[Hashable, ...]:
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return (scope.get("root_path", ""), scope["path"], scope["query_string"], accept[:100])


def _rights(caller: Caller) -> Hashable:
    on_some = tuple(sorted((model, tuple(sorted(rights))) for model, rights in caller.rights_on.items()))
    return (caller.rights, on_some, caller.stages, caller.is_known)


def _is_fixed(scope: Scope, read: list[StandingRead]) -> bool:
    """Whether an answer follows from what main of one registry holds now, and nothing else."""
    endpoint = scope.get("endpoint")
    return getattr(endpoint, FIXED_BY_COMMIT, False) and len(set(read)) == 1 and read[0].is_now


async def _send(kept: _Kept, scope: Scope, send: Send) -> None:
    headers = [*kept.headers, *_staleness([kept.registry])]
    held = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    if kept.etag and held and (held == b"*" or _opaque(kept.etag) in map(_opaque, held.split(b","))):
        lasting = [pair for pair in headers if pair[0] not in (b"content-length", b"content-type")]
        await send({"type": "http.response.start", "status": 304, "headers": lasting})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": kept.status, "headers": headers})
    await send({"type": "http.response.body", "body": kept.body})


def _opaque(etag: bytes) -> bytes:
    """Return what two ETags are compared by, weakly
    (https://www.rfc-editor.org/rfc/rfc9110#name-comparison-2)."""
    return etag.strip().removeprefix(b"W/")


def _staleness(registries: list[ServedRegistry]) -> list[tuple[bytes, bytes]]:
    """Return the headers that tell how old an answer may be (https://www.rfc-editor.org/rfc/rfc9111#name-age,
    https://www.rfc-editor.org/rfc/rfc7234#section-5.5.1)."""
    oldest = max((registry.stale_for() for registry in registries), default=0.0)
    if not oldest:
        return []
    return [(b"age", str(int(oldest)).encode()), (b"warning", b'110 rollbook "Response is Stale"')]


class _Taken:
    """An answer on its way out, of which a copy is taken where it is small and comes in one piece."""

    def __init__(self, send: Send, read: list[StandingRead]) -> None:
        self._send = send
        self._read = read
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.is_whole = False

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message.get("headers", ()))
            registries = [read.registry for read in self._read]
            message["headers"] = [*self.headers, *_staleness(registries)]
        elif message["type"] == "http.response.body":
            body = message.get("body", b"")
            is_all = not message.get("more_body") and not self.body
            if is_all and self.status == 200 and len(body) <= _LARGEST:
                self.body, self.is_whole = body, True
        await self._send(message)
