"""Models and versions as MLflow's REST API writes them (mlflow/protos/model_registry.proto): what is empty is
left out, numbers of versions are texts, times are milliseconds since 1970."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.transfer.mlflow.stage_names import mlflow_stage
from rollbook.transfer.mlflow.version_tags import VERSION_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.integrations.mlflow.reading.model_entry import ModelEntry, NumberedVersion
    from rollbook.records.policy import Policy

_READY = "READY"


def model_message(policy: Policy, entry: ModelEntry, latest: Sequence[NumberedVersion]) -> dict[str, Any]:
    """Return a model, `latest` being the newest version in each of its stages."""
    return _told(
        name=entry.name,
        creation_timestamp=entry.created,
        last_updated_timestamp=entry.updated,
        description=entry.facts.description,
        latest_versions=[version_message(policy, one) for one in latest],
        tags=_tags(entry.facts.tags),
        aliases=[{"alias": alias, "version": str(number)} for alias, number in entry.aliased()],
    )


def version_message(policy: Policy, version: NumberedVersion) -> dict[str, Any]:
    """Return a version."""
    facts = version.facts
    return _told(
        name=version.name,
        version=str(version.number),
        creation_timestamp=version.created,
        last_updated_timestamp=version.updated,
        user_id=facts.user,
        current_stage=mlflow_stage(policy, version.stage or policy.first_stage.name),
        description=facts.description,
        source=facts.source,
        run_id=facts.run_id,
        status=_READY,
        status_message=facts.status_message,
        tags=_tags({**facts.tags, VERSION_TAG: facts.version}),
        run_link=facts.run_link,
        aliases=[*version.aliases],
        model_id=facts.model_id,
    )


def _told(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", [])}


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
