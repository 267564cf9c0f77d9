"""`dvc artifacts get`, DVC's own command, on a bare origin whose policy says `dvc_artifacts: true`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from building.world import World, rollbook
from rollbook.artifact.dvc_yaml import entries

if TYPE_CHECKING:
    from collections.abc import Callable

DVC = Path(sys.executable).parent / "dvc"
PIPELINE = """\
# How the model is trained.
stages:
  train:
    cmd: python train.py --rate ${rate}
    deps:
    - train.py
vars:
- rate: 0.1
"""


def turn_on(world: World) -> None:
    """Commit a policy that asks for entries, and a DVC remote that is found from anywhere."""
    remote = world.read(".dvc/config").replace("../../registry-artifacts", str(world.artifacts))
    world.write(".dvc/config", remote)
    world.policy("dvc_artifacts: true\n")


def named(world: World, revision: str = "main") -> dict[str, str]:
    """The path of each entry at a revision."""
    data = world.git("show", f"{revision}:dvc.yaml").encode()
    return {name: entry["path"] for name, entry in entries(data).items()}


def path_of(reference: str, artifact: str = "model.bin") -> str:
    model, _, version = reference.partition("@")
    return f"registry/{model}/versions/{version}/{artifact}"


@pytest.fixture(scope="module")
def lived_in(new_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two models with several versions, the newest in no stage; a DVC pipeline in the same repository."""
    world = new_world.copy(tmp_path_factory.mktemp("artifacts") / "world")
    (world.registry / "dvc.yaml").write_text(PIPELINE)
    turn_on(world)
    world.register("credit-approval", "1.0.0")
    world.promote("credit-approval@1.0.0", "staging")
    world.promote("credit-approval@1.0.0", "production")
    world.register("risk/credit-approval", "0.1.0")
    world.register("credit-approval", "1.2.0")
    world.promote("credit-approval@1.2.0", "staging")
    world.promote("credit-approval@1.2.0", "production")
    world.register("credit-approval", "2.0.0")
    world.register("credit-approval", "1.2.1")
    return world


