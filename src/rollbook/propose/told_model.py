"""What is told of a model itself: the fields of model.yaml that people set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

# In the order in which they stand in model.yaml.
FIELDS = (
    "display_name", "owner", "team", "task", "use_case", "description", "tags", "compliance",
    "data_classification",
)  # fmt: skip
# What registering calls those whose names a version has as well.
_OF_THE_MODEL = {"description": "model_description", "tags": "model_tags"}


class ToldModel(TypedDict, total=False):
    """What may be told of a new model when its first version is registered."""

    display_name: str | None
    owner: str | None
    team: str | None
    task: str | None
    use_case: str | None
    model_description: str | None
    model_tags: Mapping[str, str]
    compliance: str | None
    data_classification: str | None


def model_record(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a new model's model.yaml that are told."""
    values = {name: told.get(told_name(name)) for name in FIELDS}
    return {name: value for name, value in values.items() if value}


def told_name(field: str) -> str:
    """Return what registering calls a field of model.yaml."""
    return _OF_THE_MODEL.get(field, field)
