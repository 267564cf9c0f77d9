"""`rollbook notify`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.text import printable


@click.command("notify")
@click.option(
    "--limit",
    type=click.FloatRange(1, 3600),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long to try, for all receivers together.",
)
@options.directory
@options.as_json
def command(limit: float, as_json: bool) -> None:
    """Send what was recorded to those that the policy's `notify` names, as signed CloudEvents.

    Run after `rollbook audit record`. What a receiver does not take is sent again by the next run, in order.
    Exits with 1 when something waits.
    """
    outcomes = options.registry().notify(limit=limit)
    if as_json:
        print_json(outcomes)
    else:
        for outcome in outcomes:
            waits = f", {outcome.waiting} waiting" if outcome.waiting else ""
            why = f": {outcome.problem}" if outcome.problem else ""
            told = printable(f"{outcome.delivered} delivered{waits}{why}")
            click.echo(f"{printable(outcome.receiver)}\t{told}")
        if not outcomes:
            say("the policy names nobody to notify")
    if any(outcome.waiting or outcome.problem for outcome in outcomes):
        click.get_current_context().exit(1)
