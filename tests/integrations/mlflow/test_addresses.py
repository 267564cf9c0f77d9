"""`rollbook+https://` and `rollbook+ssh://`: a clone of a registry elsewhere that is kept for its address."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from mlflow.entities.model_registry import ModelVersionTag
from mlflow.exceptions import MlflowException

from building.mlflow_registry import store, subjects, with_churn
from rollbook.integrations.mlflow.store import RollbookStore
from rollbook.propose import kept_clone
from smart_server import SmartServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.once import Template
    from building.world import World

ADDRESS = "rollbook+https://registry.example/origin.git"


@pytest.fixture
def world(started: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A registry whose artifacts are where every clone on this machine finds them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr(kept_clone, "_fetched", {})
    world = started(with_churn)
    config = world.read(".dvc/config").replace("../../registry-artifacts", str(world.artifacts))
    world.write(".dvc/config", config)
    world.commit("Keep artifacts at an address for all")
    return world


@pytest.fixture
def server(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmartServer]:
    """What `https://registry.example` leads to; a user `git` has a password."""
    settings = {"http.receivepack": "true"}
    with serving(world.root, settings, password="sesame") as served:
        helper = '!f() { echo "username=git"; echo "password=sesame"; }; f'
        told = [
            (f"url.{served.url}/.insteadOf", "https://registry.example/"),
            (f"credential.{served.url}.helper", helper),
        ]
        monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(told)))
        for number, (key, value) in enumerate(told):
            monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
            monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
        yield served


def _clones(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "caches/rollbook/registries").iterdir() if path.is_dir()]


def test_a_registry_elsewhere_is_read_and_written_to_by_git_s_own_credentials(
    world: World, server: SmartServer, tmp_path: Path
) -> None:
    own = RollbookStore(ADDRESS)
    assert own.get_model_version("churn", "1").current_stage == "None"
    own.transition_model_version_stage("churn", "1", "Production", False)
    made = own.create_model_version("churn", str(world.artifact(b"from afar")))
    assert (made.version, subjects(world)[0]) == (4, "Register churn@1.3.0")
    assert own.get_model_version("churn", "1").current_stage == "Production"
    assert len(_clones(tmp_path)) == 1


def test_one_clone_is_kept_for_each_address(world: World, server: SmartServer, tmp_path: Path) -> None:
    RollbookStore(ADDRESS)
    server.forget()
    RollbookStore(f"{ADDRESS}?mode=propose")
    assert len(_clones(tmp_path)) == 1
    assert server.bytes < 4096, "nothing but what is new is asked for"


def test_reads_between_two_fetches_ask_nobody(world: World, server: SmartServer) -> None:
    own = RollbookStore(ADDRESS)
    server.forget()
    for _ in range(3):
        own.get_registered_model("churn")
    assert server.requests == []


def test_what_others_land_is_seen_once_what_was_fetched_is_old(
    world: World, server: SmartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = RollbookStore(ADDRESS)
    store(world).set_model_version_tag("churn", "1", ModelVersionTag("a", "1"))
    monkeypatch.setattr(kept_clone, "_OLDEST", 0.0)
    assert own.get_model_version("churn", "1").tags["a"] == "1"


def test_a_write_builds_upon_what_others_landed(world: World, server: SmartServer) -> None:
    own = RollbookStore(ADDRESS)
    store(world).set_model_version_tag("churn", "1", ModelVersionTag("a", "1"))
    own.set_model_version_tag("churn", "1", ModelVersionTag("b", "2"))
    assert {"a", "b"} <= own.get_model_version("churn", "1").tags.keys()


def test_two_processes_that_come_first_both_find_it_whole(
    world: World, server: SmartServer, tmp_path: Path
) -> None:
    code = (
        "from rollbook.integrations.mlflow.store import RollbookStore;"
        f"print(RollbookStore({ADDRESS!r}).get_model_version('churn', '1').current_stage)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == [b"None", b"None"]
    assert [path.name for path in _clones(tmp_path)] == [_clones(tmp_path)[0].name]


def test_a_clone_that_fails_leaves_nothing(world: World, server: SmartServer, tmp_path: Path) -> None:
    with pytest.raises(MlflowException) as failed:
        RollbookStore("rollbook+https://registry.example/nothing.git")
    assert failed.value.get_http_status_code() < 500
    assert _clones(tmp_path) == []


def test_a_password_in_the_address_is_refused_and_not_repeated(world: World) -> None:
    with pytest.raises(MlflowException, match="credential helper") as refused:
        RollbookStore("rollbook+https://jane:hunter2@registry.example/origin.git")
    assert "hunter2" not in str(refused.value)


def test_without_an_identity_it_says_how_to_set_one(
    world: World, server: SmartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text("[user]\n    useConfigOnly = true\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with pytest.raises(MlflowException, match=r"git config --global user\.email"):
        RollbookStore(ADDRESS).set_model_version_tag("churn", "1", ModelVersionTag("a", "1"))


def test_a_version_is_not_registered_where_nobody_would_find_its_bytes(
    world: World, server: SmartServer
) -> None:
    config = world.read(".dvc/config").replace(str(world.artifacts), "../../registry-artifacts")
    world.write(".dvc/config", config)
    world.commit("Keep artifacts beside the registry")
    before = subjects(world)
    with pytest.raises(MlflowException, match="on another machine"):
        RollbookStore(ADDRESS).create_model_version("churn", str(world.artifact(b"new")))
    assert subjects(world) == before


def test_ssh_is_spoken_by_git_s_own_command(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "ssh"
    command.write_text('#!/bin/sh\necho "$@" >> "$0.log"\nfor last; do :; done\neval "exec $last"\n')
    command.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(command))
    monkeypatch.setenv("GIT_SSH_VARIANT", "ssh")
    own = RollbookStore(f"rollbook+ssh://git@registry.example{world.origin}")
    own.set_registered_model_alias("churn", "champion", "2")
    assert own.get_model_version_by_alias("churn", "champion").version == 2
    assert "git@registry.example" in (tmp_path / "ssh.log").read_text()
    assert subjects(world)[0] == "Give churn@1.1.0 the alias champion"
