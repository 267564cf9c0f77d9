"""What differs between two trees, and what commits changed: paths from `git diff-tree`, whose ids and modes
stand in fields of their own."""

from __future__ import annotations

import re
from contextlib import suppress
from sys import intern
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from rollbook.git.main_history import commits_touching, first_parent_line, line_commits
from rollbook.git.operation import answered, asked_once
from rollbook.git.process import RAW, fields, git, git_list, line_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rollbook.git.main_history import LineCommit
    from rollbook.git.repository import Repository

_AUTOMATIC_STASHES = ("rebase-merge/autostash", "rebase-apply/autostash", "MERGE_AUTOSTASH")
_ID = re.compile(r"[0-9a-f]{40}")
ABSENT = "000000"
# Every git knows the tree without entries, whether it is stored or not.
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_DIFF = ("diff-tree", "-r", *RAW)
AT_ONCE = 10_000  # commits that one git is asked about

Part = TypeVar("Part")
Answer = TypeVar("Answer")


class PathChange(NamedTuple):
    """A path whose mode or content differs. Modes and ids are git's; `000000` where there is no file."""

    path: str
    old_mode: str
    new_mode: str
    old_oid: str
    new_oid: str


def changed_paths(
    repository: Repository, base: str, head: str, paths: Sequence[str] = ()
) -> list[PathChange]:
    """Return the files at or below `paths` (none: all) that differ between two trees or commits, in git's
    order. Raises GitFailed when one of the two isn't there, TooMuch."""
    if not (_ID.fullmatch(base) and _ID.fullmatch(head)):
        return _differing(repository, base, head, paths)
    question = _question(repository, base, head, paths)
    return list(asked_once(question, lambda: _differing(repository, base, head, paths)))


def _question(repository: Repository, base: str, head: str, paths: Sequence[str]) -> tuple[object, ...]:
    return "differing", repository, base, head, tuple(paths)


def _differing(repository: Repository, base: str, head: str, paths: Sequence[str]) -> list[PathChange]:
    arguments = (*_DIFF, "--end-of-options", base, head, "--", *paths)
    parts = fields(git_list(repository, *arguments, variables=_without_index(repository)))
    return [_path_change(facts, path) for facts, path in zip(parts[::2], parts[1::2], strict=True)]


def changes_along(
    repository: Repository, tip: str, since: str | None, paths: Sequence[str], *, few: bool = False
) -> Iterator[tuple[LineCommit, list[PathChange]]]:
    """Yield the first-parent commits from `since` (excluded; None: from the beginning) to `tip` that changed
    something at or below `paths` against their first parent, oldest first, with what they changed.

    That a `few` of very many commits did so is found out sooner.
    """
    line = (
        commits_touching(repository, tip, since, paths) if few else first_parent_line(repository, tip, since)
    )
    return _changes_of(repository, line, paths)


def changes_in(
    repository: Repository, commits: Sequence[str], paths: Sequence[str]
) -> Iterator[tuple[LineCommit, list[PathChange]]]:
    """Yield those of these commits, in their order, that changed something at or below `paths` against their
    first parent, with what they changed. Raises GitFailed when one isn't there."""
    return _changes_of(repository, line_commits(repository, commits), paths)


def _changes_of(
    repository: Repository, line: Sequence[LineCommit], paths: Sequence[str]
) -> Iterator[tuple[LineCommit, list[PathChange]]]:
    def changed_by(some: Sequence[LineCommit]) -> dict[str, list[tuple[str, str]]]:
        # A commit with a parent beside it is compared with that parent alone.
        asked = "".join(f"{commit.oid} {commit.parent or ''}".rstrip() + "\n" for commit in some)
        return _changed_by(repository, asked, ["--root"], paths)

    if len(line) == 1 and (known := _known_changes(repository, line[0], paths)) is not None:
        yield from [(line[0], known)] if known else []
        return
    parts = [line[start : start + AT_ONCE] for start in range(0, len(line), AT_ONCE)]
    for part, changed in zip(parts, _each(changed_by, parts), strict=True):
        for commit in part:
            if commit.oid in changed:
                yield commit, [_path_change(facts, path) for facts, path in changed[commit.oid]]


def _known_changes(
    repository: Repository, commit: LineCommit, paths: Sequence[str]
) -> list[PathChange] | None:
    """Return what a commit changed at or below `paths`, where the operation has asked for all that it
    changed."""
    whole = answered(_question(repository, commit.parent or "", commit.oid, ()))
    if whole is None:
        return None
    places = tuple(f"{path.rstrip('/')}/" for path in paths) or ("",)
    return [change for change in whole if f"{change.path}/".startswith(places)]


