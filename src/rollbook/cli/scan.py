"""`rollbook scan TARGET`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollbook.api.json_document import document
from rollbook.cli import options
from rollbook.cli.output import print_json, progress_bar, say
from rollbook.cli.proposed import carry_on
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.api.scan_verb import Scanned
    from rollbook.artifact.progress import Progress

_SHOWN = 50


@click.command("scan")
@click.argument("target", metavar="TARGET")
@click.option(
    "--allow",
    metavar="MODULE.NAME",
    multiple=True,
    help="A class of your own that a pickle may import. Repeatable.",
)
@click.option("--record", is_flag=True, help="Propose the result as evidence on the version.")
@click.option("--remote", metavar="URL", help="Get the bytes from this copy of the DVC remote (path or URL).")
@options.proposal
@options.directory
@options.as_json
def command(
    target: str, allow: tuple[str, ...], record: bool, remote: str | None, then: str | None, as_json: bool
) -> None:
    """Tell what loading TARGET would run: a version, or a file or folder. Nothing of it is loaded.

    Every pickle in it, also within archives, is followed to its end, and every global that it imports must be
    on a list. The verdict is clean, suspicious, malicious or inconclusive; the exit code is 1 unless clean.
    """
    if then and not record:
        raise click.UsageError("--push, --pr and --land go with --record.")
    with progress_bar("reading", target) as progress:
        scanned = _scanned(target, allow, record, remote, progress)
    carried = {}
    if not as_json:
        _tell(scanned)
    if scanned.evidence:
        carried = carry_on(options.registry(), scanned.evidence.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**document(scanned), **carried})
    if not scanned.report.is_clean:
        click.get_current_context().exit(1)


def _scanned(
    target: str, allow: tuple[str, ...], record: bool, remote: str | None, progress: Progress
) -> Scanned:
    if Path(target).exists() and not record:  # needs no registry
        from rollbook.api.scan_verb import scan_at

        return scan_at(target, allow)
    return options.registry().scan(target, allow=allow, record=record, remote=remote, progress=progress)


def _tell(scanned: Scanned) -> None:
    report = scanned.report
    click.echo(f"{printable(scanned.target)}: {report.verdict}")
    for reason in report.reasons[:_SHOWN]:
        click.echo(f"  {reason.verdict}: {printable(str(reason))}")
    if len(report.reasons) > _SHOWN:
        click.echo(f"  and {len(report.reasons) - _SHOWN} more: --json has all")
    if report.is_clean:
        say(report.sentence().partition(": ")[2])
