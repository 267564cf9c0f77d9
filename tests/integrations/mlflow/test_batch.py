"""`rollbook.mlflow.batch`: several of MLflow's calls become one commit, or one request."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING

import pytest
from mlflow.entities.model_registry import ModelVersionTag
from mlflow.exceptions import MlflowException
from rollbook.mlflow import batch

from building.mlflow_registry import stages, store, subjects, with_churn
from building.mlflow_settings import mlflow_set_to
from building.world import POLICY, World, git, rollbook
from rollbook.integrations.mlflow.failures import RequestWaits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building.once import Template
    from rollbook.integrations.mlflow.store import RollbookStore


@pytest.fixture
def world(started: Template) -> World:
    return started(with_churn)


@pytest.fixture
def here(world: World) -> Iterator[str]:
    """The registry's address, which MLflow is set to meanwhile."""
    with mlflow_set_to(registry=f"rollbook://{world.registry}"):
        yield f"rollbook://{world.registry}"


def _tag(own: RollbookStore, name: str, value: str = "yes", version: str = "1") -> None:
    own.set_model_version_tag("churn", version, ModelVersionTag(name, value))


def _tag_and_fail(own: RollbookStore, name: str) -> None:
    _tag(own, name)
    raise ZeroDivisionError


def _register(world: World, own: RollbookStore, *versions: str) -> None:
    for version in versions:
        artifact = world.artifact(version.encode())
        own.create_model_version("churn", str(artifact), tags=[ModelVersionTag("version", version)])


def _tags(world: World, version: str = "1") -> set[str]:
    return store(world).get_model_version("churn", version).tags.keys() - {"rollbook.version"}


def test_an_approval_script_is_one_commit(world: World, here: str) -> None:
    own, before = store(world), subjects(world)
    with batch("approved by the risk board"):
        for number in range(16):
            _tag(own, f"check{number}")
        own.transition_model_version_stage("churn", "1", "Staging", False)
        own.transition_model_version_stage("churn", "1", "Production", True)
    assert subjects(world) == ["approved by the risk board", *before]
    assert len(_tags(world)) == 16
    assert stages(world)["1"] == "Production"


def test_its_block_may_change_who_commits(world: World, here: str) -> None:
    with batch("approved"):
        _tag(store(world), "a")
        world.git("config", "user.name", "Somebody Else")
        _tag(store(world), "b")
    assert world.git("log", "-1", "--format=%cn", "origin/main") == "Somebody Else"


def test_its_commit_lists_what_it_did_and_its_reason_is_the_moves(world: World, here: str) -> None:
    with batch("approved by the risk board"):
        store(world).transition_model_version_stage("churn", "1", "Production", False)
    message = git(world.origin, "log", "-1", "--format=%B", "main")
    assert "- Promote churn@1.0.0 to production" in message
    assert "reason: approved by the risk board" in world.read("registry/churn/stages.yaml")


def test_its_calls_see_what_those_before_them_did_and_main_does_not_yet(world: World, here: str) -> None:
    own, before = store(world), subjects(world)
    with batch("try it"):
        own.transition_model_version_stage("churn", "1", "Staging", False)
        _tag(own, "seen")
        assert own.get_model_version("churn", "1").current_stage == "Staging"
        assert own.get_model_version("churn", "1").tags["seen"] == "yes"
        assert subjects(world) == before


def test_an_error_in_the_block_discards_all(world: World, here: str) -> None:
    before = subjects(world)
    with pytest.raises(ZeroDivisionError), batch("try it"):
        _tag_and_fail(store(world), "never")
    assert subjects(world) == before
    assert _tags(world) == set()


def test_a_batch_without_a_call_is_no_commit(world: World, here: str) -> None:
    before = subjects(world)
    with batch("nothing"):
        store(world).get_registered_model("churn")
    assert subjects(world) == before


def test_what_comes_to_nothing_is_no_commit(world: World, here: str) -> None:
    own = store(world)
    _tag(own, "a", "yes")
    before = subjects(world)
    with batch("there and back", registry=here):
        _tag(own, "a", "no")
        _tag(own, "a", "yes")
        own.transition_model_version_stage("churn", "1", "None", False)
    assert subjects(world) == before


