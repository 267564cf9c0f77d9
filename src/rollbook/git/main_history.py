"""The main branch's history: its commits in order, and which one stood at a date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import GitFailed, NotFound
from rollbook.git.process import git, git_failed, start_git, try_git
from rollbook.git.repository import resolve_commit
from rollbook.git.single_step import single_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rollbook.git.repository import Repository


# How far a clock may be ahead of another (seconds) before what it dates is dated in the future.
MOST_AHEAD = 300
# A date of more than eleven digits (after the year 5138) is none; git prints a negative one as such a number.
DATES_END = 10**11


class LineCommit(NamedTuple):
    """A commit, its first parent (None for the first of all), and its own date (Unix time, seconds; 0 where
    that is none, see DATES_END)."""

    oid: str
    parent: str | None
    committed_at: int


@dataclass(frozen=True, slots=True)
class Landed:
    """One first-parent commit of main, and when it landed there (Unix time, seconds).

    Dates count in the order of the branch only: a commit that claims to be older than one before it stands
    at the date of the one before.
    """

    commit: str
    landed_at: int


def first_parents(repository: Repository, revision: str, after: Landed | None = None) -> list[Landed]:
    """Return the first-parent commits of `revision`, oldest first; with `after`, one of them, those that
    landed later. Raises NotFound when `revision` names none."""
    landed_at = after.landed_at if after else 0
    tip, since = resolve_commit(repository, revision), after.commit if after else None
    landed = []
    for commit in first_parent_line(repository, tip, since):
        landed_at = max(landed_at, commit.committed_at)
        landed.append(Landed(commit.oid, landed_at))
    return landed


def first_parent_line(repository: Repository, tip: str, since: str | None = None) -> list[LineCommit]:
    """Return the commits that only first parents lead to from the commit `tip`, oldest first; with `since`,
    those alone that do not lead to it. Raises GitFailed when a commit isn't there."""
    if step := single_step(repository, since, tip):
        return [LineCommit(*step)]
    span = tip if since is None else f"{since}..{tip}"
    listed = git(
        repository, "rev-list", "--first-parent", "--parents", "--reverse", "--timestamp", span, "--"
    )
    return _line_of(listed)


def commits_touching(
    repository: Repository, tip: str, since: str | None, paths: Sequence[str]
) -> list[LineCommit]:
    """Return those of the commits that `first_parent_line` gives which changed something at or below `paths`
    against their first parent. Raises GitFailed when a commit isn't there."""
    span = tip if since is None else f"{since}..{tip}"
    touching = git(repository, "rev-list", "--first-parent", "--reverse", span, "--", *paths)
    # Where paths are named, git tells of parents that are none.
    return line_commits(repository, _ids(touching))


def line_commits(repository: Repository, commits: Sequence[str]) -> list[LineCommit]:
    """Return what these ids of commits stand for, in their order. Raises GitFailed when one isn't there."""
    if not commits:
        return []
    known = ("rev-list", "--no-walk=unsorted", "--parents", "--timestamp", "--stdin")
    return _line_of(git(repository, *known, stdin="".join(f"{oid}\n" for oid in commits).encode()))


def _line_of(listed: bytes) -> list[LineCommit]:
    line = []
    for row in listed.decode().split("\n")[:-1]:  # numbers and ids
        seconds, oid, *parents = row.split(" ")
        line.append(LineCommit(oid, parents[0] if parents else None, _date(seconds)))
    return line


def undated_commit(repository: Repository, tip: str, since: str | None = None) -> str | None:
    """Return the first commit on the first-parent line from `since` (excluded) to `tip` whose date is none
    (see DATES_END); None when each has one."""
    line = first_parent_line(repository, tip, since)
    return next((commit.oid for commit in line if commit.committed_at == 0), None)


