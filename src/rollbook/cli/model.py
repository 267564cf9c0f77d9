"""`rollbook model edit MODEL`."""

from __future__ import annotations

from typing import Any

import click

from rollbook.api.json_document import document
from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.cli.proposed import carry_on


@click.group("model")
def command() -> None:
    """Change what is said of a model, whatever its version."""


@command.command("edit")
@click.argument("model")
@click.option(
    "--display-name", metavar="TEXT", help="What people call it; as all of these, empty takes it out."
)
@click.option("-d", "--description", metavar="TEXT", help="What it does.")
@click.option("--owner", metavar="ADDRESS", help="Who answers for it.")
@click.option("--team", help="The team that maintains it.")
@click.option("--task", help="Its task, e.g. classification.")
@click.option("--use-case", metavar="TEXT", help="What it is used for, and what it must not be used for.")
@click.option("--compliance", metavar="CLASS", help="Its class of regulation, e.g. eu-ai-act-high-risk.")
@click.option("--data-classification", metavar="CLASS", help="How sensitive its data is, e.g. confidential.")
@click.option("--tag", "tags", metavar="NAME[=TEXT]", multiple=True, help="A tag to set. Repeatable.")
@click.option(
    "--remove-tag", "remove_tags", metavar="NAME", multiple=True, help="A tag to take out. Repeatable."
)
@options.proposal
@options.directory
@options.as_json
def edit_command(model: str, tags: tuple[str, ...], then: str | None, as_json: bool, **given: Any) -> None:
    """Change what MODEL's model.yaml says of it: a branch with one commit; comments and order stay.

    Empty text takes a field out. Who may register versions may change it. Your checkout, your staged files
    and your branch stay as they are.
    """
    from rollbook.propose.manifest_facts import tags as read_tags

    registry = options.registry()
    edited = registry.edit_model(model, tags=read_tags("--tag", tags), **given)
    if not as_json:
        say(f"{edited.model}: {', '.join(edited.changed)} changed")
    carried = carry_on(registry, edited.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**document(edited), **carried})
