"""Telling what an import brought, from where, and who vouches for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli.output import print_json, say, size
from rollbook.records.imported import as_mapping
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.transfer.bundle.bundle_import import Brought


def report_brought(repository: Repository, brought: Brought, *, then: str | None, as_json: bool) -> None:
    """Print what was proposed, and carry on with it as asked."""
    from rollbook.cli.proposed import carry_on

    if not as_json:
        _tell(brought)
    carried: dict[str, object] = {}
    if brought.branch:
        carried = carry_on(repository, brought.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**_as_data(brought), **carried})


def _tell(brought: Brought) -> None:
    reference = f"{brought.model}@{brought.version}"
    source = brought.imported.nearest
    tag = source.registration
    say(
        f"{reference} from {source.registry}: manifest and artifact are those of {tag.tag}, {tag.object[:12]}"
    )
    if source.signed_by:
        say(f"that tag is signed by {source.signed_by}")
    else:
        message = f"nobody vouches for that tag: {brought.doubt}"
        click.echo(click.style("warning: ", fg="yellow") + printable(message), err=True)
    for finding in brought.findings:
        say(f"{finding.severity}: {finding.path}: {finding.message}")
    if brought.branch:
        say(f"{size(brought.uploaded)} went to the DVC remote")
        return
    click.echo(f"{reference} is here already, the very same; there is nothing to do")
    for name in brought.missing:
        say(f"the bundle holds {name}, which the version here has not")


def _as_data(brought: Brought) -> dict[str, object]:
    return {
        "model": brought.model,
        "version": brought.version,
        "imported": as_mapping(brought.imported),
        "doubt": brought.doubt or None,
        "branch": brought.branch or None,
        "commit": brought.commit or None,
        "uploaded": brought.uploaded,
        "missing": list(brought.missing),
    }
