"""The access review: who may do what, by the policy of any state of the registry."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from access.conftest import Team, assemble_keeping_production
from building.world import rollbook
from rollbook import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

POLICY = "registry/policy.yaml"
GRANTS = """  models:
    risk/*:
      approver: [joe@example.com]
    churn:
      data-scientist: ["@kim", "=cmd|x!A0@example.com"]
gates:
  - {gate: approvals, to: [production], count: 1}
  - {gate: approvals, to: [canary], count: 1, role: data-scientist}
"""


def granting(world: World, keys: Path) -> None:
    assemble_keeping_production(world, keys, GRANTS)


@pytest.fixture
def team(started: Template, keys: Path) -> Team:
    return Team(started(granting, keys), keys)


def review(team: Team, *options: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(team.world.run("access", "--json", *options).out)
    return said


def people(said: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(row["who"], row["role"], row["models"]) for row in said["access"]]


def may(said: dict[str, Any], who: str) -> dict[str, Any]:
    (row,) = [row for row in said["access"] if row["who"] == who]
    allowed: dict[str, Any] = row["may"]
    return allowed


def test_each_member_each_role_and_each_scope_is_a_row(team: Team) -> None:
    assert people(review(team)) == [
        ("=cmd|x!A0@example.com", "data-scientist", "churn"),
        ("@kim", "data-scientist", "churn"),
        ("ana@example.com", "admin", None),
        ("bob@example.com", "approver", None),
        ("jane@example.com", "data-scientist", None),
        ("joe@example.com", "approver", "risk/*"),
    ]


def test_a_row_says_what_the_role_lets_them_do(team: Team) -> None:
    said = review(team)
    bob, jane, ana = (may(said, f"{name}@example.com") for name in ("bob", "jane", "ana"))
    assert (bob["register"], bob["approve"], bob["remove"], bob["administer"]) == (False, True, True, False)
    assert (jane["register"], jane["approve"], jane["remove"], jane["administer"]) == (
        True,
        False,
        False,
        False,
    )
    assert all(ana[verb] for verb in ("register", "approve", "remove", "administer", "record"))


def test_a_stage_that_is_kept_is_moved_by_those_it_is_kept_for(team: Team) -> None:
    said = review(team)
    assert "production" in may(said, "bob@example.com")["stages"]
    assert "production" not in may(said, "jane@example.com")["stages"]
    assert {"stage": "production", "by": ["approver"]} in said["stages"]


def test_whose_approval_counts_is_told_by_stage(team: Team) -> None:
    said = review(team)
    assert may(said, "bob@example.com")["approves"] == ["production"]
    assert may(said, "jane@example.com")["approves"] == ["canary"]
    assert may(said, "ana@example.com")["approves"] == ["production"]


def test_one_model_narrows_it_to_who_may_do_something_with_it(team: Team) -> None:
    names = [who for who, _, _ in people(review(team, "--model", "risk/fraud"))]
    assert names == ["ana@example.com", "bob@example.com", "jane@example.com", "joe@example.com"]
    assert "joe@example.com" not in team.world.run("access", "--model", "credit-approval").out


def test_a_model_that_is_to_come_is_called_so(team: Team) -> None:
    assert review(team, "--model", "risk/fraud")["exists"] is False
    assert "there is no model risk/fraud yet" in team.world.run("access", "--model", "risk/fraud").err
    assert review(team, "--model", "credit-approval")["exists"] is True


def test_the_gates_of_the_model_itself_count_with_it(team: Team) -> None:
    path = "registry/credit-approval/model.yaml"
    gate = "gates:\n  - {gate: approvals, to: [archived], count: 1}\n"
    team.world.write(path, team.read(path) + gate)
    team.world.commit("A gate of its own")
    assert may(review(team, "--model", "credit-approval"), "bob@example.com")["approves"] == [
        "production",
        "archived",
    ]


@pytest.mark.parametrize(
    ("who", "rows"), [("JANE@example.com", 1), ("@Kim", 1), ("nobody@example.com", 0), ("SHA256:abc", 0)]
)
def test_one_person_narrows_it_to_what_they_may(team: Team, who: str, rows: int) -> None:
    assert len(review(team, "--who", who)["access"]) == rows


def test_what_can_be_nobody_is_a_wrong_call(team: Team) -> None:
    ran = rollbook(team.world.registry, "access", "--who", "jane")
    assert ran.code == 2
    assert "nobody that a policy could name" in ran.err


def test_the_policy_of_a_revision_answers(team: Team) -> None:
    before = review(team, "--rev", "HEAD~1")
    assert "joe@example.com" not in {who for who, _, _ in people(before)}
    assert before["commit"] == team.world.git("rev-parse", "HEAD~1")


def test_a_spreadsheet_runs_nothing_of_the_csv(team: Team) -> None:
    ran = team.world.run("access", "--format", "csv")
    header, *rows = csv.reader(io.StringIO(ran.out))
    assert header == ["who", "role", "models", "may"]
    assert len(rows) == 6
    assert {"'=cmd|x!A0@example.com", "'@kim"} <= {row[0] for row in rows}


def test_a_table_says_it_in_words(team: Team) -> None:
    (line,) = [line for line in team.world.run("access").out.splitlines() if line.startswith("jane@")]
    stages = "development, staging, canary, deprecated, archived"
    assert line.split("\t")[3] == f"register; evidence; move: {stages}; review (counts into canary)"


def test_without_roles_everybody_may_do_everything(team: Team) -> None:
    policy = team.read(POLICY)
    team.world.write(POLICY, policy[: policy.index("roles:")].replace("    by: [approver]\n", ""))
    team.world.commit("No roles")
    assert review(team)["everybody"] is True
    assert "everybody may do everything" in team.world.run("access").err


def test_what_counts_for_nothing_is_not_listed(team: Team) -> None:
    team.world.write(POLICY, team.read(POLICY).replace("      approver: [joe", "      admin: [joe"))
    team.world.commit("Past the check")
    assert "joe@example.com" not in {who for who, _, _ in people(review(team))}


def test_python_has_the_same(team: Team) -> None:
    with Registry.open(team.world.registry) as registry:
        rows = registry.access(model="churn", who="@kim").rows
    assert [(row.who, row.models, row.may.register) for row in rows] == [("@kim", "churn", True)]
