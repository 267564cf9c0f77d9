"""`rollbook reject BRANCH`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say


@click.command("reject")
@click.argument("branch")
@click.option("--reason", required=True, help="Why; it goes on record.")
@options.directory
@options.as_json
def command(branch: str, reason: str, as_json: bool) -> None:
    """Close the request on BRANCH: remove the branch here and on the remote, and keep on record why.

    A tag, rejected/..., keeps what was proposed. A forge closes the branch's pull request by itself.
    """
    rejected = options.registry().reject(branch, reason=reason)
    if as_json:
        print_json(rejected)
        return
    click.echo(rejected.tag)
    where = f"here and on {rejected.remote}" if rejected.remote else "here; there is no remote"
    say(f"rejected {rejected.branch} {where}")
