"""`rollbook hooks install`, and what the server's hook runs."""

from __future__ import annotations

import sys
import time

import click

from rollbook.cli import options
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import say
from rollbook.text import printable


@click.group("hooks", cls=NearCommands)
def command() -> None:
    """Install git hooks that run Rollbook."""


@command.command("install")
@click.option("--server", is_flag=True, help="For a bare repository: judge every push before a ref moves.")
@click.option("--main", metavar="BRANCH", help="The branch that the server guards as main.")
@options.directory
def install_command(server: bool, main: str | None) -> None:
    """Write git hooks: `pre-commit` in a clone, `pre-receive` with --server.

    On a server the same check as in CI judges every push to main; main can't be rewritten, and the
    audit trail's tags can't be moved, deleted or forged. Which branch is main is kept in the server's own
    configuration, where no push reaches it. A hook that somebody else wrote is left alone.
    """
    if main and not server:
        raise click.UsageError("--main goes with --server.")
    registry = options.registry()
    written = registry.hooks.install(server=server, main=main)
    for path in written:
        click.echo(path)
    if not written:
        say("the hooks are installed already")
    if server:
        from rollbook.registry.main_branch import main_branch

        say(f"guards {printable(main_branch(registry.repository))} as main (git config rollbook.main)")


@command.command("receive")
@options.directory
def receive_command() -> None:
    """Judge a push, read from stdin as git gives it to a `pre-receive` hook."""
    from rollbook.check.push import judge_push, refuse
    from rollbook.check.report.findings_text import as_text
    from rollbook.git.pushed import pushed_refs

    objections = judge_push(options.repository(), pushed_refs(sys.stdin.buffer.read()))
    for objection in objections:
        if objection.findings:
            click.echo(as_text(list(objection.findings)), err=True, nl=False)
    refuse(objections)


@command.command("received")
@options.directory
def received_command() -> None:
    """Write down when main was received, read from stdin as git gives it to a `post-receive` hook.

    Gates that wait for time, such as `soak`, then go by the server's clock instead of what commits say.
    """
    from rollbook.check.push import record_receipt
    from rollbook.git.pushed import pushed_refs

    record_receipt(options.repository(), pushed_refs(sys.stdin.buffer.read()), int(time.time()))
