"""The check: everything that is wrong with a tree, with a change, or with a merge."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.authors import author_findings, authored_commits
from rollbook.check.base_context import circumstances
from rollbook.check.change_size import MOST_SECONDS, require_little, too_much
from rollbook.check.commit_dates import future_findings
from rollbook.check.contributors import contributors
from rollbook.check.finding import Finding, arranged
from rollbook.check.registry_files import owner, read_part
from rollbook.check.rules.attribute_rules import FILES as ATTRIBUTE_FILES
from rollbook.check.rules.attribute_rules import attribute_findings
from rollbook.check.rules.change_rules import added_versions, change_findings
from rollbook.check.rules.dvc_entries import edited_models, entry_findings
from rollbook.check.rules.monitoring_rules import autonomy_findings
from rollbook.check.rules.name_rules import namespace_findings
from rollbook.check.rules.origin_rules import origin_findings
from rollbook.check.rules.policy_rules import grant_findings
from rollbook.check.rules.standing_rules import contents_findings, overall_findings, places_findings
from rollbook.check.scope import Paths, concerned, undone
from rollbook.check.whole_tree import check_tree
from rollbook.errors import InvalidFile, TooMuch
from rollbook.git.main_history import commits_touching
from rollbook.git.merge import merge
from rollbook.git.operation import one_operation
from rollbook.git.repository import resolve_commit
from rollbook.git.single_step import single_step
from rollbook.git.work_limit import limited_work
from rollbook.records.policy import parse_policy
from rollbook.registry.change import changed_files
from rollbook.snapshot.tree_snapshot import TreeSnapshot, commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rollbook.access.roles import Person
    from rollbook.check.authors import AuthoredCommit
    from rollbook.check.gates.gate import Circumstances
    from rollbook.check.registry_files import Contents
    from rollbook.git.repository import Repository
    from rollbook.registry.change import FileChange
    from rollbook.snapshot.snapshot import Snapshot


@one_operation()
def check_change(
    repository: Repository,
    base: TreeSnapshot,
    head: TreeSnapshot,
    known: Circumstances | None = None,
) -> list[Finding]:
    """Everything that is wrong with what leads from one tree to another.

    That is what is wrong with the models it touches (with all of them when it touches the policy), and
    what it does to them, judged by the policy of the base: nobody passes by changing the rules too. Of a
    model's versions, those are judged that it changes anything of or moves; what a version is by itself was
    judged when it landed, and depends on no file outside of its directory. `known` is what the gates are
    told; by default what the base tells, and no program of the policy runs.
    """
    with limited_work(MOST_SECONDS):
        try:
            changes = changed_files(repository, base.treeish, head.treeish, "")
            return arranged(_judged(base, head, changes, known or circumstances(repository, base)))
        except TooMuch as error:
            return [too_much(error)]


def _judged(
    base: TreeSnapshot, head: TreeSnapshot, all_changes: Sequence[FileChange], known: Circumstances
) -> Iterator[Finding]:
    """`check_change` of all the files that differ."""
    require_little(head.repository, all_changes)
    changes = [change for change in all_changes if _is_inside(change.path)]
    edited, added = edited_models(base, head, all_changes), added_versions(changes)
    contents = read_part(head, concerned(head, changes, edited))
    yield from _tree_findings(head, contents, _scope(changes, contents))
    yield from attribute_findings(head, _attributed(head, all_changes))
    if contents.policy is not None and contents.policy.dvc_artifacts:
        names = contents.models.keys() if contents.part.models is None else edited | added.keys()
        entered = [model for name, model in contents.models.items() if name in names]
        yield from entry_findings(head, entered, added) if entered else ()
    before = undone(contents.modes, changes)
    paths = Paths(base, before), Paths(head, contents.modes)
    yield from change_findings(changes, base, before, contents, paths, known)
    yield from origin_findings(head.repository, changes, before, contents.models)


def _attributed(head: TreeSnapshot, changes: Sequence[FileChange]) -> Iterable[str]:
    """Return the paths whose attributes a change sets: its own, or all where it changes those files."""
    if any(change.path in ATTRIBUTE_FILES for change in changes):
        return head.modes(layout.ROOT)
    return [change.path for change in changes if _is_inside(change.path) and not change.removed]


def _is_inside(path: str) -> bool:
    return path == layout.ROOT or path.startswith(f"{layout.ROOT}/")


@one_operation()
def check_merge(
    repository: Repository,
    base: str,
    head: str,
    *,
    reviews: tuple[Person, ...] = (),
    may_run: bool = True,
) -> tuple[list[Finding], str | None]:
    """Everything that is wrong with merging the revision `head` into `base`, and the merged tree's id.

    The tree is None when the two conflict, and given whatever else is found. `reviews` are those who
    approved `head` on a forge; `may_run` lets gates run the programs that the base's policy names. Raises
    NotFound for a revision that names no commit, Refused when the two share no history.
    """
    base, head = resolve_commit(repository, base), resolve_commit(repository, head)
    merged = merge(repository, base, head)
    if merged.tree is None:
        return arranged(_conflict(path) for path in merged.conflicts), None
    findings = _check_commits(repository, base, head, merged.tree, reviews=reviews, may_run=may_run)
    return findings, merged.tree


@one_operation()
def check_push(
    repository: Repository,
    old: str | None,
    new: str,
    *,
    reviews: tuple[Person, ...] = (),
    may_run: bool = False,
) -> list[Finding]:
    """Everything that is wrong with moving main from the commit `old` to `new`, which builds on it; with
    `new` as it stands when `old` is None. For `reviews` and `may_run` see `check_merge`.

    Each commit of main counts as landed: one that changes the registry is judged by itself, upon the one
    before it, and the first that may not land ends it.
    """
    try:
        if old is not None:
            found: list[Finding] = []
            with limited_work(MOST_SECONDS):
                for base, landed in _landings(repository, old, new):
                    found += _check_commits(
                        repository, base, landed, landed, reviews=reviews, may_run=may_run
                    )
                    if any(finding.severity == "error" for finding in found):
                        break
            return arranged(found)
        with limited_work(MOST_SECONDS), closing(commit_snapshot(repository, new)) as snapshot:
            late = list(future_findings(repository, None, new, datetime.now(UTC)))
            return [*check_tree(snapshot), *late]
    except TooMuch as error:
        return [too_much(error)]


def _landings(repository: Repository, old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield the steps in which a push moves main from `old` to `new`: to each commit that changes the
    registry.
    """
    if single_step(repository, old, new):
        yield old, new
        return
    base = old
    for landed in commits_touching(repository, new, old, (layout.ROOT,)):
        yield base, landed.oid
        base = landed.oid
    if base != new or old == new:
        yield base, new


