"""Where the service listens: an address and a port, or a Unix socket."""

from __future__ import annotations

import errno
import socket
import stat
from typing import TYPE_CHECKING

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from pathlib import Path

_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; `::` listens for IPv4 too, where it can. Raises BadCall where it can't
    listen there."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        is_both = host == "::" and socket.has_dualstack_ipv6()
        made = socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=is_both)
    except OSError as error:
        raise _cannot(f"{host}:{port}", error) from error
    made.setblocking(False)
    return made


def listen_at(path: Path) -> socket.socket:
    """Return a Unix socket that listens at a path, where none does yet. Raises BadCall where it can't."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _is_answered(path):
            path.unlink()  # what a process left that was killed
        made.bind(str(path))
        path.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IWGRP)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise _cannot(str(path), error) from error
    made.setblocking(False)
    return made


def url_of(listening: socket.socket) -> str:
    """Return the address that a socket is reached at."""
    name = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return f"unix:{name}"
    host = f"[{name[0]}]" if listening.family == socket.AF_INET6 else name[0]
    return f"http://{host}:{name[1]}"


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        return asking.connect_ex(str(path)) == 0


def _cannot(place: str, error: OSError) -> BadCall:
    hint = "Choose another --port, or end what listens there." if error.errno == errno.EADDRINUSE else ""
    return BadCall(f"the service can't listen at {place}: {error.strerror or error}", hint=hint)
