"""`rollbook monitor [MODEL]`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.told_use import users_of
from rollbook.names import time_text
from rollbook.text import printable


class _RunByDefault(NearCommands):
    """A group whose command `run` is meant where none is named: `rollbook monitor MODEL`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_asked_for_help = any(arg in ctx.help_option_names for arg in args[:1])
        if not is_asked_for_help and (not args or args[0] not in self.list_commands(ctx)):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("monitor", cls=_RunByDefault)
def command() -> None:
    """Watch the versions that serve: hold what production says against what the policy asks.

    `rollbook monitor [MODEL]` is `rollbook monitor run [MODEL]`.
    """


@command.command("run")
@click.argument("model", metavar="[MODEL]", required=False)
@options.directory
@options.as_json
def run_command(model: str | None, as_json: bool) -> None:
    """Ask every check of every version that serves, or of MODEL's, once."""
    watched = options.registry().monitor.run(model)
    if as_json:
        print_json(watched)
    elif watched.outcomes:
        rows = [
            [str(one.subject), one.check, one.state.value, printable(one.message)] for one in watched.outcomes
        ]
        print_table(["version", "check", "state", "what it says"], rows)
    else:
        say("nothing is monitored: see `monitoring` in registry/policy.yaml")


@command.command("usage")
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
                "" if served is None else time_text(int(served.at.timestamp())),
                "" if served is None else printable(", ".join(served.targets)),
                "" if served is None else users_of(served),
                printable(one.use.unknown or (served.told_by if served else "")),
            ]
        )
    columns = ["model", "version", "stage", "last served", "runs on", "used by", "told by"]
    print_table(columns, rows, may_go=["stage", "told by"])
