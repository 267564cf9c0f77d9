"""`rollbook release`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say


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
    from rollbook.integrations.forge.configured_forge import github
    from rollbook.integrations.forge.releases import publish
    from rollbook.text import printable

    made = publish(options.repository(), github(), stage)
    if as_json:
        print_json([{"tag": tag, "url": address} for tag, address in made])
        return
    for tag, address in made:
        click.echo(f"{tag}\t{printable(address)}")
    if not made:
        say("every version that came there has its release")
