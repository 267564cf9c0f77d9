"""Answers that are kept while main stands where it stood."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from building.mlflow_registry import with_churn
from rollbook.access.roles import Person
from rollbook.git.repository import discover
from rollbook.web.identity.caller import Caller, Denied, Right
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.app import create_app
from rollbook.web.service.middleware import kept_answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI, Request

    from building.once import Template
    from building.world import World

_PATH = "/api/v1/models/churn/@champion"


def with_champion(world: World) -> None:
    """A model `churn` whose first version is called `champion`."""
    with_churn(world)
    _name_champion(world, "1.0.0")


def _name_champion(world: World, version: str) -> None:
    world.run("alias", f"churn@{version}", "champion", "--reason", "it is", "--land")


@pytest.fixture
def world(started: Template) -> World:
    return started(with_champion)


@pytest.fixture
def app(world: World) -> FastAPI:
    return create_app(ServedRegistries([ServedRegistry("risk", discover(world.registry))]))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


def _kept(client: TestClient) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("rollbook_kept_answers_total"))


def test_what_is_asked_again_comes_from_memory_and_is_the_same(client: TestClient) -> None:
    client.get(_PATH)  # from here on main is known by a look at its files
    first, second = client.get(_PATH), client.get(_PATH)
    assert _kept(client) == 1
    assert (first.content, first.status_code) == (second.content, second.status_code)
    without_id = [{**answer.headers, "x-request-id": ""} for answer in (first, second)]
    assert without_id[0] == without_id[1]


def test_what_lands_is_seen_at_once(world: World, client: TestClient) -> None:
    assert [client.get(_PATH).json()["version"] for _ in range(2)] == ["v1.0.0"] * 2
    _name_champion(world, "1.1.0")
    assert client.get(_PATH).json()["version"] == "v1.1.0"


def test_main_that_goes_back_is_answered_as_it_is_now(world: World, client: TestClient) -> None:
    old = world.git("rev-parse", "main")
    _name_champion(world, "1.1.0")
    assert [client.get(_PATH).json()["version"] for _ in range(2)] == ["v1.1.0"] * 2
    world.git("update-ref", "refs/heads/main", old)
    world.git("update-ref", "refs/remotes/origin/main", old)
    assert client.get(_PATH).json()["version"] == "v1.0.0"


def test_git_may_tidy_up_beneath(world: World, client: TestClient) -> None:
    client.get(_PATH)
    world.git("repack", "-a", "-d", "-q")
    world.git("gc", "--prune=now", "--quiet")
    assert client.get(_PATH).status_code == 200
    assert client.get("/api/v1/models/churn/1.2.0").json()["version"] == "v1.2.0"


def test_a_registry_that_was_removed_is_a_problem_and_not_what_was_kept(
    world: World, client: TestClient
) -> None:
    for _ in range(3):
        assert client.get(_PATH).status_code == 200
    shutil.rmtree(world.registry)
    answer = client.get(_PATH)
    assert (answer.status_code, answer.json()["title"]) == (502, "GitFailed")


@pytest.mark.parametrize("query", ["?rev=main", "?at=2099-01-01", "?rev=HEAD"])
def test_what_other_refs_or_dates_say_is_not_kept(client: TestClient, query: str) -> None:
    for _ in range(2):
        client.get(f"{_PATH}{query}")
    assert _kept(client) == 0


def test_what_fails_is_not_kept(client: TestClient) -> None:
    for _ in range(2):
        assert client.get("/api/v1/models/churn/9.9.9").status_code == 404
    assert _kept(client) == 0


def test_who_asks_is_told_first_each_time(world: World) -> None:
    def identify(request: Request, _: ServedRegistry) -> Caller:
        match request.headers.get("authorization", ""):
            case "Bearer reader":
                return Caller(Person("Jane Doe"), frozenset([Right.CATALOG, Right.READ]), {})
            case "Bearer viewer":
                return Caller(Person("John Doe"), frozenset([Right.CATALOG]), {})
            case _:
                raise Denied("who are you?", is_unknown=True)

    registries = ServedRegistries([ServedRegistry("risk", discover(world.registry))])
    with TestClient(create_app(registries, identify=identify)) as client:
        told = [
            client.get(_PATH, headers={"Authorization": f"Bearer {who}"}).status_code
            for who in ("reader", "reader", "viewer", "reader", "nobody", "reader")
        ]
        assert told == [200, 200, 403, 200, 401, 200]
        assert _kept(client) == 2


def test_memory_is_bounded_however_much_is_asked_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_answers, "_MOST_BYTES", 10_000)
    answers = kept_answers._Answers()
    some = kept_answers._Kept(None, "", "", 200, [], b"x" * 1000, b"", None, {}, {})  # type: ignore[arg-type]
    for number in range(50):
        answers.put("reach", number, some)
        answers.put("reach", number, some)
    assert (len(answers.kept), answers.size) == (4, 4 * 2024)
    assert ("reach", 49) in answers.kept
