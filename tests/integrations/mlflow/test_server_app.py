"""What the server says of a version's files, and sends of them: asked of the application itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("mlflow.server", reason="runs with the full MLflow")

from building.mlflow_registry import made_for_mlflow, store
from rollbook.errors import BadCall
from rollbook.integrations.mlflow import server_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.world import World

ASKED = "/api/2.0/mlflow/model-versions/get-download-uri"
FILES = "/api/2.0/rollbook/mlflow-artifacts/artifacts"
REGISTRY = "_MLFLOW_SERVER_REGISTRY_STORE"


@pytest.fixture
def client(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The application of a server whose registry has one version of `Churn Model`, a folder."""
    from flask import Flask

    made_for_mlflow(world)
    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "data" / "weights.bin").write_bytes(b"weights")
    own = store(world)
    own.create_registered_model("Churn Model")
    own.create_model_version("Churn Model", str(folder))
    monkeypatch.setenv(REGISTRY, f"rollbook://{world.registry}")
    server_app._store.cache_clear()
    app = Flask("server")
    app.add_url_rule(ASKED, "_get_model_version_download_uri", lambda: "of MLflow's own")
    server_app.add_files(app)
    yield app.test_client()
    server_app._store.cache_clear()


def address(client: Any, version: str = "1") -> str:
    answer = client.get(ASKED, query_string={"name": "Churn Model", "version": version})
    assert answer.status_code == 200, answer.text
    return str(answer.json["artifact_uri"])


def test_files_have_an_address_at_the_host_that_was_asked(client: Any) -> None:
    assert address(client) == f"http://localhost{FILES}/Churn%20Model/1"


def test_a_version_may_be_asked_for_by_its_semantic_version(client: Any) -> None:
    assert address(client, "1.0.0").endswith("/Churn%20Model/1")


def test_the_address_may_be_that_of_a_proxy(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_MLFLOW_ADDRESS", "https://models.example.org/mlflow/")
    assert address(client) == f"https://models.example.org/mlflow{FILES}/Churn%20Model/1"


def test_folders_are_listed_with_sizes_of_files(client: Any) -> None:
    listed = client.get(FILES, query_string={"path": "Churn%20Model/1"}).json["files"]
    assert {"path": "data", "is_dir": True} in listed
    assert {"path": "MLmodel", "is_dir": False, "file_size": 12} in listed
    below = client.get(FILES, query_string={"path": "Churn%20Model/1/data"}).json["files"]
    assert below == [{"path": "weights.bin", "is_dir": False, "file_size": 7}]


def test_a_file_is_listed_as_nothing_and_sent_as_it_is(client: Any) -> None:
    path = "Churn%20Model/1/data/weights.bin"
    assert client.get(FILES, query_string={"path": path}).json["files"] == []
    sent = client.get(f"{FILES}/{path}")
    assert (sent.data, sent.mimetype) == (b"weights", "application/octet-stream")


@pytest.mark.parametrize("path", ["..", "../other", "data/../../other", "nothing", "/etc/passwd", "data"])
def test_what_is_no_file_of_the_version_is_not_sent(client: Any, path: str) -> None:
    assert client.get(f"{FILES}/Churn%20Model/1/{path}").status_code in (404, 308)


@pytest.mark.parametrize("path", ["..", "../..", "data/../..", "nothing", "/etc"])
def test_what_is_no_folder_of_the_version_is_not_listed(client: Any, path: str) -> None:
    assert client.get(FILES, query_string={"path": f"Churn%20Model/1/{path}"}).status_code == 404


@pytest.mark.parametrize("place", ["Nobody/1", "Churn Model/9"])
def test_there_is_nothing_of_versions_that_are_not_there(client: Any, place: str) -> None:
    answer = client.get(FILES, query_string={"path": place})
    assert (answer.status_code, answer.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize("method", ["put", "post", "delete", "patch"])
def test_nothing_is_written(client: Any, method: str) -> None:
    assert getattr(client, method)(f"{FILES}/Churn%20Model/1/MLmodel", data=b"other").status_code == 405


def test_a_server_with_another_registry_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REGISTRY, "sqlite:///models.db")
    with pytest.raises(BadCall, match="not Rollbook's"):
        server_app.create_app()
