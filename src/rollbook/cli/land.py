"""`rollbook land BRANCH`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_pairs, say
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.api.public_registry import Registry
    from rollbook.propose.landing import Landing


@click.command("land")
@click.argument("branch")
@click.option("--keep-branch", is_flag=True, help="Keep the branch after it landed.")
@options.directory
@options.as_json
def command(branch: str, keep_branch: bool, as_json: bool) -> None:
    """Check BRANCH exactly as CI does, merge it into main, record it, and push it all at once."""
    landing = land_branch(options.registry(), branch, keep_branch=keep_branch)
    if as_json:
        print_json(landing)
    else:
        report_landing(landing)


def land_branch(registry: Registry, branch: str, *, keep_branch: bool = False) -> Landing:
    """Land a branch; warnings of the check go to stderr."""
    landing = registry.land(branch, keep_branch=keep_branch)
    if landing.warnings:
        from rollbook.check.report.findings_text import as_text

        click.echo(as_text(landing.warnings), err=True, nl=False)
    if landing.remote is None:
        say("nothing was pushed, since there is no remote: it landed in this repository alone")
    if landing.unrecorded:
        say(f"warning: {printable(landing.unrecorded)}")
    return landing


def report_landing(landing: Landing) -> None:
    """Tell a person what landed."""
    say(f"landed {landing.branch} on {landing.main} as {landing.commit[:12]}")
    print_pairs([(event.tag, event.summary) for event in landing.events])