def test_a_rollback_that_archives_first_is_one_commit(world: World, here: str) -> None:
    own = store(world)
    own.transition_model_version_stage("churn", "1", "Archived", False)
    own.transition_model_version_stage("churn", "2", "Production", False)
    before = subjects(world)
    with batch("back to the version before"):
        own.transition_model_version_stage("churn", "2", "Archived", False)
        assert own.get_latest_versions("churn", ["Production"]) == []
        own.transition_model_version_stage("churn", "1", "Production", False)
    assert subjects(world) == ["back to the version before", *before]
    assert (stages(world)["1"], stages(world)["2"]) == ("Production", "Archived")


def test_a_version_that_comes_back_to_its_stage_never_left_it(world: World, here: str) -> None:
    own = store(world)
    own.transition_model_version_stage("churn", "1", "Production", False)
    before = world.read("registry/churn/stages.yaml")
    with batch("looked at again", registry=here):
        own.transition_model_version_stage("churn", "1", "Staging", False)
        own.transition_model_version_stage("churn", "1", "Production", False)
        _tag(own, "looked-at")
    assert world.read("registry/churn/stages.yaml") == before
    assert (stages(world)["1"], "looked-at" in _tags(world)) == ("Production", True)
    tip = world.git("rev-parse", "main")
    with batch("there and back", registry=here):
        own.transition_model_version_stage("churn", "1", "Staging", False)
        own.transition_model_version_stage("churn", "1", "Production", False)
    assert world.git("rev-parse", "main") == tip


def test_a_version_is_registered_and_promoted_in_one_commit(world: World, here: str) -> None:
    own, before = store(world), subjects(world)
    with batch("straight to production"):
        made = own.create_model_version("churn", str(world.artifact(b"new")))
        assert made.version == 4
        own.transition_model_version_stage("churn", made.version, "Production", False)
    assert subjects(world) == ["straight to production", *before]
    assert store(world).get_model_version("churn", "4").current_stage == "Production"


def test_a_lower_version_after_a_higher_one_is_refused_for_its_number(world: World, here: str) -> None:
    own, before = store(world), subjects(world)
    with pytest.raises(MlflowException, match="can't be registered in one batch after"), batch("two"):
        _register(world, own, "3.0.0", "2.0.0")
    assert subjects(world) == before


def test_in_propose_mode_it_is_one_request(world: World) -> None:
    address = f"rollbook://{world.registry}?mode=propose"
    own, branches = store(world, "?mode=propose"), []

    def approve() -> None:
        with batch("approved", registry=address):
            _tag(own, "a")
            own.transition_model_version_stage("churn", "1", "Production", False)

    for _ in range(2):
        with pytest.raises(RequestWaits, match="approved") as waits:
            approve()
        branches.append(waits.value.branch)
    assert branches[0] == branches[1], "the same request, asked for again"
    assert git(world.origin, "rev-list", "--count", f"main..{branches[0]}") == "1"
    world.land(branches[0])
    assert stages(world)["1"] == "Production"


def test_a_block_inside_another_joins_it(world: World, here: str) -> None:
    before, own = subjects(world), store(world)
    with batch("outer"):
        _tag(own, "a")
        with batch("inner"):
            _tag(own, "b")
        assert subjects(world) == before
    assert subjects(world) == ["outer", *before]
    assert _tags(world) == {"a", "b"}


def test_an_error_in_an_inner_block_discards_that_block_alone(world: World, here: str) -> None:
    own = store(world)
    with batch("outer"):
        _tag(own, "a")
        with pytest.raises(ZeroDivisionError), batch("inner"):
            _tag_and_fail(own, "b")
    assert _tags(world) == {"a"}


def test_a_batch_on_one_registry_does_not_take_what_is_for_another(world: World, here: str) -> None:
    other = world.copy(world.root.parent / "other")
    own, before = store(other), subjects(other)
    with batch("here"):
        _tag(own, "there")
        assert subjects(other) == ["Note on churn@1.0.0", *before]


