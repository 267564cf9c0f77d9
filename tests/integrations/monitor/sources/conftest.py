"""An HTTP server that answers as it is told, and a real Prometheus with a target of our own."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass
class Answering:
    """A server: what it answers to every request, and the requests that it got, with their headers."""

    url: str = ""
    body: bytes = b"[]"
    status: int = 200
    waits: float = 0
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def says(self, document: object) -> None:
        self.body = json.dumps(document).encode()


@pytest.fixture
def server() -> Iterator[Answering]:
    answering = Answering()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answering.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            answering.over.wait(answering.waits)
            self.send_response(answering.status)
            for name, value in answering.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answering.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: whoever asks may go away."""

    with Server(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        answering.url = f"http://127.0.0.1:{listening.server_port}"
        try:
            yield answering
        finally:
            answering.over.set()
            listening.shutdown()
            thread.join()


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus: its URL, and the hour of which it has a past."""

    url: str
    past: datetime


_CONFIG = """\
global: {{scrape_interval: 1s}}
scrape_configs:
- {{job_name: models, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}
"""


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A real Prometheus that scrapes this process each second, and has figures of an hour yesterday."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        pytest.skip("Prometheus is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    past = (datetime.now(UTC) - timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    _write_past(folder, past)
    target, stop = _target()
    (folder / "prometheus.yml").write_text(_CONFIG.format(port=target))
    port = _free_port()
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("wb"),
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for_figures(url, process)
        yield Prometheus(url, past)
    finally:
        process.kill()
        process.wait()
        stop()


def _write_past(folder: Path, past: datetime) -> None:
    """Give Prometheus a figure a minute of an hour: it rises from 0 to 60."""
    begin = int(past.timestamp())
    lines = ["# TYPE past_errors gauge"]
    lines += [
        f'past_errors{{model="credit",version="1.2.0"}} {minute} {begin + 60 * minute}'
        for minute in range(61)
    ]
    (folder / "past.txt").write_text("\n".join([*lines, "# EOF", ""]))
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "past.txt", "data"],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def _target() -> tuple[int, Callable[[], None]]:
    """Serve the figures of three versions from this process; return the port, and what ends it."""
    from prometheus_client import CollectorRegistry, Gauge, start_http_server

    registry = CollectorRegistry()
    errors = Gauge("error_rate", "Errors.", ["model", "version", "instance_name"], registry=registry)
    requests = Gauge("requests", "Requests.", ["model", "version"], registry=registry)
    odd = Gauge("odd", "What is no number.", ["version"], registry=registry)
    errors.labels("credit", "1.2.0", "a").set(0.25)
    errors.labels("credit", "1.1.0", "a").set(0.5)
    errors.labels("credit", "1.1.0", "b").set(0.5)
    errors.labels("fraud", "1.2.0", "a").set(0.75)
    requests.labels("credit", "1.2.0").set(1000)
    odd.labels("1.2.0").set(float("nan"))
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return server.server_port, stop


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait_for_figures(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None
        try:
            with urllib.request.urlopen(f"{url}/api/v1/query?query=odd", timeout=5) as told:
                if json.load(told)["data"]["result"]:
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("Prometheus scraped nothing in a minute")
