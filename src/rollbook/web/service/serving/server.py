"""The process that serves: uvicorn with one event loop, and threads for what has to wait for git."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import uvicorn

from rollbook.web.service.serving.careful_protocol import CarefulProtocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from types import FrameType

    from fastapi import FastAPI

_MOST_CONNECTIONS = 1000
_IDLE = 65  # seconds that a connection is kept without a request; proxies close theirs after 60
logger = logging.getLogger("rollbook.service")


class JsonLines(logging.Formatter):
    """A line of JSON for each thing that is logged."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "members", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_as_json() -> None:
    """Have the service's log, and what uvicorn warns of, written to standard error as lines of JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name, level in (("rollbook.service", logging.INFO), ("uvicorn.error", logging.WARNING)):
        log = logging.getLogger(name)
        log.handlers = [handler]
        log.propagate = False
        log.setLevel(level)


class _Server(uvicorn.Server):
    """Ends on a first signal once what is under way has come to an end, on a second at once."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take note of a signal, which is not raised again afterwards: an end that was asked for is good."""
        del sig, frame
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(
    app: FastAPI,
    listening: socket,
    *,
    begun: Callable[[], None],
    root_path: str = "",
    trusted_proxies: str = "",
    patience: int = 20,
) -> None:
    """Answer until a signal says to end; then what is under way has `patience` seconds.

    `begun` is called before the first request is taken. `X-Forwarded-For` and `X-Forwarded-Proto` count from
    the addresses in `trusted_proxies` alone. `root_path` is what a proxy takes off the paths that it passes
    on.
    """
    config = uvicorn.Config(
        app, http=CarefulProtocol, ws="none", log_config=None, access_log=False, server_header=False,
        proxy_headers=bool(trusted_proxies), forwarded_allow_ips=trusted_proxies or "",
        limit_concurrency=_MOST_CONNECTIONS, timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=patience,
    )  # fmt: skip
    app.root_path = root_path  # not uvicorn's, which would put it before paths that come without it
    log_as_json()
    begun()
    server = _Server(config)
    asyncio.run(server.serve(sockets=[listening]))
    logger.info("ended", extra={"members": {"at_once": server.force_exit}})
    _leave_behind()


def _leave_behind() -> None:
    """End the process where a thread still works for a request that nobody waits for any more."""
    own = threading.current_thread()
    if any(thread is not own and not thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
