"""Which registry a reading command reads: the one around the directory, or one given by address."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.cli.options import Command


def at_repository(command: Command) -> Command:
    """`--repo URL`."""
    return click.option(
        "--repo", metavar="URL", help="Read this repository (path or URL), without a clone of your own."
    )(command)


@contextmanager
def opened_registry(repo: str | None, rev: str | None, at: str | None) -> Iterator[Registry]:
    """The registry that the options name."""
    if rev is not None and at is not None:
        raise click.UsageError("Give either --rev or --at.")
    if repo is None:
        with Registry.open(options.start(), rev=rev, at=at) as registry:
            yield registry
        return
    with Registry.at_address(repo, rev=rev, at=at) as registry:
        yield registry
