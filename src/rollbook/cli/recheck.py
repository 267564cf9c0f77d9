"""`rollbook recheck NUMBER`."""

from __future__ import annotations

import click


@click.command("recheck")
@click.argument("number")
def command(number: str) -> None:
    """Have GitHub run the finished check of pull request NUMBER once more.

    A review changes what the check says, and GitHub does not run it again by itself. A token that may not do
    that is no error: press "Re-run jobs".
    """
    from rollbook.cli.output import say
    from rollbook.integrations.forge.configured_forge import github, pull_request_number
    from rollbook.integrations.forge.github import ForgeFailed

    forge = github()
    try:
        count = forge.check_again(forge.pull_request(pull_request_number(number)))
    except ForgeFailed as error:
        if error.status != 403:
            raise
        say(f'not run again: {error}. Press "Re-run jobs" on the pull request.')
        return
    say(f"{count} run{'' if count == 1 else 's'} started again")
