"""`rollbook audit record`, `rollbook audit verify` and `rollbook audit head`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.errors import BadCall, CannotTell, NotFound, RollbookError
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.trail.verify import Verification


@click.group("audit")
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
    from rollbook.trail.record import record

    repository = options.repository()
    if forge is None:
        events = record(repository, push_tags=push)
    else:
        from rollbook.git.repository import main_branch
        from rollbook.integrations.forge.configured_forge import github
        from rollbook.integrations.forge.reviews import attestation

        events = record(repository, push_tags=push, attest=attestation(github(), main_branch(repository)))
    if as_json:
        print_json([{"tag": event.tag, "summary": event.summary} for event in events])
        return
    for event in events:
        click.echo(f"{event.tag}\t{event.summary}")
    if not events:
        say("everything that landed is recorded")


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
    from rollbook.trail.verify import verify
    from rollbook.trail.witness import read_witness

    repository = options.repository()
    try:
        found = verify(
            repository,
            since=since,
            model=model,
            allowed_signers=allowed_signers.read_bytes() if allowed_signers else None,
            witness=read_witness(witness) if witness else None,
        )
    except (BadCall, CannotTell, NotFound):
        raise
    except RollbookError as error:
        raise CannotTell(str(error), hint=error.hint) from error
    if as_json:
        print_json(_verification(found))
    else:
        _print_verification(found)
    click.get_current_context().exit(found.exit_code)


def _verification(found: Verification) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "result": found.result,
        "main": found.main,
        "events": found.events,
        "signed": [{"by": name, "tags": count} for name, count in found.signers.tags.items()],
        "unsigned": found.signers.unsigned,
        "head": asdict(found.head) if found.head else None,
        "findings": [asdict(item) for item in found.contradictions],
        "doubts": [asdict(doubt) for doubt in found.doubts],
    }


def _print_verification(found: Verification) -> None:
    for item in found.contradictions:
        about = f"{item.tag or item.commit[:12]}: {item.code}"
        warning = "warning: " if item.severity == "warning" else ""
        landed = f" (main {item.commit[:12]})" if item.commit and item.tag else ""
        click.echo(printable(f"{about}: {warning}{item.message}{landed}"))
        click.echo(f"    {printable(item.hint)}")
    for doubt in found.doubts:
        click.echo(printable(f"can't tell: {doubt.message}"))
        click.echo(f"    {printable(doubt.hint)}")
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
    from dataclasses import asdict

    from rollbook.trail.head import head

    found = head(options.repository())
    if witness:
        from rollbook.trail.verify import verify
        from rollbook.trail.witness import read_witness

        verification = verify(options.repository(), witness=read_witness(witness))
        if verification.result != "verified":
            _print_verification(verification)
            click.get_current_context().exit(verification.exit_code)
    if as_json:
        print_json(asdict(found))
    else:
        click.echo(found.as_text(), nl=False)
