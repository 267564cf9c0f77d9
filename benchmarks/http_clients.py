"""Clients that ask a server again and again, each by a connection of its own that it keeps (RFC 9112)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_PATIENCE = 30.0  # seconds that the last answers are waited for


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: to which path, when it was asked for and when it was there (seconds of `perf_counter`)."""

    path: str
    asked: float
    there: float
    status: int
    body: bytes


class _Client(asyncio.Protocol):
    """One client, which asks for the paths in turn until the time is over."""

    def __init__(
        self, host: str, paths: Sequence[str], first: int, until: float, hear: Callable[[Heard], None]
    ) -> None:
        self._host, self._paths, self._next = host, paths, first
        self._until, self._hear = until, hear
        self._data = b""
        self._asked = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._data += data
        head_end = self._data.find(_END)
        if head_end < 0:
            return
        head = self._data[:head_end].lower()
        size = int(head[head.index(_LENGTH) + len(_LENGTH) :].split(b"\r\n", 1)[0])
        if len(self._data) < head_end + len(_END) + size:
            return
        body = self._data[head_end + len(_END) :]
        self._hear(Heard(self._path, self._asked, time.perf_counter(), int(head[9:12]), body))
        self._data = b""
        if time.perf_counter() < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self) -> None:
        self._path = self._paths[self._next % len(self._paths)]
        self._next += 1
        self._asked = time.perf_counter()
        self._transport.write(f"GET {self._path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())


async def ask_again_and_again(
    address: str, paths: Sequence[str], clients: int, seconds: float, hear: Callable[[Heard], None]
) -> None:
    """Have so many clients ask at once for so many seconds; `hear` is told each answer."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    until = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    made = [_Client(parts.netloc, paths, number, until, hear) for number in range(clients)]
    for client in made:
        await loop.create_connection(lambda client=client: client, parts.hostname, parts.port)  # type: ignore[misc]
    await asyncio.wait_for(asyncio.gather(*(client.ended for client in made)), seconds + _PATIENCE)
