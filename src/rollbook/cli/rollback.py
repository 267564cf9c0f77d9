"""`rollbook rollback MODEL`."""

from __future__ import annotations

import click

from rollbook.cli import options


@click.command("rollback")
@click.argument("model")
@click.option("--to", "version", metavar="VERSION", help="Default: what held the stage before, by the trail.")
@click.option("--stage", default="production", show_default=True, help="The stage to roll back.")
@options.reason
@options.override
@options.proposal
@options.directory
@options.as_json
def command(
    model: str,
    version: str | None,
    stage: str,
    reason: str,
    override: str | None,
    draft: bool,
    then: str | None,
    as_json: bool,
) -> None:
    """Propose that MODEL goes back to the version that was in production before.

    It is a stage change like any other: proposed, checked, recorded.
    """
    from rollbook.cli.moving import move
    from rollbook.propose.promotion import previous_holder

    repository = options.repository()
    target = version or previous_holder(repository, model, stage)
    move(
        repository,
        f"{model}@{target}",
        stage,
        action="rollback",
        reason=reason,
        details={"override": {"reason": override} if override else None},
        draft=draft,
        then=then,
        as_json=as_json,
    )
