"""One HTTP request: over TLS unless it stays on this machine, never redirected, its answer bounded."""

from __future__ import annotations

import urllib.error
import urllib.request
import urllib.response
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rollbook import __version__
from rollbook.errors import RollbookError
from rollbook.git.address import host_of, is_loopback, require_safe

if TYPE_CHECKING:
    from collections.abc import Mapping

_USER_AGENT = f"rollbook/{__version__}"


class Unreachable(RollbookError):
    """No answer came that can be used: no connection, no HTTP, too slow, or too long."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its status, its headers by lower-case name, and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: a secret goes only to the address it is meant for."""

    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        return None


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    timeout: float = 20,
    longest: int = 1 << 24,
) -> Response:
    """Send a request and return the answer, whatever its status; a redirect is not followed.

    `timeout` (seconds) bounds each wait for the other side, `longest` (bytes) its answer. Raises BadCall for
    a URL that is not safe, Unreachable without a usable answer; neither says more of the URL than its host.
    """
    require_safe(url)
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        url, data=body, method=method, headers={"User-Agent": _USER_AGENT, **headers}
    )
    local = is_loopback(urlsplit(url).hostname or "")
    proxies = [urllib.request.ProxyHandler({})] if local else []
    opener = urllib.request.build_opener(_NoRedirect, *proxies)
    try:
        with _opened(opener, request, timeout) as answer:
            data = answer.read(longest + 1)
            response = Response(
                answer.status or 0, {name.lower(): value for name, value in answer.headers.items()}, data
            )
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
