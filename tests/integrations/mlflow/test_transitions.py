"""What MLflow's clients change: stages, aliases, tags, descriptions; what is so already is no error."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException

from building.mlflow_registry import stages, store, subjects, with_churn
from building.world import POLICY, World
from rollbook.integrations.mlflow.reading.hidden_facts import Hidden, hidden_facts, write_hidden

if TYPE_CHECKING:
    from collections.abc import Callable

    from building.once import Template
    from rollbook.integrations.mlflow.store import RollbookStore


@pytest.fixture
def world(started: Template) -> World:
    return started(with_churn)


@pytest.fixture
def exclusive(world: World) -> World:
    """The same, of which production holds one version."""
    text = world.read(POLICY)
    only = "- name: production\n    exclusive: true\n    displaced_to: archived\n"
    world.write(POLICY, text.replace("- name: production\n", only))
    world.commit("Let one version be in production")
    return world


@pytest.mark.parametrize("version", ["1", 1])
@pytest.mark.parametrize("stage", ["Production", "production", "PRODUCTION"])
def test_versions_come_as_text_and_as_numbers_and_stages_in_any_case(
    world: World, version: str | int, stage: str
) -> None:
    moved = store(world).transition_model_version_stage("churn", version, stage, False)
    assert (moved.version, moved.current_stage) == (1, "Production")


def test_from_none_straight_to_production_and_out_of_the_archive(world: World) -> None:
    own = store(world)
    for stage in ("Production", "Archived", "Production", "None", "Archived", "Staging"):
        assert own.transition_model_version_stage("churn", "1", stage, False).current_stage == stage


def test_versions_stay_in_production_beside_a_new_one(world: World) -> None:
    own = store(world)
    own.transition_model_version_stage("churn", "2", "Production", False)
    own.transition_model_version_stage("churn", "1", "Production", False)
    assert stages(world) == {"1": "Production", "2": "Production", "3": "None"}


def test_archive_existing_versions_moves_all_others_in_the_same_commit(world: World) -> None:
    own = store(world)
    own.transition_model_version_stage("churn", "1", "Production", False)
    own.transition_model_version_stage("churn", "2", "Production", False)
    before = subjects(world)
    own.transition_model_version_stage("churn", "3", "Production", archive_existing_versions=True)
    assert stages(world) == {"1": "Archived", "2": "Archived", "3": "Production"}
    assert subjects(world) == ["Promote churn@1.2.0 to production", *before]


def test_archive_existing_versions_of_a_version_that_is_there_moves_the_others(world: World) -> None:
    own = store(world)
    own.transition_model_version_stage("churn", "1", "Production", False)
    own.transition_model_version_stage("churn", "2", "Production", False)
    own.transition_model_version_stage("churn", "2", "Production", archive_existing_versions=True)
    assert stages(world) == {"1": "Archived", "2": "Production", "3": "None"}


def test_a_stage_of_one_version_sends_the_one_before_where_the_policy_says_and_warns(
    exclusive: World,
) -> None:
    own = store(exclusive)
    own.transition_model_version_stage("churn", "1", "Production", False)
    with pytest.warns(
        UserWarning, match=r"version 1 \(1\.0\.0\) went to Archived.*one version be in Production"
    ):
        own.transition_model_version_stage("churn", "2", "Production", False)
    assert stages(exclusive) == {"1": "Archived", "2": "Production", "3": "None"}


def test_who_asked_for_it_is_not_warned(exclusive: World) -> None:
    own = store(exclusive)
    own.transition_model_version_stage("churn", "1", "Production", False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own.transition_model_version_stage("churn", "2", "Production", archive_existing_versions=True)
    assert stages(exclusive) == {"1": "Archived", "2": "Production", "3": "None"}


@pytest.mark.parametrize("stage", ["None", "Archived", "archived"])
def test_nothing_is_archived_from_a_stage_that_is_not_active(world: World, stage: str) -> None:
    told = f"because '{stage}' is not an Active stage. Valid stages are \\['Staging', 'Production'\\]"
    with pytest.raises(MlflowException, match=told):
        store(world).transition_model_version_stage("churn", "1", stage, archive_existing_versions=True)


def test_a_stage_that_the_policy_has_not_is_named_with_those_it_has(world: World) -> None:
    with pytest.raises(
        MlflowException, match=r"Invalid Model Version stage: Shadow(?s:.*)Production"
    ) as wrong:
        store(world).transition_model_version_stage("churn", "1", "Shadow", False)
    assert wrong.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_transition_that_the_policy_has_not_is_refused_with_the_legal_ways(world: World) -> None:
    text = world.read(POLICY)
    world.write(POLICY, text.replace("next: [staging, production, archived]", "next: [staging]"))
    world.commit("Let nothing go straight to production")
    with pytest.raises(MlflowException, match=r"no transition from none to production.*\n.*staging"):
        store(world).transition_model_version_stage("churn", "1", "Production", False)


def _set_tag(own: RollbookStore) -> None:
    own.set_model_version_tag("churn", "1", ModelVersionTag("a", "1"))


def _set_model_tag(own: RollbookStore) -> None:
    own.set_registered_model_tag("churn", RegisteredModelTag("a", "1"))


def _alias(own: RollbookStore) -> None:
    own.set_registered_model_alias("churn", "champion", "1")


def _move(own: RollbookStore) -> None:
    own.transition_model_version_stage("churn", "1", "Staging", False)


def _describe(own: RollbookStore) -> None:
    own.update_model_version("churn", "1", "text")


def _describe_model(own: RollbookStore) -> None:
    own.update_registered_model("churn", "text")


def _untag(own: RollbookStore) -> None:
    own.delete_model_version_tag("churn", "1", "nothing")


def _untag_model(own: RollbookStore) -> None:
    own.delete_registered_model_tag("churn", "nothing")


def _unalias(own: RollbookStore) -> None:
    own.delete_registered_model_alias("churn", "nothing")


def _undescribe(own: RollbookStore) -> None:
    own.update_model_version("churn", "1", "")


@pytest.mark.parametrize("call", [_set_tag, _set_model_tag, _alias, _move, _describe, _describe_model])
def test_what_is_so_already_is_no_commit_and_no_error(
    world: World, call: Callable[[RollbookStore], None]
) -> None:
    own = store(world)
    call(own)
    before = subjects(world)
    call(own)
    assert subjects(world) == before


@pytest.mark.parametrize("call", [_untag, _untag_model, _unalias, _undescribe])
def test_taking_away_what_is_not_there_is_no_commit_and_no_error(
    world: World, call: Callable[[RollbookStore], None]
) -> None:
    before = subjects(world)
    call(store(world))
    assert subjects(world) == before


@pytest.mark.parametrize(
    "call",
    [
        lambda own: own.set_model_version_tag("churn", "9", ModelVersionTag("a", "1")),
        lambda own: own.delete_model_version_tag("churn", "9", "a"),
        lambda own: own.set_registered_model_alias("churn", "champion", "9"),
        lambda own: own.delete_registered_model_alias("nobody", "champion"),
        lambda own: own.delete_registered_model_tag("nobody", "a"),
        lambda own: own.update_model_version("churn", "9", "text"),
        lambda own: own.transition_model_version_stage("churn", "9", "Staging", False),
    ],
)
def test_of_what_is_not_there_nothing_is_changed(
    world: World, call: Callable[[RollbookStore], object]
) -> None:
    with pytest.raises(MlflowException) as absent:
        call(store(world))
    assert absent.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_tags_and_a_description_of_the_manifest_can_be_taken_away_and_set_anew(world: World) -> None:
    world.register("churn", "2.0.0", "--tag", "team=risk", "--description", "told at registration")
    own = store(world)
    assert own.get_model_version("churn", "4").tags["team"] == "risk"
    own.delete_model_version_tag("churn", "4", "team")
    own.update_model_version("churn", "4", None)
    shown = own.get_model_version("churn", "4")
    assert ("team" in shown.tags, shown.description) == (False, None)
    own.delete_model_version_tag("churn", "4", "team")
    own.set_model_version_tag("churn", "4", ModelVersionTag("team", "fraud"))
    own.update_model_version("churn", "4", "anew")
    shown = own.get_model_version("churn", "4")
    assert (shown.tags["team"], shown.description) == ("fraud", "anew")


def test_a_tag_that_mlflow_does_not_allow_is_refused_in_its_words(world: World) -> None:
    with pytest.raises(MlflowException, match="key"):
        store(world).set_registered_model_tag("churn", RegisteredModelTag("k" * 251, "x"))


def test_the_tag_of_the_version_itself_is_nobodys_to_set(world: World) -> None:
    with pytest.raises(MlflowException, match=r"rollbook\.version"):
        store(world).set_model_version_tag("churn", "1", ModelVersionTag("rollbook.version", "9.9.9"))


def test_a_model_is_described_tagged_and_renamed_by_none(world: World) -> None:
    own = store(world)
    assert own.update_registered_model("churn", "who leaves").description == "who leaves"
    assert not own.update_registered_model("churn", None).description
    with pytest.raises(MlflowException, match="can't be renamed"):
        own.rename_registered_model("churn", "leavers")


_NAMES = st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), unique=True, max_size=5)


@given(_NAMES, st.booleans(), st.dictionaries(st.sampled_from(["ticket", "other"]), st.text(), max_size=2))
def test_what_is_hidden_is_read_as_it_was_written_and_leaves_the_rest(
    tags: list[str], description: bool, extra: dict[str, str]
) -> None:
    document = {"extra": {**extra}} if extra else {}
    hidden = Hidden(tuple(tags), description)
    write_hidden(document, hidden)
    assert hidden_facts(document.get("extra", {})) == hidden
    write_hidden(document, Hidden())
    assert document.get("extra", {}) == extra
