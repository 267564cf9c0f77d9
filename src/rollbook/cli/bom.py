"""`rollbook bom REF`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json
from rollbook.cli.source import at_repository, opened_registry


@click.command("bom")
@click.argument("reference", metavar="REF")
@at_repository
@options.snapshot
@options.directory
def command(reference: str, repo: str | None, rev: str | None, at: str | None) -> None:
    """Print the bill of materials of REF, a CycloneDX 1.6 document in JSON.

    It has the model with its card, its data sets, its libraries and its parents, as far as the manifest names
    them. Needs the extra `bom`: pip install "rollbook[bom]".
    """
    with opened_registry(repo, rev, at) as registry:
        print_json(registry.bom(reference))
