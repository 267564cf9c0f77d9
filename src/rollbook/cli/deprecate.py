"""`rollbook deprecate REF`."""

from __future__ import annotations

import click

from rollbook.cli import options


@click.command("deprecate")
@click.argument("reference", metavar="REF")
@click.option("--replacement", metavar="REF", help="What to use instead, e.g. credit-approval@2.0.0.")
@click.option("--sunset", metavar="DATE", help="The day it goes, e.g. 2027-06-30.")
@click.option("--migration", metavar="TEXT", help="What its users have to do.")
@options.reason
@options.proposal
@options.directory
@options.as_json
def command(
    reference: str,
    replacement: str | None,
    sunset: str | None,
    migration: str | None,
    reason: str,
    draft: bool,
    then: str | None,
    as_json: bool,
) -> None:
    """Propose that REF is deprecated: still served, with a replacement and a day on which it goes."""
    from rollbook.cli.moving import move

    move(
        options.repository(),
        reference,
        "deprecated",
        action="deprecate",
        reason=reason,
        details={"replacement": replacement, "sunset": sunset, "migration": migration},
        draft=draft,
        then=then,
        as_json=as_json,
    )
