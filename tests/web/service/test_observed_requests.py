"""What every request gets, whatever answers it."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

import pytest
from fastapi import Request  # noqa: TC002 - FastAPI reads it
from starlette.testclient import TestClient

from building.mlflow_registry import with_churn
from rollbook.git.repository import discover
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.app import create_app
from rollbook.web.service.serving.server import JsonLines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from starlette.types import Message

    from building.once import Template


@pytest.fixture(scope="module")
def app(template: Template) -> FastAPI:
    """The service of a registry, which also fails when it is asked to."""
    world = template(with_churn)
    app = create_app(ServedRegistries([ServedRegistry("risk", discover(world.registry))]), logs_all=True)

    @app.get("/fails/{how}")
    def fail(how: str) -> None:
        raise RuntimeError(f"it fails with {how}")

    app.router.routes.insert(0, app.router.routes.pop())  # the catalog takes every path that is left
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


_PATHS = (
    "/api/v1/models",
    "/api/v1/models/nothing/1.0.0",
    "/api/v1/nothing",
    "/fails/x",
    "/metrics",
    "/healthz",
)


@pytest.mark.parametrize("path", _PATHS)
def test_every_answer_has_an_id_and_is_no_page_for_a_browser(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert len(headers["x-request-id"]) == 16
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_a_sane_id_is_taken_over(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "deploy-17.a_b"}).headers["x-request-id"] == (
        "deploy-17.a_b"
    )


@pytest.mark.parametrize("told", ["", "a b", "x" * 65, 'a"b', "{}"])
def test_any_other_id_is_not(client: TestClient, told: str) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": told}).headers["x-request-id"] != told


def test_a_problem_names_its_request(client: TestClient) -> None:
    answer = client.get("/api/v1/models/chur/1.0.0")
    assert answer.status_code == 404
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_what_fails_unforeseen_is_a_problem_that_tells_nothing_of_itself(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("rollbook.service").propagate = True
    with caplog.at_level(logging.INFO, "rollbook.service"):
        answer = client.get("/fails/sesame")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "sesame" not in answer.text
    failed = next(record for record in caplog.records if record.message == "failed")
    line = json.loads(JsonLines().format(failed))
    assert "it fails with sesame" in line["trace"]
    assert line["request_id"] == answer.json()["request_id"]


def test_the_log_has_the_route_and_nothing_that_a_stranger_wrote(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("rollbook.service").propagate = True
    with caplog.at_level(logging.INFO, "rollbook.service"):
        client.get("/api/v1/models/%1b[31mevil/1.0.0?token=sesame")
        client.get("/%1b]0;evil%07")
    lines = [JsonLines().format(record) for record in caplog.records if record.message == "request"]
    assert [json.loads(line)["route"] for line in lines] == ["/api/v1/models/{name}/{reference}", "/{path}"]
    assert "evil" not in "".join(lines)
    assert "sesame" not in "".join(lines)
    assert all(json.loads(line)["seconds"] >= 0 for line in lines)


def test_who_leaves_while_sending_is_no_failure_of_the_service(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    @app.post("/takes")
    async def take(request: Request) -> int:
        return len([chunk async for chunk in request.stream()])

    app.router.routes.insert(0, app.router.routes.pop())
    logging.getLogger("rollbook.service").propagate = True
    with caplog.at_level(logging.INFO, "rollbook.service"):
        assert asyncio.run(_left_early(app, "/takes")) == []
    assert [record.message for record in caplog.records] == ["request"]
    assert json.loads(JsonLines().format(caplog.records[0]))["status"] == 499


async def _left_early(app: FastAPI, path: str) -> list[str]:
    """Send the beginning of a body, leave, and return what is answered nonetheless."""
    coming = [{"type": "http.request", "body": b"beg", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[str] = []

    async def receive() -> Message:
        return coming.pop(0) if len(coming) > 1 else coming[0]

    async def send(message: Message) -> None:
        sent.append(message["type"])

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(b"host", b"x"), (b"content-length", b"10")], "client": ("127.0.0.1", 1),
        "server": ("x", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    return sent