def _check_commits(
    repository: Repository,
    base: str,
    head: str,
    result: str,
    *,
    reviews: tuple[Person, ...],
    may_run: bool,
) -> list[Finding]:
    """Return what is wrong with the tree or commit `result`, which what leads to the commit `head` makes of
    the commit `base`.
    """
    with (
        limited_work(MOST_SECONDS),
        closing(TreeSnapshot(repository, base, base, base)) as before,
        closing(TreeSnapshot(repository, result, "the merge")) as after,
    ):
        try:
            commits = authored_commits(repository, before.treeish, head)
            authors, hands = contributors(repository, commits)
            context = circumstances(
                repository, before, authors=authors, hands=hands, reviews=reviews, may_run=may_run
            )
            changes = changed_files(repository, before.treeish, result, "")
            return arranged(
                chain(
                    _judged(before, after, changes, context),
                    _author_findings(repository, before, commits, changes),
                    future_findings(repository, base, head, context.now),
                )
            )
        except TooMuch as error:
            return [too_much(error)]


def _author_findings(
    repository: Repository,
    base: TreeSnapshot,
    commits: Sequence[AuthoredCommit],
    changes: Sequence[FileChange],
) -> Iterator[Finding]:
    """Whether whoever made each commit may change what it changes, by the policy and the keys of the base."""
    data, allowed_signers = base.read_many([layout.POLICY, layout.ALLOWED_SIGNERS])
    try:
        policy = parse_policy(data, layout.POLICY) if data is not None else None
    except InvalidFile:
        policy = None  # change_findings lets nothing pass that only this policy could judge
    if policy is not None:
        yield from author_findings(repository, commits, policy, allowed_signers, changes)


def _tree_findings(snapshot: Snapshot, contents: Contents, scope: frozenset[str] | None) -> Iterator[Finding]:
    yield from overall_findings(snapshot, contents.policy_file, contents.policy)
    yield from places_findings(contents.modes, scope)
    yield from contents_findings(contents, contents.policy, scope)
    if contents.part.models is None:
        yield from grant_findings(contents.policy_file, contents.part.names)
        yield from autonomy_findings(contents.policy_file)
    only = None if scope is None else frozenset(contents.models)
    yield from namespace_findings(contents.part.names, only)


def _scope(changes: list[FileChange], contents: Contents) -> frozenset[str] | None:
    """Return the paths to be judged: those of the touched models, and all that changed; None for
    everything.
    """
    touched = contents.part.models
    if touched is None:
        return None
    inside = {path for path in contents.modes if owner(path, contents.part.names) in touched}
    return frozenset(inside.union(change.path for change in changes))


def _conflict(path: str) -> Finding:
    what = "both sides change it, and git can't tell what is meant"
    hint = "Bring the branch up to date with its base and make the change again."
    if layout.place(path).kind is layout.Kind.STAGES:
        what = "another change to this model's stages landed first"
    elif path == layout.DVC_YAML:
        what = "another registration landed first, at the same place of the file"
        hint = "Delete the branch and register the version again; its bytes are in the remote already."
    return Finding("RB305", path, f"the change conflicts with its base: {what}", hint=hint)
