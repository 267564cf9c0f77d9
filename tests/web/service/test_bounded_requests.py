"""How large a request may be, and how long anything may take."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from starlette.concurrency import run_in_threadpool

from building.asgi import asked, reading
from rollbook.web.service.middleware import bounded_requests
from rollbook.web.service.middleware.bounded_requests import BoundedRequests
from rollbook.web.service.middleware.limits import Limits

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

_LIMITS = Limits(body=10, upload=100, seconds=0.05)
_CHUNKED = [(b"transfer-encoding", b"chunked")]
_FORM = [*_CHUNKED, (b"content-type", b"multipart/form-data; boundary=x")]


def test_a_body_up_to_the_limit_is_taken() -> None:
    assert asyncio.run(asked(BoundedRequests(reading, _LIMITS), [b"12345", b"67890"]))[2] == b"10"


def test_a_length_beyond_the_limit_is_refused_before_anything_is_read() -> None:
    async def never() -> Message:
        raise AssertionError("the body was asked for")

    headers = [(b"content-length", b"11")]
    answer = asyncio.run(asked(BoundedRequests(reading, _LIMITS), headers=headers, receive=never))
    assert (answer[0], answer[1][b"connection"]) == (413, b"close")


def test_a_body_that_comes_in_chunks_is_counted_as_it_comes() -> None:
    answer = asyncio.run(
        asked(BoundedRequests(reading, _LIMITS), [b"12345", b"67890", b"1"], headers=_CHUNKED)
    )
    assert answer[0] == 413
    assert b"--body-limit" in answer[2]


def test_what_a_framework_makes_of_the_error_is_not_what_is_sent() -> None:
    async def answering_400(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await reading(scope, receive, send)
        except Exception:  # noqa: BLE001 - as frameworks do
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"what was that?"})

    answer = asyncio.run(asked(BoundedRequests(answering_400, _LIMITS), [b"1" * 11], headers=_CHUNKED))
    assert answer[0] == 413


@pytest.mark.parametrize(("path", "status"), [("/api/v1/models/register", 200), ("/api/v1/webhook", 413)])
def test_an_artifact_may_be_larger_where_one_is_taken(path: str, status: int) -> None:
    app = BoundedRequests(reading, _LIMITS)
    assert asyncio.run(asked(app, [b"1" * 60, b"2" * 40], path=path, headers=_FORM))[0] == status


def test_who_sends_a_body_too_slowly_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def trickle() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"1", "more_body": True}

    app = BoundedRequests(reading, Limits(body=1000, seconds=0.05))
    assert asyncio.run(asked(app, headers=_CHUNKED, receive=trickle))[0] == 408


def test_where_no_answer_begins_in_time_one_says_so_and_the_late_one_comes_to_nothing() -> None:
    go_on = threading.Event()

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        await run_in_threadpool(go_on.wait)
        await reading(scope, receive, send)

    async def ask() -> tuple[int, dict[bytes, bytes], bytes]:
        answer = await asked(BoundedRequests(stuck, _LIMITS))
        go_on.set()
        await asyncio.sleep(0.05)
        return answer

    status, headers, _ = asyncio.run(ask())
    assert (status, headers[b"retry-after"]) == (503, b"5")


def test_who_does_not_take_an_answer_is_left() -> None:
    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"1", "more_body": True})

    async def taking_nothing(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(TimeoutError):
        asyncio.run(BoundedRequests(endless, _LIMITS)(scope, reading, taking_nothing))


def test_a_large_body_has_the_time_that_a_slow_line_needs() -> None:
    assert Limits().upload / bounded_requests._SLOWEST > 24 * 3600
