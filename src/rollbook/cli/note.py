"""`rollbook note REF`."""

from __future__ import annotations

import click

from rollbook.api.json_document import document
from rollbook.cli import options
from rollbook.cli.output import print_json
from rollbook.cli.proposed import carry_on


@click.command("note")
@click.argument("reference", metavar="REF")
@click.option("-d", "--description", help="What is known about the version now; empty takes it out.")
@click.option("--tag", "tags", metavar="NAME[=TEXT]", multiple=True, help="A tag to set. Repeatable.")
@click.option(
    "--remove-tag", "remove_tags", metavar="NAME", multiple=True, help="A tag to take out. Repeatable."
)
@options.proposal
@options.directory
@options.as_json
def command(
    reference: str,
    description: str | None,
    tags: tuple[str, ...],
    remove_tags: tuple[str, ...],
    then: str | None,
    as_json: bool,
) -> None:
    """Note on REF what may change after its registration: a description and tags, in notes.yaml.

    Where notes and manifest differ, the notes win. Your checkout, your staged files and your branch stay as
    they are.
    """
    from rollbook.propose.manifest_facts import tags as read_tags

    registry = options.registry()
    noted = registry.note(
        reference, description=description, tags=read_tags("--tag", tags), remove_tags=remove_tags
    )
    carried = carry_on(registry, noted.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**document(noted), **carried})