def test_a_thread_is_in_the_batch_if_it_has_its_context(world: World, here: str) -> None:
    own, before = store(world), subjects(world)
    with batch("two threads"):
        inside = threading.Thread(target=copy_context().run, args=(_tag, own, "inside"))
        inside.start()
        inside.join()
    assert subjects(world) == ["two threads", *before]
    assert _tags(world) == {"inside"}


def test_a_thread_of_its_own_writes_past_the_batch_which_is_planned_anew(world: World, here: str) -> None:
    own, before = store(world), subjects(world)
    with batch("mine"):
        _tag(own, "mine")
        outside = threading.Thread(target=_tag, args=(store(world), "theirs"))
        outside.start()
        outside.join()
        assert subjects(world)[0] == "Note on churn@1.0.0"
    assert subjects(world) == ["mine", "Note on churn@1.0.0", *before]
    assert _tags(world) == {"mine", "theirs"}


def test_a_call_after_the_end_is_told_so(world: World, here: str) -> None:
    with batch("over"):
        context = copy_context()
    with pytest.raises(MlflowException, match="the batch has ended"):
        context.run(_tag, store(world), "late")


def _meanwhile(world: World, *arguments: str) -> None:
    """Another clone lands something."""
    git(world.root, "clone", "--quiet", "origin.git", "other")
    ran = rollbook(world.root, "-C", "other", *arguments, "--land")
    assert ran.code == 0, ran.err


def test_main_that_moved_meanwhile_is_built_upon(world: World, here: str) -> None:
    own = store(world)
    with batch("mine"):
        own.transition_model_version_stage("churn", "1", "Production", False)
        _meanwhile(world, "promote", "churn@1.1.0", "staging", "--reason", "theirs")
    assert (stages(world)["1"], stages(world)["2"]) == ("Production", "Staging")


def test_what_can_not_be_built_upon_it_is_a_conflict_that_says_so(world: World, here: str) -> None:
    own = store(world)

    def script() -> None:
        with batch("mine"):
            own.transition_model_version_stage("churn", "1", "Archived", False)
            own.transition_model_version_stage("churn", "1", "Staging", False)
            policy = world.read(POLICY)
            world.write(POLICY, policy.replace("next: [none, staging, production]", "next: []"))
            world.commit("Let nothing out of the archive")

    with pytest.raises(MlflowException, match="main has moved on since the batch began") as conflict:
        script()
    assert conflict.value.error_code == "RESOURCE_CONFLICT"
    assert stages(world)["1"] == "None"


def test_a_number_that_somebody_else_took_is_a_conflict(world: World, here: str) -> None:
    own = store(world)

    def script() -> None:
        with batch("mine"):
            assert own.create_model_version("churn", str(world.artifact(b"mine"))).version == 4
            _meanwhile(world, "register", "churn", str(world.artifact(b"theirs")), "--version", "5.0.0")

    with pytest.raises(MlflowException, match="somebody else changed") as conflict:
        script()
    assert conflict.value.error_code == "RESOURCE_CONFLICT"


def test_it_asks_for_a_reason(here: str) -> None:
    with pytest.raises(MlflowException, match="a batch needs a reason"), batch("  "):
        pass


def test_without_a_registry_of_rollbooks_it_says_how_to_name_one() -> None:
    with pytest.raises(MlflowException, match="set_registry_uri"), batch("x", registry="sqlite:///x.db"):
        pass


@pytest.mark.parametrize(
    "line",
    [
        "import rollbook; rollbook.mlflow.batch",
        "import rollbook.mlflow; rollbook.mlflow.batch",
        "from rollbook.mlflow import batch",
        "from rollbook import mlflow; mlflow.batch",
    ],
)
def test_it_is_found_by_each_way_of_importing_it_and_rollbook_alone_loads_no_mlflow(line: str) -> None:
    code = f"import sys, rollbook; assert 'mlflow' not in sys.modules; {line}"
    subprocess.run([sys.executable, "-c", code], check=True)
