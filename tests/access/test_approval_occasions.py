"""A signed approval counts once, in one registry: on the occasion that it was given on."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from access.conftest import Team, assemble
from building.world import git, rollbook
from rollbook.git.repository import discover
from rollbook.records.stages import parse_stages
from rollbook.signing.approval_signature import NAMESPACE, transition_content
from rollbook.signing.ssh_keygen import ssh_sign

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

BRANCH = "rollbook/promote/credit-approval/1.0.0-production"
STAGES = "registry/credit-approval/stages.yaml"
GATE = "gates:\n  - {gate: approvals, to: [production], count: 1, role: approver}\n"


def approve(world: World, keys: Path) -> None:
    """Jane has proposed to put the version into production, and Bob has approved it."""
    team = assemble(world, keys)
    team.become("ana")
    world.policy(GATE)
    promote = ("promote", "credit-approval@1.0.0", "production", "--reason", "good")
    assert team.run("jane", *promote).code == 0
    assert team.run("bob", "approve", "credit-approval@1.0.0", "production").code == 0


@pytest.fixture
def approved(started: Template, keys: Path) -> Team:
    return Team(started(approve, keys), keys)


def proposed_stages(team: Team, branch: str = BRANCH) -> str:
    return team.world.git("show", f"{branch}:{STAGES}") + "\n"


def test_what_is_signed_is_printed_before_it_is(approved: Team) -> None:
    approved.world.git("branch", "--force", BRANCH, f"{BRANCH}~1")
    ran = approved.run("bob", "approve", "credit-approval@1.0.0", "production")
    said = dict(line.strip().split(": ", 1) for line in ran.err.splitlines() if line.startswith("  "))
    digest = hashlib.sha256((approved.world.registry / "registry/policy.yaml").read_bytes()).hexdigest()
    assert (said["format"], said["registry"]) == ("rollbook-approval-2", "registry")
    assert (said["policy_sha256"], said["after_event"]) == (digest, "2")
    assert (said["to"], said["reason"]) == ("production", "good")


def test_what_lands_for_another_model_in_between_leaves_an_approval_good(approved: Team) -> None:
    approved.become("jane")
    approved.world.register("churn", "1.0.0")
    assert approved.check(BRANCH).code == 0
    assert approved.run("jane", "land", BRANCH).code == 0


def test_what_lands_for_the_same_model_in_between_ends_an_approval(approved: Team) -> None:
    approved.become("jane")
    approved.world.register("credit-approval", "1.1.0")
    ran = approved.check(BRANCH)
    assert (ran.code, "RB410" in ran.out, "on another occasion" in ran.out) == (1, True, True)


def test_another_policy_ends_an_approval(approved: Team) -> None:
    approved.become("ana")
    approved.world.policy("# stricter\n")
    assert "RB410" in approved.check(BRANCH).out


def test_an_approval_does_not_count_again_after_the_version_was_withdrawn(approved: Team) -> None:
    used = proposed_stages(approved)
    assert approved.run("jane", "land", BRANCH).code == 0
    for stage in ("archived", "development", "staging"):
        approved.become("jane")
        approved.world.promote("credit-approval@1.0.0", stage)
    approved.change("jane", "replay", STAGES, used)
    ran = approved.check("replay")
    assert (ran.code, "RB410" in ran.out) == (1, True)
    approved.world.git("checkout", "--quiet", "main")
    approved.world.git("merge", "--quiet", "--no-ff", "-m", "Past the check", "replay")
    approved.world.git("push", "--quiet", "origin", "main")
    approved.world.run("audit", "record")
    assert "RB612" in rollbook(approved.world.registry, "audit", "verify").out


def test_an_approval_does_not_count_in_a_copy_with_a_policy_of_its_own(
    approved: Team, tmp_path: Path
) -> None:
    copy = Team(approved.world.copy(tmp_path / "copy"), approved.keys)
    copy.become("ana")
    policy = copy.read("registry/policy.yaml").replace("registry: registry", "registry: acme/other")
    copy.world.write("registry/policy.yaml", policy)
    copy.world.commit("A registry of its own")
    assert "RB410" in copy.check(BRANCH).out


def without_occasion(team: Team) -> str:
    """The proposal's stages with Bob's approval in the format that knew no occasions."""
    text = team.world.git("show", f"{BRANCH}~1:{STAGES}") + "\n"
    entry = parse_stages(text.encode(), STAGES).entry_of("1.0.0")
    assert entry is not None
    manifest = (team.world.registry / "registry/credit-approval/versions/1.0.0/version.yaml").read_bytes()
    digest = hashlib.sha256(manifest).hexdigest()
    content = transition_content("credit-approval", "staging", entry, digest, None)
    signature = ssh_sign(content.canonical(), str(team.keys / "bob"), NAMESPACE).decode()
    approval = {"by": "bob@example.com", "at": "2026-11-21T09:00:00Z", "signature": signature}
    return f"{text.rstrip()}\n  approvals: [{json.dumps(approval)}]\n"


def test_an_open_approval_without_an_occasion_must_be_given_anew(approved: Team) -> None:
    approved.change("bob", "old", STAGES, without_occasion(approved), start=f"{BRANCH}~1")
    ran = approved.check("old")
    assert (ran.code, "RB410" in ran.out, "approve anew" in ran.out) == (1, True, True)
    approve_anew = ("approve", "credit-approval@1.0.0", "production", "--branch", "old")
    assert approved.run("bob", *approve_anew).code == 0
    assert approved.check("old").code == 0
    assert len(parse_stages(proposed_stages(approved, "old").encode(), STAGES).entries[0].approvals) == 1


def landed_without_occasion(team: Team) -> str:
    """Land an approval without an occasion past the check; return what `audit verify` says."""
    team.become("bob")
    team.world.write(STAGES, without_occasion(team))
    team.world.commit("As it was done once")
    team.world.run("audit", "record")
    return rollbook(team.world.registry, "audit", "verify").out


def test_an_approval_without_an_occasion_stays_good_where_it_landed_before(approved: Team) -> None:
    approved.become("ana")
    policy = approved.read("registry/policy.yaml").replace("registry: registry\n", "")
    approved.world.write("registry/policy.yaml", policy)
    approved.world.commit("As policies were")
    assert "RB612" not in landed_without_occasion(approved)


def test_an_approval_without_an_occasion_that_lands_once_the_registry_has_a_name_is_found(
    approved: Team,
) -> None:
    assert "RB612" in landed_without_occasion(approved)


def test_a_shallow_clone_lets_no_signed_approval_count_and_says_why(approved: Team, tmp_path: Path) -> None:
    approved.world.git("push", "--quiet", "origin", BRANCH)
    git(
        tmp_path,
        "clone",
        "--quiet",
        "--depth=3",
        "--no-single-branch",
        f"file://{approved.world.origin}",
        "ci",
    )
    assert (discover(tmp_path / "ci").git_dir / "shallow").exists()
    ran = rollbook(tmp_path / "ci", "check", "--base", "origin/main", "--head", f"origin/{BRANCH}")
    assert (ran.code, "this clone is shallow" in ran.out) == (1, True)
