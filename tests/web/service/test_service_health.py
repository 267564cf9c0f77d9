"""What the service tells of itself: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from building.mlflow_registry import with_churn
from rollbook.git.repository import discover
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.app import create_app
from rollbook.web.service.serving import health_routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building.once import Template
    from building.world import World
    from rollbook.web.registries.served_registry import Standing


@pytest.fixture
def world(started: Template) -> World:
    return started(with_churn)


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    registries = ServedRegistries([ServedRegistry("risk", discover(world.registry))])
    with TestClient(create_app(registries)) as client:
        yield client


def test_it_is_ready_while_main_can_be_read(world: World, client: TestClient) -> None:
    told = client.get("/readyz")
    assert told.status_code == 200
    assert told.json()["registries"]["risk"]["commit"] == world.git("rev-parse", "main")


def test_whoever_asks_often_has_the_registries_looked_at_no_more_often(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    now = ServedRegistry.now

    def counted(registry: ServedRegistry) -> Standing:
        looks.append(registry.name)
        return now(registry)

    monkeypatch.setattr(ServedRegistry, "now", counted)
    monkeypatch.setattr(health_routes, "_FRESH", 3600.0)
    assert {client.get("/readyz").status_code for _ in range(5)} == {200}
    assert looks == ["risk"]


def test_without_its_repository_it_lives_but_is_not_ready(world: World, client: TestClient) -> None:
    shutil.rmtree(world.root)
    told = client.get("/readyz")
    assert (told.status_code, client.get("/healthz").status_code) == (503, 200)
    assert told.json()["registries"]["risk"]["problem"]


def test_metrics_are_by_route_however_many_paths_are_asked_for(client: TestClient) -> None:
    for number in range(20):
        client.get(f"/api/v1/models/m{number}/1.0.0")
        client.get(f"/{number}")
        client.request(f"M{number}", "/healthz")
    text = client.get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    told = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for sample in families["rollbook_http_requests"].samples
        if sample.name.endswith("_total")
    }
    assert told["GET", "/api/v1/models/{name}/{reference}", "404"] == 20
    assert told["GET", "/{path}", "404"] == 20
    assert told["other", "/healthz", "405"] == 20
    assert len(told) == 3
    assert families["rollbook_registry_stale_seconds"].samples[0].labels == {"registry": "risk"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus is not installed")
def test_prometheus_itself_accepts_the_metrics(client: TestClient) -> None:
    client.get("/api/v1/models")
    text = client.get("/metrics").content
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
