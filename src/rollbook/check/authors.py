"""Whether those who made the commits of a pull request may change what they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.access.roles import Person, is_governed
from rollbook.check.author_rights import Author, AuthorRights
from rollbook.check.commit_signers import ListedKeys
from rollbook.check.finding import Finding
from rollbook.errors import TooMuch
from rollbook.git.commits import read_commits
from rollbook.git.main_history import commits_between, merge_bases
from rollbook.git.own_work import changes_at, disputed, own_changes
from rollbook.signing.sshsig import fingerprint, signing_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rollbook.git.changes import PathChange
    from rollbook.git.commits import Commit
    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy
    from rollbook.registry.change import FileChange

_MOST_COMMITS = 20_000


@dataclass(frozen=True, slots=True)
class AuthoredCommit:
    """A commit, and what is its author's own work in it: of a merge, what git's own merge would not have made
    (see `own_changes`). Who made it is what it says; `ListedKeys` tells what is proven."""

    commit: Commit
    changes: tuple[PathChange, ...]

    @property
    def oid(self) -> str:
        return self.commit.oid

    @property
    def author(self) -> Person:
        return Person(email=self.commit.author_email)

    @property
    def is_merge(self) -> bool:
        return len(self.commit.parents) > 1

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of its own changes, each once."""
        return tuple(dict.fromkeys(change.path for change in self.changes))

    @property
    def claimed_key(self) -> str:
        """The fingerprint of the SSH key that its signature names, verified or not; empty without one."""
        key = signing_key(self.commit.signature)
        return fingerprint(key) if key else ""


def authored_commits(repository: Repository, base: str, head: str) -> list[AuthoredCommit]:
    """Return the commits that `head` has and `base` has not, oldest first.

    Where `head` and `base` were merged into each other before, what git has to guess in merging them once
    more is held against each merge: one of them brought it about. Raises TooMuch, and GitFailed when a commit
    is missing.
    """
    oids = commits_between(repository, base, head)
    if len(oids) > _MOST_COMMITS:
        raise TooMuch(
            f"{len(oids):,} commits are more than {_MOST_COMMITS:,}",
            hint="Propose them in parts, or squash them into one.",
        )
    commits = list(read_commits(repository, oids))
    own = own_changes(repository, commits)
    guessed = changes_at(repository, base, head, disputed(repository, merge_bases(repository, base, head)))
    return [
        AuthoredCommit(commit, (*own.get(commit.oid, ()), *(guessed if len(commit.parents) > 1 else ())))
        for commit in commits
    ]


def author_findings(
    repository: Repository,
    commits: Sequence[AuthoredCommit],
    policy: Policy,
    allowed_signers: bytes | None,
    whole: Iterable[FileChange] = (),
) -> Iterator[Finding]:
    """Yield what was changed by somebody who may not, and commits whose signature is not their author's.

    `whole` is what all the commits together change, and merging them. Without roles in the policy everybody
    may do everything, but for stages that it keeps for roles.
    """
    authors: list[Author] = []
    keys = ListedKeys(repository, policy, allowed_signers)
    for commit in commits:
        governed = [path for path in commit.paths if is_governed(path, policy)]
        if not governed:
            continue
        proof = keys.proof(commit.commit)
        if proof.fault:
            message = f"commit {commit.oid[:12]} {proof.fault}"
            hint = "Sign with a key that allowed_signers, or the policy's roles, give the author."
            yield Finding("RB502", governed[0], message, hint=hint)
        authors.append(Author(commit, proof.person))
    with AuthorRights(repository, policy) as rights:
        for author in authors if policy.roles else ():
            paths = [path for path in author.commit.paths if is_governed(path, policy)]
            yield from rights.file_findings(author, paths)
        yield from rights.stage_findings(authors, whole)
