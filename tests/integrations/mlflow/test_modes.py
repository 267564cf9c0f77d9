"""What becomes of what MLflow's clients write: it lands, or it is requested."""

from __future__ import annotations

import errno
import json
import threading
import time
from typing import TYPE_CHECKING

import pytest
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException

from building.mlflow_registry import saying_nothing, store, subjects, with_churn
from building.world import World, git, rollbook
from github_stand_in import GitHubStandIn, host_on_github, serve
from rollbook.integrations.mlflow.failures import RequestWaits
from rollbook.propose import direct_landing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.once import Template

APPROVALS = "gates:\n  - gate: approvals\n    to: [production]\n    count: 1\n"
PRODUCTION = "rollbook/promote/churn/1.0.0-production"


@pytest.fixture
def world(started: Template) -> World:
    return started(with_churn)


@pytest.fixture
def silent(started: Template) -> World:
    return started(saying_nothing)


@pytest.fixture
def forge() -> Iterator[GitHubStandIn]:
    yield from serve()


@pytest.fixture
def hosted(world: World, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> World:
    """The registry with GitHub's address as its origin."""
    return host_on_github(world, forge, monkeypatch)


def _open_branches(world: World) -> list[str]:
    refs = world.git("ls-remote", "origin", "refs/heads/rollbook/*")
    return [line.rpartition("refs/heads/")[2] for line in refs.splitlines()]


def test_land_puts_each_call_on_main_and_on_record(world: World) -> None:
    moved = store(world, "?mode=land").transition_model_version_stage("churn", "1", "Staging", False)
    assert moved.current_stage == "Staging"
    assert subjects(world)[0] == "Promote churn@1.0.0 to staging"
    tags = git(world.origin, "tag").split("\n")
    assert [tag for tag in tags if tag.startswith("churn#staging#")]


def test_without_a_word_a_call_is_proposed_and_the_answer_says_how_to_land(silent: World) -> None:
    with pytest.raises(RequestWaits, match=r"mode=land.*mlflow: \{mode: land\}"):
        store(silent).transition_model_version_stage("churn", "1", "Production", False)
    assert _open_branches(silent) == [PRODUCTION]


def test_the_policy_says_what_becomes_of_calls(world: World) -> None:
    store(world).set_model_version_tag("churn", "1", ModelVersionTag("validated", "yes"))
    assert subjects(world)[0] == "Note on churn@1.0.0"


def test_the_address_says_otherwise_than_the_policy(world: World) -> None:
    with pytest.raises(RequestWaits):
        store(world, "?mode=propose").set_model_version_tag("churn", "1", ModelVersionTag("a", "b"))
    assert len(_open_branches(world)) == 1


def test_what_the_gates_refuse_comes_back_with_the_findings_and_changes_nothing(world: World) -> None:
    world.policy("gates:\n  - gate: metric-threshold\n    to: [production]\n    metric: auc\n    min: 0.9\n")
    before = subjects(world)
    with pytest.raises(MlflowException, match="auc") as refusal:
        store(world).transition_model_version_stage("churn", "1", "Production", False)
    assert refusal.value.error_code == "PERMISSION_DENIED"
    assert refusal.value.get_http_status_code() == 403, "which no client of MLflow tries again"
    assert subjects(world) == before


def test_what_waits_for_an_approval_does_not_land_and_says_how_to_ask(world: World) -> None:
    world.policy(APPROVALS)
    with pytest.raises(MlflowException, match=r"approv(?s:.*)mode=propose") as refusal:
        store(world).transition_model_version_stage("churn", "1", "Production", False)
    assert refusal.value.error_code == "PERMISSION_DENIED"


def test_propose_names_the_branch_and_what_it_waits_for(world: World) -> None:
    world.policy(APPROVALS)
    with pytest.raises(RequestWaits, match="approv") as waits:
        store(world, "?mode=propose").transition_model_version_stage("churn", "1", "Production", False)
    assert waits.value.branch == PRODUCTION
    assert waits.value.branch in str(waits.value)
    assert _open_branches(world) == [PRODUCTION]


def test_where_there_is_a_forge_the_pull_request_is_opened_once_and_named(
    hosted: World, forge: GitHubStandIn
) -> None:
    own = store(hosted, "?mode=propose")
    told = []
    for _ in range(2):
        with pytest.raises(RequestWaits) as waits:
            own.transition_model_version_stage("churn", "1", "Production", False)
        told.append(waits.value.pull_request)
    assert told == [forge.pulls[1]["html_url"]] * 2
    assert len(forge.pulls) == 1


def test_a_forge_that_says_no_leaves_the_request_and_is_told(
    hosted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "another")
    with pytest.raises(RequestWaits, match="could not be opened") as waits:
        store(hosted, "?mode=propose").transition_model_version_stage("churn", "1", "Production", False)
    assert (waits.value.branch, waits.value.pull_request) == (PRODUCTION, "")


def test_reads_show_main_alone(world: World) -> None:
    own = store(world, "?mode=propose")
    with pytest.raises(RequestWaits):
        own.transition_model_version_stage("churn", "1", "Production", False)
    assert own.get_model_version("churn", "1").current_stage == "None"


def test_mlflows_server_hands_branch_and_pull_request_on_and_no_client_tries_again(world: World) -> None:
    with pytest.raises(RequestWaits) as waits:
        store(world, "?mode=propose").transition_model_version_stage("churn", "1", "Production", False)
    told = json.loads(waits.value.serialize_as_json())
    assert (told["branch"], told["pull_request"]) == (PRODUCTION, "")
    assert waits.value.get_http_status_code() == 403


def test_a_remote_that_is_away_is_no_error_that_clients_try_again(world: World) -> None:
    world.git("remote", "set-url", "origin", "../nowhere.git")
    with pytest.raises(MlflowException) as away:
        store(world).set_model_version_tag("churn", "1", ModelVersionTag("a", "1"))
    assert away.value.get_http_status_code() == 409


def test_who_asks_again_is_told_the_same_request(world: World) -> None:
    own = store(world, "?mode=propose")
    branches = []
    for _ in range(2):
        with pytest.raises(RequestWaits) as waits:
            own.transition_model_version_stage("churn", "1", "Production", False)
        branches.append(waits.value.branch)
    assert branches == [PRODUCTION] * 2
    assert _open_branches(world) == [PRODUCTION]


def test_a_request_that_another_clone_made_is_the_same_one(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(world.origin), str(other))
    for directory in (world.registry, other):
        with pytest.raises(RequestWaits) as waits:
            store(world, "?mode=propose", directory).transition_model_version_stage(
                "churn", "1", "Staging", False
            )
        assert waits.value.branch == "rollbook/promote/churn/1.0.0-staging"
    assert len(_open_branches(world)) == 1


def test_what_is_refused_makes_no_request(world: World) -> None:
    world.policy("gates:\n  - gate: metric-threshold\n    to: [production]\n    metric: auc\n    min: 0.9\n")
    with pytest.raises(MlflowException, match="auc"):
        store(world, "?mode=propose").transition_model_version_stage("churn", "1", "Production", False)
    assert _open_branches(world) == []


def test_without_a_remote_a_request_is_a_branch_here(world: World) -> None:
    world.git("remote", "remove", "origin")
    with pytest.raises(RequestWaits) as waits:
        store(world, "?mode=propose&wait=1").transition_model_version_stage("churn", "1", "Staging", False)
    world.git("rev-parse", "--verify", f"refs/heads/{waits.value.branch}")
    world.land(waits.value.branch)
    assert store(world).get_model_version("churn", "1").current_stage == "Staging"


def test_without_a_remote_a_call_lands_here(world: World) -> None:
    world.git("remote", "remove", "origin")
    store(world).set_model_version_tag("churn", "1", ModelVersionTag("a", "1"))
    assert world.git("log", "-1", "--format=%s", "main") == "Note on churn@1.0.0"


def test_a_version_is_registered_by_request_too(world: World, tmp_path: Path) -> None:
    with pytest.raises(RequestWaits) as waits:
        store(world, "?mode=propose").create_model_version("churn", str(world.artifact(b"new")))
    assert waits.value.branch == "rollbook/register/churn/1.3.0"
    rollbook(world.registry, "land", waits.value.branch)
    assert store(world).get_model_version("churn", "4").current_stage == "None"


def test_a_call_that_waits_answers_once_its_request_has_landed(world: World) -> None:
    def land() -> None:
        while not _open_branches(world):
            time.sleep(0.05)
        git(world.root, "clone", "--quiet", "origin.git", "reviewer")
        assert rollbook(world.root, "-C", "reviewer", "land", PRODUCTION).code == 0

    landing = threading.Thread(target=land)
    landing.start()
    moved = store(world, "?mode=propose&wait=60").transition_model_version_stage(
        "churn", "1", "Production", False
    )
    landing.join()
    assert moved.current_stage == "Production"


def test_a_call_waits_no_longer_than_it_is_told_to(world: World) -> None:
    with pytest.raises(RequestWaits):
        store(world, "?mode=propose&wait=1").transition_model_version_stage("churn", "1", "Production", False)
    assert _open_branches(world) == [PRODUCTION]


def test_a_request_that_is_withdrawn_is_waited_for_no_longer(world: World) -> None:
    def withdraw() -> None:
        while not _open_branches(world):
            time.sleep(0.05)
        time.sleep(0.5)
        git(world.root, "--git-dir", "origin.git", "update-ref", "-d", f"refs/heads/{PRODUCTION}")

    withdrawing = threading.Thread(target=withdraw)
    withdrawing.start()
    with pytest.raises(MlflowException, match="withdrawn"):
        store(world, "?mode=propose&wait=60").transition_model_version_stage(
            "churn", "1", "Production", False
        )
    withdrawing.join()


def test_somebody_elses_landing_meanwhile_does_not_keep_a_call_from_landing(world: World) -> None:
    git(world.root, "clone", "--quiet", "origin.git", "other")
    own = store(world)
    store(world, directory=world.root / "other").set_model_version_tag(
        "churn", "2", ModelVersionTag("a", "1")
    )
    own.set_model_version_tag("churn", "1", ModelVersionTag("b", "2"))
    assert own.get_model_version("churn", "2").tags["a"] == "1"
    assert own.get_model_version("churn", "1").tags["b"] == "2"


def test_threads_that_write_at_once_all_land(world: World) -> None:
    failures: list[BaseException] = []

    def tag(name: str) -> None:
        try:
            store(world).set_model_version_tag("churn", "1", ModelVersionTag(name, "1"))
        except MlflowException as error:
            failures.append(error)

    threads = [threading.Thread(target=tag, args=(f"tag{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {f"tag{number}" for number in range(4)} <= store(world).get_model_version("churn", "1").tags.keys()


def test_what_the_system_says_no_to_is_no_code_that_clients_try_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(direct_landing, "commit", full)
    with pytest.raises(MlflowException, match="No space left") as wrong:
        store(world).set_registered_model_tag("churn", RegisteredModelTag("a", "b"))
    assert wrong.value.error_code == "ABORTED"
