"""A static host on this machine: it serves a folder with ETags, and does as it is told."""

from __future__ import annotations

import gzip
import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Host:
    """The host: what it serves, what it was asked, and how it answers.

    `status` is answered to everything when it is set; `missing` is what is answered for a file that isn't
    there; `headers` are added to each answer.
    """

    folder: Path
    url: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    status: int | None = None
    missing: int = 404
    etags: bool = True
    zipped: bool = False
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    server: ThreadingHTTPServer | None = None

    def stop(self) -> None:
        """Answer nothing any more."""
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()
        self.server = None


def served(folder: Path) -> Iterator[Host]:
    """Serve a folder until the test is over."""
    host = Host(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            status, headers, body = _answer(host, unquote(self.path), self.headers.get("If-None-Match"))
            host.answered.append(status)
            self.send_response(status)
            for name, value in {**headers, **host.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    host.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{host.server.server_port}/index"
    threading.Thread(target=host.server.serve_forever, args=(0.02,), daemon=True).start()
    yield host
    if host.server is not None:
        host.stop()


def _answer(host: Host, path: str, known: str | None) -> tuple[int, dict[str, str], bytes]:
    if host.status is not None:
        return host.status, {}, b"no"
    file = host.folder / path.removeprefix("/index/")
    if not file.is_file():
        return host.missing, {}, b"<html>nothing here</html>"
    body = file.read_bytes() if host.body is None else host.body
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": etag} if host.etags else {}
    if host.etags and known == etag:
        return 304, headers, b""
    if host.zipped:
        return 200, {**headers, "Content-Encoding": "gzip"}, gzip.compress(body)
    return 200, headers, body
