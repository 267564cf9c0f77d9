"""`rollbook archive REF`."""

from __future__ import annotations

import click

from rollbook.cli import options


@click.command("archive")
@click.argument("reference", metavar="REF")
@options.reason
@options.proposal
@options.directory
@options.as_json
def command(reference: str, reason: str, draft: bool, then: str | None, as_json: bool) -> None:
    """Propose that REF is archived: out of use, its record and its artifact kept."""
    from rollbook.cli.moving import move

    move(
        options.repository(),
        reference,
        "archived",
        action="archive",
        reason=reason,
        details={},
        draft=draft,
        then=then,
        as_json=as_json,
    )
