"""`rollbook hooks install`, and what the server's hook runs."""

from __future__ import annotations

import sys

import click

from rollbook.cli import options
from rollbook.cli.output import say


@click.group("hooks")
def command() -> None:
    """Install git hooks that run Rollbook."""


@command.command("install")
@click.option("--server", is_flag=True, help="For a bare repository: judge every push before a ref moves.")
@options.directory
def install_command(server: bool) -> None:
    """Write git hooks: `pre-commit` in a clone, `pre-receive` with --server.

    On a server the same check as in CI judges every push to main; main can't be rewritten, and the
    audit trail's tags can't be moved, deleted or forged. A hook that somebody else wrote is left alone.
    """
    written = options.registry().hooks.install(server=server)
    for path in written:
        click.echo(path)
    if not written:
        say("the hooks are installed already")


@command.command("receive")
@options.directory
def receive_command() -> None:
    """Judge a push, read from stdin as git gives it to a `pre-receive` hook."""
    from rollbook.check.push import judge_push, parse_push, refuse
    from rollbook.check.report.findings_text import as_text
    from rollbook.git.process import text

    objections = judge_push(options.repository(), parse_push(text(sys.stdin.buffer.read()).split("\n")))
    for objection in objections:
        if objection.findings:
            click.echo(as_text(list(objection.findings)), err=True, nl=False)
    refuse(objections)
