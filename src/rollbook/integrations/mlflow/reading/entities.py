"""Models and versions as MLflow's own objects (mlflow.entities.model_registry)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow.entities.model_registry import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)

from rollbook.transfer.mlflow.stage_names import mlflow_stage
from rollbook.transfer.mlflow.version_tags import VERSION_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.integrations.mlflow.reading.model_entry import ModelEntry, NumberedVersion
    from rollbook.records.policy import Policy


def model_entity(policy: Policy, entry: ModelEntry, latest: Sequence[NumberedVersion]) -> RegisteredModel:
    """Return a model, `latest` being the newest version in each of its stages, as MLflow describes it."""
    return RegisteredModel(
        entry.name,
        creation_timestamp=entry.created,
        last_updated_timestamp=entry.updated,
        description=entry.facts.description or None,
        latest_versions=[version_entity(policy, one) for one in latest],
        tags=[RegisteredModelTag(key, value) for key, value in entry.facts.tags.items()],
        aliases=[RegisteredModelAlias(alias, number) for alias, number in entry.aliased()],
    )


def version_entity(policy: Policy, version: NumberedVersion) -> ModelVersion:
    """Return a version as MLflow describes it."""
    facts = version.facts
    return ModelVersion(
        version.name,
        version.number,
        version.created,
        last_updated_timestamp=version.updated,
        description=facts.description or None,
        user_id=facts.user,
        current_stage=mlflow_stage(policy, version.stage or policy.first_stage.name),
        source=facts.source,
        run_id=facts.run_id,
        status_message=facts.status_message,
        tags=[
            *(ModelVersionTag(key, value) for key, value in facts.tags.items()),
            ModelVersionTag(VERSION_TAG, facts.version),
        ],
        run_link=facts.run_link,
        aliases=[*version.aliases],
        model_id=facts.model_id,
    )
