"""`rollbook resolve REF`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.source import at_repository, opened_registry
from rollbook.printable import printable

_FIELDS = ("model", "version", "stage", "commit", "path", "sha256", "size", "format")


@click.command("resolve")
@click.argument("reference", metavar="REF")
@click.option("--field", type=click.Choice(_FIELDS), help="Print this one value only.")
@at_repository
@options.snapshot
@options.directory
@options.as_json
def command(
    reference: str, field: str | None, repo: str | None, rev: str | None, at: str | None, as_json: bool
) -> None:
    """Print which version REF stands for, e.g. credit-approval@production.

    Prints the version, the commit it was read from, the artifact's path and its SHA-256, one a line.
    """
    with opened_registry(repo, rev, at) as registry:
        version = registry.version(reference)
        artifact = version.manifest.artifact
        found: dict[str, str | int | None] = {
            "model": version.model.name,
            "version": version.version,
            "stage": version.stage if as_json or field == "stage" else None,
            "commit": registry.snapshot.commit,
            "path": version.artifact_path,
            "sha256": artifact.sha256,
            "size": artifact.size,
            "format": artifact.format,
        }
    if field:
        click.echo(printable(str(found[field])))
    elif as_json:
        from rollbook.cli.output import print_json

        print_json(found)
    else:
        for name in ("version", "commit", "path", "sha256"):
            click.echo(f"{name}\t{printable(str(found[name]))}")
