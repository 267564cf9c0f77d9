"""Reviews of pull requests: whose count for the change that is judged, and which go on record."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from rollbook.access.roles import all_members, policy_at
from rollbook.errors import NotFound, RollbookError
from rollbook.git.commits import tree_of
from rollbook.git.merge import merge
from rollbook.git.repository import commit_or_none
from rollbook.text import one_line
from rollbook.trail.record import Attestation

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.access.roles import Person
    from rollbook.git.repository import Repository
    from rollbook.integrations.forge.interface import Forge


def reviews(forge: Forge, repository: Repository, number: int, base: str, head: str) -> tuple[Person, ...]:
    """Return who approved, in pull request `number`, the change that merging the commit `head` into `base`
    brings.

    They approved the pull request's own head. So `head` must be that very commit, or hold exactly what
    merging it into `base` gives: the commit of a merge queue. Raises NotFound when it is neither, and
    whatever the forge raises.
    """
    pull = forge.pull_request(number)
    if pull.head != head and not _same_content(repository, base, pull.head, head):
        raise NotFound(
            f"pull request {number} offers {pull.head[:12]} by now, not what is judged",
            hint="A newer run judges that.",
        )
    return forge.reviews(pull, _teams(repository, base))


def _same_content(repository: Repository, base: str, offered: str, head: str) -> bool:
    commit = commit_or_none(repository, offered)
    if commit is None:
        return False
    tree = merge(repository, base, commit).tree
    return tree is not None and tree == tree_of(repository, head)


def _teams(repository: Repository, base: str) -> list[str]:
    """Return the teams (`org/team`) that the base's policy names."""
    try:
        policy = policy_at(repository, base)
    except RollbookError:
        return []  # the check has its own words for a policy that can't be read
    members = all_members(policy) if policy is not None else ()
    return sorted({member[1:] for member in members if member.startswith("@") and member.count("/") == 1})


def attestation(forge: Forge, branch: str) -> Callable[[str], Attestation]:
    """Return a function that tells, for a commit of `branch`, its pull request and who approved it.

    Each commit is asked for once. The names are marked as what they are, so that nobody takes them for
    signatures.
    """

    @functools.cache
    def attest(commit: str) -> Attestation:
        pull = forge.landed_by(commit, branch)
        if pull is None:
            return Attestation()
        names = (f"@{one_line(person.login)} ({forge.name} review)" for person in forge.reviews(pull, ()))
        return Attestation(one_line(pull.url), tuple(names))

    return attest
