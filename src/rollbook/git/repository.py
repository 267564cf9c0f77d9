"""Finding a git repository, and the few facts about it that everything else needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.process import clean_environment, git, try_git

MAIN = "rollbook.main"
REMOTE = "rollbook.remote"


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository. `work_tree` is None for a bare one."""

    git_dir: Path
    common_dir: Path
    work_tree: Path | None

    @property
    def directory(self) -> Path:
        """Where git commands run: the top of the work tree, or the bare repository."""
        return self.work_tree or self.git_dir

    def git(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        return git(self.directory, *arguments, stdin=stdin)

    def git_without_index(self, *arguments: str) -> bytes:
        """What a git command says that would read the index and has no use for it: reading a large one takes
        longer than comparing two trees."""
        nowhere = str(self.git_dir / "rollbook-no-index")
        return git(self.directory, *arguments, environment=clean_environment(GIT_INDEX_FILE=nowhere))

    def try_text(self, *arguments: str) -> str | None:
        """The output of a git command without its last newline; None when git says no."""
        done = try_git(self.directory, *arguments)
        return None if done.returncode else done.stdout.decode(errors="surrogateescape").rstrip("\n")

    def config(self, key: str, *, kind: str = "") -> str | None:
        """A configuration value, e.g. `config("commit.gpgsign", kind="bool")`."""
        typed = (f"--type={kind}",) if kind else ()
        return self.try_text("config", *typed, "--get", key)


def discover(start: Path) -> Repository:
    """The repository that `start` stands in. Raises BadCall when there is none."""
    if not start.is_dir():
        raise BadCall(f"{start} is not a directory")
    done = try_git(
        start,
        "rev-parse",
        "--is-bare-repository",
        "--absolute-git-dir",
        "--path-format=absolute",
        "--git-common-dir",
        "--show-object-format",
        "--show-toplevel",
    )
    lines = done.stdout.decode(errors="surrogateescape").split("\n")
    if len(lines) < 5 or lines[0] not in ("true", "false"):
        raise _no_repository(start, done.stderr.decode(errors="replace"))
    if lines[3] != "sha1":
        raise BadCall(
            f"{start.resolve()} names its objects by {lines[3]}; only SHA-1 repositories are supported",
            hint="Start the registry in a repository made with `git init --object-format=sha1`.",
        )
    bare = lines[0] == "true" or not lines[4]
    return Repository(Path(lines[1]), Path(lines[2]), None if bare else Path(lines[4]))


def _no_repository(start: Path, said: str) -> BadCall:
    if "dubious ownership" in said or "safe.bareRepository" in said:
        return BadCall(f"git does not trust {start}: {said.strip()}")
    return BadCall(
        f"{start.resolve()} is not in a git repository",
        hint="Change into a repository, name one with -C DIR, or make one with `git init`.",
    )


def resolve_commit(repository: Repository, revision: str) -> str:
    """The id of the commit that `revision` names. Raises NotFound when it names none."""
    found = repository.try_text(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if found:
        return found
    if revision == "HEAD":
        raise NotFound("the repository has no commits yet", hint="Make a first commit, then try again.")
    raise NotFound(f"{revision[:120]!r} names no commit", hint="Name a branch, a tag or a commit.")


def main_branch(repository: Repository) -> str:
    """The name of the branch that holds the registry's truth.

    `git config rollbook.main` decides; else the branch that the remote calls its head; else `main` or
    `master`, whichever exists; else the branch that is checked out. Raises Refused when none can be told.
    """
    remote = remote_name(repository)
    configured = repository.config(MAIN)
    if configured:
        return configured
    head = repository.try_text("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD")
    if head:
        return head.removeprefix(f"refs/remotes/{remote}/")
    branches = repository.git("for-each-ref", "--format=%(refname)", "refs/heads", f"refs/remotes/{remote}")
    known = branches.decode(errors="surrogateescape").split("\n")
    for name in ("main", "master"):
        if f"refs/heads/{name}" in known or f"refs/remotes/{remote}/{name}" in known:
            return name
    current = current_branch(repository)
    if current:
        return current
    raise Refused("no main branch can be told", hint=f"Name it: git config {MAIN} BRANCH")


def current_branch(repository: Repository) -> str | None:
    """The branch that is checked out; None when HEAD is detached."""
    name = repository.try_text("symbolic-ref", "--quiet", "HEAD")
    return name.removeprefix("refs/heads/") if name else None


def remote_name(repository: Repository) -> str:
    """The remote that the registry lives on: `git config rollbook.remote`, else `origin`."""
    return repository.config(REMOTE) or "origin"


def has_remote(repository: Repository) -> bool:
    return repository.config(f"remote.{remote_name(repository)}.url") is not None


def main_commit(repository: Repository) -> str:
    """The commit the main branch stands at: the local one or the remote's, whichever is ahead.

    Raises Refused when there is neither, or when the two have diverged.
    """
    name = main_branch(repository)
    local = repository.try_text("rev-parse", "--verify", "--quiet", f"refs/heads/{name}^{{commit}}")
    tracked = f"refs/remotes/{remote_name(repository)}/{name}"
    remote = repository.try_text("rev-parse", "--verify", "--quiet", f"{tracked}^{{commit}}")
    if not local and not remote:
        raise Refused(
            f"the branch {name!r} has no commits yet", hint="Make a first commit on it, then try again."
        )
    if not local or not remote or local == remote:
        return local or remote or ""
    if is_ancestor(repository, local, remote):
        return remote
    if is_ancestor(repository, remote, local):
        return local
    raise Refused(
        f"{name!r} and {tracked.removeprefix('refs/remotes/')!r} have diverged",
        hint=f"Bring the local branch in line: git rebase {tracked.removeprefix('refs/remotes/')} {name}",
    )


def landed_commit(repository: Repository, remote: str | None) -> str:
    """The commit of main that everybody has: that of `remote` as last fetched, the local one when None.

    Raises Refused when the local main is ahead of the remote's, or has diverged from it.
    """
    commit = main_commit(repository)
    if remote is None:
        return commit
    name = main_branch(repository)
    tracked = repository.try_text("rev-parse", "--verify", "--quiet", f"refs/remotes/{remote}/{name}")
    if tracked != commit:
        raise Refused(
            f"the local {name} has commits that {remote}/{name} has not",
            hint=f"Push them first (git push {remote} {name}), or put them on a branch.",
        )
    return commit


def is_ancestor(repository: Repository, ancestor: str, descendant: str) -> bool:
    return repository.try_text("merge-base", "--is-ancestor", ancestor, descendant) is not None


def is_first_parent(repository: Repository, ancestor: str, descendant: str) -> bool:
    """Whether `ancestor` is `descendant`, or one of the commits that only first parents lead to from it."""
    span = f"{ancestor}..{descendant}"
    listed = repository.try_text("rev-list", "--first-parent", "--parents", span, "--")
    if not listed:
        return listed is not None and ancestor == descendant
    _, *parents = listed.splitlines()[-1].split()
    return parents[:1] == [ancestor]
