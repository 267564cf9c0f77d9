"""Tags that MLflow allows, and that no `tags` of a file can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException

from building.mlflow_registry import store, with_churn

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

LONG = "x" * 20_000


@pytest.fixture
def world(started: Template) -> World:
    return started(with_churn)


@pytest.mark.parametrize("name", ["validation status", "approved: by", "x"])
def test_a_version_has_them_until_they_are_taken_away(world: World, name: str) -> None:
    own = store(world)
    own.set_model_version_tag("churn", 1, ModelVersionTag(name, LONG if name == "x" else "yes"))
    assert own.get_model_version("churn", 1).tags[name] == (LONG if name == "x" else "yes")
    own.set_model_version_tag("churn", 1, ModelVersionTag(name, "no"))
    assert own.get_model_version("churn", 1).tags[name] == "no"
    own.delete_model_version_tag("churn", 1, name)
    assert name not in own.get_model_version("churn", 1).tags


@pytest.mark.parametrize("name", ["validation status", "x"])
def test_a_model_has_them_until_they_are_taken_away(world: World, name: str) -> None:
    own = store(world)
    own.set_registered_model_tag("churn", RegisteredModelTag(name, LONG if name == "x" else "yes"))
    assert own.get_registered_model("churn").tags[name] == (LONG if name == "x" else "yes")
    own.set_registered_model_tag("churn", RegisteredModelTag(name, "no"))
    assert own.get_registered_model("churn").tags == {name: "no"}
    own.delete_registered_model_tag("churn", name)
    assert own.get_registered_model("churn").tags == {}


def test_what_is_made_with_them_has_them(world: World) -> None:
    own = store(world)
    own.create_registered_model("fraud", [RegisteredModelTag("risk class", "high")])
    made = own.create_model_version(
        "fraud", str(world.artifact(b"new")), tags=[ModelVersionTag("risk class", "high")]
    )
    assert own.get_registered_model("fraud").tags == {"risk class": "high"}
    assert made.tags["risk class"] == "high"
    own.delete_model_version_tag("fraud", 1, "risk class")
    assert "risk class" not in own.get_model_version("fraud", 1).tags


def test_one_with_control_characters_is_refused_by_name(world: World) -> None:
    own, before = store(world), world.git("rev-parse", "main")
    tag = ModelVersionTag("note", "a\x1b[2Jb")
    with pytest.raises(MlflowException, match=r"the tag 'note' .* control characters"):
        own.set_model_version_tag("churn", 1, tag)
    with pytest.raises(MlflowException, match=r"the tag 'note' .* control characters"):
        own.create_model_version("churn", str(world.artifact(b"new")), tags=[tag])
    assert world.git("rev-parse", "main") == before
