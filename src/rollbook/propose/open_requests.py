"""Open requests: what is proposed and has not landed, by whom and since when, and what stands in its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.finding import errors_among
from rollbook.check.judge import check_merge
from rollbook.errors import RollbookError
from rollbook.git.commits import read_commit
from rollbook.git.main_history import commit_dates
from rollbook.names import alias_target, time_text
from rollbook.registry.change import alias_changes, changed_files, transitions
from rollbook.registry.main_branch import published_commit
from rollbook.registry.registry import Registry, stage_table
from rollbook.registry.request_branches import RequestBranch, open_branches, request_branches
from rollbook.snapshot.tree_snapshot import TreeSnapshot, commit_snapshot

if TYPE_CHECKING:
    from rollbook.git.repository import Repository


@dataclass(frozen=True, slots=True)
class RequestedMove:
    """A version that a request registers (`start` is empty), moves from one stage to another, or changes
    where it is (`start` and `target` are the same); or gives an alias (`target` is `@champion`), or takes one
    from (`start` is, and `target` is empty)."""

    model: str
    version: str
    start: str
    target: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is proposed and not on main.

    Its branch, tip and action (`register`, `promote`, ...), the versions it is about, who proposed it and
    when, where the branch is (`here`, the remote's name), what it waits for and what fails, and its pull
    request's address where a forge was asked.
    """

    branch: str
    commit: str
    action: str
    moves: tuple[RequestedMove, ...]
    subject: str
    by: str
    since: str
    places: tuple[str, ...]
    waits_for: tuple[str, ...]
    fails: tuple[str, ...]
    pull_request: str = ""


def open_requests(repository: Repository, *, ask_remote: bool = True) -> list[Request]:
    """Return what is proposed and has not landed, judged as CI would, by branch; the oldest first.

    The programs of gates are not run. Raises GitFailed when the remote is to be asked and can't be reached,
    Refused where it can't be told which branch is main.
    """
    base = published_commit(repository)
    branches = request_branches(repository, ask_remote=ask_remote)
    requests = [
        judged_request(repository, base, branch) for branch in open_branches(repository, branches, base)
    ]
    return sorted(requests, key=lambda request: (request.since, request.branch))


def judged_request(repository: Repository, base: str, branch: RequestBranch) -> Request:
    """Return what is proposed on a branch, judged as CI would, but for the programs of gates."""
    moves: tuple[RequestedMove, ...] = ()
    try:
        findings, tree = check_merge(repository, base, branch.commit, may_run=False)
        errors = errors_among(findings)
        waits_for = tuple(finding.message for finding in errors.waiting)
        fails = tuple(f"{finding.code} {finding.message}" for finding in errors.standing)
        if tree is not None:
            moves = requested_moves(repository, base, tree)
    except RollbookError as error:
        waits_for, fails = (), (str(error),)
    dates = [*commit_dates(repository, base, branch.commit)]
    first, at = min(dates, key=lambda item: item[1]) if dates else (branch.commit, 0)
    proposed = read_commit(repository, first)
    return Request(
        branch=branch.name,
        commit=branch.commit,
        action=branch.name.split("/")[1],
        moves=moves,
        subject=proposed.subject,
        by=proposed.author_email,
        since=time_text(at) if dates else "",
        places=branch.places,
        waits_for=waits_for,
        fails=fails,
    )


def requested_moves(repository: Repository, base: str, tree: str) -> tuple[RequestedMove, ...]:
    """Return what a merged tree registers and moves. Raises RollbookError for a file that can't be read."""
    changes = changed_files(repository, base, tree)
    registered = [
        RequestedMove(change.place.model or "", change.place.version or "", "", "")
        for change in changes
        if change.added and change.place.kind is layout.Kind.MANIFEST
    ]
    moved = [change.place.model or "" for change in changes if change.place.kind is layout.Kind.STAGES]
    before, after = commit_snapshot(repository, base), TreeSnapshot(repository, tree, "the request")
    try:
        first_stage = Registry(repository, before).policy.first_stage.name
        for model in moved:
            path = [layout.stages_path(model)]
            (old,), (new,) = before.read_many(path), after.read_many(path)
            tables = stage_table(model, old), stage_table(model, new)
            registered += [
                RequestedMove(model, move.version, move.start, move.target)
                for move in (*transitions(*tables, first_stage), *alias_changes(*tables, first_stage))
            ]
            registered += [
                RequestedMove(model, tables[0].aliases[alias], alias_target(alias), "")
                for alias in sorted(tables[0].aliases.keys() - tables[1].aliases.keys())
            ]
    finally:
        before.close()
        after.close()
    return tuple(registered)
