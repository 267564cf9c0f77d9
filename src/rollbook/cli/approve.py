"""`rollbook approve REF STAGE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.signing.approval_signature import TransitionContent


@click.command("approve")
@click.argument("reference", metavar="REF")
@click.argument("stage")
@click.option("--branch", help="The proposal's branch, when it has a name of its own.")
@click.option("--note", default="", metavar="TEXT", help="What you say about it; signed, and on record.")
@click.option("--push", is_flag=True, help="Push the branch to the remote.")
@options.directory
@options.as_json
def command(reference: str, stage: str, branch: str | None, note: str, push: bool, as_json: bool) -> None:
    """Approve that REF moves to STAGE, or gets an alias (@champion), with your SSH signature.

    The signature covers the transition, the manifest's digest and the occasion: this registry, its policy,
    and the model's last event; all of it is printed first. It is added to the proposal's branch, in the place
    of an older one of yours. It counts when the registry's allowed_signers on main gives your key to your
    address.
    """
    registry = options.registry()
    approved = registry.approve(reference, stage, branch=branch, note=note, show=_show)
    pushed = registry.push(approved.branch) if push else None
    if as_json:
        print_json({**approved.as_document(), "pushed": pushed})
        return
    click.echo(approved.branch)
    say(f"{approved.by} approved {approved.content.model}@{approved.content.version} for {stage}")


def _show(content: TransitionContent) -> None:
    say("you sign:")
    for name, value in content.signed_fields().items():
        say(f"  {name}: {'null' if value is None else printable(str(value))}")
