"""The service's own health over HTTP: `/metrics` for Prometheus, `/healthz` for whoever restarts it.

The format is Prometheus's text exposition (https://prometheus.io/docs/instrumenting/exposition_formats/), as
prometheus_client writes it.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rollbook.errors import BadCall
from rollbook.integrations.monitor.outcome import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from rollbook.integrations.monitor.service import MonitorRound

_EXTRA = "pip install 'rollbook[monitor]'"
# Versions and checks of which the state is exported; those in breach come first.
_MOST_STATES = 2000
_MOST_CONNECTIONS = 16
_PATIENCE = 5  # seconds that a request may keep a connection waiting
# How many rounds may fail, one after the other, before the service calls itself ill.
_ROUNDS = 3


class Health:
    """What the service knows of itself, as Prometheus's metrics. Raises BadCall without the extra."""

    def __init__(self, every: timedelta) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
        except ImportError as error:
            raise BadCall("--listen needs prometheus_client", hint=_EXTRA) from error
        self._well = time.monotonic()
        self._patience = _ROUNDS * every.total_seconds() + 60
        self._run: Mapping[str, Any] = {"standings": [], "episodes": [], "problems": []}
        self._registry = CollectorRegistry()
        self._runs = Counter("rollbook_monitor_runs", "Runs.", registry=self._registry)
        self._errors = Counter(
            "rollbook_monitor_errors",
            "Runs that failed, by kind of error.",
            ["kind"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "rollbook_monitor_run_seconds",
            "How long runs took.",
            buckets=(1, 2.5, 5, 10, 30, 60, 300, 1800),
            registry=self._registry,
        )
        self._success = Gauge(
            "rollbook_monitor_last_success_timestamp_seconds",
            "When a run came to its end last.",
            registry=self._registry,
        )
        self._registry.register(_Told(self))

    def heard(self, this_round: MonitorRound) -> None:
        """Take note of a round."""
        self._runs.inc()
        self._seconds.observe(this_round.seconds)
        if this_round.run is None:
            self._errors.labels(this_round.kind).inc()
            return
        self._run = this_round.run
        self._success.set_to_current_time()
        self._well = time.monotonic()

    @property
    def is_well(self) -> bool:
        """Whether a run came to its end not long ago."""
        return time.monotonic() - self._well < self._patience

    def text(self) -> bytes:
        """Return the metrics as Prometheus reads them."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)

    def states(self) -> Sequence[Mapping[str, Any]]:
        """Return how versions stood at the last run, the worst first."""
        return sorted(self._run["standings"], key=lambda one: -State(one["state"]).badness)

    def count(self, key: str) -> int:
        """Return how many of something the last run told."""
        return len([one for one in self._run[key] if key != "episodes" or one["ended"] is None])


class _Told:
    """The metrics that are made anew from each run, so that those of what is gone go with it."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Any]:
        """Yield the metrics of the last run."""
        from prometheus_client.core import GaugeMetricFamily

        names = ("model", "version", "check")
        meaning = "How a version stands by a check: 0 ok, 1 unknown, 2 warning, 3 breach."
        states = GaugeMetricFamily("rollbook_monitor_state", meaning, labels=names)
        standings = self._health.states()
        for one in standings[:_MOST_STATES]:
            states.add_metric([str(one[name]) for name in names], State(one["state"]).badness)
        yield states
        for name, what, value in (
            ("states_left_out", "States that are not exported, for there are too many.",
             max(0, len(standings) - _MOST_STATES)),
            ("open_episodes", "Versions in breach.", self._health.count("episodes")),
            ("problems", "What went wrong in the last run.", self._health.count("problems")),
        ):  # fmt: skip
            yield GaugeMetricFamily(f"rollbook_monitor_{name}", what, value=value)


@contextmanager
def answering(listen: str, health: Health) -> Iterator[int]:
    """Answer for a service's health on a HOST:PORT, beside what this process does; the port is given. Raises
    BadCall for an address that can't be listened on."""
    server = _HealthServer(listen, health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class _HealthServer(ThreadingTCPServer):
    """Answers `/metrics` and `/healthz`, a few at a time."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, listen: str, health: Health) -> None:
        self.health = health
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        host, port = _place(listen)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise BadCall(f"can't listen on {listen}: {error.strerror or error}") from error

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client: Any) -> None:
        """Take a connection, or drop it where there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client)
        else:
            self.shutdown_request(request)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client: Any
    ) -> None:
        """Answer on a connection."""
        try:
            super().process_request_thread(request, client)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave who went away in the midst of an answer."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE
    server_version, sys_version = "rollbook", ""
    server: _HealthServer

    def do_GET(self) -> None:
        """Answer a question."""
        path, health = urlsplit(self.path).path, self.server.health
        if path == "/metrics":
            self._tell(200, health.text(), "text/plain; version=0.0.4; charset=utf-8")
        elif path == "/healthz":
            self._tell(*((200, b"ok\n") if health.is_well else (503, b"no run came to its end for long\n")))
        else:
            self._tell(404, b"there are /metrics and /healthz\n")

    def _tell(self, code: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing of what is asked."""


def _place(listen: str) -> tuple[str, int]:
    parts = urlsplit(f"//{listen}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or port is None or parts.path:
        raise BadCall(f"{listen[:80]!r} is no HOST:PORT", hint="Write, say, 127.0.0.1:9101.")
    return parts.hostname, port
