"""One request, and hosts that want to hold whoever asks."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rollbook.artifact.http import Unreachable, send

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


@contextmanager
def dripping(first: bytes) -> Iterator[str]:
    """A host that says something at once, and then a byte now and then, for ever; its URL."""
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            try:
                connection.sendall(first)
                while not over.wait(0.02):
                    connection.sendall(b"X")
            except OSError:
                return  # it was cut off, which is what is asked for

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nX-Y: ", HEAD], ids=["status line", "header", "body"]
)
def test_an_answer_that_comes_drop_by_drop_is_not_waited_for(first: bytes) -> None:
    with dripping(first) as url, pytest.raises(Unreachable, match=r"longer than 0\.3 seconds"):
        send("GET", url, headers={}, within=0.3)


def test_an_answer_that_nobody_wants_to_read_is_not_read() -> None:
    with dripping(HEAD) as url:
        answer = send("POST", url, headers={}, body=b"x", longest=0)
    assert (answer.status, answer.body) == (200, b"")


def test_a_longer_answer_than_asked_for_is_none() -> None:
    with dripping(HEAD + b"x" * 11) as url, pytest.raises(Unreachable, match="more than 10 bytes"):
        send("GET", url, headers={}, longest=10)
