"""`rollbook monitor [MODEL]`."""

from __future__ import annotations

from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.monitor_replay import is_replay, print_replay, replay_options
from rollbook.cli.monitor_report import report_command
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import print_json, print_table, say
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
@replay_options
@options.directory
@options.as_json
def run_command(model: str | None, as_json: bool, **replayed: Any) -> None:
    """Ask every check of every version that serves, or of MODEL's, once.

    With --replay, say what it would have seen and done over a past period, for tuning what the policy asks;
    nothing is written.
    """
    if is_replay(replayed):
        print_replay(model, as_json, **replayed)
        return
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


command.add_command(report_command)
