"""What happens to a proposal once it is made: nothing, a push, or landing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli.output import say

if TYPE_CHECKING:
    from rollbook.git.repository import Repository


def carry_on(
    repository: Repository, branch: str, *, push: bool, land: bool, quiet: bool
) -> dict[str, object]:
    """Push or land a proposal's branch as asked, tell a person, and return what is to be added to the JSON.

    Unless `quiet`, the branch's name is the command's result on stdout; after landing, the tags are.
    """
    from rollbook.propose.proposal import pull_request_hint, push_branch

    if land:
        from rollbook.cli.land import land_branch, report_landing

        landing = land_branch(repository, branch)
        if not quiet:
            report_landing(landing)
        return {"landed": landing.commit, "tags": [event.tag for event in landing.events]}
    pushed = push_branch(repository, branch) if push else None
    if not quiet:
        click.echo(branch)
        if pushed:
            say(f"pushed to {pushed}")
        say(pull_request_hint(repository, branch))
    return {"pushed": pushed}
