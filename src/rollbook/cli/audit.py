"""`rollbook audit record`, `mend`, `verify` and `head`."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import print_json, print_lines, print_pairs, say
from rollbook.errors import CannotTell, GitFailed
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.trail.verification import Verification


@click.group("audit", cls=NearCommands)
def command() -> None:
    """Write the audit trail's tags, and verify them."""


@command.command("record")
@click.option(
    "--push/--no-push",
    "push",
    default=None,
    help="Send the tags to the remote as well. Default: when there is one.",
)
@click.option(
    "--forge",
    type=click.Choice(["github"]),
    help="Put the pull request and its approvals, as this forge knows them, on record too.",
)
@options.directory
@options.as_json
def record_command(push: bool | None, forge: str | None, as_json: bool) -> None:
    """Write the annotated tags of what landed on main.

    Safe to run twice, by several at once, and after a crash: what is recorded already is left alone.
    """
    recorded = options.registry().audit.record(push=push, forge=forge)
    for name in recorded.strays:
        say(f"warning: the tag {printable(name)} records nothing that main holds; see `rollbook audit mend`")
    if as_json:
        print_json(recorded)
        return
    print_pairs([(event.tag, event.summary) for event in recorded.events])
    if not recorded.events:
        say("everything that landed is recorded")


@command.command("mend")
@click.argument("tags", metavar="[TAG]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Remove nothing: say what would be removed.")
@click.option(
    "--push/--no-push",
    "push",
    default=None,
    help="Remove the tags from the remote as well. Default: when there is one.",
)
@options.directory
@options.as_json
def mend_command(tags: tuple[str, ...], dry_run: bool, push: bool | None, as_json: bool) -> None:
    """Remove stray tags: those that look like the trail's, and that main knows nothing of.

    For an admin. Nothing is removed that main calls for, nor what a later tag builds on; a tag that may be
    the last trace of a main that was rewritten is removed only by its name. A commit on main records it.
    Record afterwards: what the tags stood in the way of is still to be recorded.
    """
    mended = options.registry().audit.mend(tags, dry_run=dry_run, push=push)
    if as_json:
        print_json(mended)
        return
    for tag in mended.removed:
        click.echo(f"{printable(tag.name)}\t{tag.oid}\t{tag.code}: {printable(tag.message)}")
    for tag in mended.left:
        say(f"left, unless it is named: {printable(tag.name)} ({tag.code}: {printable(tag.message)})")
    if mended.commit:
        say(f"removed; commit {mended.commit[:12]} on main records it")
    elif not mended.removed:
        say("there is no stray tag")


@command.command("verify")
@click.option(
    "--since", metavar="REV|DATE", help="Report what landed after a commit of main, or from a date on."
)
@click.option("--model", metavar="MODEL", help="Report on one model.")
@click.option(
    "--allowed-signers",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Who may sign tags, as ssh-keygen reads it. Default: registry/allowed_signers on main.",
)
@click.option(
    "--witness", metavar="FILE|URL", help="What `audit head` printed earlier: today's trail must extend it."
)
@options.directory
@options.as_json
def verify_command(
    since: str | None, model: str | None, allowed_signers: Path | None, witness: str | None, as_json: bool
) -> None:
    """Derive every event from main's history anew, and compare with the tags. No server is asked.

    Exits with 0 when all agrees, with 1 when something was tampered with, and with 3 when there is too little
    here to tell, as in a shallow clone or one without tags.
    """
    gc.disable()  # very many small objects, and none in a circle
    click.get_current_context().call_on_close(gc.enable)
    try:
        trail = options.registry().audit
    except GitFailed as error:  # it can't be run, say
        raise CannotTell(str(error), hint=error.hint) from error
    verification = trail.verify(since=since, model=model, allowed_signers=allowed_signers, witness=witness)
    if as_json:
        print_json(verification)
    else:
        _print_verification(verification)
    click.get_current_context().exit(verification.exit_code)


def _print_verification(found: Verification) -> None:
    for item in found.contradictions:
        about = f"{item.tag or item.commit[:12] or 'this clone'}: {item.code}"
        warning = "warning: " if item.severity == "warning" else ""
        landed = f" (main {item.commit[:12]})" if item.commit and item.tag else ""
        print_lines([f"{about}: {warning}{item.message}{landed}", f"    {item.hint}"])
    for doubt in found.doubts:
        print_lines([f"can't tell: {doubt.message}", f"    {doubt.hint}"])
    words = {"verified": "verified", "tampered": "tampered with", "unknown": "can't tell"}
    click.echo(f"{words[found.result]}: {found.events} events to {found.main[:12]}, {_signed(found)}")


def _signed(found: Verification) -> str:
    names = [printable(f"{count} signed by {name}") for name, count in found.signers.tags.items()]
    return ", ".join([*names, f"{found.signers.unsigned} unsigned"] if found.signers.unsigned else names)


@command.command("head")
@click.option(
    "--witness", metavar="FILE|URL", help="What this printed earlier: today's trail must extend it."
)
@options.directory
@options.as_json
def head_command(witness: str | None, as_json: bool) -> None:
    """Print the head of the trail: its last tag, that tag's object, how many events, and main's commit.

    Publish it where those who write the registry can't write: `audit verify --witness` proves later that the
    trail was only added to. With --witness, verifies that first.
    """
    trail = options.registry().audit
    head = trail.head()
    if witness:
        verification = trail.verify(witness=witness)
        if verification.result != "verified":
            _print_verification(verification)
            click.get_current_context().exit(verification.exit_code)
    if as_json:
        print_json(head)
    else:
        click.echo(head.as_text(), nl=False)
