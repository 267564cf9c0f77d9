"""`rollbook whoami`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_facts, print_json, print_table

if TYPE_CHECKING:
    from rollbook.insight.review.own_access import OwnAccess


@click.command("whoami")
@options.directory
@options.as_json
def command(as_json: bool) -> None:
    """Say who you are to the registry, which roles you have, and what you may do.

    Git's configuration says who, and main's policy what. Nobody is asked over a network.
    """
    own = options.registry().whoami()
    if as_json:
        print_json(own)
        return
    print_facts(_facts(own))
    if own.everybody:
        click.echo("The policy names no roles: everybody may do everything, and the forge decides.")
        return
    if not own.has_role:
        click.echo("You have no role: your commits may change nothing that the registry governs.")
    scopes = [scope for scope in own.scopes if scope.roles]
    rows = [
        [scope.models or "all", ", ".join(scope.roles), scope.may.in_words(own.stages)] for scope in scopes
    ]
    if rows:
        print_table(["models", "roles", "may"], rows)


def _facts(own: OwnAccess) -> list[tuple[str, str]]:
    reviews = ", ".join(
        f"{' and '.join(scope.roles)} of {scope.models or 'all models'}" for scope in own.reviews
    )
    return [
        ("name", own.name),
        ("address", own.email),
        ("approves as", own.approves_as if own.approves_as != own.email else ""),
        ("key", _key(own)),
        ("signs commits", _signs(own)),
        ("login", f"@{own.login}, as it is stated here" if own.login else ""),
        ("reviews as", reviews),
        ("policy of", f"main at {own.commit[:12]}"),
    ]


def _key(own: OwnAccess) -> str:
    if not own.key:
        return "none that git signs with is known"
    if not own.key.startswith("SHA256:"):
        return own.key
    if own.is_key_listed:
        return f"{own.key}, listed for you in allowed_signers"
    others = ", ".join(own.key_listed)
    return f"{own.key}, {f'listed for {others}' if others else 'not listed'} in allowed_signers"


def _signs(own: OwnAccess) -> str:
    if own.require_signed and not own.signs_commits:
        return "no, and the policy demands it: git config commit.gpgSign true"
    return "yes" if own.signs_commits else "no"
