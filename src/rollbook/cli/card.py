"""`rollbook card REF`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from rollbook import layout
from rollbook.api.json_document import document
from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.cli.proposed import carry_on
from rollbook.cli.source import opened_registry
from rollbook.text import printable

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("card")
@click.argument("reference", metavar="REF", required=False)
@click.option("--from", "source", type=_FILE, help="Take what people wrote from this file, not from card.md.")
@click.option(
    "--template",
    type=_FILE,
    help="Begin a new card from this file; its {{placeholders}} are filled.",
)
@click.option("--output", "-o", type=_FILE, help="Write to this file. What people wrote in it stays.")
@click.option("--html", is_flag=True, help="As a page of HTML.")
@click.option("--write", is_flag=True, help="Propose it: a branch with one commit, made from main.")
@click.option("--check", "checking", is_flag=True, help="Fail when a staged card is stale; for pre-commit.")
@options.snapshot
@options.proposal
@options.directory
@options.as_json
def command(reference: str | None, *, checking: bool, write: bool, as_json: bool, **given: Any) -> None:
    """Make REF's model card: Hugging Face's front matter, and the sections of the model-card paper.

    Generated parts stand between markers; what people write around them is kept for ever. A placeholder such
    as {{metrics.auc}} is filled with what is on record. What is still to be written says [More Information
    Needed].
    """
    _require_sense(reference, checking=checking, write=write, **given)
    if checking:
        _check()
    elif write:
        _propose(str(reference), given, as_json=as_json)
    else:
        _print(str(reference), given, as_json=as_json)


def _require_sense(
    reference: str | None, *, checking: bool, write: bool, then: str | None, **given: Any
) -> None:
    others = [name for name in ("output", "html", "rev", "at") if given[name]]
    if checking and (reference or write or then or given["source"] or given["template"] or others):
        raise click.UsageError("--check stands alone: it looks at what is staged.")
    if not checking and reference is None:
        raise click.UsageError("Missing argument 'REF'.")
    if write and others:
        raise click.UsageError(f"--write makes the card from main; it doesn't go with --{others[0]}.")
    if then and not write:
        raise click.UsageError("--push, --pr and --land go with --write.")
    if given["source"] and given["output"]:
        raise click.UsageError("Give either --from or --output.")
    if given["source"] and given["template"]:
        raise click.UsageError("Give either --from or --template.")


def _check() -> None:
    stale = options.registry().stale_cards()
    for path in stale:
        place = layout.place(path)
        click.echo(path)
        say(f"{path} is stale: rollbook card {place.model}@{place.version} --output {path}")
    if stale:
        click.get_current_context().exit(1)


def _propose(reference: str, given: dict[str, Any], *, as_json: bool) -> None:
    registry = options.registry()
    proposed = registry.propose_card(reference, source=given["source"], template=given["template"])
    if proposed is None:
        say(f"the card of {reference} is up to date")
        if as_json:
            print_json(None)
        return
    _tell_unfilled(proposed.unfilled)
    carried = carry_on(registry, proposed.branch, then=given["then"], quiet=as_json)
    if as_json:
        print_json({**document(proposed), **carried})


def _print(reference: str, given: dict[str, Any], *, as_json: bool) -> None:
    from rollbook.artifact.placed_file import is_stream, require_no_link, write_whole

    output = given["output"]
    if output:
        require_no_link(output)
    is_kept = output and output.exists() and not is_stream(output) and not given["html"]
    kept = output if is_kept else None
    with opened_registry(None, given["rev"], given["at"]) as registry:
        card = registry.card(
            reference, source=given["source"] or kept, template=given["template"], html=given["html"]
        )
    _tell_unfilled(card.unfilled)
    if output:
        write_whole(output, card.text.encode())
        say(f"wrote {output}")
    if as_json:
        print_json(card)
    elif not output:
        _show(card.text)


def _tell_unfilled(names: tuple[str, ...]) -> None:
    if names:
        say(f"nothing on record fills {', '.join(f'{{{{{name}}}}}' for name in names[:20])}")


def _show(text: str) -> None:
    """Print a card: byte by byte, but for a terminal, on which nothing in it may act."""
    if sys.stdout.isatty():
        text = "".join(f"{printable(line)}\n" for line in text.splitlines())
    click.echo(text, nl=False)
