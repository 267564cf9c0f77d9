"""What MLflow's stages are called in a policy, and back. Other stages have one name in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.names import ARCHIVED, PRODUCTION

if TYPE_CHECKING:
    from rollbook.records.policy import Policy

NONE = "None"
_STAGING = "staging"
_BY_MLFLOW = {"staging": _STAGING, "production": PRODUCTION, "archived": ARCHIVED}
# mlflow.entities.model_registry.model_version_stages.ALL_STAGES, without regard to case.
MLFLOW_STAGES = frozenset([NONE.casefold(), *_BY_MLFLOW])
_BY_POLICY = {name: word.capitalize() for word, name in _BY_MLFLOW.items()}


def mlflow_stage(policy: Policy, stage: str) -> str:
    """Return what MLflow calls a stage: `None`, `Staging`, `Production`, `Archived`, else its own name."""
    return NONE if stage == policy.first_stage.name else _BY_POLICY.get(stage, stage)


def policy_stage(policy: Policy, name: str) -> str:
    """Return the stage that MLflow's clients mean; case does not count. Raises BadCall for one that the
    policy hasn't."""
    folded = name.strip().casefold()
    if folded == NONE.casefold():
        return policy.first_stage.name
    for stage in policy.stages:
        if stage.name.casefold() == _BY_MLFLOW.get(folded, folded):
            return stage.name
    known = ", ".join(mlflow_stage(policy, stage.name) for stage in policy.stages)
    raise BadCall(f"Invalid Model Version stage: {name[:80]}", hint=f"Value must be one of {known}.")
