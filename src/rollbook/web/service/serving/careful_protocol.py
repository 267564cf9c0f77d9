"""HTTP as uvicorn speaks it, with bounds on what comes before there is a request: slow or endless heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
import socket
from collections import Counter

_LONGEST_HEAD = 32 << 10  # bytes of the address and all headers
_MOST_HEADERS = 100
HEAD_SECONDS = 10.0  # a head must be whole after so many
# Connections of one address at once; a proxy needs no more.
MOST_OF_ONE = 256
_connections: Counter[str] = Counter()


class CarefulProtocol(HttpToolsProtocol):
    """Answers 408 where a request's head does not come in time, and 431 to one that is too large; leaves who
    has too many connections."""

    _waiting: asyncio.TimerHandle | None = None
    _address = ""
    _head = 0
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX:
            # asyncio leaves it out for sockets that it has not made: a body would wait for the client's ACK.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._address = self.client[0] if self.client else ""
        _connections[self._address] += 1
        if self._address and _connections[self._address] > MOST_OF_ONE:
            transport.close()
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._wait_no_longer()
        _connections[self._address] -= 1
        if not _connections[self._address]:
            del _connections[self._address]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, unless the head was refused already."""
        if not self._is_refused:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        super().on_message_begin()
        self._head = 0
        self._wait()

    def on_url(self, url: bytes) -> None:
        """Take in a part of the address."""
        if self._fits(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header."""
        if self._fits(len(name) + len(value)):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have the request answered, unless its head was refused."""
        self._wait_no_longer()
        if not self._is_refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take in a part of the body."""
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Take note that the request is whole."""
        if not self._is_refused:
            super().on_message_complete()

    def _fits(self, size: int) -> bool:
        self._head += size
        if self._is_refused:
            return False
        if self._head <= _LONGEST_HEAD and len(self.headers) < _MOST_HEADERS:
            return True
        self._is_refused = True
        self._answer(b"431 Request Header Fields Too Large")
        return False

    def _answer(self, status: bytes) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nx-content-type-options: nosniff\r\n"
                b"connection: close\r\n\r\n"
            )
        self.transport.close()

    def _wait(self) -> None:
        self._wait_no_longer()
        self._waiting = self.loop.call_later(HEAD_SECONDS, self._answer, b"408 Request Timeout")

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
