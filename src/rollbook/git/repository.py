"""Finding a git repository, and the few facts about it that everything else needs."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, NotFound
from rollbook.git.config import config_text
from rollbook.git.process import line_of, try_git, words
from rollbook.git.refs import HEADS, REMOTES, TAGS
from rollbook.git.single_step import single_step

if TYPE_CHECKING:
    from collections.abc import Mapping


# What git takes for one thing only: an object's id, the commit that is checked out, a full name.
_ONE_MEANING = re.compile(r"[0-9a-f]{40}|HEAD(?![^~^@:])|refs/")
_LIKE_A_TRAIL_TAG = re.compile(r"@v\d|#")


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
    lines, complaint = _asked(start)
    if "safe.bareRepository" in complaint and _is_named(start):
        lines, complaint = _asked(start, "-c", "safe.bareRepository=all")
        if lines[1:2] != [str(start.resolve())]:
            raise BadCall(
                f"git does not trust the bare repository around {start}",
                hint="Name its top directory.",
            )
    if len(lines) not in (4, 5) or lines[0] not in ("true", "false"):
        raise _no_repository(start, complaint)
    if lines[3] != "sha1":
        raise BadCall(
            f"{start.resolve()} names its objects by {lines[3]}; only SHA-1 repositories are supported",
            hint="Start the registry in a repository made with `git init --object-format=sha1`.",
        )
    bare = lines[0] == "true" or len(lines) == 4
    return Repository(Path(lines[1]), Path(lines[2]), None if bare else Path(lines[4]))


def _asked(start: Path, *options: str) -> tuple[list[str], str]:
    """Return what git says of the repository around a directory, a line a fact (paths with line breaks make
    more), and what it complains of.
    """
    done = try_git(
        start, *options, "rev-parse", "--is-bare-repository", "--absolute-git-dir", "--path-format=absolute",
        "--git-common-dir", "--show-object-format", "--show-toplevel",
    )  # fmt: skip
    lines = done.stdout.decode(errors="surrogateescape").split("\n")[:-1]
    return lines, words(done.stderr)


def _is_named(start: Path) -> bool:
    """Whether somebody has named this very directory: the user, or git to its hook."""
    git_dir = os.environ.get("GIT_DIR")
    return start != Path() or (git_dir is not None and Path(git_dir).resolve() == start.resolve())


def _no_repository(start: Path, said: str) -> BadCall:
    if "dubious ownership" in said or "safe.bareRepository" in said:
        return BadCall(f"git does not trust {start.resolve()}: {said}")
    if "not a git repository" not in said:
        return BadCall(f"git can't read the repository around {start.resolve()}: {said or 'it says nothing'}")
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


def places(revision: str) -> tuple[str, ...]:
    """Return what a user's `revision` may leave out of a ref's full name, what is meant most likely first.

    Anybody can push a tag that is called like a branch, which git would take, and a branch that is called
    like a tag of the trail.
    """
    if _ONE_MEANING.match(revision):
        return ("",)
    likely = (TAGS, HEADS) if _LIKE_A_TRAIL_TAG.search(revision) else (HEADS,)
    return (*likely, REMOTES, "")


def commit_or_none(repository: Repository, revision: str) -> str | None:
    """Return the id of the commit that `revision` names, which is here; None when it names none.

    What it may stand for is tried in the order of `places`.
    """
    names = (f"{place}{revision}^{{commit}}" for place in places(revision))
    commits = (
        line_of(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", name) for name in names
    )
    return next(filter(None, commits), None)


def hooks_directory(repository: Repository) -> Path:
    """Return the folder that git looks for hooks in."""
    return repository.directory / (line_of(repository, "rev-parse", "--git-path", "hooks") or "hooks")


def hooks_are_shared(repository: Repository, hooks: Path) -> bool:
    """Whether other repositories look for their hooks in this folder too, by `core.hooksPath`."""
    folder = hooks.parent.resolve() / hooks.name  # a link there is for whoever writes to refuse
    if folder.is_relative_to(repository.common_dir.resolve()):
        return False
    if not folder.is_relative_to(repository.directory.resolve()):
        return True
    # In a working tree that holds other repositories (a home under git) a user's own folder may stand.
    scope = line_of(repository, "config", "--show-scope", "--get", "core.hooksPath") or ""
    named, _, value = scope.partition("\t")
    return named not in ("local", "worktree") and value.startswith(("/", "~", "%"))


def current_branch(repository: Repository) -> str | None:
    """Return the branch that is checked out; None when HEAD is detached."""
    name = line_of(repository, "symbolic-ref", "--quiet", "HEAD")
    return name.removeprefix(HEADS) if name else None


def is_ancestor(repository: Repository, ancestor: str, descendant: str) -> bool:
    """Whether a commit leads to another one, or is the same."""
    if single_step(repository, ancestor, descendant):
        return True
    return try_git(repository, "merge-base", "--is-ancestor", ancestor, descendant).returncode == 0


def share_history(repository: Repository, one: str, other: str) -> bool:
    """Whether two commits have an ancestor in common."""
    return try_git(repository, "merge-base", one, other).returncode == 0
