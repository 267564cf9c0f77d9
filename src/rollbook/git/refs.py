"""Moving refs: all of a set in one transaction, or none; and on a remote, all in one atomic push."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import Conflict
from rollbook.git.address import without_credentials
from rollbook.git.process import git_failed, try_git

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository

NO_OBJECT = "0" * 40
# A user's settings must not widen what is asked for: pruning would delete tags that only stand here, and
# following tags would publish a user's own.
_FETCH = ("fetch", "--no-write-fetch-head", "--no-prune", "--no-recurse-submodules")
_PUSH = ("push", "--atomic", "--porcelain", "--quiet", "--no-follow-tags", "--recurse-submodules=no")
# How git says, when it answers a push, that the ref has moved or is being moved by somebody else.
_OVERTAKEN = (
    "stale info",
    "fetch first",
    "non-fast-forward",
    "already exists",
    "cannot lock ref",
    "failed to update ref",
    "incorrect old value",
)


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """A ref, what it shall point at, and what it points at now; `NO_OBJECT` where it does not exist."""

    ref: str
    new: str
    old: str


def resolve_branch(repository: Repository, branch: str, remote: str | None = None) -> str | None:
    """The commit of a local branch, or of what was last seen of a remote's; None when there is none.

    Only a branch's very name counts: `main~1` or `main^{tree}` is none.
    """
    ref = f"refs/remotes/{remote}/{branch}" if remote else f"refs/heads/{branch}"
    return repository.try_text("show-ref", "--verify", "--hash", "--", ref)


def remote_branch(repository: Repository, remote: str, branch: str) -> str | None:
    """The commit of a branch on the remote as it stands there now, its objects fetched; None without one.

    Raises GitFailed when the remote can't be reached.
    """
    ref = f"refs/heads/{branch}"
    listed = repository.git("ls-remote", "--", remote, ref).decode(errors="surrogateescape")
    for line in listed.splitlines():
        oid, _, name = line.partition("\t")
        if name == ref:
            if repository.try_text("cat-file", "-e", oid) is None:
                fetch(repository, remote, ref)
            return oid
    return None


def update_refs(repository: Repository, updates: Sequence[RefUpdate]) -> None:
    """Move local refs. Raises Conflict, and moves none, when one isn't where `old` says."""
    if not updates:
        return
    lines = [f"update {update.ref}\0{update.new}\0{update.old}\0" for update in updates]
    done = try_git(repository.directory, "update-ref", "--stdin", "-z", stdin="".join(lines).encode())
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise Conflict(f"the repository has moved meanwhile: {said}", hint="Nothing was changed. Try again.")


def push(repository: Repository, remote: str, updates: Sequence[RefUpdate]) -> None:
    """Move refs on a remote, atomically, each only from where `old` says it is.

    Raises Conflict when the remote has moved, GitFailed when it can't be reached or refuses.
    """
    if not updates:
        return
    leases = [
        f"--force-with-lease={update.ref}:{'' if update.old == NO_OBJECT else update.old}"
        for update in updates
    ]
    specs = [f"{'' if update.new == NO_OBJECT else update.new}:{update.ref}" for update in updates]
    done = try_git(repository.directory, *_PUSH, *leases, "--", remote, *specs)
    if not done.returncode:
        return
    report = done.stdout.decode(errors="replace")
    rejected = [line for line in report.splitlines() if line.startswith("!")]
    overtaken = any(reason in line for line in rejected for reason in _OVERTAKEN)
    if overtaken or _has_moved(repository, remote, updates):
        raise Conflict(
            f"somebody else was first: {remote} has moved",
            hint="Nothing was changed there. Try again.",
        )
    words = without_credentials("\n".join(rejected)).encode()
    raise git_failed(["push"], done.stderr + b"\n" + words)


def _has_moved(repository: Repository, remote: str, updates: Sequence[RefUpdate]) -> bool:
    """Whether a ref isn't where its update says. A remote that moves during a push says no more."""
    listed = repository.try_text("ls-remote", "--", remote) or ""
    standing = {ref: oid for oid, _, ref in (line.partition("\t") for line in listed.splitlines())}
    return bool(standing) and any(standing.get(update.ref, NO_OBJECT) != update.old for update in updates)


def fetch(repository: Repository, remote: str, *refspecs: str) -> None:
    """Fetch from a remote, its branches by default. Raises GitFailed."""
    repository.git(*_FETCH, "--quiet", "--", remote, *refspecs)


def fetch_tags(repository: Repository, remote: str) -> None:
    """Fetch every tag. A tag that differs here and there is left as it is, and reported by Conflict."""
    # Not --quiet: what is rejected is told on stderr alone.
    full = ("-c", "fetch.output=full", *_FETCH, "--")
    done = try_git(repository.directory, *full, remote, "refs/tags/*:refs/tags/*")
    if done.returncode:
        if b"would clobber existing tag" in done.stderr:
            clashing = [
                line.split("->")[-1].split("(")[0].strip()
                for line in done.stderr.decode(errors="replace").splitlines()
                if "would clobber existing tag" in line
            ]
            raise Conflict(
                f"tags differ from those of {remote}: {', '.join(clashing)}",
                hint="One of the two was changed after the fact. Find out which before you go on.",
            )
        raise git_failed(["fetch"], done.stderr)
