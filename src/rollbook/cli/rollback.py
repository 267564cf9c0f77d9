"""`rollbook rollback MODEL`."""

from __future__ import annotations

from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.proposed import report_move


@click.command("rollback")
@click.argument("model")
@click.option("--to", metavar="VERSION", help="Default: what held the stage before, by the trail.")
@click.option("--skip", metavar="VERSION", multiple=True, help="Do not go back to this one. Repeatable.")
@click.option("--stage", default="production", show_default=True, help="The stage to roll back.")
@options.displaced
@options.reason
@options.override
@options.despite
@options.proposal
@options.directory
@options.as_json
def command(model: str, then: str | None, as_json: bool, **given: Any) -> None:
    """Propose that MODEL goes back to the version that was in production before.

    It is a stage change like any other: proposed, checked, recorded. What an earlier rollback took out is not
    gone back to, unless --to names it.
    """
    registry = options.registry()
    report_move(registry, registry.rollback(model, **given), then=then, as_json=as_json)
