"""A takeover from MLflow: what its clients are told before and after, and what the registry holds then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from building.world import World, git
from rollbook.names import time_seconds
from rollbook.yaml.strict import load

from .mlflow_source import COMMIT, Source

if TYPE_CHECKING:
    from pathlib import Path


def read(world: World, path: str) -> Any:
    return load((world.registry / "registry" / path).read_bytes())


def told(client: Any, model: str) -> dict[str, Any]:
    """What a client of MLflow's is told of a model."""
    found = client.get_registered_model(model)
    versions = client.search_model_versions(f"name='{model}'")
    return {
        "description": found.description or "",
        "tags": found.tags,
        "aliases": {alias: str(number) for alias, number in found.aliases.items()},
        "versions": {
            str(one.version): {
                "stage": one.current_stage,
                "tags": {key: text for key, text in one.tags.items() if key != "rollbook.version"},
                "description": one.description or "",
                "run_id": one.run_id,
                "source": one.source,
                "made": one.creation_timestamp // 1000,
            }
            for one in versions
        },
    }


def after(world: World) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri="sqlite://", registry_uri=f"rollbook://{world.registry}")


def test_mlflows_clients_are_told_the_same_as_before(old: Source, taken: World) -> None:
    assert told(after(taken), "Churn Model") == told(old.client, "Churn Model")


def test_the_models_are_those_there_were_and_no_prompt(old: Source, taken: World) -> None:
    names = {model.name for model in after(taken).search_registered_models()}
    assert names == {model.name for model in old.client.search_registered_models()}
    assert "greeting" not in names


def test_a_model_loads_and_predicts_as_it_did(old: Source, taken: World) -> None:
    import pandas as pd

    data = pd.DataFrame({"a": [1.0, 4.0], "b": [1.0, 4.0]})

    def predicted(registry: str) -> list[int]:
        with old.used(registry) as mlflow:
            return list(mlflow.pyfunc.load_model("models:/Churn Model@champion").predict(data))

    assert predicted(f"rollbook://{taken.registry}") == predicted(old.uri)


def test_versions_are_named_in_the_order_of_the_numbers_and_a_broken_signature_is_a_major(
    taken: World,
) -> None:
    versions = [old["version"] for old in read(taken, "churn-model/origin.yaml")["versions"]]
    assert versions == ["1.0.0", "2.0.0", "2.1.0"]


def test_a_tag_says_what_a_version_is_called_and_a_gap_stays_on_record(taken: World) -> None:
    versions = read(taken, "credit/origin.yaml")["versions"]
    assert [(old["version"], old["number"]) for old in versions] == [("0.9.0", 1), ("1.2.0", 3)]
    assert read(taken, "credit/versions/1.2.0/version.yaml")["extra"]["mlflow"]["version"] == 3


def test_a_manifest_says_when_and_by_whom_a_version_was_made_and_who_registers_it(
    old: Source, taken: World
) -> None:
    manifest = read(taken, "churn-model/versions/1.0.0/version.yaml")
    assert manifest["created_by"] == "ana"
    made = old.client.get_model_version("Churn Model", 1).creation_timestamp
    assert time_seconds(manifest["created_at"]) == made // 1000
    assert manifest["created_at"] <= manifest["backfilled"]["registered_at"]
    assert manifest["backfilled"]["registered_by"] == "jane@example.com"


def test_a_manifest_says_what_the_run_told(old: Source, taken: World) -> None:
    manifest = read(taken, "churn-model/versions/2.0.0/version.yaml")
    assert manifest["hyperparameters"] == {"C": 2.0}
    assert manifest["metrics"] == {"auc": 0.9}
    assert manifest["lineage"]["code"]["commit"] == COMMIT
    assert manifest["lineage"]["run"]["id"] == old.client.get_model_version("Churn Model", 2).run_id
    assert manifest["extra"]["mlflow"]["experiment"] == "loans"


def test_stages_say_that_nobody_knows_who_asked_for_them(taken: World) -> None:
    entry = read(taken, "churn-model/stages.yaml")["production"]
    assert (entry["version"], entry["requested_by"]) == ("2.0.0", "unknown")
    assert entry["reason"] == "in Production in MLflow, which tells neither who put it there nor why"


def test_all_of_it_is_one_commit_which_the_audit_trail_accounts_for(taken: World) -> None:
    assert git(taken.registry, "rev-list", "--count", "--first-parent", "HEAD~1..HEAD") == "1"
    assert "Take 3 models over from MLflow" in git(taken.registry, "log", "-2", "--format=%B")
    taken.run("audit", "verify")
    taken.run("check", "--all")


def test_the_bytes_are_those_that_mlflow_has(old: Source, taken: World, tmp_path: Path) -> None:
    taken.run("fetch", "credit@1.2.0", "-o", str(tmp_path / "model"))
    assert (tmp_path / "model" / "w").read_text() == "1.2.0"


def test_a_dry_run_tells_all_and_changes_nothing(old: Source, world: World) -> None:
    before = git(world.registry, "for-each-ref")
    ran = world.run("import", "mlflow", old.uri, "--dry-run")
    assert "churn-model\t2.0.0\t2\tproduction" in ran.out
    assert "credit: it has no version 2: deleted or left out; later ones get lower numbers" in ran.err
    assert "left out: greeting: it is a prompt, not a model" in ran.err
    assert "MLflow does not tell who put versions into stages" in ran.err
    assert git(world.registry, "for-each-ref") == before
    assert git(world.registry, "status", "--porcelain") == ""


def test_one_model_can_be_taken_alone_and_the_others_later(old: Source, world: World) -> None:
    world.run("import", "mlflow", old.uri, "--model", "credit", "--land")
    plan = json.loads(world.run("import", "mlflow", old.uri, "--dry-run", "--json").out)
    assert [model["model"] for model in plan["models"]] == ["churn-model", "no-versions"]
    assert {"what": "credit", "why": "the registry has a model credit already"}.items() <= plan["skipped"][
        0
    ].items()


def test_nothing_changes_in_mlflow(old: Source, world: World) -> None:
    before = told(old.client, "Churn Model")
    world.run("import", "mlflow", old.uri)
    assert told(old.client, "Churn Model") == before
