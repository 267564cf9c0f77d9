"""`rollbook promote REF STAGE`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say


@click.command("promote")
@click.argument("reference", metavar="REF")
@click.argument("stage")
@click.option("--reason", required=True, help="Why; it goes on record.")
@click.option(
    "--traffic", type=click.IntRange(1, 100), metavar="PERCENT", help="The share of traffic, for a canary."
)
@click.option("--draft", is_flag=True, help="Propose it although the check fails now.")
@options.proposal
@options.directory
@options.as_json
def command(
    reference: str,
    stage: str,
    reason: str,
    traffic: int | None,
    draft: bool,
    push: bool,
    land: bool,
    as_json: bool,
) -> None:
    """Propose that REF moves to STAGE: a branch with one commit that edits the model's stages.yaml.

    Your checkout, your staged files and your branch stay as they are.
    """
    from rollbook.cli.proposed import carry_on
    from rollbook.promote import propose_promotion

    repository = options.repository()
    promotion = propose_promotion(repository, reference, stage, reason=reason, traffic=traffic, draft=draft)
    moves = [{"version": move.version, "from": move.start, "to": move.target} for move in promotion.moves]
    if not as_json:
        for move in promotion.moves:
            say(f"{promotion.model}@{move.version}: {move.start} -> {move.target}")
    found = {"model": promotion.model, "moves": moves, "branch": promotion.branch, "commit": promotion.commit}
    carried = carry_on(repository, promotion.branch, push=push, land=land, quiet=as_json)
    if as_json:
        print_json({**found, **carried})
