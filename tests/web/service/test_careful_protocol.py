"""What comes over a connection before there is a request."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from building.asgi import reading
from rollbook.web.service.serving import careful_protocol
from rollbook.web.service.serving.careful_protocol import CarefulProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def _listening() -> AsyncIterator[int]:
    """A server of the protocol; yields its port."""
    config = Config(reading, ws="none", lifespan="off", log_config=None)
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: CarefulProtocol(config, state, {}), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _said(port: int, *parts: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.02)
    said = await reader.read()
    writer.close()
    return said


@pytest.mark.parametrize("parts", [(), (b"GET / HTTP/1.1\r\n",), (b"G", b"ET /a", b"b")])
def test_a_head_that_does_not_come_in_time_is_not_waited_for(
    parts: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(careful_protocol, "HEAD_SECONDS", 0.4)

    async def ask() -> bytes:
        async with _listening() as port:
            return await _said(port, *parts)

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 408 ")


def test_a_second_head_is_waited_for_no_longer_than_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(careful_protocol, "HEAD_SECONDS", 0.4)

    async def ask() -> bytes:
        async with _listening() as port:
            return await _said(port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"GET / HTTP/1.1\r\nhos")

    said = asyncio.run(ask())
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in said


def test_one_address_has_so_many_connections_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(careful_protocol, "MOST_OF_ONE", 2)

    async def ask() -> tuple[bytes, bytes]:
        async with _listening() as port:
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            await asyncio.sleep(0.02)
            refused = await _said(port)
            for _, writer in held:
                writer.close()
            await asyncio.sleep(0.02)
            return refused, await _said(port, b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")

    refused, answered = asyncio.run(ask())
    assert refused == b""
    assert answered.startswith(b"HTTP/1.1 200 ")
    assert careful_protocol._connections.total() == 0
