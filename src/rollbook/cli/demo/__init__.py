"""`rollbook demo [DIR]`."""

from __future__ import annotations

from pathlib import Path

import click

from rollbook.cli import options
from rollbook.text import printable


@click.command("demo")
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@options.directory
def command(directory: Path | None) -> None:
    """Show the whole story in DIR, a new or empty folder; by default a temporary one, which is kept.

    Trains three small models, registers and promotes them in a scratch registry, shows what is refused, and
    ends with a prediction of the model in production. Every command is shown, and run for real.
    """
    from rollbook.cli.demo.performance import perform
    from rollbook.cli.demo.story import closing

    root = perform(options.start() / directory if directory else None)
    click.secho("The end\n", bold=True)
    click.echo(closing(printable(str(root))))
