"""`rollbook site`."""

from __future__ import annotations

from pathlib import Path

import click

from rollbook.cli import options
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import print_json, say
from rollbook.errors import BadCall


@click.group("site", cls=NearCommands)
def command() -> None:
    """Build the catalog, the pages that people open."""


@command.command("build")
@click.argument("output", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@options.snapshot
@options.directory
@options.as_json
@click.pass_obj
def build_command(directory: str, output: Path, rev: str | None, at: str | None, as_json: bool) -> None:
    """Write the catalog to DIR: static files for any host."""
    from rollbook.api.public_registry import Registry

    try:
        from rollbook.web.catalog.site_build import build_site
    except ImportError as error:
        raise BadCall(f"{error.name} is not installed", hint="pip install 'rollbook[site]'") from error
    with Registry.open(directory, rev=rev, at=at) as registry:
        built = build_site(registry, output)
    if as_json:
        print_json(built)
    else:
        say(f"Wrote {built.pages} pages to {output}.")
