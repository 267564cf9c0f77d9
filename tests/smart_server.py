"""Git's own smart HTTP server, `git http-backend`, behind a small one that notes what it is asked.

What it hands to git is CGI (RFC 3875); see https://git-scm.com/docs/git-http-backend.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ALLOW_FILTERS = {"uploadpack.allowFilter": "true"}


@dataclass
class SmartServer:
    """Serves the repositories below a folder; what is below `/moved/` answers with where it is now.

    `requests` are the methods asked so far, `bytes` the sizes of the bodies both ways.
    """

    root: Path
    settings: Mapping[str, str]
    password: str = ""
    speaks_version_2: bool = True
    requests: list[str] = field(default_factory=list)
    bytes: int = 0
    url: str = ""

    def at(self, name: str) -> str:
        """The address of the repository in the folder `name`."""
        return f"{self.url}/{name}"

    @property
    def commands(self) -> int:
        """The commands of git's protocol, without the requests that open a connection
        (https://git-scm.com/docs/protocol-v2)."""
        return self.requests.count("POST")

    def forget(self) -> None:
        self.requests.clear()
        self.bytes = 0


@contextmanager
def serving(
    root: Path,
    settings: Mapping[str, str] | None = None,
    *,
    password: str = "",
    speaks_version_2: bool = True,
) -> Iterator[SmartServer]:
    """Serve the repositories below `root`, with git's `settings`; to a user `git` only if with a password."""
    served = SmartServer(root, ALLOW_FILTERS if settings is None else settings, password, speaks_version_2)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.served = served
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    served: SmartServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self.path.startswith("/moved/"):
            self._answer(301, {"Location": self.path.removeprefix("/moved")}, b"")
        else:
            self._serve(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            self._serve(b"".join(self._chunks()))
        else:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _serve(self, body: bytes) -> None:
        served = self.server.served
        allowed = "Basic " + base64.b64encode(f"git:{served.password}".encode()).decode()
        if served.password and self.headers.get("Authorization") != allowed:
            self._answer(401, {"WWW-Authenticate": "Basic"}, b"")
            return
        done = subprocess.run(
            ["git", "http-backend"], input=body, capture_output=True, env=self._environment(len(body))
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        served.requests.append(self.command)
        served.bytes += len(body) + len(content)
        self._answer(int(fields.pop("Status", "200").split()[0]), fields, content)

    def _environment(self, length: int) -> dict[str, str]:
        served, asked = self.server.served, urlsplit(self.path)
        settings = {"GIT_CONFIG_COUNT": str(len(served.settings)), "GIT_CONFIG_GLOBAL": os.devnull}
        for number, (key, value) in enumerate(served.settings.items()):
            settings |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            **settings,
            "GIT_PROJECT_ROOT": str(served.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", "") if served.speaks_version_2 else "",
            "REMOTE_ADDR": "127.0.0.1",
        }

    def _answer(self, status: int, fields: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""
