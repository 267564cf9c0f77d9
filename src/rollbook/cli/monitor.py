"""`rollbook monitor [MODEL]`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import print_json, print_table, say
from rollbook.text import printable


class _RunByDefault(NearCommands):
    """A group whose command `run` is meant where none is named: `rollbook monitor MODEL`; and `canary` by
    `rollbook monitor --canary`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--canary" in args and args[0] not in self.list_commands(ctx):
            args = ["canary", *(arg for arg in args if arg != "--canary")]
        is_asked_for_help = any(arg in ctx.help_option_names for arg in args[:1])
        if not is_asked_for_help and (not args or args[0] not in self.list_commands(ctx)):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("monitor", cls=_RunByDefault)
def command() -> None:
    """Watch the versions that serve: hold what production says against what the policy asks.

    `rollbook monitor [MODEL]` is `rollbook monitor run [MODEL]`, and `rollbook monitor --canary [MODEL]` is
    `rollbook monitor canary [MODEL]`.
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


@command.command("canary")
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
