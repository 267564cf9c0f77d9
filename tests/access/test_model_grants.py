"""Roles that a policy gives for some models alone: they hold for these, and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from access.conftest import Team, assemble
from access.test_server_hook import push
from building.world import git, rollbook
from rollbook.access.roles import Person
from rollbook.check.judge import check_merge
from rollbook.git.repository import discover

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

POLICY = "registry/policy.yaml"
FRAUD = "registry/risk/fraud"
OTHER = "registry/credit-approval/model.yaml"
GRANTS = """  models:
    risk/*:
      approver: [joe@example.com]
      data-scientist: [mallory@example.com]
"""
APPROVALS = "gates:\n  - {gate: approvals, to: [production], count: 1}\n"


def granting(world: World, keys: Path) -> None:
    """A model in a namespace, for which Joe is approver, with Mallory's key, and Mallory data scientist."""
    team = assemble(world, keys)
    team.become("jane")
    world.register("risk/fraud", "1.0.0")
    world.promote("risk/fraud@1.0.0", "staging")
    team.become("ana")
    joe = f"joe@example.com {(keys / 'mallory.pub').read_text()}"
    world.write("registry/allowed_signers", world.read("registry/allowed_signers") + joe)
    world.policy(GRANTS + APPROVALS)


@pytest.fixture
def team(started: Template, keys: Path) -> Team:
    return Team(started(granting, keys), keys)


def as_joe(team: Team, *arguments: str) -> tuple[int, str]:
    team.become("mallory")
    team.world.git("config", "user.email", "joe@example.com")
    ran = rollbook(team.world.registry, *arguments)
    return ran.code, ran.err


def test_whoever_has_a_role_for_a_model_changes_its_files(team: Team) -> None:
    team.change("mallory", "work", f"{FRAUD}/model.yaml", team.read(f"{FRAUD}/model.yaml") + "team: risk\n")
    assert team.check("work").code == 0


def test_and_registers_models_that_the_pattern_means(team: Team) -> None:
    artifact = team.world.artifact(b"new")
    ran = team.run("mallory", "register", "risk/churn", str(artifact), "--land")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("path", [OTHER, "registry/risk-2/model.yaml", "registry/Risk/fraud2/model.yaml"])
def test_but_touches_no_other_model(team: Team, path: str) -> None:
    text = team.read(OTHER) if path == OTHER else "name: x\n"
    team.change("mallory", "work", path, text + "team: risk\n")
    assert "who is data-scientist of other models only, may not change this file" in team.check("work").out


@pytest.mark.parametrize(
    "path", [POLICY, "registry/allowed_signers", ".github/workflows/x.yml", "registry/risk/stray.txt"]
)
def test_nor_what_belongs_to_no_model(team: Team, path: str) -> None:
    before = team.read(path) if path in {POLICY, "registry/allowed_signers"} else ""
    team.change("mallory", "work", path, before + "# x\n")
    assert "RB501" in team.check("work").out


def test_widening_ones_own_pattern_is_changing_the_policy(team: Team) -> None:
    team.change("mallory", "work", POLICY, team.read(POLICY).replace("risk/*:", '"*":'))
    team.change("mallory", "work", OTHER, team.read(OTHER) + "team: risk\n")
    assert team.check("work").out.count("RB501") == 2


def test_an_approver_of_the_model_approves_it(team: Team) -> None:
    assert team.run("jane", "promote", "risk/fraud@1.0.0", "production", "--reason", "r").code == 0
    code, said = as_joe(team, "approve", "risk/fraud@1.0.0", "production")
    assert code == 0, said
    ran = team.run("jane", "land", "rollbook/promote/risk/fraud/1.0.0-production")
    assert ran.code == 0, ran.err


def test_an_approver_of_all_models_approves_it_too(team: Team) -> None:
    assert team.run("jane", "promote", "risk/fraud@1.0.0", "production", "--reason", "r").code == 0
    assert team.run("bob", "approve", "risk/fraud@1.0.0", "production").code == 0
    assert team.check("rollbook/promote/risk/fraud/1.0.0-production").code == 0


def test_an_approver_of_other_models_is_told_that_they_may_not(team: Team) -> None:
    assert team.run("jane", "promote", "credit-approval@1.0.0", "production", "--reason", "r").code == 0
    code, said = as_joe(team, "approve", "credit-approval@1.0.0", "production")
    assert code == 1
    assert "joe@example.com is no approver of credit-approval" in said


def test_an_approval_by_an_approver_of_other_models_does_not_count(team: Team) -> None:
    joe = Person(email="joe@example.com")
    for model, counts in (("risk/fraud", True), ("credit-approval", False)):
        assert team.run("jane", "promote", f"{model}@1.0.0", "production", "--reason", "r").code == 0
        branch = f"rollbook/promote/{model}/1.0.0-production"
        found, _ = check_merge(discover(team.world.registry), "main", branch, reviews=(joe,))
        assert [finding.code for finding in found] == ([] if counts else ["RB410"])
        if not counts:
            assert "is neither admin nor approver of credit-approval" in found[0].hint


def test_a_servers_hook_judges_alike(team: Team) -> None:
    assert rollbook(team.world.origin, "hooks", "install", "--server").code == 0
    team.become("mallory")
    team.world.write(OTHER, team.read(OTHER) + "team: risk\n")
    team.world.git("commit", "--quiet", "--all", "-m", "By hand")
    done = push(team, "main")
    assert done.returncode != 0
    assert "RB501" in done.stderr


def test_a_policy_that_gives_roles_for_some_models_only_leaves_the_others_to_nobody(team: Team) -> None:
    team.become("ana")
    policy = team.read(POLICY)
    start, end = policy.index("roles:"), policy.index("  models:")
    team.world.write(POLICY, policy[:start] + "roles:\n" + policy[end:])
    team.world.commit("No role for all models")
    team.change("jane", "work", OTHER, team.read(OTHER) + "team: risk\n")
    assert "who has no role in the policy" in team.check("work").out
    assert "is no admin" in team.run("jane", "audit", "mend").err


@pytest.mark.parametrize("role", ["admin", "recorder", "models", "require_signed"])
def test_what_is_about_the_whole_registry_is_given_for_no_model(team: Team, role: str) -> None:
    policy = team.read(POLICY).replace("      approver: [joe", f"      {role}: [joe")
    team.change("ana", "work", POLICY, policy)
    assert "RB102" in team.check("work").out


def test_an_admin_of_some_models_is_none_even_where_main_says_so(team: Team) -> None:
    team.become("ana")
    team.world.write(POLICY, team.read(POLICY).replace("data-scientist: [mallory", "admin: [mallory"))
    team.world.commit("Past the check")
    team.change("mallory", "work", f"{FRAUD}/model.yaml", team.read(f"{FRAUD}/model.yaml") + "team: x\n")
    assert "RB501" in team.check("work").out


@pytest.mark.parametrize("pattern", ["**", "risk/**", "[a-z]*", "a?", "a/b/c", "'*/*/*'", "../x", "a.b"])
def test_a_pattern_that_is_none_is_refused(team: Team, pattern: str) -> None:
    written = f'"{pattern}"' if "'" not in pattern else pattern
    team.change("ana", "work", POLICY, team.read(POLICY).replace("risk/*:", f"{written}:"))
    assert "RB102" in team.check("work").out


def test_a_pattern_that_means_no_model_is_warned_of(team: Team) -> None:
    team.change("ana", "work", POLICY, team.read(POLICY).replace("risk/*:", "rsk/*:"))
    ran = team.check("work")
    assert (ran.code, "RB506" in ran.out) == (0, True)
    git(team.world.registry, "merge", "--quiet", "work")
    ran = rollbook(team.world.registry, "check", "--all")
    assert (ran.code, "RB506" in ran.out) == (0, True)


ENTRIES = "artifacts:\n  risk/fraud:\n    path: registry/risk/fraud/versions/1.0.0/model.bin\n"


@pytest.fixture
def team_with_entries(team: Team) -> Team:
    team.become("ana")
    team.world.policy("dvc_artifacts: true\n")
    team.world.run("dvc-artifacts")
    team.world.commit("Name the artifacts")
    return team


def test_whoever_registers_some_models_writes_their_entries_into_dvc_yaml(team_with_entries: Team) -> None:
    artifact = team_with_entries.world.artifact(b"new")
    ran = team_with_entries.run("mallory", "register", "risk/fraud", str(artifact), "--land")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("credit-approval/versions", "credit-approval/versions/./"),
        lambda text: text + "stages: {}\n",
        lambda text: text + "artifacts2: x: y\n",
    ],
)
def test_and_nothing_else_in_it(team_with_entries: Team, change) -> None:  # type: ignore[no-untyped-def]
    team_with_entries.change("mallory", "work", "dvc.yaml", change(team_with_entries.read("dvc.yaml")))
    ran = team_with_entries.check("work")
    assert any("dvc.yaml" in line and "RB501" in line for line in ran.out.splitlines()), ran.out
