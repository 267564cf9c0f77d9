"""`rollbook promote REF STAGE`."""

from __future__ import annotations

import click

from rollbook.cli import options


@click.command("promote")
@click.argument("reference", metavar="REF")
@click.argument("stage")
@click.option(
    "--traffic", type=click.IntRange(1, 100), metavar="PERCENT", help="The share of traffic, for a canary."
)
@options.reason
@options.override
@options.proposal
@options.directory
@options.as_json
def command(
    reference: str,
    stage: str,
    reason: str,
    override: str | None,
    traffic: int | None,
    draft: bool,
    then: str | None,
    as_json: bool,
) -> None:
    """Propose that REF moves to STAGE: a branch with one commit that edits the model's stages.yaml.

    Your checkout, your staged files and your branch stay as they are.
    """
    from rollbook.cli.moving import move

    move(
        options.repository(),
        reference,
        stage,
        action="promote",
        reason=reason,
        details={"traffic": traffic, "override": {"reason": override} if override else None},
        draft=draft,
        then=then,
        as_json=as_json,
    )
