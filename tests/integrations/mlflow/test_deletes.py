"""What MLflow's clients delete: a tombstone on record; bytes and numbers stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mlflow.entities.model_registry import RegisteredModelTag
from mlflow.exceptions import MlflowException

from building.mlflow_registry import store, subjects, with_churn
from building.world import POLICY, World, git

if TYPE_CHECKING:
    from building.once import Template
    from rollbook.integrations.mlflow.store import RollbookStore


@pytest.fixture
def world(started: Template) -> World:
    return started(with_churn)


def _numbers(own: RollbookStore) -> set[int]:
    return {version.version for version in own.search_model_versions("name='churn'")}


def test_a_deleted_version_is_gone_for_mlflow_and_its_number_is_given_to_no_other(world: World) -> None:
    own = store(world)
    own.delete_model_version("churn", "3")
    with pytest.raises(MlflowException) as gone:
        own.get_model_version("churn", "3")
    assert gone.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert _numbers(own) == {1, 2}
    assert own.create_model_version("churn", str(world.artifact(b"next"))).version == 4


def test_the_tombstone_says_when_and_by_whom_and_the_bytes_stay(world: World) -> None:
    store(world).delete_model_version("churn", "1")
    notes = world.read("registry/churn/versions/1.0.0/notes.yaml")
    assert "deleted:" in notes
    assert "by: jane@example.com" in notes
    assert world.run("check", "--all").code == 0
    world.run("fetch", "churn@1.0.0", "--output", str(world.root / "fetched"))


def test_rollbook_still_shows_it_and_says_that_it_is_deleted(world: World) -> None:
    store(world).delete_model_version("churn", "1")
    ran = world.run("show", "churn@1.0.0")
    assert "churn@1.0.0 is deleted for MLflow's clients at" in ran.err
    assert "by jane@example.com" in ran.err


def test_it_leaves_its_stage_and_loses_its_aliases_in_the_same_commit(world: World) -> None:
    own = store(world)
    own.transition_model_version_stage("churn", "1", "Production", False)
    own.set_registered_model_alias("churn", "champion", "1")
    before = subjects(world)
    own.delete_model_version("churn", "1")
    assert subjects(world) == ["Delete churn@1.0.0 for MLflow", *before]
    assert own.get_registered_model("churn").aliases == {}
    assert own.get_latest_versions("churn", ["Production"]) == []
    assert "1.0.0" in world.run("list", "--stage", "archived").out


def test_a_version_that_the_policy_keeps_in_its_stage_is_not_deleted(world: World) -> None:
    own = store(world)
    own.transition_model_version_stage("churn", "1", "Production", False)
    text = world.read(POLICY)
    world.write(POLICY, text.replace("next: [none, staging, archived]", "next: [staging]"))
    world.commit("Keep production out of the archive")
    with pytest.raises(MlflowException, match="no transition from production to archived"):
        own.delete_model_version("churn", "1")
    assert own.get_model_version("churn", "1").current_stage == "Production"


def test_a_version_is_deleted_once(world: World) -> None:
    own = store(world)
    own.delete_model_version("churn", "1")
    with pytest.raises(MlflowException) as gone:
        own.delete_model_version("churn", "1")
    assert gone.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_deleted_model_is_gone_with_all_its_versions_in_one_commit(world: World) -> None:
    own = store(world)
    own.transition_model_version_stage("churn", "1", "Production", False)
    own.set_registered_model_alias("churn", "champion", "2")
    before = subjects(world)
    own.delete_registered_model("churn")
    assert subjects(world) == ["Delete the model churn for MLflow", *before]
    assert own.search_registered_models() == []
    assert own.search_model_versions() == []
    with pytest.raises(MlflowException) as gone:
        own.get_registered_model("churn")
    assert gone.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert world.run("check", "--all").code == 0


def test_a_model_that_is_created_again_starts_afresh_and_its_numbers_go_on(world: World) -> None:
    own = store(world)
    own.set_registered_model_tag("churn", RegisteredModelTag("team", "risk"))
    own.update_registered_model("churn", "before")
    own.delete_registered_model("churn")
    made = own.create_registered_model("churn", [RegisteredModelTag("team", "fraud")], "anew")
    assert (made.description, made.tags, made.latest_versions) == ("anew", {"team": "fraud"}, [])
    assert _numbers(own) == set()
    assert own.create_model_version("churn", str(world.artifact(b"next"))).version == 4


def test_a_model_that_is_there_is_created_by_none(world: World) -> None:
    with pytest.raises(MlflowException, match="already exists") as twice:
        store(world).create_registered_model("churn")
    assert twice.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_a_model_without_versions_is_deleted_and_made_again(world: World) -> None:
    own = store(world)
    own.create_registered_model("empty")
    own.delete_registered_model("empty")
    assert own.create_registered_model("empty").name == "empty"


def test_the_trail_has_what_a_deletion_moved(world: World) -> None:
    own = store(world)
    own.transition_model_version_stage("churn", "1", "Production", False)
    before = len(git(world.origin, "tag").split("\n"))
    own.delete_model_version("churn", "1")
    assert len(git(world.origin, "tag").split("\n")) > before
    world.run("audit", "verify")
