"""The stages and aliases that versions taken over from MLflow will have, in the policy's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.names import require_alias_name
from rollbook.transfer.gto.suggestions import stage_like
from rollbook.transfer.mlflow.mlflow_plan import MlflowPlacing
from rollbook.transfer.mlflow.stage_names import policy_stage
from rollbook.transfer.takeover_notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.records.policy import Policy
    from rollbook.transfer.mlflow.mlflow_plan import MlflowRequest
    from rollbook.transfer.mlflow.source_models import SourceModel, SourceVersion


def stage_here(policy: Policy, wanted: MlflowRequest, stage: str) -> str | None:
    """Return the policy's name for a stage of MLflow's; None where it has none."""
    try:
        return wanted.stages.get(stage) or policy_stage(policy, stage)
    except BadCall:
        return None


def unmapped(model: SourceModel, policy: Policy, wanted: MlflowRequest) -> Iterator[Note]:
    """Yield each stage of MLflow's that versions stand in, and the policy has not."""
    known = [stage.name for stage in policy.stages]
    for stage in dict.fromkeys(version.stage for version in model.versions):
        if stage_here(policy, wanted, stage) is None:
            mapping = ("--stage", f"{stage}={stage_like(stage, known)}")
            hint = f"Map it: {' '.join(mapping)}; the policy has {', '.join(known)}"
            yield Note(f"{model.name}: {stage}", "the policy has no such stage", hint, mapping)


def crowded(
    model: SourceModel, versions: Sequence[SourceVersion], policy: Policy, wanted: MlflowRequest
) -> Iterator[Note]:
    """Yield each exclusive stage that several versions stand in, unless it is said who holds it."""
    for stage, numbers in _holders(versions, policy, wanted).items():
        if len(numbers) > 1 and not wanted.newest_holds:
            named = ", ".join(map(str, numbers))
            goes = policy.stage(stage).displaced_to or policy.first_stage.name
            why = f"versions {named} stand there, and the policy lets one hold {stage}"
            hint = f"Let the newest hold it, and the others go to {goes}: --newest-holds"
            yield Note(f"{model.name}: {stage}", why, hint, ("--newest-holds",))


def placed(
    versions: Sequence[SourceVersion], policy: Policy, wanted: MlflowRequest
) -> dict[int, MlflowPlacing]:
    """Choose the stage of each version, by its number."""
    found: dict[int, MlflowPlacing] = {}
    holders = _holders(versions, policy, wanted)
    for version in versions:
        stage = stage_here(policy, wanted, version.stage) or policy.first_stage.name
        newest = holders[stage][-1] if stage in holders else version.number
        if newest == version.number:
            found[version.number] = MlflowPlacing(stage)
        else:
            goes = policy.stage(stage).displaced_to or policy.first_stage.name
            found[version.number] = MlflowPlacing(goes, stage, newest)
    return found


def misnamed_aliases(model: SourceModel, policy: Policy, wanted: MlflowRequest) -> Iterator[Note]:
    """Yield each alias that can't be called so here."""
    seen: dict[str, str] = {}
    for alias in model.aliases:
        name = wanted.aliases.get(alias, alias)
        if policy.has_stage(name):
            why = f"{name} is a stage here"
        elif name in seen:
            why = f"{seen[name]} would have the same name"
        else:
            try:
                seen[require_alias_name(name)] = alias
                continue
            except BadCall as error:
                why = str(error)
        option = ("--alias", f"{alias}={_alias_like(alias, policy)}")
        yield Note(f"{model.name}@{alias}", why, f"Give it another name: {' '.join(option)}", option)


def _holders(
    versions: Sequence[SourceVersion], policy: Policy, wanted: MlflowRequest
) -> Mapping[str, list[int]]:
    """Return the numbers of those who stand in each exclusive stage, the newest last."""
    holders: dict[str, list[int]] = {}
    for version in versions:
        stage = stage_here(policy, wanted, version.stage)
        if stage is not None and policy.stage(stage).exclusive:
            holders.setdefault(stage, []).append(version.number)
    return holders


def _alias_like(alias: str, policy: Policy) -> str:
    name = alias.casefold()
    try:
        return "NAME" if policy.has_stage(name) else require_alias_name(name)
    except BadCall:
        return "NAME"
