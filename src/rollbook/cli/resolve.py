"""`rollbook resolve REF`."""

from __future__ import annotations

import click

from rollbook.cli import options, removal
from rollbook.cli.deprecation import as_mapping, warn_if_deprecated
from rollbook.cli.source import asked_version, at_index, at_repositories
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
    """Print which version REF stands for, e.g. credit-approval@production.

    Prints the version, the commit it was read from, the artifact's path and its SHA-256, one a line.
    """
    with asked_version(reference, repo, rev, at) as version:
        artifact = version.artifact
        found: dict[str, str | int | None] = {
            "model": version.model.name,
            "version": version.version,
            "stage": version.stage if as_json or field == "stage" else None,
            "commit": version.model.registry.snapshot.commit,
            "path": version.artifact_path,
            "sha256": artifact.sha256,
            "size": artifact.size,
            "format": artifact.format,
        }
        deprecated, removed = as_mapping(version), removal.as_mapping(version)
        warn_if_deprecated(version)
        removal.warn_if_removed(version)
    if field:
        click.echo(printable(str(found[field])))
    elif as_json:
        from rollbook.cli.output import print_json

        print_json({**found, "deprecated": deprecated, "removed": removed})
    else:
        for name in ("version", "commit", "path", "sha256"):
            click.echo(f"{name}\t{printable(str(found[name]))}")
