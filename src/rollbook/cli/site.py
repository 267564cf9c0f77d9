"""`rollbook site`."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from rollbook.cli import options
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import print_json, say
from rollbook.cli.step_bar import step_bar
from rollbook.errors import BadCall


@click.group("site", cls=NearCommands)
def command() -> None:
    """Build the catalog, the pages that people open."""


@command.command("build")
@click.argument("output", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--title", default="", help="What to call the registry, in the place of its own name.")
@click.option(
    "--as-of",
    "dates",
    metavar="DATE",
    multiple=True,
    help="Build the catalog as it stood at DATE too, at as-of/DATE/; several times for several dates.",
)
@click.option("--whole", is_flag=True, help="Make all pages anew, not only those that changed.")
@options.snapshot
@options.directory
@options.as_json
@click.pass_obj
def build_command(
    directory: str,
    output: Path,
    title: str,
    dates: tuple[str, ...],
    whole: bool,
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Write the catalog to DIR: static files for any host.

    In a DIR that holds a site already, what changed since is made anew. With --at DATE the whole site is of
    that date.
    """
    from rollbook.api.public_registry import Registry

    try:
        from rollbook.web.catalog.site.site_build import build_site
    except ImportError as error:
        raise BadCall(f"{error.name} is not installed", hint="pip install 'rollbook[site]'") from error
    gc.set_threshold(100_000, 50)  # very many small objects that stay, and few in a circle
    with Registry.open(directory, rev=rev, at=at) as registry, step_bar("pages") as progress:
        built = build_site(
            registry, output, title=title, as_of=dates, at=at or "", whole=whole, progress=progress
        )
    if as_json:
        print_json(built)
    else:
        say(f"Built {built.pages} pages in {output}: {built.written} files written, {built.removed} removed.")
