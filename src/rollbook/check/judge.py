"""The check: everything that is wrong with a tree, with a change, or with a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.change import changed_files
from rollbook.check.authors import author_findings, authored_commits
from rollbook.check.change import change_findings
from rollbook.check.concern import Paths, concerned, undone
from rollbook.check.contents import owner, read_contents, read_part
from rollbook.check.files import path_findings
from rollbook.check.finding import Finding, arranged
from rollbook.check.gates.circumstances import circumstances
from rollbook.check.gates.contributors import contributors
from rollbook.check.invariants import directory_findings, model_findings
from rollbook.check.names import namespace_findings, pattern_findings, root_findings, twins
from rollbook.check.policy import policy_file_findings
from rollbook.errors import InvalidFile
from rollbook.git.merge import merge
from rollbook.git.repository import resolve_commit
from rollbook.govern import codeowners
from rollbook.records.policy import parse_policy
from rollbook.snapshot import TreeSnapshot, commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rollbook.change import FileChange
    from rollbook.check.authors import AuthoredCommit
    from rollbook.check.contents import Contents
    from rollbook.check.gates.gate import Circumstances
    from rollbook.git.repository import Repository
    from rollbook.govern.roles import Person
    from rollbook.snapshot import Snapshot


def check_tree(snapshot: Snapshot, only: Collection[str] | None = None) -> list[Finding]:
    """Everything that is wrong with a registry as it stands.

    With `only`, a set of model names: with these models, and with the files that belong to no model.
    """
    contents = read_contents(snapshot, only)
    if only is None:
        scope = None
    else:
        scope = contents.loose | {path for path in contents.modes if owner(path, contents.part.names) in only}
    found = list(_tree_findings(snapshot, contents, scope))
    if contents.policy is not None:
        for model in contents.models.values():
            found += pattern_findings(model, contents.policy, new=False)
    return arranged(found)


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
    changes = changed_files(repository, base.treeish, head.treeish)
    contents = read_part(head, concerned(head, changes))
    found = list(_tree_findings(head, contents, _scope(changes, contents)))
    before = undone(contents.modes, changes)
    paths = Paths(base, before), Paths(head, contents.modes)
    known = known or circumstances(repository, base)
    found += change_findings(changes, base, before, contents, paths, known)
    return arranged(found)


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
    merged = merge(repository, base, head)
    if merged.tree is None:
        return arranged(_conflict(path) for path in merged.conflicts), None
    found = _check_commits(repository, base, head, merged.tree, reviews=reviews, may_run=may_run)
    return found, merged.tree


def check_push(
    repository: Repository,
    old: str | None,
    new: str,
    *,
    reviews: tuple[Person, ...] = (),
    may_run: bool = False,
) -> list[Finding]:
    """Everything that is wrong with moving main from the commit `old` to `new`, which builds on it; with
    `new` as it stands when `old` is None. For `reviews` and `may_run` see `check_merge`."""
    if old is not None:
        return _check_commits(repository, old, new, new, reviews=reviews, may_run=may_run)
    snapshot = commit_snapshot(repository, new)
    try:
        return check_tree(snapshot)
    finally:
        snapshot.close()


def _check_commits(
    repository: Repository,
    base: str,
    head: str,
    result: str,
    *,
    reviews: tuple[Person, ...],
    may_run: bool,
) -> list[Finding]:
    """What is wrong with the tree or commit `result`, which the commits of `head` make of `base`."""
    before = commit_snapshot(repository, resolve_commit(repository, base))
    after = TreeSnapshot(repository, result, "the merge")
    try:
        commits = authored_commits(repository, before.treeish, head)
        authors = contributors(repository, commits)
        known = circumstances(repository, before, authors=authors, reviews=reviews, may_run=may_run)
        found = check_change(repository, before, after, known)
        return arranged([*found, *_author_findings(repository, before, commits, result)])
    finally:
        before.close()
        after.close()


def _author_findings(
    repository: Repository, base: TreeSnapshot, commits: Sequence[AuthoredCommit], merged: str
) -> Iterator[Finding]:
    """Whether whoever made each commit may change what it changes, by the policy and the keys of the base."""
    data, allowed_signers = base.read_many([layout.POLICY, layout.ALLOWED_SIGNERS])
    try:
        policy = parse_policy(data, layout.POLICY) if data is not None else None
    except InvalidFile:
        policy = None  # change_findings lets nothing pass that only this policy could judge
    if policy is not None:
        changed = [change.path for change in changed_files(repository, base.treeish, merged, "")]
        yield from author_findings(repository, commits, changed, policy, allowed_signers)


def _tree_findings(snapshot: Snapshot, contents: Contents, scope: frozenset[str] | None) -> Iterator[Finding]:
    yield from root_findings(snapshot)
    yield from policy_file_findings(contents.policy_file)
    yield from _owners_findings(snapshot, contents)
    yield from twins(contents.modes, scope)
    for path, mode in contents.modes.items():
        if scope is None or path in scope:
            yield from path_findings(path, mode)
    for path, document in contents.documents.items():
        if scope is None or path in scope:
            yield from document.findings
    only = None if scope is None else frozenset(contents.models)
    yield from namespace_findings(contents.part.names, only)
    for model in contents.models.values():
        yield from model_findings(model, contents.policy)
        for version in model.versions.values():
            if contents.part.judges(model.name, version.version):
                yield from directory_findings(version)


def _owners_findings(snapshot: Snapshot, contents: Contents) -> Iterator[Finding]:
    (text,) = snapshot.read_many([codeowners.PATH])
    if text is not None and contents.policy is not None and codeowners.is_drifted(text, contents.policy):
        message = "the file does not say what the policy's roles say"
        yield Finding(
            "RB503", codeowners.PATH, message, hint="Run `rollbook codeowners` and commit the result."
        )


def _scope(changes: list[FileChange], contents: Contents) -> frozenset[str] | None:
    """The paths to be judged: those of the touched models, and all that changed; None for everything."""
    touched = contents.part.models
    if touched is None:
        return None
    inside = {path for path in contents.modes if owner(path, contents.part.names) in touched}
    return frozenset(inside.union(change.path for change in changes))


def _conflict(path: str) -> Finding:
    what = "both sides change it, and git can't tell what is meant"
    if layout.place(path).kind is layout.Kind.STAGES:
        what = "another change to this model's stages landed first"
    return Finding(
        "RB305",
        path,
        f"the change conflicts with its base: {what}",
        hint="Bring the branch up to date with its base and make the change again.",
    )
