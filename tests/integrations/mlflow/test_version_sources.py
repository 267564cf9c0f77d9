"""From where MLflow's versions take their bytes, and what no source may do."""

from __future__ import annotations

import json
import pickle
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import pytest
from mlflow.entities import LoggedModel
from mlflow.exceptions import MlflowException
from rollbook.mlflow import batch

from building.mlflow_tracking import model_folder
from rollbook.integrations.mlflow.sources.tracking_store import TrackingStore

if TYPE_CHECKING:
    from building.mlflow_tracking import Tracked


def files_of(tracked: Tracked, number: str) -> set[str]:
    """The files of a version, as MLflow downloads it."""
    place = Path(mlflow.artifacts.download_artifacts(f"models:/churn/{number}"))
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


WHOLE = {"MLmodel", "requirements.txt", "data/model.bin"}


@pytest.fixture(autouse=True)
def churn(tracked: Tracked) -> None:
    tracked.client.create_registered_model("churn")


def test_a_path_is_registered(tracked: Tracked) -> None:
    folder = model_folder(tracked.root / "saved")
    made = tracked.client.create_model_version("churn", str(folder))
    assert (made.version, made.status, made.source) == (1, "READY", str(folder))
    assert files_of(tracked, "1") >= WHOLE
    assert tracked.manifest("1.0.0")["artifact"]["format"] == "mlflow-model"
    assert tracked.manifest("1.0.0")["artifact"]["path"] == "model"


def test_a_file_uri_is_registered(tracked: Tracked) -> None:
    folder = model_folder(tracked.root / "saved")
    tracked.client.create_model_version("churn", folder.as_uri())
    assert files_of(tracked, "1") >= WHOLE


def test_a_model_among_a_runs_artifacts_is_registered_by_its_run(tracked: Tracked) -> None:
    run = tracked.run(metrics={"auc": 0.9})
    tracked.with_model(run)
    made = mlflow.register_model(f"runs:/{run.info.run_id}/model", "churn")
    assert made.run_id == run.info.run_id
    again = tracked.client.create_model_version("churn", f"runs:/{run.info.run_id}/model", run.info.run_id)
    assert (again.version, again.source) == (2, f"runs:/{run.info.run_id}/model")
    for version in ("1.0.0", "1.1.0"):
        assert tracked.manifest(version)["metrics"] == {"auc": 0.9}


def test_a_logged_model_is_registered_with_its_run(tracked: Tracked) -> None:
    run = tracked.run(params={"depth": 3})
    logged = tracked.client.create_logged_model(
        run.info.experiment_id, name="tree", source_run_id=run.info.run_id, params={"trees": "7"}
    )
    model_folder(Path(logged.artifact_location))
    tracked.client.finalize_logged_model(logged.model_id, "READY")
    made = mlflow.register_model(f"models:/{logged.model_id}", "churn")
    assert (made.run_id, made.model_id) == (run.info.run_id, logged.model_id)
    assert tracked.manifest("1.0.0")["hyperparameters"] == {"depth": 3, "trees": 7}
    assert tracked.manifest("1.0.0")["lineage"]["run"]["id"] == run.info.run_id
    linked = json.loads(tracked.client.get_logged_model(logged.model_id).tags["mlflow.modelVersions"])
    assert linked == [{"name": "churn", "version": "1"}] or linked == [{"name": "churn", "version": 1}]


def test_a_logged_model_is_found_by_its_run_and_its_name(tracked: Tracked) -> None:
    run = tracked.run()
    for weights in (b"one", b"two"):
        logged = tracked.client.create_logged_model(
            run.info.experiment_id, name="tree", source_run_id=run.info.run_id
        )
        model_folder(Path(logged.artifact_location), weights=weights)
    tracked.client.create_model_version("churn", f"runs:/{run.info.run_id}/tree", run.info.run_id)
    place = Path(mlflow.artifacts.download_artifacts("models:/churn/1"))
    assert (place / "data" / "model.bin").read_bytes() == b"two"


def test_other_files_under_the_name_of_a_logged_model_are_not_taken_for_it(tracked: Tracked) -> None:
    run = tracked.run()
    logged = tracked.client.create_logged_model(
        run.info.experiment_id, name="tree", source_run_id=run.info.run_id
    )
    model_folder(Path(logged.artifact_location))
    tracked.client.log_text(run.info.run_id, "a plot", "tree/plot.txt")
    tracked.client.create_model_version("churn", f"runs:/{run.info.run_id}/tree", run.info.run_id)
    assert files_of(tracked, "1") >= WHOLE


