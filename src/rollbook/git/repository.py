"""Finding a git repository, and the few facts about it that everything else needs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.config import config_text, setting, settings
from rollbook.git.process import line_of, try_git
from rollbook.git.refs import listed_refs

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN = "rollbook.main"
REMOTE = "rollbook.remote"
_HEADS = "refs/heads/"


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


def discover(start: Path) -> Repository:
    """Return the repository that `start` stands in.

    One that is bare and that the caller names is read whatever `safe.bareRepository` says, which is about
    those that git comes across. Raises BadCall when there is none, or when git does not trust it.
    """
    if not start.is_dir():
        raise BadCall(f"{start} is not a directory")
    lines, said = _asked(start)
    if "safe.bareRepository" in said and _is_named(start):
        lines, said = _asked(start, "-c", "safe.bareRepository=all")
        if lines[1:2] != [str(start.resolve())]:
            raise BadCall(
                f"git does not trust the bare repository around {start}",
                hint="Name its top directory.",
            )
    if len(lines) not in (4, 5) or lines[0] not in ("true", "false"):
        raise _no_repository(start, said)
    if lines[3] != "sha1":
        raise BadCall(
            f"{start.resolve()} names its objects by {lines[3]}; only SHA-1 repositories are supported",
            hint="Start the registry in a repository made with `git init --object-format=sha1`.",
        )
    bare = lines[0] == "true" or len(lines) == 4
    return Repository(Path(lines[1]), Path(lines[2]), None if bare else Path(lines[4]))


def _asked(start: Path, *options: str) -> tuple[list[str], str]:
    """What git says of the repository around a directory, a line a fact (paths with line breaks make more),
    and what it complains of."""
    done = try_git(
        start, *options, "rev-parse", "--is-bare-repository", "--absolute-git-dir", "--path-format=absolute",
        "--git-common-dir", "--show-object-format", "--show-toplevel",
    )  # fmt: skip
    lines = done.stdout.decode(errors="surrogateescape").split("\n")[:-1]
    return lines, done.stderr.decode(errors="replace")


def _is_named(start: Path) -> bool:
    """Whether somebody has named this very directory: the user, or git to its hook."""
    git_dir = os.environ.get("GIT_DIR")
    return start != Path() or (git_dir is not None and Path(git_dir).resolve() == start.resolve())


def _no_repository(start: Path, said: str) -> BadCall:
    if "dubious ownership" in said or "safe.bareRepository" in said:
        return BadCall(f"git does not trust {start}: {said.strip()}")
    return BadCall(
        f"{start.resolve()} is not in a git repository",
        hint="Change into a repository, name one with -C DIR, or make one with `git init`.",
    )


def new_bare(directory: Path, settings: Mapping[str, str]) -> Repository:
    """Make an empty bare repository of our own, with these settings."""
    for folder in ("objects", "refs"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    (directory / "HEAD").write_text("ref: refs/heads/none\n", encoding="utf-8")
    core = {"core.repositoryformatversion": "0", "core.bare": "true"}
    config = config_text({**core, **settings}).encode(errors="surrogateescape")
    (directory / "config").write_bytes(config)
    return Repository(directory, directory, None)


def resolve_commit(repository: Repository, revision: str) -> str:
    """Return the id of the commit that a user's `revision` names. Raises NotFound when it names none."""
    commit = commit_or_none(repository, revision)
    if commit:
        return commit
    if revision == "HEAD":
        raise NotFound("the repository has no commits yet", hint="Make a first commit, then try again.")
    raise NotFound(f"{revision[:120]!r} names no commit", hint="Name a branch, a tag or a commit.")


def commit_or_none(repository: Repository, revision: str) -> str | None:
    """Return the id of the commit that `revision` names, which is here; None when it names none."""
    return line_of(
        repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )


def is_shallow(repository: Repository) -> bool:
    """Whether the clone lacks a part of its history."""
    return line_of(repository, "rev-parse", "--is-shallow-repository") == "true"


def hooks_directory(repository: Repository) -> Path:
    """Return the folder that git looks for hooks in."""
    return repository.directory / (line_of(repository, "rev-parse", "--git-path", "hooks") or "hooks")


@dataclass(frozen=True, slots=True)
class MainBranch:
    """The branch that holds the registry's truth: its name, the commits that the local one and that of
    `remote` (as last fetched) stand at; None where there is none."""

    name: str
    remote: str
    local: str | None
    tracked: str | None

    @property
    def tracking(self) -> str:
        """The remote's branch as it is called in messages."""
        return f"{self.remote}/{self.name}"


