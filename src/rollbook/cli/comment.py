"""`rollbook comment NUMBER`."""

from __future__ import annotations

from typing import TextIO

import click


@click.command("comment")
@click.argument("number")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
def command(number: str, file: TextIO) -> None:
    """Write FILE, or standard input, into the one comment that Rollbook has in pull request NUMBER on GitHub.

    What `rollbook check --summary` wrote. The comment is written anew in its place each time. A token that
    may not comment is no error: the job's summary says the same.
    """
    from rollbook.cli.output import say
    from rollbook.integrations.forge.configured_forge import github, pull_request_number
    from rollbook.integrations.forge.github import ForgeFailed
    from rollbook.integrations.forge.pull_request import MARKER
    from rollbook.text import printable

    text = file.read(1 << 20)
    try:
        address = github().comment(pull_request_number(number), MARKER, text)
    except ForgeFailed as error:
        if error.status != 403:
            raise
        say(f"no comment: {error}")
        return
    click.echo(printable(address))
