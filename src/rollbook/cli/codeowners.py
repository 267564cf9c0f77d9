"""`rollbook codeowners`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import say


@click.command("codeowners")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the file says something else.")
@options.directory
def command(check: bool) -> None:
    """Write .github/CODEOWNERS from the policy's roles.

    The working tree's policy is read. A file that Rollbook did not write is not overwritten.
    """
    from rollbook.access.code_owners import PATH

    differed = options.registry().codeowners(check=check)
    if not check:
        say(f"wrote {PATH}" if differed else f"{PATH} says what the policy says")
    elif differed:
        click.echo(f"{PATH} does not say what the policy says; run: rollbook codeowners")
        click.get_current_context().exit(1)
