"""Keeping dvc.yaml in step with the registry, where the policy asks for it (`dvc_artifacts: true`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.dvc_yaml import with_paths
from rollbook.check.registry_files import Part, read_part, whole
from rollbook.check.rules.dvc_entries import drifted_entries, read_dvc_yaml
from rollbook.errors import BadCall, Refused
from rollbook.layout import DVC_YAML, POLICY
from rollbook.records.policy import parse_policy
from rollbook.registry.registry import Registry
from rollbook.snapshot.safe_open import write_beneath
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.snapshot.worktree_snapshot import worktree_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository


def entry_edit(repository: Repository, commit: str, paths: Mapping[str, str]) -> dict[str, bytes]:
    """Return the edited dvc.yaml, by its path, that gives models the artifacts' `paths` on top of `commit`;
    nothing where the policy does not ask for it.

    Raises InvalidFile for a dvc.yaml that can't be read, or edited without changing what else it says.
    """
    snapshot = commit_snapshot(repository, commit)
    try:
        (policy,) = snapshot.read_many([POLICY])
        if policy is None or not parse_policy(policy, POLICY).dvc_artifacts:
            return {}
        return {DVC_YAML: with_paths(read_dvc_yaml(snapshot), paths)}
    finally:
        snapshot.close()


def write_entries(repository: Repository) -> list[str]:
    """Bring the working tree's dvc.yaml in line with its registry; return the models whose entries changed.

    Raises Refused when the policy does not ask for entries, InvalidFile as `entry_edit` does.
    """
    if repository.work_tree is None:
        raise BadCall("a bare repository has no working tree", hint="Run it in a clone.")
    data, paths = _drift(repository)
    if paths:
        write_beneath(repository.work_tree, DVC_YAML, with_paths(data, paths), replace=True)
    return sorted(paths)


def drifted(repository: Repository) -> list[str]:
    """Return the models whose entries in the working tree's dvc.yaml are missing or drifted. Raises as
    `write_entries` does."""
    return sorted(_drift(repository)[1])


def _drift(repository: Repository) -> tuple[bytes | None, Mapping[str, str]]:
    """Return the working tree's dvc.yaml, and the paths that it ought to give, by model, where it does
    not.
    """
    snapshot = worktree_snapshot(repository)
    with Registry(repository, snapshot) as registry:
        if not registry.policy.dvc_artifacts:
            raise Refused(
                f"{POLICY} does not ask for entries in {DVC_YAML}", hint="Say there: dvc_artifacts: true"
            )
        everything = whole(snapshot)
        names_only = Part(everything.modes, everything.names, None, frozenset())
        data = read_dvc_yaml(snapshot)
        return data, drifted_entries(read_part(snapshot, names_only), data)
