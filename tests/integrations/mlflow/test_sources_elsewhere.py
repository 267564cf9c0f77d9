"""Bytes of MLflow's versions that are on a server or in a bucket, and places that tell no truth."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException

from building import mlflow_tracking
from building.mlflow_server import mlflow_server
from building.mlflow_settings import mlflow_set_to
from building.mlflow_tracking import model_folder
from rollbook.errors import NotFound, Refused, StorageFailed
from rollbook.transfer.mlflow import artifact_listing
from rollbook.transfer.mlflow.artifact_listing import ArtifactListing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building.mlflow_tracking import Tracked
    from building.world import World

WHOLE = {"MLmodel", "requirements.txt", "data/model.bin"}


def files_of(number: str) -> set[str]:
    place = Path(mlflow.artifacts.download_artifacts(f"models:/churn/{number}"))
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def served(new_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tracked, str]]:
    """A server, whose registry is one of ours, and that registry itself."""
    root = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
        for tracked in mlflow_tracking.tracked(new_world.copy(root / "world"), root, tmp_path_factory, patch):
            server = mlflow_server(
                root / "server", tracked.registry_uri, tracking=tracked.tracking_uri, workers=1
            )
            with server as address, mlflow_set_to(address, tracked.registry_uri):
                yield tracked, address


@pytest.fixture
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for what is temporary, that of this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


class TestOnATrackingServer:
    """Artifacts that a tracking server hands out: `mlflow-artifacts:`."""

    def test_runs_and_logged_models_of_a_server_are_registered(self, served: tuple[Tracked, str]) -> None:
        tracked, server = served
        client = MlflowClient(server, tracked.registry_uri)
        experiment = client.create_experiment("registered")
        run = client.create_run(experiment)
        client.log_metric(run.info.run_id, "auc", 0.9)
        folder = model_folder(tracked.root / "saved", run_id=run.info.run_id)
        client.log_artifacts(run.info.run_id, str(folder), "model")
        assert run.info.artifact_uri.startswith("mlflow-artifacts:")
        logged = client.create_logged_model(experiment, name="tree", source_run_id=run.info.run_id)
        client.log_model_artifacts(logged.model_id, str(folder))
        client.finalize_logged_model(logged.model_id, "READY")

        mlflow.register_model(f"runs:/{run.info.run_id}/model", "churn")
        mlflow.register_model(f"models:/{logged.model_id}", "churn")
        client.create_model_version("churn", f"runs:/{run.info.run_id}/tree", run.info.run_id)
        client.create_model_version("churn", f"{run.info.artifact_uri}/model/data/model.bin")

        for version in ("1.0.0", "1.1.0", "1.2.0"):
            manifest = tracked.manifest(version)
            assert manifest["metrics"] == {"auc": 0.9}
            link = f"{server}/#/experiments/{experiment}/runs/{run.info.run_id}"
            assert manifest["lineage"]["run"]["uri"] == link
        assert all(files_of(number) >= WHOLE for number in "123")
        assert tracked.manifest("1.3.0")["artifact"]["path"] == "model.bin"

    def test_a_server_registers_what_its_clients_name_and_nothing_of_its_own(
        self, served: tuple[Tracked, str]
    ) -> None:
        tracked, server = served
        client = MlflowClient(server, server)
        run = client.create_run(client.create_experiment("named"))
        folder = model_folder(tracked.root / "own", run_id=run.info.run_id)
        client.log_artifacts(run.info.run_id, str(folder), "model")
        client.create_registered_model("retail")
        of_run = {"run_id": run.info.run_id}
        for source, named in (
            ("file:///etc", {}),
            (str(folder), of_run),
            ("s3://others/model", of_run),
            ("mlflow-artifacts:/", of_run),
            (f"{run.info.artifact_uri}/../..", of_run),
            ("http://127.0.0.1:1/api/2.0/mlflow-artifacts/artifacts/x", {}),
        ):
            with pytest.raises(MlflowException) as raised:
                client.create_model_version("retail", source, **named)
            assert raised.value.error_code in ("INVALID_PARAMETER_VALUE", "PERMISSION_DENIED"), source
        made = client.create_model_version("retail", f"runs:/{run.info.run_id}/model", **of_run)
        assert (made.version, made.run_id) == ("1", run.info.run_id)
        assert tracked.manifest("1.0.0", "retail")["artifact"]["files"] == len(WHOLE)


class TestInABucket:
    """`s3:`, with the settings that MLflow's clients have for it."""

    @pytest.fixture
    def bucket(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        import boto3
        from moto.server import ThreadedMotoServer

        for name, value in (
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            monkeypatch.setenv(name, value)
        server = ThreadedMotoServer(port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", f"http://{host}:{port}")
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
        client.create_bucket(Bucket="tracked")
        yield client
        server.stop()

    def test_a_folder_of_objects_is_registered(self, tracked: Tracked, bucket: Any) -> None:
        folder = model_folder(tracked.root / "saved")
        for path in folder.rglob("*"):
            if path.is_file():
                bucket.upload_file(str(path), "tracked", f"churn/{path.relative_to(folder)}")
        tracked.client.create_registered_model("churn")
        made = tracked.client.create_model_version("churn", "s3://tracked/churn")
        assert made.source == "s3://tracked/churn"
        assert files_of("1") >= WHOLE

    def test_what_is_not_there_is_an_error(self, tracked: Tracked, bucket: Any) -> None:
        tracked.client.create_registered_model("churn")
        with pytest.raises(MlflowException, match="nothing is there"):
            tracked.client.create_model_version("churn", "s3://tracked/none")
        with pytest.raises(MlflowException, match="can't be read"):
            tracked.client.create_model_version("churn", "s3://no-such-bucket/none")


class Told:
    """A repository of artifacts that lists what it is told, each file with its size; it writes `written`, and
    where it is set, `then` from the second file on, which fails when it is empty."""

    then: bytes | None = None

    def __init__(self, folders: dict[str, list[tuple[str, bool, int | None]]], written: bytes = b"weights"):
        self.folders, self.written = folders, written

    def list_artifacts(self, path: str | None) -> list[FileInfo]:
        return [FileInfo(*one) for one in self.folders.get(path or "", [])]

    def _download_file(self, remote: str, local: str) -> None:
        if not self.written:
            raise ConnectionError("it was cut off")
        Path(local).write_bytes(self.written)
        self.written = self.written if self.then is None else self.then


def copied(listing: ArtifactListing) -> list[str]:
    """Copy all of it, to nowhere."""
    return [path for path, fill in listing.parts() if fill(lambda _: None)]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the listing of a place that tells this."""

    def told(folders: dict[str, list[tuple[str, bool, int | None]]], written: bytes = b"weights") -> Told:
        repository = Told(folders, written)
        monkeypatch.setattr(artifact_listing, "get_artifact_repository", lambda *_, **__: repository)
        return repository

    return told


@pytest.mark.parametrize("path", ["../evil", "/etc/passwd", "a/../../evil", "a\\b", "con", "\x1b[31m", ""])
def test_a_name_that_leads_elsewhere_is_refused(place: Any, path: str) -> None:
    place({"": [(path, False, 1)]})
    with pytest.raises(Refused):
        ArtifactListing("told://x/y", "")


def test_a_folder_that_lists_what_is_not_in_it_is_refused(place: Any) -> None:
    place({"": [("a", True, None)], "a": [("b/c", False, 1)]})
    with pytest.raises(Refused, match="listed where it can't be"):
        ArtifactListing("told://x/y", "")


def test_folders_without_end_are_refused(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = place({})
    endless = lambda path: [FileInfo(f"{path}/a" if path else "a", True, None)]  # noqa: E731
    monkeypatch.setattr(repository, "list_artifacts", endless)
    with pytest.raises(Refused, match="more files and folders than any model"):
        ArtifactListing("told://x/y", "")


@pytest.mark.parametrize(("size", "written"), [(3, b"more than 3"), (30, b"less"), (None, b"")])
def test_a_file_that_is_another_than_listed_is_refused_and_leaves_nothing(
    tracked: Tracked, place: Any, own_temporary_folder: Path, size: int | None, written: bytes
) -> None:
    tracked.client.create_registered_model("churn")
    repository = place({"": [("model", False, 7), ("other", False, size)]}, b"weights")
    repository.then = written
    with pytest.raises(MlflowException, match=r"changed while it was copied|can't be read"):
        tracked.client.create_model_version("churn", "told://x/y")
    assert [*own_temporary_folder.iterdir()] == []
    assert not [path for path in (tracked.world.registry / ".dvc" / "cache").rglob("*") if path.is_file()]


def test_a_list_that_changed_meanwhile_is_refused(place: Any) -> None:
    repository = place({"": [("model", False, 7)]})
    listing = ArtifactListing("told://x/y", "")
    repository.folders[""].append(("other", False, 1))
    with pytest.raises(Refused, match="its list of files changed"):
        copied(listing)


def test_more_than_the_disk_has_room_for_is_refused_before_any_byte(place: Any) -> None:
    place({"": [("model", False, 1 << 60)]})
    with pytest.raises(StorageFailed, match="there is no room"):
        ArtifactListing("told://x/y", "")


def test_an_empty_place_is_no_source(place: Any) -> None:
    place({})
    with pytest.raises(NotFound, match="nothing is there"):
        ArtifactListing("told://x/y", "")


def test_what_a_library_raises_is_told_without_credentials_or_escapes(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = place({})

    def fails(_: object) -> list[FileInfo]:
        raise ValueError("https://ana:secret@host/x \x1b[31m")

    monkeypatch.setattr(repository, "list_artifacts", fails)
    with pytest.raises(StorageFailed, match="can't be read") as raised:
        ArtifactListing("told://x/y", "")
    assert "secret" not in str(raised.value)
    assert "\x1b" not in str(raised.value)
