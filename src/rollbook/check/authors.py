"""Whether those who made the commits of a pull request may change what they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.access.roles import Person, is_governed, may_change, needed_for, roles_of
from rollbook.check.finding import Finding
from rollbook.errors import TooMuch
from rollbook.git.changes import paths_of_commits
from rollbook.git.commits import read_commits
from rollbook.git.main_history import commits_between
from rollbook.signing.ssh_keygen import ssh_verified
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy

_NAMESPACE = "git"
_MOST_COMMITS = 20_000


@dataclass(frozen=True, slots=True)
class AuthoredCommit:
    """A commit, who made it, and what it changed: a merge, what it holds that none of its parents holds."""

    oid: str
    author: Person
    is_merge: bool
    paths: tuple[str, ...]


def authored_commits(repository: Repository, base: str, head: str) -> list[AuthoredCommit]:
    """The commits that `head` has and `base` has not, oldest first. Raises TooMuch."""
    oids = commits_between(repository, base, head)
    if len(oids) > _MOST_COMMITS:
        raise TooMuch(
            f"{len(oids):,} commits are more than {_MOST_COMMITS:,}",
            hint="Propose them in parts, or squash them into one.",
        )
    paths = paths_of_commits(repository, oids)
    return [
        AuthoredCommit(
            commit.oid, Person(email=commit.author_email), len(commit.parents) > 1, paths.get(commit.oid, ())
        )
        for commit in read_commits(repository, oids)
    ]


def author_findings(
    repository: Repository,
    commits: Sequence[AuthoredCommit],
    changed: Sequence[str],
    policy: Policy,
    allowed_signers: bytes | None,
) -> Iterator[Finding]:
    """What was changed by somebody who may not, and commits that somebody else signed than made them.

    `changed` are the paths that the merge changes; one that no commit accounts for was brought in by a
    merge commit that took an old side, and is held against whoever made it. Without roles in the policy
    everybody may do everything.
    """
    if policy.roles:
        for commit in commits:
            for path in commit.paths:
                yield from _right_to(commit, path, policy)
        yield from _smuggled(commits, changed, policy)
    if allowed_signers is not None:
        governed = [
            (commit, path)
            for commit in commits
            for path in [next((path for path in commit.paths if is_governed(path, policy)), None)]
            if path is not None
        ]
        yield from _signatures(repository, governed, allowed_signers)


def _right_to(commit: AuthoredCommit, path: str, policy: Policy) -> Iterator[Finding]:
    held = roles_of(commit.author, policy.roles)
    if not may_change(held, path, policy):
        who = printable(str(commit.author)) or "nobody"
        what = f"who is {' and '.join(held)}" if held else "who has no role in the policy"
        message = f"commit {commit.oid[:12]} by {who}, {what}, may not change this file"
        hint = f"Somebody who may has to make this change: {' or '.join(needed_for(path, policy))}."
        yield Finding("RB501", path, message, hint=hint)


def _smuggled(commits: Sequence[AuthoredCommit], changed: Sequence[str], policy: Policy) -> Iterator[Finding]:
    accounted = {path for commit in commits for path in commit.paths}
    merges = [commit for commit in commits if commit.is_merge]
    for path in changed:
        if is_governed(path, policy) and path not in accounted:
            for commit in merges:
                yield from _right_to(commit, path, policy)


def _signatures(
    repository: Repository, governed: Sequence[tuple[AuthoredCommit, str]], allowed_signers: bytes
) -> Iterator[Finding]:
    """The commits, each with a file that it changes, that are not signed by the author they name."""
    signed = read_commits(repository, [commit.oid for commit, _ in governed])
    for (commit, path), raw in zip(governed, signed, strict=True):
        if raw.signature.startswith("-----BEGIN SSH SIGNATURE-----") and not ssh_verified(
            raw.payload,
            raw.signature,
            principal=commit.author.email,
            allowed_signers=allowed_signers,
            namespace=_NAMESPACE,
        ):
            who = printable(commit.author.email)
            message = f"commit {commit.oid[:12]} names {who} as its author, who did not sign it"
            yield Finding(
                "RB502", path, message, hint="Sign with a key that allowed_signers gives the author."
            )
