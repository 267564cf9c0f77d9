"""`rollbook deprecate REF`."""

from __future__ import annotations

from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.proposed import report_move


@click.command("deprecate")
@click.argument("reference", metavar="REF")
@click.option("--replacement", metavar="REF", help="What to use instead, e.g. credit-approval@2.0.0.")
@click.option("--sunset", metavar="DATE", help="The day it goes, e.g. 2027-06-30.")
@click.option("--migration", metavar="TEXT", help="What its users have to do.")
@options.reason
@options.proposal
@options.directory
@options.as_json
def command(reference: str, then: str | None, as_json: bool, **given: Any) -> None:
    """Propose that REF is deprecated: still served, with a replacement and a day on which it goes.

    Of one that is deprecated already, what is given is changed, such as its sunset, and the rest stays.
    Who uses it still is told as a warning: where it runs by its deployments, and who asks it by the policy's
    `monitoring.usage`.
    """
    registry = options.registry()
    report_move(registry, registry.deprecate(reference, **given), then=then, as_json=as_json)
