"""`rollbook alias REF ALIAS`."""

from __future__ import annotations

from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.cli.proposed import carry_on


@click.command("alias")
@click.argument("reference", metavar="REF")
@click.argument("name", metavar="ALIAS")
@click.option("--remove", is_flag=True, help="Take the alias off REF.")
@options.reason
@options.override
@options.despite
@options.proposal
@options.directory
@options.as_json
def command(reference: str, name: str, then: str | None, as_json: bool, **given: Any) -> None:
    """Propose that ALIAS, such as champion, points to REF: MODEL@ALIAS is that version then.

    A branch with one commit that edits the model's stages.yaml. Your checkout, your staged files and your
    branch stay as they are. Those of the policy's gates judge it that name the alias: `@champion`.
    """
    registry = options.registry()
    proposed = registry.alias(reference, name, **given)
    if not as_json:
        before, after = proposed.before or "nothing", proposed.after or "nothing"
        say(f"{proposed.model}@{proposed.alias}: {before} -> {after}")
    carried = carry_on(registry, proposed.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**proposed.as_document(), **carried})