def test_a_tracking_server_does_not_choose_what_is_read_here(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tracked.run()
    keys = tracked.root / "keys"
    keys.mkdir()
    (keys / "id").write_text("secret")
    logged = LoggedModel(run.info.experiment_id, "m-1", "tree", str(keys), 1, 1)
    monkeypatch.setattr(TrackingStore, "logged_model", lambda *_: logged)
    monkeypatch.setattr(TrackingStore, "address", "http://tracking.example.com")
    with pytest.raises(MlflowException, match="and no model is there"):
        tracked.client.create_model_version("churn", "models:/m-1")


def test_what_a_flavour_logs_is_registered_with_its_run_and_predicts(tracked: Tracked) -> None:
    import pandas
    from sklearn.linear_model import LogisticRegression

    rows = pandas.DataFrame({"age": [1.0, 2.0, 3.0, 4.0], "income": [0.0, 1.0, 0.0, 1.0]})
    model = LogisticRegression().fit(rows, [0, 1, 0, 1])
    mlflow.set_experiment(experiment_id=tracked.experiment())
    with mlflow.start_run() as run:
        mlflow.log_param("C", model.C)
        mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name="churn",
            signature=mlflow.models.infer_signature(rows, model.predict(rows)),
        )
    (version,) = tracked.client.search_model_versions("name='churn'")
    assert (version.run_id, version.source) == (run.info.run_id, f"models:/{version.model_id}")
    assert tracked.manifest("1.0.0")["hyperparameters"] == {"C": 1.0}
    assert tracked.manifest("1.0.0")["framework"]["name"] == "scikit-learn"
    assert [*mlflow.pyfunc.load_model("models:/churn/1").predict(rows)] == [0, 1, 0, 1]


def test_a_local_path_that_is_there_saves_the_copying(tracked: Tracked) -> None:
    run = tracked.run()
    logged = tracked.client.create_logged_model(
        run.info.experiment_id, name="tree", source_run_id=run.info.run_id
    )
    here = model_folder(tracked.root / "here")
    source = f"models:/{logged.model_id}"
    registry = tracked.client._get_registry_client()
    made = registry.create_model_version("churn", source, local_model_path=str(here))
    assert made.run_id == run.info.run_id
    assert files_of(tracked, "1") >= WHOLE


def test_a_local_path_that_is_gone_is_left_alone(tracked: Tracked) -> None:
    folder = model_folder(tracked.root / "saved")
    registry = tracked.client._get_registry_client()
    registry.create_model_version("churn", str(folder), local_model_path=str(tracked.root / "gone"))
    assert files_of(tracked, "1") >= WHOLE


@pytest.mark.parametrize("source", ["models:/churn/1", "models:/churn@best", "models:/churn/latest"])
def test_a_version_of_the_registry_is_copied_with_its_facts(tracked: Tracked, source: str) -> None:
    run = tracked.run(metrics={"auc": 0.9})
    tracked.with_model(run)
    mlflow.register_model(f"runs:/{run.info.run_id}/model", "churn")
    tracked.client.set_registered_model_alias("churn", "best", 1)
    tracked.client.delete_run(run.info.run_id)
    copied = tracked.client.copy_model_version(source, "retail")
    assert (copied.name, copied.version, copied.run_id) == ("retail", 1, run.info.run_id)
    copy, original = tracked.manifest("1.0.0", "retail"), tracked.manifest("1.0.0")
    assert copy["artifact"] == original["artifact"]
    assert copy["metrics"] == original["metrics"]
    assert copy["lineage"] == {**original["lineage"], "parents": ["churn@1.0.0"]}


def test_a_single_file_is_registered_under_its_own_name(tracked: Tracked) -> None:
    file = tracked.root / "model.onnx"
    file.write_bytes(b"no onnx, but bytes")
    tracked.client.create_model_version("churn", str(file))
    assert tracked.manifest("1.0.0")["artifact"]["path"] == "model.onnx"


def test_nothing_is_created_of_a_model_that_is_not_there(tracked: Tracked) -> None:
    with pytest.raises(MlflowException) as raised:
        tracked.client.create_model_version("unknown", str(tracked.root))
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("runs:/0123456789abcdef0123456789abcdef/model", "is not in MLflow's tracking store"),
        ("models:/m-0123456789abcdef0123456789abcdef", "is not in MLflow's tracking store"),
        ("models:/churn/7", "has no version"),
        ("models:/churn@none", "has no alias"),
        ("models:/other/1", "no model"),
        ("/nowhere/at/all", "no such file"),
        ("mlflow-artifacts:/1/model", "can't be read"),
        ("odd://bucket/model", "can't be read"),
    ],
)
def test_a_source_that_can_not_be_had_is_named_and_leaves_nothing(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch, source: str, words: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tracked.root / "temporary"))
    (tracked.root / "temporary").mkdir()
    before = tracked.world.git("rev-parse", "main")
    with pytest.raises(MlflowException, match=words):
        tracked.client.create_model_version("churn", source)
    assert tracked.world.git("rev-parse", "main") == before
    assert not tracked.client.search_model_versions("name='churn'")
    assert [*(tracked.root / "temporary").iterdir()] == []


def test_a_prompt_is_no_model(tracked: Tracked) -> None:
    registry = tracked.client._get_registry_client()
    with pytest.raises(MlflowException, match="a prompt is no model"):
        registry.create_model_version("churn", "prompt-template", tags={"mlflow.prompt.is_prompt": "true"})


