"""Stage changes and aliases over HTTP: requests, or landed where the caller may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.service import ANN, EVE, asker, client
from building.world import git
from rollbook.web.identity.caller import ANYBODY, Right

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

PATH = "/api/v1/models/churn/v1.0.0/transition"
TO_STAGING = {"to_stage": "staging", "reason": "it is ready"}


def _churn(world: World) -> None:
    world.register("churn", "1.0.0")


@pytest.fixture
def churn(started: Template) -> World:
    return started(_churn)


def _refs(world: World) -> str:
    return git(world.origin, "for-each-ref") + world.git("for-each-ref")


def test_a_transition_is_a_branch_on_the_remote_by_the_caller(churn: World) -> None:
    answer = client(churn.registry).post(PATH, json=TO_STAGING)
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert made["status"] == "requested"
    assert made["moves"] == [{"version": "1.0.0", "from": "development", "to": "staging"}]
    branch = "rollbook/promote/churn/1.0.0-staging"
    assert answer.headers["location"] == f"/api/v1/requests/{branch}"
    assert git(churn.origin, "rev-parse", branch) == made["commit"]
    by = git(churn.origin, "log", "-1", "--format=%ae %ce", branch)
    assert by == "ann@example.com jane@example.com"
    entry = git(churn.origin, "show", f"{branch}:registry/churn/stages.yaml")
    assert "requested_by: ann@example.com" in entry


def test_a_stage_alone_is_enough_and_the_record_says_that_no_reason_was_given(churn: World) -> None:
    answer = client(churn.registry).post(PATH, json={"to_stage": "staging"})
    assert answer.status_code == 202, answer.text
    entry = git(churn.origin, "show", f"{answer.json()['branch']}:registry/churn/stages.yaml")
    assert "reason: no reason was given" in entry


def test_the_clone_and_its_working_tree_are_left_alone(churn: World) -> None:
    churn.write("half-done.txt", "mine")
    churn.write("registry/policy.yaml", churn.read("registry/policy.yaml") + "# mine\n")
    churn.git("add", "half-done.txt")
    before = churn.git("status", "--porcelain=v2", "--branch"), churn.git("for-each-ref", "refs/heads")
    assert client(churn.registry).post(PATH, json=TO_STAGING).status_code == 202
    assert (
        churn.git("status", "--porcelain=v2", "--branch"),
        churn.git("for-each-ref", "refs/heads"),
    ) == before


def test_a_bare_repository_holds_the_request_itself(churn: World) -> None:
    assert client(churn.origin).post(PATH, json=TO_STAGING).status_code == 202
    assert git(churn.origin, "rev-parse", "rollbook/promote/churn/1.0.0-staging")


def test_it_lands_at_once_for_whoever_may(churn: World) -> None:
    answer = client(churn.registry, EVE).post(f"{PATH}?land=true", json=TO_STAGING)
    assert answer.status_code == 200, answer.text
    main = git(churn.origin, "rev-parse", "main")
    assert (answer.json()["commit"], answer.headers["etag"]) == (main, f'"{main}"')
    (tag,) = answer.json()["tags"]
    assert f"Landed-In: {main}" in git(churn.origin, "cat-file", "tag", tag)
    assert git(churn.origin, "log", "-1", "--format=%ae", "main") == "eve@example.com"


@pytest.mark.parametrize(
    ("caller", "path", "status"),
    [
        (ANYBODY, PATH, 401),
        (ANN, f"{PATH}?land=true", 403),
        (asker("dan@example.com", frozenset(), fraud=frozenset([Right.PROPOSE])), PATH, 404),
        (asker("", frozenset(Right)), PATH, 403),
        (asker("ann@example.com,", frozenset(Right)), PATH, 400),
    ],
)
def test_who_may_not_changes_nothing(churn: World, caller: object, path: str, status: int) -> None:
    before = _refs(churn)
    answer = client(churn.registry, caller).post(path, json=TO_STAGING)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert _refs(churn) == before


def test_a_refusal_has_its_findings_and_leaves_no_branch(churn: World) -> None:
    churn.policy("gates:\n  - {stage: staging, metric: auc, min: 0.9}\n")
    before = _refs(churn)
    answer = client(churn.registry).post(PATH, json=TO_STAGING)
    assert answer.status_code == 422, answer.text
    (finding,) = answer.json()["findings"]
    assert finding["path"] == "registry/churn/stages.yaml"
    assert finding["code"].startswith("RB")
    assert _refs(churn) == before


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"not json", "application/json"), (b"to_stage=staging", "text/plain"), (b"", "text/plain")],
)
def test_a_body_that_is_no_json_is_told_as_that(churn: World, body: bytes, kind: str) -> None:
    answer = client(churn.registry).post(PATH, content=body, headers={"Content-Type": kind})
    told = answer.json()
    assert (answer.status_code, told["errors"][0]["name"]) == (422, "")
    assert "Content-Type: application/json" in told["hint"]


def test_a_write_meant_for_another_commit_is_not_made(churn: World) -> None:
    main = git(churn.origin, "rev-parse", "main")
    api, before = client(churn.registry), _refs(churn)
    answer = api.post(PATH, json=TO_STAGING, headers={"If-Match": f'"{"0" * 40}"'})
    assert (answer.status_code, _refs(churn)) == (412, before)
    assert api.post(PATH, json=TO_STAGING, headers={"If-Match": f'"{main}"'}).status_code == 202


def test_asked_again_with_its_key_it_is_the_same_request(churn: World) -> None:
    key = {"Idempotency-Key": "deploy-42"}
    first = client(churn.registry).post(PATH, json=TO_STAGING, headers=key)
    again = client(churn.origin).post(PATH, json=TO_STAGING, headers=key)  # another replica
    assert (again.status_code, again.json()["commit"]) == (202, first.json()["commit"])
    other = client(churn.registry).post(PATH, json={**TO_STAGING, "reason": "another"}, headers=key)
    assert other.status_code == 422
    unkeyed = client(churn.registry).post(PATH, json={**TO_STAGING, "reason": "another"})
    assert (unkeyed.status_code, unkeyed.json()["title"]) == (409, "RequestedOtherwise")


def test_what_landed_is_told_again_and_not_done_twice(churn: World) -> None:
    key = {"Idempotency-Key": "deploy-43"}
    api = client(churn.registry, EVE)
    first = api.post(f"{PATH}?land=true", json=TO_STAGING, headers=key)
    again = api.post(f"{PATH}?land=true", json=TO_STAGING, headers=key)
    assert first.status_code == again.status_code == 200
    assert (first.json()["commit"], first.json()["tags"]) == (again.json()["commit"], again.json()["tags"])


def test_what_somebody_else_writes_of_a_key_hides_nothing(churn: World) -> None:
    key = {"Idempotency-Key": "deploy-44"}
    api = client(churn.registry, EVE)
    first = api.post(f"{PATH}?land=true", json=TO_STAGING, headers=key)
    copied = git(churn.origin, "log", "-1", "--grep=^Idempotency-Key", "--format=%B", "main")
    churn.git("commit", "--quiet", "--allow-empty", "--author=Ann <ann@example.com>", "-m", copied)
    churn.git("push", "--quiet", "origin", "main")
    again = api.post(f"{PATH}?land=true", json=TO_STAGING, headers=key)
    assert (again.status_code, again.json()["commit"]) == (200, first.json()["commit"])


def test_a_policy_that_demands_signatures_is_told_clearly(churn: World) -> None:
    churn.policy("roles:\n  require_signed: true\n")
    answer = client(churn.registry).post(PATH, json=TO_STAGING)
    assert answer.status_code == 422
    assert "can't sign for you" in answer.json()["detail"]


def test_a_failed_push_leaves_no_branch(churn: World) -> None:
    hook = churn.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    before = _refs(churn)
    assert client(churn.registry).post(PATH, json=TO_STAGING).status_code == 502
    assert _refs(churn) == before


def test_an_alias_comes_and_goes(churn: World) -> None:
    api = client(churn.registry, EVE)
    path = "/api/v1/models/churn/aliases/champion"
    body = {"version": "1.0.0", "reason": "best"}
    made = api.put(f"{path}?land=true", json=body)
    assert (made.status_code, made.json()["to"]) == (200, "1.0.0"), made.text
    assert api.put(f"{path}?land=true", json=body).status_code == 409
    gone = api.delete(f"{path}?land=true&reason=over")
    assert (gone.status_code, gone.json()["to"]) == (200, None), gone.text


def test_back_out_and_away(churn: World) -> None:
    churn.register("churn", "1.1.0")
    for version in ("1.0.0", "1.1.0"):
        for stage in ("staging", "production"):
            churn.promote(f"churn@{version}", stage)
    api = client(churn.registry, EVE)
    back = api.post("/api/v1/models/churn/rollback?land=true", json={"reason": "false alarms"})
    assert back.json()["moves"][-1] == {"version": "1.0.0", "from": "archived", "to": "production"}, back.text
    named = api.post("/api/v1/models/churn/1.1.0/rollback", json={"reason": "or not"})
    assert named.status_code == 202, named.text
    out = api.post("/api/v1/models/churn/1.0.0/deprecate?land=true", json={"reason": "old"})
    assert out.status_code == 200, out.text
    away = api.post("/api/v1/models/churn/1.0.0/archive?land=true", json={"reason": "unused"})
    assert away.status_code == 200, away.text


def test_a_body_with_more_than_is_known_is_refused(churn: World) -> None:
    answer = client(churn.registry).post(PATH, json={**TO_STAGING, "requested_by": "eve@example.com"})
    assert answer.status_code == 422


def test_names_with_a_namespace_and_registries_by_name(churn: World) -> None:
    churn.register("risk/churn", "1.0.0")
    path = "/api/v1/registries/registry/models/risk/churn/v1.0.0/transition"
    answer = client(churn.registry).post(path, json=TO_STAGING)
    assert (answer.status_code, answer.json()["model"]) == (202, "risk/churn"), answer.text
    begin = "/api/v1/registries/registry/requests/rollbook/promote/risk/churn/"
    assert answer.headers["location"] == f"{begin}1.0.0-staging"
    assert client(churn.registry).get(answer.headers["location"]).json()["by"] == "ann@example.com"
    other = "/api/v1/registries/other/models/risk/churn/v1.0.0/transition"
    assert client(churn.registry).post(other, json=TO_STAGING).status_code == 404
