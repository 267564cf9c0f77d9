"""Small ASGI applications, and what is asked of them without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that takes in the whole body, and answers with its size."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def asked(
    app: ASGIApp,
    parts: Sequence[bytes] = (),
    *,
    path: str = "/api/v1/models",
    headers: Sequence[tuple[bytes, bytes]] = (),
    client: tuple[str, int] = ("192.0.2.1", 4711),
    receive: Receive | None = None,
) -> tuple[int, dict[bytes, bytes], bytes]:
    """The status, headers and body of what an application answers to a request whose body comes in parts."""
    method = "POST" if parts or receive else "GET"
    scope: dict[str, Any] = {
        "type": "http", "method": method, "path": path, "query_string": b"", "headers": list(headers),
        "client": client,
    }  # fmt: skip
    coming = [*parts]
    sent: list[Message] = []

    async def next_part() -> Message:
        body = coming.pop(0) if coming else b""
        return {"type": "http.request", "body": body, "more_body": bool(coming)}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive or next_part, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0].get("headers", [])), body
