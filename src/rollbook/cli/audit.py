"""`rollbook audit record`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say


@click.group("audit")
def command() -> None:
    """Write the audit trail's tags."""


@command.command("record")
@click.option(
    "--push/--no-push",
    "push",
    default=None,
    help="Send the tags to the remote as well. Default: when there is one.",
)
@options.directory
@options.as_json
def record_command(push: bool | None, as_json: bool) -> None:
    """Write the annotated tags of what landed on main.

    Safe to run twice, by several at once, and after a crash: what is recorded already is left alone.
    """
    from rollbook.audit.record import record

    events = record(options.repository(), push_tags=push)
    if as_json:
        print_json([{"tag": event.tag, "summary": event.summary} for event in events])
        return
    for event in events:
        click.echo(f"{event.tag}\t{event.summary}")
    if not events:
        say("everything that landed is recorded")
