"""`rollbook archive REF`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.proposed import report_move


@click.command("archive")
@click.argument("reference", metavar="REF")
@options.reason
@options.proposal
@options.directory
@options.as_json
def command(reference: str, reason: str, draft: bool, then: str | None, as_json: bool) -> None:
    """Propose that REF is archived: out of use, its record and its artifact kept."""
    registry = options.registry()
    report_move(registry, registry.archive(reference, reason=reason, draft=draft), then=then, as_json=as_json)
