"""`rollbook promote REF STAGE`."""

from __future__ import annotations

from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.proposed import report_move


@click.command("promote")
@click.argument("reference", metavar="REF")
@click.argument("stage")
@click.option(
    "--traffic", type=click.IntRange(1, 100), metavar="PERCENT", help="The share of traffic, for a canary."
)
@options.displaced
@options.reason
@options.override
@options.despite
@options.proposal
@options.directory
@options.as_json
def command(reference: str, stage: str, then: str | None, as_json: bool, **given: Any) -> None:
    """Propose that REF moves to STAGE: a branch with one commit that edits the model's stages.yaml.

    Of a version that is in STAGE already, --traffic changes its share: a request and an event of its own.
    Your checkout, your staged files and your branch stay as they are.
    """
    registry = options.registry()
    report_move(registry, registry.promote(reference, stage, **given), then=then, as_json=as_json)
