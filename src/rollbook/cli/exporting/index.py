"""`rollbook export --index DIR`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rollbook.cli.output import print_json, say
from rollbook.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.registry.registry import Registry


def export_index(registry: Registry, directory: Path, branch: str | None, as_json: bool) -> None:
    """Write the index of a registry to a folder, and to a branch where one is named; say what came of it."""
    published = None
    if branch is None:
        from rollbook.transfer.static_index.index_export import export

        done = export(registry, directory)
    else:
        from rollbook.transfer.static_index.index_branch import publish

        published = publish(registry, directory, branch)
        done = published.exported
    if as_json:
        print_json(
            {"output": str(directory), **asdict(done), "published": published.commit if published else None}
        )
        return
    click.echo(printable(str(directory)))
    say(
        f"{done.models} models and {done.events} events as of {done.commit[:12]}: "
        f"{done.written} files written, {done.removed} removed"
    )
    if published is not None:
        say(f"pushed to {branch}" if published.is_new else f"{branch} holds that already")
