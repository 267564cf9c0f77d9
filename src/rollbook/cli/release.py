"""`rollbook release`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.text import printable


@click.command("release")
@click.option(
    "--stage", default="production", show_default=True, help="The stage whose arrivals are released."
)
@options.directory
@options.as_json
def command(stage: str, as_json: bool) -> None:
    """Publish a GitHub Release for each version that came into production and has none yet.

    Run after `rollbook audit record`. A release stands on the tag of the version's registration.
    """
    made = options.registry().release(stage=stage)
    if as_json:
        print_json(made)
        return
    for release in made:
        click.echo(f"{release.tag}\t{printable(release.url)}")
    if not made:
        say("every version that came there has its release")
