"""One HTTP request: over TLS unless it stays on this machine, its answer bounded in bytes and in seconds."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
import urllib.error
import urllib.request
import urllib.response
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rollbook import __version__
from rollbook.errors import RollbookError
from rollbook.git.address import host_of, is_loopback, require_safe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_USER_AGENT = f"rollbook/{__version__}"


class Unreachable(RollbookError):
    """No answer came that can be used: no connection, no HTTP, too slow, or too long."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its status, its headers by lower-case name, and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    timeout: float = 20,
    within: float = 40,
    longest: int = 1 << 24,
    follow: bool = False,
) -> Response:
    """Send a request and return the answer, whatever its status.

    `timeout` bounds each wait for the other side, `within` the whole request from the connection to the last
    byte of the answer (seconds), `longest` the answer's body (bytes; with 0 it is not read). A redirect is
    followed only with `follow`, and only to https. Raises BadCall for a URL that is not safe, Unreachable
    without a usable answer; neither says more of the URL than its host.
    """
    require_safe(url)
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        url, data=body, method=method, headers={"User-Agent": _USER_AGENT, **headers}
    )
    local = is_loopback(urlsplit(url).hostname or "")
    proxies = [urllib.request.ProxyHandler({})] if local else []
    redirects = _HttpsOnly if follow else _NoRedirect
    try:
        with Watch(within) as watch:
            opener = urllib.request.build_opener(redirects, _Http(watch), _Https(watch), *proxies)
            with _opened(opener, request, min(timeout, within)) as answer:
                data = answer.read(longest + 1) if longest else b""
                named = {name.lower(): value for name, value in answer.headers.items()}
                response = Response(answer.status or 0, named, data)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        words = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise Unreachable(f"no answer from {host_of(url)}: {str(words)[:200]}") from error
    if len(data) > longest:
        raise Unreachable(f"the answer from {host_of(url)} has more than {longest:,} bytes")
    return response


def _opened(
    opener: urllib.request.OpenerDirector, request: urllib.request.Request, timeout: float
) -> urllib.error.HTTPError | urllib.response.addinfourl:
    try:
        return opener.open(request, timeout=timeout)  # type: ignore[no-any-return]
    except urllib.error.HTTPError as answer:
        return answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: a secret goes only to the address it is meant for."""

    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        return None


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Whoever can change an answer on its way could forge one that doesn't come by TLS."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError("it redirects to an address that is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Watch:
    """Cuts the connections opened under it when their time is up; leaving it then is a TimeoutError.

    A wait for each byte bounds nothing: who sends one byte now and then never lets it end. `is_over` says
    whether that happened.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.is_over = False

    def hold(self, connection: socket.socket) -> None:
        """Watch over a connection, also after TLS has taken its socket over. Raises TimeoutError where the
        time is up."""
        with self._lock:
            self._sockets.append(connection.dup())
        if self.is_over:
            raise self._late()

    def __enter__(self) -> Watch:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()
        if self.is_over and (kind is None or isinstance(error, OSError | HTTPException | ValueError)):
            raise self._late() from error

    def _cut(self) -> None:
        with self._lock:
            self.is_over = True
            for sock in self._sockets:
                with contextlib.suppress(OSError):  # it was closed already
                    sock.shutdown(socket.SHUT_RDWR)

    def _late(self) -> TimeoutError:
        return TimeoutError(f"it took longer than {self._seconds:g} seconds")


class Watched(HTTPConnection):
    """A connection that is watched from before TLS begins."""

    watch: Watch

    def connect(self) -> None:
        super().connect()
        self.watch.hold(self.sock)


class WatchedTls(HTTPSConnection, Watched):
    """The same over TLS."""


def _made(kind: type[Watched], watch: Watch, host: str, **named: Any) -> Watched:
    connection = kind(host, **named)
    connection.watch = watch
    return connection


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(functools.partial(_made, Watched, self._watch), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(functools.partial(_made, WatchedTls, self._watch), req)