def _each(ask: Callable[[Part], Answer], parts: Sequence[Part]) -> Iterator[Answer]:
    """Yield the answers to parts of one question, of which two gits work at once."""
    if len(parts) < 2:
        yield from map(ask, parts)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(ask, parts)


def changes_of_commits(repository: Repository, commits: Iterable[str]) -> dict[str, list[PathChange]]:
    """Return what each commit differs in from each of its parents; from nothing, where it has none.

    Raises TooMuch: they haven't landed, so nobody has judged yet how much it is.
    """
    commit_lines = "".join(f"{commit}\n" for commit in commits)
    arguments = (*_DIFF, "-m", "--root", "--stdin", "--")
    listed = git_list(
        repository, *arguments, stdin=commit_lines.encode(), variables=_without_index(repository)
    )
    return {commit: [_path_change(*pair) for pair in pairs] for commit, pairs in _by_commit(listed).items()}


def every_blob(repository: Repository, patterns: Sequence[str]) -> dict[str, set[str]]:
    """Return the id of each content that a file met by a pattern (`:(top,glob)...`) ever had, in any commit
    that any ref or any stash leads to, with the file's paths; also in a stash that git makes for a
    rebase or a merge."""
    # `refs/stash` is the newest stash alone; the others stand in its reflog.
    is_stashed = line_of(repository, "rev-parse", "--verify", "--quiet", "refs/stash") is not None
    stashes = git(repository, "rev-list", "--walk-reflogs", "refs/stash", "--") if is_stashed else b""
    asked = stashes + "".join(f"{stash}\n" for stash in _automatic_stashes(repository)).encode()
    commits = git(repository, "rev-list", "--all", "--stdin", stdin=asked).decode()
    # Each commit against each of its parents, merges too: no tree then holds a content that isn't told.
    variables = {"GIT_LITERAL_PATHSPECS": "0"}
    changed = _changed_by(repository, commits, ["-m", "--root"], patterns, variables)
    blobs: dict[str, set[str]] = {}
    for pairs in changed.values():
        for facts, path in pairs:
            change = _path_change(facts, path)
            if change.new_mode != ABSENT:
                blobs.setdefault(change.new_oid, set()).add(path)
    return blobs


def _automatic_stashes(repository: Repository) -> Iterator[str]:
    """Yield the commits that git keeps what was not committed in while a working tree is rebased or
    merged.
    """
    common = repository.common_dir
    for working_tree in (common, *sorted(common.glob("worktrees/*"))):
        for name in _AUTOMATIC_STASHES:
            with suppress(FileNotFoundError, NotADirectoryError):
                said = (working_tree / name).read_text(encoding="utf-8", errors="replace").strip()
                if _ID.fullmatch(said):
                    yield said


def _without_index(repository: Repository) -> dict[str, str]:
    """Return what keeps git from reading a large index, which takes longer than comparing trees: these have
    no use for it.
    """
    return {"GIT_INDEX_FILE": str(repository.git_dir / "rollbook-no-index")}


def _changed_by(
    repository: Repository,
    commits: str,
    options: Sequence[str],
    paths: Sequence[str],
    variables: Mapping[str, str] | None = None,
) -> dict[str, list[tuple[str, str]]]:
    """Return what `git diff-tree` says of each commit that changed something: facts and path of each
    change.
    """
    if not commits:
        return {}
    arguments = (*_DIFF, *options, "--stdin", "--", *paths)
    variables = {**_without_index(repository), **(variables or {})}
    return _by_commit(git(repository, *arguments, stdin=commits.encode(), variables=variables))


def _by_commit(listed: bytes) -> dict[str, list[tuple[str, str]]]:
    changed: dict[str, list[tuple[str, str]]] = {}
    here: list[tuple[str, str]] = []
    parts = iter(fields(listed))
    # Facts begin with a colon and a path follows them, whatever it is; else a commit's id stands there.
    for part in parts:
        if part.startswith(":"):
            here.append((part, next(parts)))
        else:
            here = changed.setdefault(part, [])
    return changed


def _path_change(facts: str, path: str) -> PathChange:
    # https://git-scm.com/docs/git-diff-tree#_raw_output_format
    old_mode, new_mode, old_oid, new_oid, _ = facts[1:].split(" ")
    # Modes, and the id of no object, are the same few texts in each of very many changes.
    return PathChange(path, intern(old_mode), intern(new_mode), intern(old_oid), new_oid)
