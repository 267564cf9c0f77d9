"""Getting a file from an address that a stranger names: over TLS, from a public host alone, bounded.

A server that gets what others name could be made to ask what only it can reach (server-side request forgery,
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html). So
the host is resolved once, each of its addresses must be a public one, and the connection goes to that very
address; each redirect is judged alike; no proxy and no credentials of this machine are used.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from rollbook import __version__
from rollbook.artifact.http import Watch
from rollbook.artifact.stream import Hashes, pump_file
from rollbook.errors import Refused, StorageFailed, TooMuch
from rollbook.git.address import host_of, is_loopback, require_safe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset([301, 302, 303, 307, 308])
_BLOCK = 1 << 20
_OK = 200


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """How much may come (bytes), how long each wait and all of it may take (seconds), and whether this very
    machine may be asked, which only tests and whoever runs the service for themselves have reason for."""

    most_bytes: int = 16 << 30
    wait: float = 20.0
    within: float = 300.0
    loopback: bool = False


def download(url: str, target: Path, limits: DownloadLimits) -> Hashes:
    """Write what is at an address to the file `target`, which must not be there; return its digests.

    Raises BadCall for an address that can't be used, Refused for one of no public host, TooMuch beyond the
    bounds, StorageFailed where no file comes. Nothing stays at `target` then.
    """
    watch = Watch(limits.within)
    try:
        with target.open("xb") as file, watch:
            return _followed(url, file.write, limits, watch)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if watch.is_over and isinstance(error, StorageFailed | TimeoutError):
            raise TooMuch(
                f"what comes from {host_of(url)} takes longer than {limits.within:g} seconds"
            ) from error
        raise


def _followed(
    url: str, write: Callable[[memoryview], object], limits: DownloadLimits, watch: Watch
) -> Hashes:
    for _ in range(_MOST_REDIRECTS + 1):
        connection = _connection(url, limits, watch)
        try:
            answer = _asked(connection, url)
            if answer.status not in _REDIRECTS:
                return _body(answer, url, write, limits)
            url = urljoin(url, answer.getheader("Location") or "")
        except (OSError, HTTPException, ValueError) as error:
            why = str(error)[:200] or type(error).__name__
            raise StorageFailed(f"nothing came from {host_of(url)}: {why}") from error
        finally:
            connection.close()
    raise StorageFailed(f"{host_of(url)} redirects more than {_MOST_REDIRECTS} times")


def _asked(connection: HTTPConnection, url: str) -> HTTPResponse:
    parts = urlsplit(url)
    place = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    connection.request(
        "GET", place, headers={"User-Agent": f"rollbook/{__version__}", "Accept-Encoding": "identity"}
    )
    return connection.getresponse()


def _body(
    answer: HTTPResponse, url: str, write: Callable[[memoryview], object], limits: DownloadLimits
) -> Hashes:
    host = host_of(url)
    if answer.status != _OK:
        raise StorageFailed(f"{host} answers {answer.status}", hint="Name a file that anybody can get.")
    told = answer.getheader("Content-Length") or ""
    if told.isdecimal() and len(told) < 20 and int(told) > limits.most_bytes:
        raise TooMuch(f"{host} has {int(told):,} bytes; {limits.most_bytes:,} may come")
    hashes = pump_file(_Pieces(answer), write, limit=limits.most_bytes)  # type: ignore[arg-type]
    if hashes.size > limits.most_bytes:
        raise TooMuch(f"more than {limits.most_bytes:,} bytes come from {host}")
    if told.isdecimal() and hashes.size != int(told):
        raise StorageFailed(f"{host} sent {hashes.size:,} bytes and had said {int(told):,}")
    return hashes


@dataclass(frozen=True, slots=True)
class _Pieces:
    """An answer's body by what has come."""

    answer: HTTPResponse

    def read(self, most: int) -> bytes:
        return self.answer.read1(min(most, _BLOCK))


def _connection(url: str, limits: DownloadLimits, watch: Watch) -> HTTPConnection:
    """Return a connection to the public address that a URL's host has. Raises Refused where it has none."""
    require_safe(url)
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    if not is_tls and not (limits.loopback and is_loopback(host)):
        raise Refused(f"the address on {host_of(url)} is not https", hint="Name one that is.")
    address = _public_address(host, port, limits)
    if is_tls:
        return _PinnedTls(host, port, timeout=limits.wait, address=address, watch=watch)
    return _Pinned(host, port, timeout=limits.wait, address=address, watch=watch)


def _public_address(host: str, port: int, limits: DownloadLimits) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise StorageFailed(f"there is no host {host[:100]!r}") from error
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        if not _is_allowed(address, limits):
            raise Refused(
                f"{host} is no public host",
                hint="Send the artifact itself, or put it where anybody can get it.",
            )
    return addresses[0]


def _is_allowed(address: str, limits: DownloadLimits) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        # What an address of the new kind wraps of the old one is what is reached.
        ip = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1] or ip
    if ip.is_loopback:
        return limits.loopback
    is_handed_out = ip.version == 4 or ip in _UNICAST
    return is_handed_out and ip.is_global and not ip.is_multicast


# What is handed out of the new kind. Beyond it stand addresses that wrap those of the old kind, which some
# translator on the way may lead to (RFC 4291 2.5.5, RFC 6052, RFC 2765).
_UNICAST = ipaddress.ip_network("2000::/3")


class _Pinned(HTTPConnection):
    """A connection to the address that was judged, whatever its host's name means a moment later."""

    def __init__(self, host: str, port: int, *, timeout: float, address: str, watch: Watch) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address, self._watch = address, watch

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        self._watch.hold(self.sock)


class _PinnedTls(HTTPSConnection):
    """The same over TLS; the certificate is that of the host's name."""

    def __init__(self, host: str, port: int, *, timeout: float, address: str, watch: Watch) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=timeout, context=self._tls)
        self._address, self._watch = address, watch

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self._watch.hold(plain)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
