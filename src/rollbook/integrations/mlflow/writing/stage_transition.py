"""MLflow's transitions: a version to another stage, and with it those that were there to the archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

from rollbook.errors import AlreadySo, NotFound, Refused
from rollbook.names import ARCHIVED, Reference
from rollbook.propose.alias_move import plan_alias
from rollbook.propose.change_series import planned_together
from rollbook.propose.promotion import plan_promotion
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.transfer.mlflow.stage_names import mlflow_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.git.repository import Repository
    from rollbook.propose.proposal import PlannedChange
    from rollbook.records.policy import Policy


@dataclass(frozen=True, slots=True)
class StageTransition:
    """A version that is to move to the policy's stage `target`; with `archive_others`, whoever is there goes
    to the archive. `reason` is the entry's."""

    reference: Reference
    target: str
    reason: str
    archive_others: bool = False

    def plan(self, repository: Repository, base: str) -> tuple[PlannedChange, tuple[str, ...]]:
        """Return the change of stages.yaml upon the commit `base`, and the versions that make room for it
        because the policy lets one hold the stage, unasked for.

        Raises AlreadySo when all is so already, and as `plan_promotion` does.
        """
        model, version = self.reference.model, str(self.reference.version)
        displaced: tuple[str, ...] = ()

        def moved(onto: str) -> PlannedChange:
            nonlocal displaced
            planned = plan_promotion(repository, onto, self.reference, self.target, reason=self.reason)
            displaced = tuple(move.version for move in planned.moves[:-1])
            return planned.change

        plans: list[Callable[[str], PlannedChange]] = []
        if self.archive_others:
            with Registry(repository, commit_snapshot(repository, base)) as registry:
                holders = registry.model(model).stages.holders(self.target)
                others = [entry.version for entry in holders if entry.version != version]
            plans += [
                archiving(repository, Reference(model, other), f"{version} goes to {self.target}")
                for other in others
            ]
        change = planned_together(
            repository, base, [*plans, moved], f"Promote {model}@{version} to {self.target}"
        )
        return change, displaced


def require_active(policy: Policy, stage: str, told: str) -> None:
    """Raise MlflowException, as MLflow's own stores do, where nothing is ever archived from a stage."""
    if stage not in (policy.first_stage.name, ARCHIVED):
        return
    active = [mlflow_stage(policy, one.name) for one in policy.stages[1:] if one.name != ARCHIVED]
    raise MlflowException(
        "Model version transition cannot archive existing model versions "
        f"because '{told}' is not an Active stage. Valid stages are {active}",
        INVALID_PARAMETER_VALUE,
    )


def archiving(repository: Repository, reference: Reference, reason: str) -> Callable[[str], PlannedChange]:
    """Return what plans that a version goes to the archive. One at the first stage stays there."""

    def plan(onto: str) -> PlannedChange:
        with Registry(repository, commit_snapshot(repository, onto)) as registry:
            stage, policy = registry.version(reference).stage, registry.policy
        if stage in (policy.first_stage.name, ARCHIVED):
            raise AlreadySo(f"{reference} is out of use already")
        try:
            return plan_promotion(repository, onto, reference, ARCHIVED, reason=reason).change
        except NotFound as error:
            raise Refused(
                f"{reference} is in {stage}, and the policy has no stage {ARCHIVED} for it to go to",
                hint="Move it to another stage first.",
            ) from error

    return plan


def plan_without_alias(
    repository: Repository, base: str, model: str, alias: str, reason: str
) -> PlannedChange:
    """Return the change that takes an alias away. Raises AlreadySo where there is none of that name."""
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        if alias not in registry.model(model).stages.aliases:
            raise AlreadySo(f"{model} has no alias {alias[:80]!r}")
    reference = Reference(model, name=alias)
    return plan_alias(repository, base, reference, alias, reason=reason, remove=True).change


def made_room(policy: Policy, version: str, stage: str) -> str:
    """Say that a version, as `version` calls it, left a stage which the policy lets one version hold."""
    goes = mlflow_stage(policy, policy.stage(stage).displaced_to or "")
    told = mlflow_stage(policy, stage)
    return f"{version} went to {goes}: the policy lets one version be in {told} (`exclusive`)"
