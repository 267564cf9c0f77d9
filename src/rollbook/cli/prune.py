"""`rollbook prune [TARGET]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say, size
from rollbook.cli.proposed import carry_on

if TYPE_CHECKING:
    from rollbook.propose.pruning import Pruned, Pruning


@click.command("prune")
@click.argument("target", required=False)
@click.option("--reason", help="Why; it goes on record. Needed unless --dry-run.")
@click.option("--dry-run", is_flag=True, help="Propose nothing: say what may go, and why the rest stays.")
@options.proposal
@options.directory
@options.as_json
def command(target: str | None, reason: str | None, dry_run: bool, then: str | None, as_json: bool) -> None:
    """Propose that the artifacts go which the policy's retention lets go.

    TARGET is a model or one version (credit-approval@0.3.0); without it, all models. What runs or served
    lately stays, and so does what nobody can tell of. The records stay. So do the bytes, until the proposal
    has landed and `rollbook sweep` deletes those that nothing else needs.
    """
    if dry_run and then:
        raise click.UsageError("--dry-run proposes nothing.")
    if not dry_run and reason is None:
        raise click.UsageError("Give a --reason; or see what may go with --dry-run.")
    registry = options.registry()
    proposed = registry.prune(target, reason=reason, dry_run=dry_run)
    if dry_run:
        if as_json:
            print_json(proposed)
        else:
            _print_plan(proposed)
        return
    if not as_json:
        for item in proposed.goes:
            say(f"{item.model}@{item.fate.version}: {size(item.size)}, {item.fate.why}")
    carried = carry_on(registry, proposed.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**proposed.as_document(), **carried})
    elif then == "land":
        say("the bytes are stored still; see what may be deleted: rollbook sweep")


def _print_plan(plan: Pruning) -> None:
    rows = [_row("goes", item) for item in plan.goes] + [_row("stays", item) for item in plan.stays]
    print_table(
        ["model", "version", "stage", "size", "artifact", "why"], rows, may_go=["stage", "size", "why"]
    )


def _row(verdict: str, item: Pruned) -> list[str]:
    fate = item.fate
    return [item.model, fate.version, fate.stage, size(item.size), verdict, fate.why]
