"""Whom `rollbook serve` lets in: what is asked for becomes what tells who sends a request."""

from __future__ import annotations

from functools import reduce
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollbook.cli.token import tokens_option
from rollbook.errors import BadCall

if TYPE_CHECKING:
    from rollbook.cli.options import Command
    from rollbook.web.identity.identification import Identification

_LEVELS = ("none", "catalog", "read")


def callers(command: Command) -> Command:
    """`--anonymous`, `--tokens`, `--oidc-...` and `--audit-log`: who is let in, and what is put on record."""
    made = (
        click.option(
            "--anonymous", type=click.Choice(_LEVELS),
            help="What they may who bring no token. Default: read where this machine alone asks, without a "
            "proxy; else none.",
        ),
        tokens_option,
        click.option("--oidc-issuer", metavar="URL", help="Let in who this OpenID provider vouches for."),
        click.option("--oidc-audience", metavar="NAME", help="Whom its tokens have to be for: this service."),
        click.option(
            "--oidc-claim", metavar="NAME", default="email", show_default=True,
            help="The claim that says who it is.",
        ),
        click.option(
            "--oidc-client", "oidc_clients", metavar="ID", multiple=True,
            help="A client that may bring tokens. Repeatable; by default any that asked for this alone.",
        ),
        click.option(
            "--audit-log", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
            help="Put on record there who read and fetched what.",
        ),
    )  # fmt: skip
    return reduce(lambda wrapped, option: option(wrapped), reversed(made), command)


def identification(
    *,
    host: str | None,
    anonymous: str | None,
    tokens: Path | None,
    oidc_issuer: str | None,
    oidc_audience: str | None,
    oidc_claim: str,
    oidc_clients: tuple[str, ...],
) -> Identification:
    """Return what tells who sends a request. `host` is the address that is listened at; None where a proxy
    stands before it, and lets others in.

    Raises BadCall for what makes no sense together.
    """
    from rollbook.web.identity.identification import Anonymous, Identification
    from rollbook.web.identity.oidc_provider import OidcProvider
    from rollbook.web.identity.oidc_tokens import OidcRules, require_reader
    from rollbook.web.identity.token_file import TokenFile

    if bool(oidc_issuer) != bool(oidc_audience):
        raise BadCall(
            "--oidc-issuer and --oidc-audience go together",
            hint="A token that was made for somebody else must not open this: name whom it has to be for.",
        )
    level = Anonymous(anonymous or ("read" if _is_local(host) else "none"))
    oidc = None
    if oidc_issuer and oidc_audience:
        require_reader()
        oidc = OidcRules(OidcProvider(oidc_issuer), oidc_audience, oidc_claim, oidc_clients)
    return Identification(tokens=TokenFile(tokens) if tokens else None, oidc=oidc, anonymous=level)


def _is_local(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False
