"""`rollbook monitor usage [MODEL]`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table
from rollbook.cli.told_use import users_of
from rollbook.names import moment_text
from rollbook.text import printable


@click.command("usage")
@click.argument("model", metavar="[MODEL]", required=False)
@options.directory
@options.as_json
def usage_command(model: str | None, as_json: bool) -> None:
    """Say which versions serve or served last, for whom, and who says so.

    Told by evidence of deployments and monitoring, and by the source that the policy's `monitoring.usage`
    names.
    """
    used = options.registry().monitor.usage(model)
    if as_json:
        print_json(used)
        return
    rows = []
    for one in used.versions:
        served = one.use.served
        rows.append(
            [
                one.model,
                one.version,
                one.stage,
                "" if served is None else moment_text(served.at),
                "" if served is None else printable(", ".join(served.targets)),
                "" if served is None else users_of(served),
                printable(one.use.unknown or (served.told_by if served else "")),
            ]
        )
    columns = ["model", "version", "stage", "last served", "runs on", "used by", "told by"]
    print_table(columns, rows, may_go=["stage", "told by"])
