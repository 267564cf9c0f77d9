"""`rollbook serve`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.serving_callers import callers, identification
from rollbook.cli.token import tokens_path
from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Callable

_SECRET = "ROLLBOOK_WEBHOOK_SECRET"  # noqa: S105 - the variable's name
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_SIZES = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_SHORTEST_SECRET = 16


def _quantity(units: dict[str, int]) -> Callable[[click.Context, click.Parameter, str], float]:
    """Return what reads a number with a unit, as that of the smallest."""

    def read(_: click.Context, __: click.Parameter, value: str) -> float:
        told = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([A-Za-z]*)", value)
        if told is None or told[2].lower() not in units:
            known = ", ".join(filter(None, units))
            raise click.BadParameter(f"write a number and one of {known}")
        return float(told[1]) * units[told[2].lower()]

    return read


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8321, show_default=True, type=click.IntRange(0, 65535), help="The port.")
@click.option("--socket", "socket_path", type=click.Path(path_type=Path), help="Listen at a Unix socket.")
@click.option("--repo", metavar="URL", help="Serve the registry at URL, from a clone that is kept.")
@click.option(
    "--registry",
    "named",
    metavar="NAME=PATH|URL",
    multiple=True,
    help="Serve this registry under a name. Repeatable; the first is meant where none is named.",
)
@click.option(
    "--refresh",
    default="5s",
    show_default=True,
    callback=_quantity(_UNITS),
    help="How often a registry at a URL is fetched; 0: when a webhook says so.",
)
@click.option(
    "--webhook-secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"The secret that a forge signs its deliveries with. Default: the variable {_SECRET}.",
)
@click.option("--root-path", default="", help="Where a proxy has the service: /registry.")
@click.option(
    "--forwarded-allow-ips",
    default="",
    metavar="ADDRESSES",
    help="Believe X-Forwarded-* of these proxies, by comma; none by default.",
)
@click.option(
    "--rate-limit",
    default=100.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Requests a second from one address; 0: any number.",
)
@click.option(
    "--body-limit", default="1MiB", show_default=True, callback=_quantity(_SIZES), help="The largest request."
)
@click.option(
    "--upload-limit",
    default="2GiB",
    show_default=True,
    callback=_quantity(_SIZES),
    help="The largest artifact.",
)
@click.option(
    "--timeout",
    default="30s",
    show_default=True,
    callback=_quantity(_UNITS),
    help="The longest until an answer begins.",
)
@click.option("--log-requests", is_flag=True, help="Log every request, not only what failed or was slow.")
@callers
@options.directory
@click.pass_obj
def command(
    directory: str, /, host: str, port: int, socket_path: Path | None, repo: str | None,
    named: tuple[str, ...], refresh: float, webhook_secret_file: Path | None, root_path: str,
    forwarded_allow_ips: str,
    rate_limit: float, body_limit: float, upload_limit: float, timeout: float, log_requests: bool,
    audit_log: Path | None, tokens: Path | None, **told: Any,
) -> None:  # fmt: skip
    """Answer for the registry over HTTP: the REST API, and the catalog for browsers."""
    if repo and named:
        raise click.UsageError("Give either --repo or --registry.")
    _require_sane(root_path, timeout)
    secret = _secret(webhook_secret_file)
    try:
        from rollbook.web.service.app import create_app
        from rollbook.web.service.middleware.limits import Limits
        from rollbook.web.service.serving.server import serve
        from rollbook.web.service.writing.write_settings import most_of
    except ImportError as error:
        raise BadCall(f"{error.name} is not installed", hint="pip install 'rollbook[api]'") from error
    from rollbook.web.identity.read_log import ReadLog
    from rollbook.web.registries.named_registries import ONLY, named_addresses, opened_registries
    from rollbook.web.service.serving.listening import listen, listen_at, url_of

    addresses = named_addresses(named) or {ONLY: repo or directory}
    identify = identification(
        host=None if socket_path or root_path or forwarded_allow_ips else host,
        tokens=tokens if tokens or repo or named else tokens_path(None),
        **told,
    )  # fmt: skip
    listening = listen_at(socket_path) if socket_path else listen(host, port)
    try:
        registries = opened_registries(addresses, refresh)
        limits = Limits(rate_limit, int(body_limit), int(upload_limit), timeout)
        app = create_app(
            registries, identify=identify, read_log=ReadLog(audit_log) if audit_log else None,
            limits=limits, writing=most_of(int(upload_limit)), webhook_secret=secret, logs_all=log_requests,
        )  # fmt: skip
        serve(
            app, listening, root_path=root_path, trusted_proxies=forwarded_allow_ips,
            begun=lambda: click.echo(
                f"Rollbook answers at {url_of(listening)}\n{identify.anonymous.words}"
            ),
        )  # fmt: skip
    finally:
        listening.close()
        if socket_path:
            socket_path.unlink(missing_ok=True)


def _require_sane(root_path: str, timeout: float) -> None:
    if root_path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", root_path):
        raise BadCall(f"--root-path {root_path[:80]!r} is no path", hint="Write e.g. /registry.")
    if timeout <= 0:
        raise BadCall("--timeout must be more than 0", hint="Write e.g. 30s.")


def _secret(file: Path | None) -> bytes:
    """Return the webhook's secret; empty without one. Raises BadCall for one that is easily guessed."""
    told = file.read_bytes().strip() if file else os.environ.get(_SECRET, "").encode()
    if (file or told) and len(told) < _SHORTEST_SECRET:
        raise BadCall(
            f"the webhook's secret has {len(told)} characters",
            hint=f"Make one of at least {_SHORTEST_SECRET}: openssl rand -hex 32",
        )
    return told
