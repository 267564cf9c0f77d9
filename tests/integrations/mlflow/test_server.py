"""`mlflow server` on a registry: MLflow's clients over HTTP, its REST interface, and what its pages ask."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from shutil import which
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

pytest.importorskip("mlflow.server", reason="runs with the full MLflow")

from building.mlflow_course import MODEL, run_program, told
from building.mlflow_registry import made_for_mlflow
from building.mlflow_server import mlflow_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.world import World

API = "api/2.0/mlflow"


@dataclass(frozen=True)
class Server:
    """A running server, whose registry is a world's."""

    address: str
    world: World

    def ask(self, path: str, data: dict[str, Any] | None = None, /, **query: str) -> tuple[int, bytes]:
        """Send a request; return the status and what came back."""
        url = f"{self.address}/{path}" + (f"?{urlencode(query)}" if query else "")
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, path: str, data: dict[str, Any] | None = None, /, **query: str) -> Any:
        status, body = self.ask(path, data, **query)
        assert status == 200, body
        return json.loads(body)


@pytest.fixture(scope="module")
def server(new_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its clients read files through it. Three versions of a model are registered, by programs over HTTP."""
    root = tmp_path_factory.mktemp("mlflow-server")
    world = new_world.copy(root / "world")
    made_for_mlflow(world)
    registry = f"rollbook://{world.registry}?mode=land"
    with mlflow_server(root / "server", registry, "--app-name", "rollbook") as address:
        with told(MLFLOW_TRACKING_URI=address):
            for program, *arguments in (["train.py"], ["register_best_run.py", "--best", "3"]):
                ran = run_program(program, *arguments)
                assert ran.code == 0, ran.err
        yield Server(address, world)


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    """MLflow's client, which knows nothing but the server's address."""
    import mlflow

    with told(MLFLOW_TRACKING_URI=server.address):
        yield mlflow.MlflowClient()


def test_what_is_registered_over_http_is_a_commit_of_main(server: Server) -> None:
    listed = server.world.git("ls-tree", "--name-only", f"main:registry/{MODEL}/versions")
    assert listed.split() == ["1.0.0", "1.1.0", "1.2.0"]
    assert server.world.git("rev-parse", "main") == server.world.git("rev-parse", "origin/main")


def test_a_client_moves_tags_and_names_versions(server: Server, client: Any) -> None:
    assert client.transition_model_version_stage(MODEL, 2, "Staging").current_stage == "Staging"
    client.set_model_version_tag(MODEL, "2", "checked", "yes")
    client.set_registered_model_alias(MODEL, "champion", 2)
    found = client.get_model_version_by_alias(MODEL, "champion")
    assert (found.version, found.tags["checked"], found.aliases) == ("2", "yes", ["champion"])
    assert server.world.run("resolve", f"{MODEL}@champion", "--field", "version").out == "1.1.0\n"


def test_a_client_without_the_servers_disk_loads_a_model(server: Server, client: Any) -> None:
    import mlflow
    from sklearn.datasets import load_wine

    address = client.get_model_version_download_uri(MODEL, "3")
    assert address.startswith(f"{server.address}/")
    rows = load_wine(as_frame=True).data
    assert len(mlflow.pyfunc.load_model(f"models:/{MODEL}/3").predict(rows)) == len(rows)
    assert type(mlflow.sklearn.load_model(f"models:/{MODEL}/1")).__name__


@pytest.mark.parametrize("path", ["../../config", "%2e%2e/%2e%2e/config", "nothing", "/etc/passwd"])
def test_no_file_but_a_versions_own_is_sent(server: Server, client: Any, path: str) -> None:
    address = client.get_model_version_download_uri(MODEL, "3").removeprefix(f"{server.address}/")
    assert server.ask(f"{address}/{path}")[0] == 404
    listing, _, place = address.partition("/artifacts/")
    assert server.ask(f"{listing}/artifacts", path=f"{place}/{path}")[0] == 404


def test_the_address_of_files_takes_no_file(server: Server, client: Any) -> None:
    address = client.get_model_version_download_uri(MODEL, "3")
    request = urllib.request.Request(f"{address}/MLmodel", data=b"other", method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 405


def test_a_refusal_comes_back_with_its_reason(server: Server) -> None:
    status, body = server.ask(f"{API}/model-versions/get", name=MODEL, version="99")
    assert (status, json.loads(body)["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    status, body = server.ask(f"{API}/registered-models/create", {"name": MODEL})
    assert json.loads(body)["error_code"] == "RESOURCE_ALREADY_EXISTS"
    status, body = server.ask(
        f"{API}/model-versions/transition-stage",
        {"name": MODEL, "version": "1", "stage": "Attic", "archive_existing_versions": False},
    )
    assert status == 400
    assert "Attic" in json.loads(body)["message"]


def test_the_rest_interface_makes_and_searches_models(server: Server) -> None:
    made = server.json(
        f"{API}/registered-models/create",
        {"name": "by-hand", "description": "Made by curl", "tags": [{"key": "team", "value": "risk"}]},
    )["registered_model"]
    assert (made["name"], made["description"]) == ("by-hand", "Made by curl")
    found = server.json(f"{API}/registered-models/search", filter="tags.team = 'risk'")
    assert [one["name"] for one in found["registered_models"]] == ["by-hand"]
    versions = server.json(f"{API}/model-versions/search", filter=f"name='{MODEL}'")["model_versions"]
    assert {one["version"] for one in versions} == {"1", "2", "3"}


def test_the_pages_are_served_and_what_they_ask_is_answered(server: Server) -> None:
    status, page = server.ask("")
    assert (status, b'<div id="root"' in page) == (200, True)
    models = server.json("ajax-api/2.0/mlflow/registered-models/search", max_results="25")
    assert MODEL in [one["name"] for one in models["registered_models"]]
    model = server.json("ajax-api/2.0/mlflow/registered-models/get", name=MODEL)["registered_model"]
    assert model["latest_versions"]
    version = server.json("ajax-api/2.0/mlflow/model-versions/get", name=MODEL, version="3")["model_version"]
    assert version["run_id"]
    status, described = server.ask("model-versions/get-artifact", name=MODEL, version="3", path="MLmodel")
    assert (status, b"python_function" in described) == (200, True)


@pytest.mark.skipif(not which("chromium"), reason="needs Chromium")
def test_a_browser_shows_the_models(server: Server, tmp_path: Path) -> None:
    """What the page's own program puts there, once it has asked the server."""
    alone = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    patience = ["--virtual-time-budget=60000", "--timeout=90000"]
    shown = subprocess.run(
        ["chromium", *alone, *patience, "--dump-dom", f"{server.address}/#/models"],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    assert MODEL in shown.stdout


def test_calls_at_the_same_time_all_land(server: Server, client: Any) -> None:
    before = int(server.world.git("rev-list", "--count", "--first-parent", "main"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: client.set_model_version_tag(MODEL, "1", f"check_{n}", "yes"), range(6)))
    tags = client.get_model_version(MODEL, "1").tags
    assert {f"check_{n}" for n in range(6)} <= tags.keys()
    assert int(server.world.git("rev-list", "--count", "--first-parent", "main")) - before <= 6
    assert server.world.run("audit", "verify").code == 0
