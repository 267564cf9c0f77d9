"""`model.yaml`: what a registered model is, whatever its version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.records.fields import read_fields
from rollbook.records.retention import OwnRetention, own_retention_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.fields import Fields


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model's file, field by field. What the file does not give is empty. `gates` stand as in the file:
    they are added to the policy's, and so are `retention` and `monitoring`, which stands as in the file."""

    name: str
    owner: str
    team: str
    task: str
    use_case: str
    description: str
    tags: Mapping[str, Any]
    compliance: str
    extra: Mapping[str, Any]
    gates: tuple[Mapping[str, Any], ...] = ()
    retention: OwnRetention = field(default_factory=OwnRetention)
    display_name: str = ""
    data_classification: str = ""
    monitoring: Mapping[str, Any] = field(default_factory=dict)


def parse_model(data: bytes, path: str) -> ModelRecord:
    """Read a model's file. Raises InvalidFile naming the file and the key."""
    return model_from(read_fields(data, path))


def model_from(fields: Fields) -> ModelRecord:
    """Read a model's file that is parsed already. Raises InvalidFile naming the file and the key."""
    return ModelRecord(
        name=fields.text("name"),
        owner=fields.text("owner"),
        team=fields.optional_text("team"),
        task=fields.optional_text("task"),
        use_case=fields.optional_text("use_case"),
        description=fields.optional_text("description"),
        tags=fields.tags("tags"),
        compliance=fields.optional_text("compliance"),
        extra=fields.mapping("extra"),
        gates=fields.mappings("gates"),
        retention=own_retention_from(fields.inner("retention")),
        display_name=fields.optional_text("display_name"),
        data_classification=fields.optional_text("data_classification"),
        monitoring=fields.mapping("monitoring"),
    )