@pytest.fixture
def got(lived_in: World, tmp_path: Path) -> Callable[..., bytes]:
    def get(name: str, *options: str) -> bytes:
        target = tmp_path / "got"
        command = [str(DVC), "artifacts", "get", str(lived_in.origin), name, "-o", str(target), *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return target.read_bytes()

    return get


def test_dvc_gets_what_is_in_a_stage(got: Callable[..., bytes]) -> None:
    assert got("credit-approval", "--stage", "production") == b"credit-approval 1.2.0"


@pytest.mark.parametrize("version", ["1.0.0", "1.2.0", "1.2.1"])
def test_dvc_gets_any_version_that_was_registered(got: Callable[..., bytes], version: str) -> None:
    assert got("credit-approval", "--rev", f"v{version}") == f"credit-approval {version}".encode()


def test_dvc_gets_the_newest_version_when_it_is_asked_for_none(got: Callable[..., bytes]) -> None:
    assert got("credit-approval") == b"credit-approval 2.0.0"


def test_dvc_gets_a_model_of_a_namespace(got: Callable[..., bytes]) -> None:
    assert got("risk/credit-approval", "--rev", "v0.1.0") == b"risk/credit-approval 0.1.0"


def test_at_each_registration_the_entry_names_that_version(lived_in: World) -> None:
    for version in ("1.0.0", "1.2.0", "2.0.0", "1.2.1"):
        reference = f"credit-approval@{version}"
        assert named(lived_in, f"credit-approval@v{version}")["credit-approval"] == path_of(reference)


def test_a_pipeline_in_the_same_file_stays_as_it_is_written(lived_in: World) -> None:
    text = lived_in.git("show", "main:dvc.yaml")
    assert text.startswith(PIPELINE + "artifacts:\n  credit-approval:\n")


def test_the_whole_tree_passes_the_check(lived_in: World) -> None:
    assert lived_in.run("check", "--all").out == rollbook(lived_in.registry, "check").out
    assert "RB215" not in lived_in.run("check", "--all").out


def test_two_registrations_of_different_models_merge(world: World) -> None:
    turn_on(world)
    for model in ("credit-approval", "fraud-score", "pricing"):
        world.register(model, "1.0.0")
    for model, version in (("fraud-score", "1.1.0"), ("credit-approval", "1.1.0"), ("demand", "1.0.0")):
        world.run("register", model, str(world.artifact(model.encode())), "--version", version)
    for branch in ("fraud-score/1.1.0", "credit-approval/1.1.0", "demand/1.0.0"):
        world.run("land", f"rollbook/register/{branch}")
    wanted = ("credit-approval@1.1.0", "demand@1.0.0", "fraud-score@1.1.0", "pricing@1.0.0")
    assert named(world) == {name.partition("@")[0]: path_of(name) for name in wanted}
    assert list(named(world)) == sorted(named(world))


def test_two_new_models_side_by_side_conflict_and_the_finding_says_what_to_do(world: World) -> None:
    turn_on(world)
    world.run("register", "fraud-score", str(world.artifact()), "--version", "1.0.0")
    world.run("register", "pricing", str(world.artifact()), "--version", "1.0.0")
    world.run("land", "rollbook/register/fraud-score/1.0.0")
    ran = rollbook(world.registry, "land", "rollbook/register/pricing/1.0.0")
    assert ran.code == 1
    assert "RB305" in ran.err
    assert "register the version again" in ran.err
    world.git("branch", "-D", "rollbook/register/pricing/1.0.0")
    world.run("register", "pricing", str(world.artifact()), "--version", "1.0.0", "--land")
    assert set(named(world)) == {"fraud-score", "pricing"}


def test_a_registration_is_found_again_although_main_has_moved_on(world: World) -> None:
    turn_on(world)
    world.register("a-model", "1.0.0")
    artifact = world.artifact(b"z")
    first = world.run("register", "z-model", str(artifact), "--version", "1.0.0").out
    world.register("a-model", "1.1.0")
    assert world.run("register", "z-model", str(world.artifact(b"z")), "--version", "1.0.0").out == first
    world.run("land", "rollbook/register/z-model/1.0.0")
    assert set(named(world)) == {"a-model", "z-model"}


def test_without_the_policy_no_dvc_yaml_is_written(world: World) -> None:
    world.register("credit-approval", "1.0.0")
    assert not (world.registry / "dvc.yaml").exists()


def test_turning_it_on_in_an_old_registry_asks_for_the_entries_and_one_command_writes_them(
    world: World,
) -> None:
    world.register("credit-approval", "1.0.0")
    world.register("credit-approval", "1.1.0")
    world.register("risk/fraud", "0.1.0")
    policy = world.registry / "registry/policy.yaml"
    policy.write_text(policy.read_text() + "dvc_artifacts: true\n")
    refused = rollbook(world.registry, "check")
    assert refused.code == 1
    assert "rollbook dvc-artifacts" in refused.out
    assert rollbook(world.registry, "dvc-artifacts", "--check").code == 1
    assert world.run("dvc-artifacts").out.split() == ["credit-approval", "risk/fraud"]
    world.git("add", ".")
    assert world.run("check", "--staged").code == 0
    assert world.run("check").code == 0
    assert world.run("dvc-artifacts", "--check").out == ""


def test_a_dvc_yaml_that_cannot_be_edited_refuses_the_registration_before_any_upload(world: World) -> None:
    turn_on(world)
    (world.registry / "dvc.yaml").write_text("artifacts: &all\n  x: {path: y}\nother: *all\n")
    world.commit("Use an anchor")
    ran = rollbook(world.registry, "register", "m", str(world.artifact()), "--version", "1.0.0")
    assert ran.code == 1
    assert "dvc.yaml:1" in ran.err
    assert not list(world.artifacts.rglob("*"))
