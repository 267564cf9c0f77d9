"""`rollbook resolve REF`."""

from __future__ import annotations

import click

from rollbook.api.version_answers import resolved
from rollbook.cli import options
from rollbook.cli.source import asked_version, at_index, at_repositories, warn_if_deprecated, warn_if_removed
from rollbook.text import printable

_FIELDS = ("model", "version", "stage", "commit", "path", "sha256", "size", "format")


@click.command("resolve")
@click.argument("reference", metavar="REF")
@click.option("--field", type=click.Choice(_FIELDS), help="Print this one value only.")
@at_repositories
@at_index
@options.snapshot
@options.directory
@options.as_json
def command(
    reference: str, field: str | None, repo: tuple[str, ...], rev: str | None, at: str | None, as_json: bool
) -> None:
    """Print which version REF stands for, e.g. credit-approval@production; a model's name alone stands for
    the alias that the policy makes the default.

    Prints the version, the commit it was read from, the artifact's path and its SHA-256, one a line.
    """
    with asked_version(reference, repo, rev, at) as version:
        resolution = resolved(version, with_stage=as_json or field == "stage")
        warn_if_deprecated(version)
        warn_if_removed(version)
    if field:
        click.echo(printable(str(getattr(resolution, field))))
    elif as_json:
        from rollbook.cli.output import print_json

        print_json(resolution)
    else:
        for name in ("version", "commit", "path", "sha256"):
            click.echo(f"{name}\t{printable(str(getattr(resolution, name)))}")
