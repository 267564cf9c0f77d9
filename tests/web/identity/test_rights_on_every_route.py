"""What each route answers to those whose reach ends before what they ask about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

pytest.importorskip("fastapi", reason="runs with rollbook[api]")

import fastapi.routing
from starlette.testclient import TestClient

from rollbook.git.repository import discover
from rollbook.web.identity.identification import Anonymous, Identification
from rollbook.web.identity.token_file import TokenFile
from rollbook.web.identity.token_making import make_token
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.app import create_app
from rollbook.web.service.middleware.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from building.once import Template
    from building.world import World

ROLES = """roles:
  admin: [ada@example.com]
  developer: [dev@example.com]
  viewer: [vera@example.com]
  models:
    fraud*:
      data-scientist: [rita@example.com]
"""
PROPOSED = "rollbook/promote/churn/1.1.0-production"
# What stands in the paths' places: a version that waits for production, of a model that rita has no grant on.
PLACES = {
    "name": "churn", "version": "1.1.0", "reference": "1.1.0", "alias": "best", "stage": "staging",
    "evidence": "fairness-1", "registry": "main", "date": "2026-03-01", "branch": PROPOSED,
}  # fmt: skip
V1, MLFLOW = "/api/v1", "/api/2.0/mlflow"
MODEL, VERSION = f"{V1}/models/{{name}}", f"{V1}/models/{{name}}/{{reference}}"
WRITTEN = f"{V1}/models/{{name}}/{{version}}"
REQUEST = f"{V1}/requests/{{branch}}"
FILES = "/api/2.0/rollbook/mlflow-artifacts/artifacts"
WHY = {"reason": "because"}


class Asked(NamedTuple):
    """What is asked of a route, and the status that each of CALLERS gets."""

    statuses: tuple[int, int, int, int]
    query: str = ""
    body: Any = None


# Nobody with `--anonymous none`; a viewer; a developer; somebody with a grant on another model.
CALLERS = ("", "vera@example.com", "dev@example.com", "rita@example.com")
OPEN = (200, 200, 200, 200)
NO_READ = (401, 403, 404, 404)  # of one version: a viewer knows of it, the others don't
ON_ALL = (401, 403, 403, 403)  # takes a right on the whole registry
ON_MODEL = (401, 403, 403, 404)  # of a model with all its versions, which a developer knows of
NO_CHANGE = ON_MODEL
_EACH_READ = (
    "", "/resolve", "/evidence", "/notes", "/card", "/gates/{stage}", "/signature", "/environment", "/bom",
    "/artifact", "/artifact/files", "/artifact/files/{path}", "/evidence/{evidence}/attachments/{path}",
)  # fmt: skip
_NAMED, _VERSION = "name=churn", "name=churn&version=2"
ROUTES = {
    # Of the service itself; nothing of what a registry holds.
    **{f"GET {path}": Asked(OPEN) for path in ("/openapi.json", "/healthz", "/readyz", "/metrics")},
    f"POST {V1}/webhook": Asked((404, 404, 404, 404)),  # none is heard without a secret
    "GET /assets/{name}": Asked((404, 404, 404, 404)),
    "GET /as-of/{date}/assets/{name}": Asked((404, 404, 404, 404)),
    # They lead on to what asks.
    "GET /as-of/{date}": Asked((307, 307, 307, 307)),
    "GET /registries/{registry}": Asked((307, 307, 307, 307)),
    # What each may ask, and gets no more of than they may see.
    f"GET {V1}/registries": Asked((401, 200, 200, 200)),
    f"GET {V1}/whoami": Asked((401, 200, 200, 200)),
    f"GET {V1}/models": Asked((401, 200, 200, 200)),
    # The pages tell of all models.
    "GET /{path}": Asked((401, 200, 403, 403)),
    "GET /as-of/{date}/{path}": Asked((401, 404, 403, 403)),
    # Of the registry as a whole.
    f"GET {V1}/history": Asked(ON_ALL),
    f"GET {V1}/audit/head": Asked(ON_ALL),
    f"GET {V1}/audit/verification": Asked(ON_ALL),
    f"GET {V1}/report": Asked(ON_ALL, "period=2026-01-01..2026-02-01"),
    f"GET {V1}/descendants": Asked(ON_ALL, "data=transactions"),
    f"GET {V1}/access": Asked(ON_ALL),
    f"GET {V1}/requests": Asked(ON_ALL),
    f"GET {V1}/stale": Asked(ON_ALL, "span=90d"),
    f"GET {V1}/storage": Asked(ON_ALL),
    f"GET {MLFLOW}/registered-models/search": Asked(ON_ALL),
    f"GET {MLFLOW}/model-versions/search": Asked(ON_ALL),
    f"GET {VERSION}/descendants": Asked(ON_ALL),
    # Of a model.
    f"GET {MODEL}": Asked(ON_MODEL),
    f"GET {MODEL}/versions": Asked((401, 200, 200, 404)),
    f"GET {MODEL}/compare": Asked(ON_MODEL),
    f"GET {MODEL}/best": Asked(ON_MODEL, "metric=auc"),
    f"GET {MODEL}/history": Asked(ON_MODEL),
    f"GET {MLFLOW}/registered-models/get": Asked(ON_MODEL, _NAMED),
    # Of a version.
    **{f"GET {VERSION}{rest}": Asked(NO_READ) for rest in _EACH_READ},
    f"GET {VERSION}/lineage": Asked(ON_MODEL),
    f"GET {MLFLOW}/registered-models/get-latest-versions": Asked(NO_READ, _NAMED),
    f"POST {MLFLOW}/registered-models/get-latest-versions": Asked(NO_READ, body={"name": "churn"}),
    f"GET {MLFLOW}/registered-models/alias": Asked(NO_READ, "name=churn&alias=best"),
    f"GET {MLFLOW}/model-versions/get": Asked(NO_READ, _VERSION),
    f"GET {MLFLOW}/model-versions/get-download-uri": Asked(NO_READ, _VERSION),
    f"GET {FILES}": Asked(NO_READ, "path=churn/2"),
    f"GET {FILES}/{{path}}": Asked(NO_READ),
    # Changes.
    f"POST {V1}/models/register": Asked(NO_CHANGE, body={"name": "churn"}),
    f"POST {WRITTEN}/transition": Asked(NO_CHANGE, body={**WHY, "to_stage": "production"}),
    f"POST {MODEL}/rollback": Asked(NO_CHANGE, body=WHY),
    f"POST {WRITTEN}/deprecate": Asked(NO_CHANGE, body=WHY),
    f"POST {WRITTEN}/archive": Asked(NO_CHANGE, body=WHY),
    f"PUT {MODEL}/aliases/{{alias}}": Asked(NO_CHANGE, body={**WHY, "version": "1.1.0"}),
    f"DELETE {MODEL}/aliases/{{alias}}": Asked(NO_CHANGE, "reason=because"),
    f"PATCH {WRITTEN}/notes": Asked(NO_CHANGE, body={"description": "mine"}),
    f"PATCH {MODEL}": Asked(NO_CHANGE, body={"owner": "me"}),
    f"PUT {WRITTEN}/card": Asked(NO_CHANGE, body={"text": "mine"}),
    f"POST {WRITTEN}/evidence": Asked(NO_CHANGE, body={"kind": "fairness", "status": "passed"}),
    # Requests.
    f"GET {REQUEST}": Asked(NO_CHANGE),
    f"GET {REQUEST}/approval-content": Asked(ON_ALL),
    f"POST {REQUEST}/approve": Asked(ON_ALL, body={"signature": "none"}),
    f"POST {REQUEST}/reject": Asked(NO_CHANGE, body=WHY),
    f"POST {REQUEST}/land": Asked(ON_ALL, body={}),
}


def _with_roles(world: World) -> None:
    world.run(
        "register",
        "churn",
        str(world.artifact(b"one")),
        "--version",
        "1.0.0",
        "--metric",
        "auc=0.9",
        "--land",
    )
    world.register("churn", "1.1.0")
    world.register("fraud", "1.0.0", "--parent", "churn@1.1.0")
    for version in ("1.0.0", "1.1.0"):
        world.promote(f"churn@{version}", "staging")
        world.run("promote", f"churn@{version}", "production", "--reason", "why not", *_LANDS[version])
    world.git("checkout", "--quiet", "main")
    world.run("alias", "churn@1.1.0", "best", "--reason", "best", "--land")
    world.policy(ROLES)


_LANDS = {"1.0.0": ("--land",), "1.1.0": ()}


@pytest.fixture(scope="module")
def world(template: Template) -> World:
    return template(_with_roles)


@pytest.fixture
def app(world: World, tmp_path: Path) -> FastAPI:
    identify = Identification(tokens=TokenFile(tmp_path / "tokens.json"), anonymous=Anonymous.NONE)
    served = ServedRegistries([ServedRegistry("main", discover(world.registry))])
    return create_app(served, identify=identify, limits=Limits(rate=0))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def headers(tmp_path: Path) -> dict[str, dict[str, str]]:
    """What each caller brings: as much as their roles give."""
    scopes = "catalog,read,fetch,propose,approve,land,admin"
    brought: dict[str, dict[str, str]] = {"": {}}
    for who in filter(None, CALLERS):
        made = make_token(tmp_path / "tokens.json", who, scopes=scopes)[0]
        brought[who] = {"Authorization": f"Bearer {made.text}"}
    return brought


def _routes(app: FastAPI) -> list[str]:
    """Each method and path, as FastAPI has them: a newer one within routers that it includes."""
    contexts = getattr(fastapi.routing, "iter_route_contexts", None)
    routes: Any = contexts(app.routes) if contexts else app.routes
    return [
        f"{method} {re.sub(r':[a-z]+}', '}', route.path)}"
        for route in routes
        for method in sorted(route.methods - {"HEAD"})
    ]


def _answered(client: TestClient, route: str, header: dict[str, str]) -> int:
    asked = ROUTES[_of_the_first(route)]
    method, _, path = route.partition(" ")
    rest = "churn/2/x" if FILES in path else "model.bin" if "models/" in path else ""
    address = path.format(**PLACES, path=rest)
    sent = {} if asked.body is None else {"json": asked.body}
    status: int = client.request(method, f"{address}?{asked.query}", headers=header, **sent).status_code
    return status


def _of_the_first(route: str) -> str:
    return route.replace("/api/v1/registries/{registry}/", "/api/v1/").replace("/registries/{registry}/", "/")


def test_every_route_is_listed_with_what_it_answers(app: FastAPI) -> None:
    assert {_of_the_first(route) for route in _routes(app)} == ROUTES.keys()


@pytest.mark.parametrize("who", CALLERS)
def test_no_route_answers_beyond_the_reach_of_who_asks(
    who: str, client: TestClient, headers: dict[str, dict[str, str]]
) -> None:
    place = CALLERS.index(who)
    wanted = {route: asked.statuses[place] for route, asked in ROUTES.items()}
    assert {route: _answered(client, route, headers[who]) for route in wanted} == wanted


def test_the_routes_of_a_named_registry_answer_as_those_of_the_first(
    app: FastAPI, client: TestClient, headers: dict[str, dict[str, str]]
) -> None:
    rita = CALLERS[-1]
    named = [route for route in _routes(app) if "{registry}" in route]
    wanted = {route: ROUTES[_of_the_first(route)].statuses[-1] for route in named}
    assert {route: _answered(client, route, headers[rita]) for route in named} == wanted


# What the status alone doesn't tell


def test_a_branch_that_waits_for_review_puts_nothing_into_production(
    client: TestClient, headers: dict[str, dict[str, str]], world: World
) -> None:
    dev = headers["dev@example.com"]
    for revision in (PROPOSED, world.git("rev-parse", PROPOSED)):
        for reference in ("1.1.0", "production"):
            path = f"/api/v1/models/churn/{reference}/artifact?rev={revision}"
            assert client.get(path, headers=dev).status_code == 404, path
        assert client.get(f"/api/v1/models/churn/versions?rev={revision}", headers=dev).status_code == 404
    before = world.git("rev-parse", "main~1")
    assert client.get(f"/api/v1/models/churn/production?rev={before}", headers=dev).status_code == 200


def test_a_lineage_tells_of_no_version_that_may_not_be_read(
    client: TestClient, headers: dict[str, dict[str, str]]
) -> None:
    path = "/api/v1/models/fraud/1.0.0/lineage"
    told = client.get(path, headers=headers["rita@example.com"]).json()
    assert [version["reference"] for version in told["versions"]] == ["fraud@1.0.0"]
    assert told["missing"] == []


def test_a_filter_finds_no_model_by_a_stage_that_may_not_be_seen(
    client: TestClient, headers: dict[str, dict[str, str]]
) -> None:
    dev = headers["dev@example.com"]
    for stage, found in (("production", ["churn"]), ("staging", [])):
        told = client.get("/api/v1/models", params={"stage": stage}, headers=dev).json()
        assert ([model["name"] for model in told["models"]], told["total"]) == (found, len(found))


def test_an_mlflow_client_isnt_told_of_a_model_by_a_stage_that_is_empty(
    client: TestClient, headers: dict[str, dict[str, str]]
) -> None:
    path = "/api/2.0/mlflow/registered-models/get-latest-versions"
    for name in ("churn", "no-such-model"):
        asked = {"name": name, "stages": "Archived"}
        assert client.get(path, params=asked, headers=headers["rita@example.com"]).status_code == 404


def test_who_may_do_nothing_isnt_told_which_registries_are_served(client: TestClient) -> None:
    told = [client.get(f"/api/v1/registries/{name}/models") for name in ("main", "no-such-registry")]
    there, missing = ({**answer.json(), "request_id": None} for answer in told)
    assert [answer.status_code for answer in told] == [401, 401]
    assert there == missing


def test_for_who_may_do_nothing_no_revision_is_looked_up(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[object] = []
    monkeypatch.setattr(ServedRegistry, "at", lambda *asked, **_: looked_up.append(asked))
    assert client.get("/api/v1/models/risk/fraud?rev=main~3").status_code == 401
    assert looked_up == []
