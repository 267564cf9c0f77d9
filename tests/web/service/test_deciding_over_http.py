"""What becomes of requests over HTTP: approved by a signature of one's own, turned down, landed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from access.conftest import Team, assemble
from access.conftest import keys as keys
from building.service import DECIDING, LANDING, PROPOSING, asker, client
from building.world import git

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

BRANCH = "rollbook/promote/credit-approval/1.0.0-production"
REQUEST = f"/api/v1/requests/{BRANCH}"
JANE = asker("jane@example.com", PROPOSING)
BOB = asker("bob@example.com", DECIDING)
ANA = asker("ana@example.com", LANDING)


def _proposed(world: World, keys: Path) -> None:
    """Jane has asked for production, by the service; somebody has to approve it."""
    team = assemble(world, keys)
    team.become("ana")
    world.policy("gates:\n  - {gate: approvals, to: [production], count: 1}\n")
    path = "/api/v1/models/credit-approval/1.0.0/transition"
    made = client(world.registry, JANE).post(path, json={"to_stage": "production", "reason": "good"})
    assert made.status_code == 202, made.text
    assert "waits for approvals" in made.json()["waits_for"]


@pytest.fixture
def proposed(started: Template, keys: Path) -> Team:
    return Team(started(_proposed, keys), keys)


def _signature(team: Team, name: str, content: str) -> str:
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "rollbook-approval", "-f", str(team.keys / name)]
    return subprocess.run(command, input=content, capture_output=True, text=True, check=True).stdout


def _approve(team: Team, name: str = "bob", note: str = "") -> None:
    api = client(team.world.registry, asker(f"{name}@example.com", DECIDING))
    content = api.get(f"{REQUEST}/approval-content", params={"note": note}).json()["content"]
    body = {"signature": _signature(team, name, content), "note": note}
    answer = api.post(f"{REQUEST}/approve", json=body)
    assert answer.status_code == 200, answer.text


def test_an_approval_is_signed_by_the_client_and_lands(proposed: Team) -> None:
    land = f"{REQUEST}/land"
    early = client(proposed.world.registry, ANA).post(land)
    assert early.status_code == 422
    assert any(finding["waiting"] for finding in early.json()["findings"])
    _approve(proposed, note="as the board agreed")
    by = git(proposed.world.origin, "log", "-1", "--format=%ae", BRANCH)
    assert by == "bob@example.com"
    landed = client(proposed.world.registry, ANA).post(land)
    assert landed.status_code == 200, landed.text
    tags = [git(proposed.world.origin, "cat-file", "tag", tag) for tag in landed.json()["tags"]]
    assert any("Approved-By: bob@example.com" in tag for tag in tags)
    assert git(proposed.world.origin, "branch", "--list", "rollbook/*") == ""
    assert client(proposed.world.registry, ANA).post(land).status_code == 404


def test_a_signature_of_somebody_else_or_something_else_is_refused(proposed: Team) -> None:
    api = client(proposed.world.registry, BOB)
    content = api.get(f"{REQUEST}/approval-content").json()["content"]
    before = git(proposed.world.origin, "rev-parse", BRANCH)
    for body in (
        {"signature": _signature(proposed, "mallory", content)},
        {"signature": _signature(proposed, "ana", content)},  # may sign, but is not who asks
        {"signature": _signature(proposed, "bob", content), "note": "another note"},
        {"signature": _signature(proposed, "bob", content.replace("production", "canary"))},
        {"signature": "no signature"},
    ):
        assert api.post(f"{REQUEST}/approve", json=body).status_code == 422
    assert git(proposed.world.origin, "rev-parse", BRANCH) == before
    assert proposed.world.git("branch", "--list", "rollbook/*") == ""


def test_nobody_approves_their_own_request(proposed: Team) -> None:
    jane = client(proposed.world.registry, asker("jane@example.com", DECIDING))
    answer = jane.get(f"{REQUEST}/approval-content")
    assert answer.status_code == 422
    assert "requested this" in answer.json()["detail"]


def test_who_has_not_the_right_decides_nothing(proposed: Team) -> None:
    before = git(proposed.world.origin, "for-each-ref")
    elsewhere = asker("dan@example.com", PROPOSING, fraud=LANDING)
    for caller, what, body in (
        (JANE, "approve", {"signature": "x"}),
        (JANE, "land", {}),
        (BOB, "land", {}),
        (elsewhere, "reject", {"reason": "no"}),
        (elsewhere, "land", {}),
    ):
        answer = client(proposed.world.registry, caller).post(f"{REQUEST}/{what}", json=body)
        assert answer.status_code == 403, answer.text
    assert git(proposed.world.origin, "for-each-ref") == before


@pytest.mark.parametrize("caller", [BOB, JANE])
def test_a_request_is_turned_down_or_taken_back(proposed: Team, caller: object) -> None:
    answer = client(proposed.world.registry, caller).post(f"{REQUEST}/reject", json={"reason": "not yet"})  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    said = git(proposed.world.origin, "cat-file", "tag", answer.json()["tag"])
    assert f"Rejected-By: {answer.json()['by']}" in said
    assert git(proposed.world.origin, "branch", "--list", "rollbook/*") == ""


def test_a_branch_that_is_no_request_is_none(proposed: Team) -> None:
    for branch in ("main", "rollbook/promote/nothing", "rollbook/../main", "rollbook/"):
        answer = client(proposed.world.registry, ANA).post(f"/api/v1/requests/{branch}/land", json={})
        assert answer.status_code in (404, 405), (branch, answer.text)


def test_a_request_is_shown_as_it_stands(proposed: Team) -> None:
    shown = client(proposed.world.registry, JANE).get(REQUEST).json()
    assert (shown["action"], shown["by"]) == ("promote", "jane@example.com")
    assert shown["moves"][-1]["target"] == "production"
    assert "waits for approvals" in shown["waits_for"][0]
    _approve(proposed)
    assert client(proposed.world.registry, JANE).get(REQUEST).json()["waits_for"] == []
    nobody = asker("dan@example.com", frozenset(), fraud=PROPOSING)
    assert client(proposed.world.registry, nobody).get(REQUEST).status_code == 404
