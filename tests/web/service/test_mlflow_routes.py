"""What MLflow's clients read of the service is, letter by letter, what MLflow's own server would answer."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("mlflow", reason="runs with MLflow")

import uvicorn
from mlflow.exceptions import MlflowException
from mlflow.protos import model_registry_pb2 as messages
from mlflow.utils.proto_json_utils import message_to_json
from starlette.testclient import TestClient

from building.mlflow_registry import made_for_mlflow, store
from building.read_service import client_of, with_models
from rollbook.git.repository import discover
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI

    from building.once import Template
    from building.world import World

API = "/api/2.0/mlflow"


def _two_models(world: World) -> None:
    made_for_mlflow(world)
    folder = world.root / "model"
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "data" / "weights.bin").write_bytes(b"weights")
    own = store(world)
    own.create_registered_model("Churn Model", description="who leaves")
    own.create_registered_model("empty")
    for description in ("first", None):
        own.create_model_version("Churn Model", str(folder), description=description)
    own.transition_model_version_stage("Churn Model", 1, "Production", False)
    own.set_registered_model_alias("Churn Model", "champion", 1)


@pytest.fixture(scope="module")
def world(template: Template) -> World:
    return template(_two_models)


@pytest.fixture(scope="module")
def app(world: World) -> FastAPI:
    return create_app(ServedRegistries([ServedRegistry("main", discover(world.registry))]))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture(scope="module")
def own(world: World) -> Any:
    return store(world)


def _as_on_a_server(message: Any) -> Any:
    return json.loads(message_to_json(message))


def test_a_model_is_told_as_on_a_server(client: TestClient, own: Any) -> None:
    asked = client.get(f"{API}/registered-models/get", params={"name": "Churn Model"})
    entity = own.get_registered_model("Churn Model").to_proto()
    assert asked.json() == _as_on_a_server(messages.GetRegisteredModel.Response(registered_model=entity))


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_is_told_as_on_a_server(client: TestClient, own: Any, version: int) -> None:
    asked = client.get(f"{API}/model-versions/get", params={"name": "Churn Model", "version": version})
    entity = own.get_model_version("Churn Model", version).to_proto()
    assert asked.json() == _as_on_a_server(messages.GetModelVersion.Response(model_version=entity))


@pytest.mark.parametrize("alias", ["champion", "latest"])
def test_an_alias_gives_the_version_that_a_server_gives(client: TestClient, own: Any, alias: str) -> None:
    asked = client.get(f"{API}/registered-models/alias", params={"name": "Churn Model", "alias": alias})
    entity = own.get_model_version_by_alias("Churn Model", alias).to_proto()
    assert asked.json() == _as_on_a_server(messages.GetModelVersionByAlias.Response(model_version=entity))


@pytest.mark.parametrize("stages", [None, ["Production"], ["None", "production"]])
def test_the_newest_of_stages_are_those_of_a_server(
    client: TestClient, own: Any, stages: list[str] | None
) -> None:
    expected = messages.GetLatestVersions.Response()
    expected.model_versions.extend(one.to_proto() for one in own.get_latest_versions("Churn Model", stages))
    path, asked = f"{API}/registered-models/get-latest-versions", {"name": "Churn Model", "stages": stages}
    given = {name: value for name, value in asked.items() if value is not None}
    assert client.get(path, params=given).json() == _as_on_a_server(expected)
    assert client.post(path, json=given).json() == _as_on_a_server(expected)


@pytest.mark.parametrize(
    ("filter_string", "size"), [("name = 'Churn Model'", 1), ("name = 'nothing'", 5), (None, 1), ("", 100)]
)
def test_searches_give_the_pages_of_a_server(
    client: TestClient, own: Any, filter_string: str | None, size: int
) -> None:
    found = own.search_registered_models(filter_string, size)
    expected = messages.SearchRegisteredModels.Response(next_page_token=found.token)
    expected.registered_models.extend(one.to_proto() for one in found)
    asked = {"max_results": size} | ({} if filter_string is None else {"filter": filter_string})
    answer = client.get(f"{API}/registered-models/search", params=asked)
    assert answer.json() == _as_on_a_server(expected)
    versions = own.search_model_versions(filter_string, size)
    expected = messages.SearchModelVersions.Response(next_page_token=versions.token)
    expected.model_versions.extend(one.to_proto() for one in versions)
    answer = client.get(f"{API}/model-versions/search", params=asked)
    assert answer.json() == _as_on_a_server(expected)


@pytest.mark.parametrize(
    ("path", "asked", "call"),
    [
        ("registered-models/get", {"name": "zz"}, lambda own: own.get_registered_model("zz")),
        ("registered-models/get", {"name": "a:b"}, lambda own: own.get_registered_model("a:b")),
        (
            "model-versions/get",
            {"name": "Churn Model", "version": "9"},
            lambda own: own.get_model_version("Churn Model", 9),
        ),
        (
            "model-versions/get",
            {"name": "Churn Model", "version": "x"},
            lambda own: own.get_model_version("Churn Model", "x"),
        ),
        (
            "registered-models/alias",
            {"name": "Churn Model", "alias": "zz"},
            lambda own: own.get_model_version_by_alias("Churn Model", "zz"),
        ),
        (
            "registered-models/search",
            {"filter": "nonsense"},
            lambda own: own.search_registered_models("nonsense"),
        ),
        ("registered-models/search", {"max_results": "0"}, lambda own: own.search_registered_models("", 0)),
    ],
)
def test_what_cannot_be_told_fails_with_a_servers_code_and_status(
    client: TestClient, own: Any, path: str, asked: dict[str, str], call: Callable[[Any], object]
) -> None:
    with pytest.raises(MlflowException) as failed:
        call(own)
    answer = client.get(f"{API}/{path}", params=asked)
    assert answer.status_code == failed.value.get_http_status_code()
    assert answer.json()["error_code"] == failed.value.error_code


def test_a_model_that_is_missing_is_told_with_whole_names_of_others(template: Template) -> None:
    world = template(with_models)
    with client_of(world) as client:
        answer = client.get(f"{API}/registered-models/get", params={"name": "risk"})
    assert answer.status_code == 404
    assert answer.json()["message"].endswith("Did you mean risk/fraud?")


def test_a_missing_parameter_is_named(client: TestClient) -> None:
    answer = client.get(f"{API}/registered-models/get")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.json()["message"].startswith("name:")


@pytest.mark.parametrize("path", ["../../..", "MLmodel/..%2F..%2F..%2Fconfig", "%00", "x" * 5000])
def test_nothing_but_the_versions_files_is_sent(client: TestClient, path: str) -> None:
    address = client.get(
        f"{API}/model-versions/get-download-uri", params={"name": "Churn Model", "version": "1"}
    ).json()["artifact_uri"]
    assert client.get(f"{address}/{path}").status_code == 404


def test_the_same_answers_stand_below_the_name_of_a_registry(client: TestClient) -> None:
    asked = {"name": "Churn Model", "alias": "champion"}
    below = client.get(f"/registries/main{API}/registered-models/alias", params=asked)
    assert below.json() == client.get(f"{API}/registered-models/alias", params=asked).json()
    other = client.get(f"/registries/other{API}/registered-models/alias", params=asked)
    assert (other.status_code, other.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize("prefix", ["", "/registries/main"])
def test_mlflows_client_finds_and_loads_a_version_of_the_service(
    app: FastAPI, tmp_path: Path, prefix: str
) -> None:
    import mlflow

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        (listening,) = server.servers[0].sockets
        address = f"http://127.0.0.1:{listening.getsockname()[1]}{prefix}"
        client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'runs.db'}", registry_uri=address)
        assert [one.name for one in client.search_registered_models()] == ["Churn Model", "empty"]
        version = client.get_model_version_by_alias("Churn Model", "champion")
        assert (version.version, version.current_stage) == ("1", "Production")
        loaded = mlflow.artifacts.download_artifacts(
            client.get_model_version_download_uri("Churn Model", version.version), dst_path=str(tmp_path)
        )
    finally:
        server.should_exit = True
        thread.join()
    assert (Path(loaded) / "MLmodel").read_text() == "flavors: {}\n"
    assert (Path(loaded) / "data" / "weights.bin").read_bytes() == b"weights"
