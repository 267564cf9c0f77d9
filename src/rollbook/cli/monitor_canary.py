"""`rollbook monitor canary [MODEL]`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.text import printable


@click.command("canary")
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@options.directory
@options.as_json
def canary_command(model: str | None, dry_run: bool, as_json: bool) -> None:
    """Compare each canary, or MODEL's, with production, and take the next step where the policy says so.

    The verdict is `promote`, `stop`, `wait` or `unknown`. Exits with 1 where a step could not be taken.
    """
    watched = options.registry().monitor.canary(model, dry_run=dry_run)
    if as_json:
        print_json(watched)
    elif not watched.canaries:
        say("no canary is compared: see `monitoring.canary` in registry/policy.yaml")
    else:
        rows = [
            [str(one), "" if one.traffic is None else f"{one.traffic} %", one.verdict.value, one.message]
            for one in (canary.comparison for canary in watched.canaries)
        ]
        print_table(["canary", "share", "verdict", "what it says"], [[*map(printable, row)] for row in rows])
    for canary in watched.canaries:
        for deed in canary.followed.deeds:
            say(f"{canary.comparison}: {deed}")
        if canary.followed.problem:
            say(f"{canary.comparison}: not done: {canary.followed.problem}")
    if watched.has_problem:
        raise click.exceptions.Exit(1)