def read_main(repository: Repository) -> MainBranch:
    """Return the main branch and where it stands.

    `git config rollbook.main` decides; else the branch that the remote calls its head; else `main` or
    `master`, whichever exists; else the branch that is checked out. Raises Refused when none can be told.
    """
    configured = settings(repository, r"^rollbook\.(main|remote)$")
    remote = configured.get(REMOTE) or "origin"
    name = configured.get(MAIN)
    tracked = f"refs/remotes/{remote}/"
    names = [name] if name else ["main", "master"]
    patterns = [f"{place}{branch}" for place in (_HEADS, tracked) for branch in names]
    refs = {ref.name: ref for ref in listed_refs(repository, *patterns, f"{tracked}HEAD")}
    if not name:
        head = refs.get(f"{tracked}HEAD")
        if head is not None and head.target.startswith(tracked):
            name = head.target.removeprefix(tracked)
        else:
            there = (
                branch for branch in names if f"{_HEADS}{branch}" in refs or f"{tracked}{branch}" in refs
            )
            name = next(there, None) or current_branch(repository)
    if not name:
        raise Refused("no main branch can be told", hint=f"Name it: git config {MAIN} BRANCH")
    if name not in names:
        refs = {ref.name: ref for ref in listed_refs(repository, f"{_HEADS}{name}", f"{tracked}{name}")}
    local, far = (refs.get(f"{place}{name}") for place in (_HEADS, tracked))
    return MainBranch(name, remote, local.oid if local else None, far.oid if far else None)


def main_branch(repository: Repository) -> str:
    """Return the name of the branch that holds the registry's truth, as `read_main` tells it."""
    return read_main(repository).name


def current_branch(repository: Repository) -> str | None:
    """Return the branch that is checked out; None when HEAD is detached."""
    name = line_of(repository, "symbolic-ref", "--quiet", "HEAD")
    return name.removeprefix(_HEADS) if name else None


def remote_name(repository: Repository) -> str:
    """Return the remote that the registry lives on: `git config rollbook.remote`, else `origin`."""
    return setting(repository, REMOTE) or "origin"


def remote_url(repository: Repository, remote: str | None = None) -> str | None:
    """Return the address of a remote, by default that which the registry lives on; None without one."""
    return setting(repository, f"remote.{remote or remote_name(repository)}.url")


def has_remote(repository: Repository) -> bool:
    """Whether the remote that the registry lives on is configured."""
    return remote_url(repository) is not None


def main_commit(repository: Repository) -> str:
    """Return the commit the main branch stands at: the local one or the remote's, whichever is ahead.

    Raises Refused when there is neither, or when the two have diverged.
    """
    return _ahead(repository, read_main(repository))


def _ahead(repository: Repository, main: MainBranch) -> str:
    local, tracked = main.local, main.tracked
    if not local and not tracked:
        raise Refused(
            f"the branch {main.name!r} has no commits yet", hint="Make a first commit on it, then try again."
        )
    if not local or not tracked or local == tracked:
        return local or tracked or ""
    if is_ancestor(repository, local, tracked):
        return tracked
    if is_ancestor(repository, tracked, local):
        return local
    raise Refused(
        f"{main.name!r} and {main.tracking!r} have diverged",
        hint=f"Bring the local branch in line: git rebase {main.tracking} {main.name}",
    )


def landed_commit(repository: Repository, remote: str | None) -> str:
    """Return the commit of main that everybody has: `remote`'s as last fetched, the local one when None.

    Raises Refused when the local main is ahead of the remote's, or has diverged from it.
    """
    main = read_main(repository)
    commit = _ahead(repository, main)
    if remote is not None and main.tracked != commit:
        raise Refused(
            f"the local {main.name} has commits that {main.tracking} has not",
            hint=f"Push them first (git push {main.remote} {main.name}), or put them on a branch.",
        )
    return commit


def published_commit(repository: Repository) -> str:
    """Return the commit of main as everybody has it: where the local one has left the remote's, the remote's.

    Raises Refused when there is neither.
    """
    main = read_main(repository)
    if main.tracked and main.local and not is_ancestor(repository, main.tracked, main.local):
        return main.tracked
    return _ahead(repository, main)


def any_main_commit(repository: Repository) -> str:
    """Return the commit of main, the local one where there is one. Raises NotFound without either."""
    main = read_main(repository)
    commit = main.local or main.tracked
    if commit is None:
        raise NotFound(
            f"the main branch {main.name[:120]!r} has no commits here", hint="Make or fetch its first commit."
        )
    return commit


def is_ancestor(repository: Repository, ancestor: str, descendant: str) -> bool:
    """Whether a commit leads to another one, or is the same."""
    return try_git(repository, "merge-base", "--is-ancestor", ancestor, descendant).returncode == 0


def share_history(repository: Repository, one: str, other: str) -> bool:
    """Whether two commits have an ancestor in common."""
    return try_git(repository, "merge-base", one, other).returncode == 0
