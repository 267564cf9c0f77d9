"""What happens to a proposal once it is made: nothing, a push, a pull request, or landing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli.output import say
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.git.repository import Repository


def carry_on(repository: Repository, branch: str, *, then: str | None, quiet: bool) -> dict[str, object]:
    """Do with a proposal's branch what is asked, tell a person, and return what is to be added to the JSON.

    `then` is "push", "pr", "land" or None. Unless `quiet`, the branch's name is the command's result on
    stdout; after landing, the tags are.
    """
    from rollbook.propose.proposal import pull_request_hint, push_branch

    if then == "land":
        from rollbook.cli.land import land_branch, report_landing

        landing = land_branch(repository, branch)
        if not quiet:
            report_landing(landing)
        return {"landed": landing.commit, "tags": [event.tag for event in landing.events]}
    pushed = push_branch(repository, branch) if then else None
    opened = _open_pull_request(repository, branch) if then == "pr" else None
    if not quiet:
        click.echo(branch)
        if pushed:
            say(f"pushed to {pushed}")
        say(f"pull request: {printable(opened)}" if opened else pull_request_hint(repository, branch))
    return {"pushed": pushed, "pull_request": opened}


def _open_pull_request(repository: Repository, branch: str) -> str:
    """Open the pull request of a branch that was pushed; its address. The commit's message describes it."""
    from rollbook.git.commits import read_commit
    from rollbook.git.repository import main_branch, resolve_commit
    from rollbook.integrations.forge.configured_forge import forge_of

    message = read_commit(repository, resolve_commit(repository, f"refs/heads/{branch}")).message
    title, _, body = message.partition("\n")
    return forge_of(repository).open_pull_request(branch, main_branch(repository), title, body.strip())
