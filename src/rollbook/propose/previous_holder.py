"""Rolling back: which version held a stage before the one that holds it now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import NotFound
from rollbook.git.repository import main_commit
from rollbook.names import require_model_name
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.event import Action
from rollbook.trail.history import history

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

PRODUCTION = "production"


def previous_holder(repository: Repository, model: str, stage: str = PRODUCTION) -> str:
    """The version that held `stage` last before the one that holds it now, from the audit trail.

    Raises NotFound when the trail knows of none.
    """
    require_model_name(model)
    base = main_commit(repository)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        registry.policy.stage(stage)
        holders = {entry.version for entry in registry.model(model).stages.holders(stage)}
    held = [
        tag.event.version
        for tag in history(repository, base, model)
        if tag.event.action is Action.ASSIGNED and tag.event.target == stage
    ]
    for version in reversed(held):
        if version not in holders:
            return version
    raise NotFound(
        f"the trail knows of no version of {model} that held {stage} before",
        hint=f"Name one: rollbook rollback {model} --to VERSION. "
        "(`git fetch --tags` gets the trail; `rollbook audit record` records what landed.)",
    )
