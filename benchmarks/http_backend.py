"""A repository over git's smart HTTP protocol, served by `git http-backend` on this machine, and counted.

What it hands to git is CGI (RFC 3875), as git-http-backend(1) asks.
"""

from __future__ import annotations

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# As forges are set up: partial clones, and any object that a ref leads to.
_SETTINGS = {"uploadpack.allowFilter": "true", "uploadpack.allowReachableSHA1InWant": "true"}


class HttpBackend:
    """Serves the repository in the directory `registry` until it is closed."""

    def __init__(self, registry: Path) -> None:
        for name, value in _SETTINGS.items():
            subprocess.run(["git", "config", name, value], cwd=registry, check=True)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.root = registry.parent
        self.url = f"http://127.0.0.1:{self._server.server_port}/{registry.name}/.git"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """Count from nothing."""
        self._server.requests = self._server.traffic = 0

    def counts(self) -> Mapping[str, float]:
        """The commands of git's protocol since `reset`, and the bytes of all bodies both ways.

        A request that only opens a connection is no command (https://git-scm.com/docs/protocol-v2).
        """
        return {"round trips": self._server.requests, "bytes on the wire": self._server.traffic}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    root: Path
    requests = 0
    traffic = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            self._serve(self._chunks())
        else:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _chunks(self) -> bytes:
        found = bytearray()
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(found)

    def _serve(self, body: bytes) -> None:
        asked = urlsplit(self.path)
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, stdout=subprocess.PIPE, env=environment, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.server.requests += self.command == "POST"
        self.server.traffic += len(body) + len(content)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the benchmark prints what counts."""
