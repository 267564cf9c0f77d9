"""The check: everything that is wrong with a tree, with a change, or with a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.change import changed_files
from rollbook.check.change import change_findings
from rollbook.check.contents import model_names, owner, read_contents
from rollbook.check.files import path_findings
from rollbook.check.finding import Finding, arranged
from rollbook.check.invariants import model_findings
from rollbook.check.names import namespace_findings, pattern_findings, root_findings, twins
from rollbook.check.policy import policy_file_findings
from rollbook.git.merge import merge
from rollbook.git.repository import resolve_commit
from rollbook.snapshot import TreeSnapshot, commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rollbook.change import FileChange
    from rollbook.check.contents import Contents
    from rollbook.git.repository import Repository
    from rollbook.snapshot import Snapshot


def check_tree(snapshot: Snapshot, only: Collection[str] | None = None) -> list[Finding]:
    """Everything that is wrong with a registry as it stands.

    With `only`, a set of model names: with these models, and with the files that belong to no model.
    """
    contents = read_contents(snapshot, only)
    if only is None:
        scope = None
    else:
        scope = contents.loose | {path for path in contents.modes if owner(path, contents.names) in only}
    found = list(_tree_findings(snapshot, contents, scope))
    if contents.policy is not None:
        for model in contents.models.values():
            found += pattern_findings(model, contents.policy, new=False)
    return arranged(found)


def check_change(repository: Repository, base: TreeSnapshot, head: TreeSnapshot) -> list[Finding]:
    """Everything that is wrong with what leads from one tree to another.

    That is what is wrong with the models it touches (with all of them when it touches the policy), and
    what it does to them, judged by the policy of the base: nobody passes by changing the rules too.
    """
    changes = changed_files(repository, base.treeish, head.treeish)
    before = base.modes(layout.ROOT)
    touched = _touched(changes, before, head)
    contents = read_contents(head, touched)
    found = list(_tree_findings(head, contents, _scope(changes, contents, touched)))
    found += change_findings(changes, base, before, contents)
    return arranged(found)


def check_merge(repository: Repository, base: str, head: str) -> tuple[list[Finding], str | None]:
    """Everything that is wrong with merging the revision `head` into `base`, and the merged tree's id.

    The tree is None when the two conflict. Raises NotFound for a revision that names no commit, Refused when
    the two share no history.
    """
    merged = merge(repository, base, head)
    if merged.tree is None:
        return arranged(_conflict(path) for path in merged.conflicts), None
    before = commit_snapshot(repository, resolve_commit(repository, base))
    after = TreeSnapshot(repository, merged.tree, "the merge")
    try:
        return check_change(repository, before, after), merged.tree
    finally:
        before.close()
        after.close()


def _tree_findings(snapshot: Snapshot, contents: Contents, scope: frozenset[str] | None) -> Iterator[Finding]:
    yield from root_findings(snapshot)
    yield from policy_file_findings(contents.policy_file)
    yield from twins(contents.modes, scope)
    for path, mode in contents.modes.items():
        if scope is None or path in scope:
            yield from path_findings(path, mode)
    for path, document in contents.documents.items():
        if scope is None or path in scope:
            yield from document.findings
    yield from namespace_findings(contents.names, None if scope is None else frozenset(contents.models))
    for model in contents.models.values():
        yield from model_findings(model, contents.policy)


def _touched(changes: list[FileChange], before: Collection[str], head: TreeSnapshot) -> frozenset[str] | None:
    """The models that a change touches; None, for all, when it touches the policy."""
    paths = [change.path for change in changes]
    if layout.POLICY in paths:
        return None
    names = model_names((*before, *paths))
    return frozenset(model for path in paths if (model := owner(path, names)))


def _scope(
    changes: list[FileChange], contents: Contents, touched: frozenset[str] | None
) -> frozenset[str] | None:
    if touched is None:
        return None
    inside = {path for path in contents.modes if owner(path, contents.names) in touched}
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
