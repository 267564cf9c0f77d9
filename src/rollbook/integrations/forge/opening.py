"""Opening the pull request of a proposal's branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.git.commits import read_commit
from rollbook.git.refs import remote_branch, resolve_branch
from rollbook.git.repository import resolve_commit
from rollbook.registry.main_branch import main_branch, remote_name

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.integrations.forge.github import GitHub


def open_pull_request(repository: Repository, forge: GitHub, branch: str) -> str:
    """Open the pull request of a branch that was pushed, unless there is one; return its address.

    The commit's message describes it. Raises ForgeFailed when the forge says no.
    """
    tip = resolve_branch(repository, branch) or remote_branch(repository, remote_name(repository), branch)
    message = read_commit(repository, tip or resolve_commit(repository, f"refs/heads/{branch}")).message
    title, _, body = message.partition("\n")
    return forge.open_pull_request(branch, main_branch(repository), title, body.strip())
