"""Answers that a commit fixes, kept while main stands there: what is asked for again and again is not made
again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from rollbook.errors import RollbookError
from rollbook.web.identity.caller import ANYBODY, anybody
from rollbook.web.registries.standings_read import noted
from rollbook.web.service.middleware.observed import route_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rollbook.web.identity.caller import Caller
    from rollbook.web.registries.served_registry import ServedRegistry
    from rollbook.web.registries.standings_read import StandingRead
    from rollbook.web.service.middleware.service_metrics import ServiceMetrics

_MOST_BYTES = 16 << 20
_LARGEST = 256 << 10
_OVERHEAD = 1024  # bytes that keeping an answer takes besides its own
_LONGEST_PATH = 500
_MOST_PLACES = 1 << 11
# What a route tells of its answer for the log of reads.
_TOLD = ("registry", "commit", "read")
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
    endpoint: Any
    path_params: dict[str, Any]
    state: dict[str, Any]


@dataclass(slots=True)
class _Answers:
    """The answers asked for last, as many as there is room for."""

    kept: OrderedDict[tuple[Hashable, Hashable], _Kept] = field(default_factory=OrderedDict)
    places: dict[Hashable, ServedRegistry] = field(default_factory=dict)
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def place(self, asked: Hashable) -> ServedRegistry | None:
        """Return the registry that answered what is asked, whoever asked it."""
        return self.places.get(asked)

    def get(self, key: tuple[Hashable, Hashable]) -> _Kept | None:
        with self.lock:
            found = self.kept.get(key)
            if found is not None:
                self.kept.move_to_end(key)
            return found

    def put(self, reach: Hashable, asked: Hashable, answer: _Kept) -> None:
        key = (reach, asked)
        with self.lock:
            if len(self.places) >= _MOST_PLACES:
                self.places.clear()
            self.places[asked] = answer.registry
            self._drop(key)
            self.kept[key] = answer
            self.size += len(answer.body) + _OVERHEAD
            while self.size > _MOST_BYTES:
                self._drop(next(iter(self.kept)))

    def _drop(self, key: tuple[Hashable, Hashable]) -> None:
        dropped = self.kept.pop(key, None)
        if dropped is not None:
            self.size -= len(dropped.body) + _OVERHEAD


class KeptAnswers:
    """Answers reads from memory: for who has the same rights, on a registry whose main stands where it stood.

    Who asks is told first, each time: of the registry that the route itself read when the same was asked
    before, so that nothing here reads paths in a way of its own. An answer says when its registry is stale.
    """

    def __init__(
        self,
        app: ASGIApp,
        identify: Callable[[Request, ServedRegistry], Caller],
        metrics: ServiceMetrics,
    ) -> None:
        self._app = app
        self._identify = identify
        self._metrics = metrics
        self._answers = _Answers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_short = len(scope.get("path", "")) + len(scope.get("query_string", b"")) <= _LONGEST_PATH
        if scope["type"] != "http" or scope["method"] != "GET" or not is_short:
            await self._app(scope, receive, send)
            return
        state, asked = scope.setdefault("state", {}), _asked(scope)
        served = self._answers.place(asked)
        caller = None if served is None else await self._caller(scope, served)
        found = None if caller is None else self._answers.get((caller.reach, asked))
        if found is not None and found.registry.now_at_once() == found.commit:
            scope["rollbook.route"] = found.route
            scope["endpoint"], scope["path_params"] = found.endpoint, found.path_params
            state.update(found.state, caller=caller)
            self._metrics.answered_from_memory()
            await _send(found, scope, send)
            return
        with noted() as read:
            taken = _Taken(send, read)
            await self._app(scope, receive, taken.send)
        caller = state.get("caller")  # as the route told it
        if caller is not None and taken.is_whole and _is_fixed(scope, read):
            registry, commit, _ = read[0]
            etag = next((value for name, value in taken.headers if name == b"etag"), b"")
            told = {name: state[name] for name in _TOLD if name in state}
            kept = _Kept(
                registry, commit, route_of(scope), taken.status, taken.headers, taken.body, etag,
                scope["endpoint"], scope.get("path_params", {}), told,
            )  # fmt: skip
            self._answers.put(caller.reach, asked, kept)

    async def _caller(self, scope: Scope, served: ServedRegistry) -> Caller | None:
        if self._identify is anybody:
            return ANYBODY
        brings_nothing = not scope["query_string"] and all(
            name != b"authorization" for name, _ in scope["headers"]
        )
        try:
            if brings_nothing:  # then there is nothing to look up, and no thread to wait for
                return self._identify(Request(scope), served)
            return await run_in_threadpool(self._identify, Request(scope), served)
        except RollbookError:
            return None  # the route says so


def _asked(scope: Scope) -> tuple[Hashable, ...]:
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return (scope.get("root_path", ""), scope["path"], scope["query_string"], accept[:100])


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
