"""`rollbook fetch REF`."""

from __future__ import annotations

from pathlib import Path

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, progress_bar, say
from rollbook.cli.source import at_repository, opened_registry
from rollbook.printable import printable


@click.command("fetch")
@click.argument("reference", metavar="REF")
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    type=click.Path(path_type=Path),
    default=Path(),
    help="File or folder to write; by default the artifact's own name, here.",
)
@click.option("--force", is_flag=True, help="Replace what stands at PATH.")
@at_repository
@options.snapshot
@options.directory
@options.as_json
def command(
    reference: str,
    output: Path,
    force: bool,
    repo: str | None,
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Get a version's artifact: its size and SHA-256 verified, whole or not at all."""
    with opened_registry(repo, rev, at) as registry:
        version = registry.version(reference)
        artifact = version.manifest.artifact
        with progress_bar(f"fetching {artifact.path}", artifact.size) as progress:
            path = version.fetch(output, overwrite=force, progress=progress)
        found = {
            "model": version.model.name,
            "version": version.version,
            "output": str(path),
            "sha256": artifact.sha256,
            "size": artifact.size,
        }
    if as_json:
        print_json(found)
    else:
        click.echo(printable(str(path)))
        say(f"{version} verified: sha256 {artifact.sha256}")
