"""What the service answers to who reads: models, versions, and what is on record of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from building.read_service import client_of, with_a_broken_model, with_models
from rollbook.access.roles import Person
from rollbook.web.identity.caller import ALL_MODELS, Caller, Right

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from building.once import Template
    from building.world import World

FRAUD = "/api/v1/models/risk/fraud"


@pytest.fixture(scope="module")
def world(template: Template) -> World:
    return template(with_models)


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[TestClient]:
    with client_of(world) as client:
        yield client


def got(client: TestClient, path: str, **asked: Any) -> Any:
    answer = client.get(path, **asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_list_of_models_tells_versions_and_what_is_in_production(client: TestClient) -> None:
    assert got(client, "/api/v1/models")["models"][1] == {
        "name": "risk/fraud",
        "versions": ["v1.0.0", "v1.1.0"],
        "latest_version": "v1.1.0",
        "production_version": "v1.0.0",
        "stages": {
            "staging": [], "canary": [], "production": ["v1.0.0"], "deprecated": [], "archived": [],
        },
        "aliases": {"champion": "v1.1.0"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"stage": "production"}, ["risk/fraud"]),
        ({"q": "FRAUD risk"}, ["risk/fraud"]),
        ({"q": "nowhere"}, []),
        ({"sort": "name", "reverse": "true"}, ["risk/fraud", "churn"]),
        ({"owner": "nobody"}, []),
    ],
)
def test_the_list_of_models_is_narrowed_and_sorted(
    client: TestClient, asked: dict[str, str], named: list[str]
) -> None:
    assert [model["name"] for model in got(client, "/api/v1/models", params=asked)["models"]] == named


@pytest.mark.parametrize("name", ["risk/fraud", "risk%2Ffraud"])
@pytest.mark.parametrize("reference", ["v1.0.0", "1.0.0", "1_0_0", "production", "@production"])
def test_a_version_is_named_in_every_way(client: TestClient, name: str, reference: str) -> None:
    shown = got(client, f"/api/v1/models/{name}/{reference}")
    told = {key: shown[key] for key in ("model_id", "status", "creator", "algorithm", "metrics", "features")}
    assert told == {
        "model_id": "risk/fraud-v1.0.0",
        "status": "production",
        "creator": "jane@example.com",
        "algorithm": "forest",
        "metrics": {"auc": 0.91},
        "features": ["amount"],
    }
    assert len(shown["created_date"]) == len("2024-01-01")


@pytest.mark.parametrize(
    ("reference", "version"), [("@champion", "v1.1.0"), ("latest", "v1.1.0"), ("champion", "v1.1.0")]
)
def test_an_alias_and_the_latest_stand_for_a_version(
    client: TestClient, reference: str, version: str
) -> None:
    assert got(client, f"{FRAUD}/{reference}")["version"] == version


def test_a_namespace_is_no_model(client: TestClient) -> None:
    answer = client.get("/api/v1/models/risk")
    assert (answer.status_code, answer.json()["hint"]) == (404, "Did you mean risk/fraud?")


def test_each_registry_has_the_same_paths_by_its_name(client: TestClient) -> None:
    assert got(client, "/api/v1/registries")["registries"][0]["name"] == "registry"
    assert got(client, "/api/v1/registries/registry/models/risk/fraud/production")["version"] == "v1.0.0"
    assert client.get("/api/v1/registries/elsewhere/models").status_code == 404


def test_what_is_on_record_of_a_version_has_paths_of_its_own(client: TestClient) -> None:
    version = f"{FRAUD}/production"
    assert got(client, f"{version}/resolve")["size"] == 10240
    assert [each["name"] for each in got(client, f"{version}/evidence")["evidence"]] == ["fairness-1"]
    assert got(client, f"{version}/notes")["tags"] == {}
    assert got(client, f"{version}/signature")["inputs"][0]["name"] == "amount"
    assert got(client, f"{version}/lineage")["versions"][0]["data"][0]["name"] == "transactions"
    assert got(client, f"{version}/bom")["bomFormat"] == "CycloneDX"
    assert got(client, f"{FRAUD}/v1.1.0/gates/staging")["promotions"][0]["to"] == "staging"
    assert client.get(f"{version}/environment").status_code == 404


def test_versions_are_compared_and_the_best_is_told(client: TestClient) -> None:
    compared = got(client, f"{FRAUD}/compare", params={"versions": "v1.1.0,1.0.0"})
    assert [version["version"] for version in compared["versions"]] == ["1.1.0", "1.0.0"]
    assert got(client, f"{FRAUD}/best", params={"metric": "auc"})["version"] == "1.1.0"


def test_what_came_of_a_data_set_is_told(client: TestClient) -> None:
    found = got(client, "/api/v1/descendants", params={"data": "transactions"})["descendants"]
    assert [version["reference"] for version in found] == ["risk/fraud@1.0.0"]


def test_the_trail_is_told_and_verified(client: TestClient) -> None:
    events = got(client, f"{FRAUD}/history")["events"]
    told = [(event["action"], event["version"]) for event in events]
    assert told[0] == ("registered", "1.0.0")
    assert told[-1] == ("alias-set", "1.1.0")
    head = got(client, "/api/v1/audit/head")
    assert got(client, "/api/v1/audit/verification")["head"]["object"] == head["object"]


def test_open_requests_are_listed(client: TestClient) -> None:
    (request,) = got(client, "/api/v1/requests")["requests"]
    assert request["branch"].startswith("rollbook/promote/churn/")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("*/*", "text/markdown"), ("text/html", "text/html"), ("text/*;q=0.5", "text/markdown")],
)
def test_a_card_is_markdown_or_a_page_that_runs_nothing(client: TestClient, accept: str, kind: str) -> None:
    answer = client.get(f"{FRAUD}/production/card", headers={"accept": accept})
    assert answer.headers["content-type"].startswith(kind)
    assert kind != "text/html" or "sandbox" in answer.headers["content-security-policy"]


# As of when, and from which commit


def test_a_date_before_the_registry_is_told(client: TestClient) -> None:
    assert client.get("/api/v1/models", params={"at": "2001-01-01"}).status_code == 404


def test_pages_of_one_walk_are_of_one_commit_while_main_moves(started: Template) -> None:
    world = started(with_models)
    with client_of(world) as client:
        first = client.get("/api/v1/models", params={"limit": 1})
        assert first.headers["link"].endswith('; rel="next"')
        world.register("aardvark", "1.0.0")
        second = got(client, first.headers["link"][1:].partition(">")[0].join(["/api/v1/models", ""]))
        assert [model["name"] for model in first.json()["models"] + second["models"]] == [
            "churn",
            "risk/fraud",
        ]
        assert second["commit"] == first.json()["commit"]
        assert second["next_cursor"] is None
        assert got(client, "/api/v1/models")["total"] == 3


def test_a_cursor_of_another_question_is_refused(client: TestClient) -> None:
    cursor = got(client, "/api/v1/models", params={"limit": 1})["next_cursor"]
    answer = client.get("/api/v1/models", params={"cursor": cursor, "stage": "production"})
    assert (answer.status_code, answer.json()["title"]) == (400, "BadCall")


# Asking again


def test_what_a_commit_decides_is_not_made_again_for_who_has_it(client: TestClient) -> None:
    first = client.get(f"{FRAUD}/production")
    assert first.headers["etag"] == f'"{first.json()["commit"]}"'
    assert first.headers["cache-control"] == "public, no-cache"
    again = client.get(f"{FRAUD}/production?", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_an_address_fixes_never_changes(client: TestClient) -> None:
    commit = got(client, "/api/v1/models")["commit"]
    fixed = client.get(f"{FRAUD}/production", params={"rev": commit})
    assert fixed.headers["cache-control"] == "public, max-age=31536000, immutable"
    dated = client.get(f"{FRAUD}/production", params={"at": "2999-01-01"})
    assert "immutable" not in dated.headers["cache-control"]


@pytest.mark.parametrize("offset", ["+02:00", "%2B02:00", "%2B0200", "-02:00", "Z", ""])
def test_an_offset_counts_also_where_its_plus_became_a_space(client: TestClient, offset: str) -> None:
    assert got(client, f"{FRAUD}/production?at=2999-01-01T12:30:00{offset}")["model_id"]
    assert got(client, f"{FRAUD}/history?until=2999-01-01 12:30{offset}")["events"]


def test_a_tag_of_the_trail_names_a_revision(client: TestClient) -> None:
    entry = next(event for event in got(client, f"{FRAUD}/history")["events"] if "#" in event["tag"])
    assert got(client, FRAUD, params={"rev": entry["tag"]})["commit"] == entry["commit"]


def test_a_cursor_fixes_no_answer_but_a_lists(client: TestClient) -> None:
    cursor = got(client, "/api/v1/models?limit=1")["next_cursor"]
    page = client.get("/api/v1/models", params={"limit": 1, "cursor": cursor})
    assert "immutable" in page.headers["cache-control"]
    standing = client.get(f"{FRAUD}/production", params={"cursor": cursor})
    assert standing.headers["cache-control"] == "public, no-cache"


def test_what_tags_decide_is_told_apart_by_its_content(client: TestClient) -> None:
    first = client.get(f"{FRAUD}/history")
    again = client.get(f"{FRAUD}/history", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


def test_a_head_has_no_body(client: TestClient) -> None:
    answer, whole = client.head(f"{FRAUD}/production"), client.get(f"{FRAUD}/production")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == whole.headers["content-length"]


# Problems


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/v1/models/nosuch", {}, 404),
        ("GET", "/api/v1/nowhere", {}, 404),
        ("GET", "/api/v1/models/a@b/c", {}, 400),
        ("PATCH", "/api/v1/models", {}, 405),
        ("GET", "/api/v1/models", {"accept": "image/png"}, 406),
        ("GET", "/api/v1/models?limit=0", {}, 422),
        ("GET", "/api/v1/models?rev=--help", {}, 422),
    ],
)
def test_what_goes_wrong_is_a_problem(
    client: TestClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = client.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_method_that_is_not_there_is_told_with_all_that_are(client: TestClient) -> None:
    answer = client.request("DELETE", "/api/v1/models/churn")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PATCH")
    assert "GET, HEAD, PATCH" in answer.json()["detail"]


@pytest.mark.parametrize("rev", ["NOSUCH", "0" * 40, "main~999"])
@pytest.mark.parametrize("path", [f"{FRAUD}/v1.0.0", FRAUD, f"{FRAUD}/v1.0.0/transition"])
def test_a_revision_or_path_that_is_not_there_is_not_found(client: TestClient, path: str, rev: str) -> None:
    answer = client.get(path, params={"rev": rev})
    assert (answer.status_code, "%2F" in answer.json()["detail"]) == (404, False)


def test_a_parameter_that_cannot_be_is_named(client: TestClient) -> None:
    (error,) = client.get("/api/v1/models?limit=none").json()["errors"]
    assert (error["name"], error["in"]) == ("limit", "query")


def test_a_model_that_cannot_be_read_harms_no_other(started: Template) -> None:
    world = started(with_models)
    with_a_broken_model(world)
    with client_of(world) as client:
        listed = got(client, "/api/v1/models")
        assert [model["name"] for model in listed["models"]] == ["churn", "risk/fraud"]
        assert listed["broken"][0]["name"] == "broken"
        assert got(client, f"{FRAUD}/production")["version"] == "v1.0.0"
        answer = client.get("/api/v1/models/broken")
        assert (answer.status_code, answer.json()["path"]) == (422, "registry/broken/stages.yaml")


# Who asks


def test_whoever_may_see_production_alone_sees_nothing_else(world: World) -> None:
    rights = frozenset([Right.CATALOG, Right.READ])
    developer = Caller(Person("dev@example.com"), frozenset(), in_production={ALL_MODELS: rights})
    with client_of(world, identify=lambda *_: developer) as client:
        listed = client.get("/api/v1/models")
        assert [model["versions"] for model in listed.json()["models"]] == [[], ["v1.0.0"]]
        assert listed.headers["cache-control"].startswith("private")
        assert got(client, f"{FRAUD}/production")["version"] == "v1.0.0"
        for hidden in ("latest", "v1.1.0"):  # as if it weren't there
            assert client.get(f"{FRAUD}/{hidden}").status_code == 404
        for of_all_versions in ("compare", "history"):
            assert client.get(f"{FRAUD}/{of_all_versions}").status_code == 403


def test_whoever_may_see_one_model_is_told_of_that_one(world: World) -> None:
    rights = {"churn": frozenset([Right.CATALOG, Right.READ])}
    caller = Caller(Person("me@example.com"), frozenset(), rights)
    with client_of(world, identify=lambda *_: caller) as client:
        assert [model["name"] for model in got(client, "/api/v1/models")["models"]] == ["churn"]
        assert client.get(f"{FRAUD}/production").status_code == 404