def test_several_in_a_batch_land_as_one(tracked: Tracked) -> None:
    before = tracked.world.git("rev-list", "--count", "main")
    with batch("Register two"):
        for name in ("one", "two"):
            folder = model_folder(tracked.root / name, weights=name.encode())
            tracked.client.create_model_version("churn", str(folder))
    assert int(tracked.world.git("rev-list", "--count", "main")) == int(before) + 1
    assert [files_of(tracked, number) >= WHOLE for number in "12"] == [True, True]


def test_a_run_that_is_named_and_can_not_be_read_is_an_error(tracked: Tracked) -> None:
    folder = model_folder(tracked.root / "saved")
    with pytest.raises(MlflowException, match=r"the run .* is not in MLflow's tracking store"):
        tracked.client.create_model_version("churn", str(folder), run_id="0" * 32)


def test_a_run_that_a_source_contradicts_is_an_error(tracked: Tracked) -> None:
    run, other = tracked.run(), tracked.run()
    tracked.with_model(run)
    with pytest.raises(MlflowException, match="run_id says"):
        tracked.client.create_model_version("churn", f"runs:/{run.info.run_id}/model", other.info.run_id)


@pytest.mark.parametrize("path", ["../../../mlflow.db", "model/%2e%2e/%2e%2e/x", "a/%252e%252e/b"])
def test_no_source_leads_out_of_a_run(tracked: Tracked, path: str) -> None:
    run = tracked.run()
    with pytest.raises(MlflowException, match="leads out of the run's artifacts"):
        tracked.client.create_model_version("churn", f"runs:/{run.info.run_id}/{path}", run.info.run_id)


def test_a_link_in_a_folder_is_not_followed(tracked: Tracked) -> None:
    folder = model_folder(tracked.root / "saved")
    (folder / "secret").symlink_to("/etc/passwd")
    with pytest.raises(MlflowException, match="is a symbolic link"):
        tracked.client.create_model_version("churn", str(folder))


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("true",)


def test_a_malicious_pickle_is_refused_and_named(tracked: Tracked) -> None:
    folder = model_folder(tracked.root / "saved")
    (folder / "model.pkl").write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(MlflowException, match=r"is malicious: .*system") as raised:
        tracked.client.create_model_version("churn", str(folder))
    assert raised.value.error_code == "PERMISSION_DENIED"


class TestCalledByAServersClient:
    """What a client of `mlflow server` may have the server read."""

    @pytest.fixture(autouse=True)
    def served(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("_MLFLOW_SERVER_REGISTRY_STORE", "rollbook:///registry")

    @pytest.mark.parametrize("source", ["file:///etc", "/etc/hostname", "s3://others/model"])
    def test_no_place_of_the_servers_own_is_read(self, tracked: Tracked, source: str) -> None:
        with pytest.raises(MlflowException, match="in the artifacts of no run or logged model"):
            tracked.client.create_model_version("churn", source)

    def test_a_run_that_is_named_opens_no_place_besides_its_artifacts(self, tracked: Tracked) -> None:
        run, folder = tracked.run(), model_folder(tracked.root / "elsewhere")
        with pytest.raises(MlflowException, match="in the artifacts of no run or logged model"):
            tracked.client.create_model_version("churn", str(folder), run.info.run_id)

    def test_a_link_among_a_runs_artifacts_opens_nothing(self, tracked: Tracked) -> None:
        run, folder = tracked.run(), model_folder(tracked.root / "elsewhere")
        Path(run.info.artifact_uri).mkdir(parents=True)
        (Path(run.info.artifact_uri) / "model").symlink_to(folder)
        for source in (f"runs:/{run.info.run_id}/model", f"{run.info.artifact_uri}/model"):
            with pytest.raises(MlflowException, match="in the artifacts of no run or logged model"):
                tracked.client.create_model_version("churn", source, run.info.run_id)

    def test_a_runs_own_artifacts_are_read(self, tracked: Tracked) -> None:
        run = tracked.run()
        place = tracked.with_model(run)
        tracked.client.create_model_version("churn", str(place), run.info.run_id)
        assert files_of(tracked, "1") >= WHOLE

    def test_its_operator_may_allow_other_places(
        self, tracked: Tracked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX", "^odd://models/")
        with pytest.raises(MlflowException, match="can't be read"):
            tracked.client.create_model_version("churn", "odd://models/x")
        with pytest.raises(MlflowException, match="in the artifacts of no run or logged model"):
            tracked.client.create_model_version("churn", "odd://others/x")

    def test_proxied_artifacts_are_read_where_they_really_are(
        self, tracked: Tracked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        experiment = tracked.client.create_experiment("proxied", "mlflow-artifacts:/7")
        run = tracked.client.create_run(experiment)
        model_folder(tracked.root / "store" / "7" / run.info.run_id / "artifacts" / "model")
        monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_DESTINATION", str(tracked.root / "store"))
        tracked.client.create_model_version("churn", f"{run.info.artifact_uri}/model", run.info.run_id)
        assert files_of(tracked, "1") >= WHOLE
