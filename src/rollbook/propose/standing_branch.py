"""The branch that an earlier run of a registration left: what it says, and whether it is this very one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.git.commits import read_commit
from rollbook.git.repository import is_ancestor
from rollbook.git.write import ObjectWriter
from rollbook.propose.dvc_entries_update import entry_edit
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository


def standing_facts(repository: Repository, commit: str, model: str, version: str) -> dict[str, Any]:
    """Return the manifest in a commit without its artifact; empty when it isn't there or can't be read."""
    path = layout.manifest_path(model, version)
    with Registry(repository, commit_snapshot(repository, commit)) as registry:
        (data,) = registry.snapshot.read_many([path])
    try:
        manifest = load(data or b"", path)
    except InvalidFile:
        return {}
    return {name: manifest[name] for name in manifest if name != "artifact"} if manifest else {}


def consists_of(
    repository: Repository, commit: str, files: Mapping[str, bytes], entry: Mapping[str, str]
) -> bool:
    """Return whether a commit adds exactly `files`, and the model's `entry` of dvc.yaml, to the one it stands
    on, which is on main."""
    standing = read_commit(repository, commit)
    if len(standing.parents) != 1 or not is_ancestor(
        repository, standing.parents[0], main_commit(repository)
    ):
        return False
    (base,) = standing.parents
    return (
        ObjectWriter(repository).tree(base, {**files, **entry_edit(repository, base, entry)}) == standing.tree
    )
