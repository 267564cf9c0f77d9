"""Who the user is to the registry, and what main's policy lets them do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from access.conftest import Team, assemble_keeping_production
from building.world import rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

POLICY = "registry/policy.yaml"
GRANTS = """  models:
    risk/*:
      data-scientist: [mallory@example.com]
      approver: [jane@example.com, "@mal"]
    risk/f*:
      approver: [mallory@example.com]
"""


def granting(world: World, keys: Path) -> None:
    assemble_keeping_production(world, keys, GRANTS)


@pytest.fixture
def team(started: Template, keys: Path) -> Team:
    return Team(started(granting, keys), keys)


def who(team: Team, name: str) -> dict[str, Any]:
    ran = team.run(name, "whoami", "--json")
    assert ran.code == 0, ran.err
    said: dict[str, Any] = json.loads(ran.out)
    return said


def test_it_says_who_git_and_the_keys_say_one_is(team: Team) -> None:
    said = who(team, "jane")
    assert (said["name"], said["email"], said["approves_as"]) == ("Jane", *["jane@example.com"] * 2)
    assert said["key"].startswith("SHA256:")
    assert said["key_listed"] is True
    assert said["signs_commits"] is False
    assert said["commit"] == team.world.git("rev-parse", "main")


def test_a_key_that_is_not_listed_is_called_so(team: Team) -> None:
    assert who(team, "mallory")["key_listed"] is False
    assert "not listed in allowed_signers" in team.run("mallory", "whoami").out


def test_a_key_that_is_listed_for_somebody_else_is_called_so(team: Team) -> None:
    team.become("ana")
    team.world.git("config", "user.signingKey", str(team.keys / "bob.pub"))
    ran = rollbook(team.world.registry, "whoami")
    assert "listed for bob@example.com in allowed_signers" in ran.out


@pytest.mark.parametrize("form", ["literal", "key::", "private"])
def test_the_key_is_found_however_git_names_it(team: Team, form: str) -> None:
    expected = who(team, "jane")["key"]
    public = (team.keys / "jane.pub").read_text().strip()
    stated = {"literal": public, "key::": f"key::{public}", "private": str(team.keys / "jane")}[form]
    team.world.git("config", "user.signingKey", stated)
    assert json.loads(rollbook(team.world.registry, "whoami", "--json").out)["key"] == expected


@pytest.mark.parametrize("stated", ["/nowhere/key", "key::ssh-ed25519 !!!", "\\x1b[31m", "."])
def test_a_key_that_can_not_be_told_is_none(team: Team, stated: str) -> None:
    team.become("jane")
    team.world.git("config", "user.signingKey", stated)
    ran = rollbook(team.world.registry, "whoami", "--json")
    assert (ran.code, json.loads(ran.out)["key"]) == (0, None)


def test_the_roles_for_all_models_come_first_with_what_they_allow(team: Team) -> None:
    overall, risk = who(team, "jane")["access"]
    assert (overall["models"], overall["roles"]) == (None, ["data-scientist"])
    assert overall["may"]["register"] is True
    assert overall["may"]["approve"] is False
    assert "production" not in overall["may"]["stages"]
    assert "staging" in overall["may"]["stages"]
    assert (risk["models"], risk["roles"]) == ("risk/*", ["data-scientist", "approver"])
    assert "production" in risk["may"]["stages"]
    assert risk["may"]["approve"] is True
    assert risk["may"]["administer"] is False


def test_what_a_wider_pattern_gives_holds_in_a_narrower_one(team: Team) -> None:
    scopes = {scope["models"]: scope["roles"] for scope in who(team, "mallory")["access"]}
    assert scopes == {None: [], "risk/*": ["data-scientist"], "risk/f*": ["data-scientist", "approver"]}


def test_an_admin_may_do_everything(team: Team) -> None:
    (overall,) = who(team, "ana")["access"]
    assert all(overall["may"][verb] for verb in ("register", "evidence", "approve", "remove", "administer"))
    assert "production" in overall["may"]["stages"]


def test_without_a_role_it_says_so_plainly_and_succeeds(team: Team) -> None:
    team.become("jane")
    team.world.git("config", "user.email", "nobody@example.com")
    ran = rollbook(team.world.registry, "whoami")
    assert ran.code == 0
    assert "You have no role" in ran.out


def test_without_roles_in_the_policy_everybody_may_do_everything(team: Team) -> None:
    team.become("ana")
    policy = team.read(POLICY)
    team.world.write(POLICY, policy[: policy.index("roles:")].replace("    by: [approver]\n", ""))
    team.world.commit("No roles")
    said = who(team, "mallory")
    assert said["everybody"] is True
    assert said["access"][0]["may"]["administer"] is True
    assert "everybody may do everything" in team.run("mallory", "whoami").out


def test_mains_policy_counts_whatever_is_checked_out(team: Team) -> None:
    team.become("mallory")
    team.world.git("checkout", "--quiet", "-b", "mine")
    team.world.write(POLICY, team.read(POLICY).replace("[ana@", "[mallory@example.com, ana@"))
    team.world.git("commit", "--quiet", "--all", "-m", "Me too")
    assert who(team, "mallory")["access"][0]["roles"] == []


def test_a_login_that_is_stated_has_its_roles_for_reviews_alone(team: Team) -> None:
    team.become("jane")
    team.world.git("config", "github.user", "Mal")
    said = json.loads(rollbook(team.world.registry, "whoami", "--json").out)
    assert said["login"] == "Mal"
    assert [(scope["models"], scope["roles"]) for scope in said["reviews"]] == [("risk/*", ["approver"])]
    assert said["access"][0]["roles"] == ["data-scientist"]


def test_it_says_that_commits_have_to_be_signed_and_are_not(team: Team) -> None:
    team.become("ana")
    team.world.policy("  require_signed: true\n")
    assert "no, and the policy demands it" in team.run("jane", "whoami").out
    team.world.git("config", "commit.gpgSign", "true")
    assert "demands" not in rollbook(team.world.registry, "whoami").out


def test_who_git_does_not_know_is_told_what_to_set(team: Team) -> None:
    team.world.git("config", "user.email", "")
    ran = rollbook(team.world.registry, "whoami")
    assert ran.code == 2
    assert "user.email" in ran.err
