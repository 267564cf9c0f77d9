"""A takeover that was cut off, and one from the other places where MLflow keeps registries."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from building.mlflow_server import mlflow_server
from building.world import World, git
from killed import killed_at
from rollbook.transfer.mlflow.source_artifacts import FoundArtifact

from .mlflow_source import Source, empty
from .test_mlflow_takeover import after, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook.artifact.storage import Storage, Stored

MODEL = {"MLmodel": "flavors: {}\n", "w": "1"}


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The artifacts that are copied, as they come."""
    copied: list[str] = []
    real = FoundArtifact.store

    def store(found: FoundArtifact, storage: Storage) -> Stored:
        copied.append(found.stamps[0])
        return real(found, storage)

    monkeypatch.setattr(FoundArtifact, "store", store)
    return copied


def fill(source: Source, count: int = 3) -> None:
    for number in range(count):
        source.register("fraud", {**MODEL, "w": f"{number}"})


def test_what_was_copied_before_a_kill_is_not_copied_again(
    source: Source, world: World, stored: list[str]
) -> None:
    fill(source)
    killed_at(
        world.registry,
        "rollbook.transfer.mlflow.mlflow_takeover:upload",
        "after",
        "import",
        "mlflow",
        source.uri,
    )
    assert git(world.registry, "for-each-ref", "refs/heads/rollbook") == ""
    world.run("import", "mlflow", source.uri, "--land")
    assert stored == []
    assert json.loads(world.run("show", "fraud", "--json").out)["latest"] == "1.2.0"


def test_a_kill_in_the_middle_leaves_what_was_copied_until_then(
    source: Source, world: World, stored: list[str]
) -> None:
    fill(source)
    killed_at(
        world.registry,
        "rollbook.transfer.mlflow.copied_artifacts:model_folder_facts",
        "before",
        "import",
        "mlflow",
        source.uri,
    )
    world.run("import", "mlflow", source.uri, "--land")
    assert len(stored) == 2


def test_a_file_that_changed_since_is_copied_anew(source: Source, world: World, stored: list[str]) -> None:
    fill(source, 1)
    world.run("import", "mlflow", source.uri)
    (source.artifacts / "by-hand-0/w").write_text("changed")
    git(
        world.registry,
        "branch",
        "--quiet",
        "-D",
        git(world.registry, "for-each-ref", "--format=%(refname:short)", "refs/heads/rollbook"),
    )
    world.run("import", "mlflow", source.uri)
    assert len(stored) == 2


def test_objects_that_left_the_cache_are_copied_anew(source: Source, world: World, stored: list[str]) -> None:
    fill(source, 1)
    world.run("import", "mlflow", source.uri)
    git(
        world.registry,
        "branch",
        "--quiet",
        "-D",
        git(world.registry, "for-each-ref", "--format=%(refname:short)", "refs/heads/rollbook"),
    )
    shutil.rmtree(world.registry / ".dvc/cache")
    world.run("import", "mlflow", source.uri, "--land")
    assert len(stored) == 2


def test_the_same_takeover_is_proposed_once(source: Source, world: World) -> None:
    from building.world import rollbook

    fill(source, 1)
    world.run("import", "mlflow", source.uri)
    again = rollbook(world.registry, "import", "mlflow", source.uri)
    assert again.code != 0
    assert "exists already" in again.err


def test_a_file_store_is_taken_over(tmp_path: Path, world: World) -> None:
    folder = tmp_path / "mlruns"
    folder.mkdir()
    source = empty(folder, folder.as_uri())
    source.log("fraud", C=1.0)
    source.register("fraud", MODEL)
    source.client.transition_model_version_stage("fraud", 1, "Staging")
    source.client.set_registered_model_alias("fraud", "champion", 2)
    world.run("import", "mlflow", str(folder), "--land")
    assert told(after(world), "fraud") == told(source.client, "fraud")


@contextmanager
def server(folder: Path) -> Iterator[Source]:
    """Run MLflow's server on the registry in a folder."""
    with mlflow_server(folder / "server", tracking=f"sqlite:///{folder}/mlflow.db", workers=1) as uri:
        yield Source(uri, folder / "artifacts")


def test_a_server_is_taken_over_with_what_it_hands_out(source: Source, world: World) -> None:
    with server(source.artifacts.parent) as served:
        with served.used() as mlflow:
            served_experiment = served.client.create_experiment("served")
            assert served.client.get_experiment(served_experiment).artifact_location.startswith(
                "mlflow-artifacts:"
            )
            with mlflow.start_run(experiment_id=served_experiment) as run:
                mlflow.log_metric("auc", 0.9)
                mlflow.log_dict({"a": 1}, "model/weights.json")
                mlflow.log_text("flavors: {}\n", "model/MLmodel")
        served.client.create_registered_model("fraud")
        for _ in range(2):
            served.client.create_model_version(
                "fraud", f"{run.info.artifact_uri}/model", run.info.run_id, tags={"by": "hand"}
            )
        served.client.transition_model_version_stage("fraud", 2, "Staging")
        world.run("import", "mlflow", served.uri, "--land")
        assert told(after(world), "fraud") == told(served.client, "fraud")
    world.run("fetch", "fraud@1.1.0", "-o", str(world.root / "model"))
    assert json.loads((world.root / "model/weights.json").read_text()) == {"a": 1}