def back_from(repository: Repository, commit: str) -> Iterator[tuple[str, int]]:
    """Yield the first-parent commits from `commit` back, each with its own date (Unix time, seconds); git
    stops when the caller does. Raises GitFailed."""
    import subprocess

    arguments = ("rev-list", "--first-parent", "--timestamp", commit, "--")
    with start_git(repository, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as listing:
        assert listing.stdout is not None
        try:
            for line in listing.stdout:
                seconds, oid = line.decode().removesuffix("\n").split(" ")
                yield oid, _date(seconds)
        except GeneratorExit:
            listing.kill()
            raise
    if listing.returncode:
        raise GitFailed(f"the commits that lead to {commit} can't be listed", hint="Run `git fsck`.")


def _date(seconds: str) -> int:
    return int(seconds) if len(seconds) < len(str(DATES_END)) else 0


def is_first_parent(repository: Repository, ancestor: str, descendant: str) -> bool:
    """Whether `ancestor` is `descendant`, or one of the commits that only first parents lead to from it."""
    return line_from(repository, ancestor, descendant) is not None


def line_from(repository: Repository, ancestor: str | None, descendant: str) -> list[LineCommit] | None:
    """Return the commits that only first parents lead to from `descendant` back to `ancestor` (excluded;
    None: to the first of all), oldest first; None where they don't lead there, or one of the two isn't here.
    """
    try:
        line = first_parent_line(repository, descendant, ancestor)
    except GitFailed:
        return None
    reached = line[0].parent if line else descendant
    return line if reached == ancestor else None


def commits_changing(repository: Repository, tip: str, path: str) -> list[str]:
    """Return the first-parent commits of the commit `tip` that changed the file at `path`, newest first."""
    return _ids(git(repository, "rev-list", "--first-parent", tip, "--", path))


def commits_between(repository: Repository, base: str, head: str) -> list[str]:
    """Return the commits that `head` has and `base` has not, oldest first; both are ids of commits."""
    if single_step(repository, base, head):
        return [head]
    return _ids(git(repository, "rev-list", "--reverse", f"{base}..{head}", "--"))


def merge_bases(repository: Repository, one: str, other: str) -> list[str]:
    """Return the best common ancestors of two commits: none where they share no history, several where each
    was merged into the other. Raises GitFailed when one of the two isn't there."""
    if single_step(repository, one, other):
        return [one]
    done = try_git(repository, "merge-base", "--all", one, other)
    if done.returncode > 1:
        raise git_failed(["merge-base"], done.stderr)
    return _ids(done.stdout)


def commit_dates(repository: Repository, base: str | None, head: str) -> Iterator[tuple[str, int]]:
    """Yield the commits that `head` has and `base` (None: nothing) has not, with their own dates (Unix time,
    seconds); both are ids of commits."""
    if step := single_step(repository, base, head):
        yield step.oid, step.committed_at
        return
    span = head if base is None else f"{base}..{head}"
    for row in _ids(git(repository, "rev-list", "--timestamp", span, "--")):
        seconds, oid = row.split(" ")
        yield oid, int(seconds)


def merged_commits(repository: Repository, tip: str) -> frozenset[str]:
    """Return the commits that a merge on the first-parent line of `tip` brought: its other parents."""
    arguments = ("rev-list", "--first-parent", "--merges", "--parents", tip, "--")
    rows = (row.split(" ") for row in git(repository, *arguments).decode().split("\n"))
    return frozenset(parent for row in rows for parent in row[2:])


def first_commit(repository: Repository, tip: str) -> str:
    """Return the commit that the first-parent line of `tip` begins with."""
    return _ids(git(repository, "rev-list", "--first-parent", "--max-parents=0", tip, "--"))[-1]


def commit_at(repository: Repository, revision: str, moment: datetime, *, called: str = "") -> str:
    """Return the commit that the branch `revision`, in errors `called` so, stood at, at `moment`.

    Dates count as in `Landed`. Raises NotFound when the branch began later.
    """
    last = None
    for landed in first_parents(repository, revision):
        if landed.landed_at > moment.timestamp():
            break
        last = landed.commit
    if last is None:
        raise NotFound(
            f"{(called or revision.removeprefix('refs/heads/'))[:120]!r} has no commit as old as "
            f"{moment:%Y-%m-%d %H:%M:%S %Z}",
            hint="Name a later date; `rollbook history` shows when each version was registered.",
        )
    return last


def _ids(listed: bytes) -> list[str]:
    return listed.decode().split("\n")[:-1]


def newest_saying(
    repository: Repository, tips: Sequence[str], line: str, since: str, *, by: str
) -> str | None:
    """Return the newest commit below these tips whose author has the address `by`, whatever its case, and
    whose message has a text in one of its lines; None without, or where it is older than `since`, a date as
    git reads it. Raises GitFailed when a tip isn't there."""
    told = git(
        repository, "rev-list", "--max-count=1", f"--since={since}", "--fixed-strings",
        "--regexp-ignore-case", f"--author=<{by}>", f"--grep={line}", *tips, "--",
    )  # fmt: skip
    return next(iter(_ids(told)), None)
