"""Approvals given on a forge: for the very change that is judged, and on record once it has landed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.world import git, rollbook
from rollbook.errors import NotFound
from rollbook.git.repository import discover
from rollbook.integrations.forge.reviews import attestation, reviews

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World
    from github_stand_in import GitHubStandIn
    from rollbook.integrations.forge.github import GitHub

BRANCH = "rollbook/promote/credit-approval/1.0.0-staging"


def propose(world: World) -> None:
    """A promotion to staging that needs one approval."""
    world.policy("gates: [{gate: approvals, to: [staging], count: 1}]\n")
    world.register("credit-approval", "1.0.0")
    world.run("promote", "credit-approval@1.0.0", "staging", "--reason", "to try it")


@pytest.fixture
def proposed(started: Template, forge: GitHubStandIn) -> World:
    """That promotion, offered by jane as pull request 1."""
    world = started(propose)
    forge.open(1, world.git("rev-parse", BRANCH))
    return world


def check(world: World, number: int | str = 1, head: str = BRANCH) -> tuple[int, str]:
    ran = rollbook(
        world.registry, "check", "--base", "origin/main", "--head", head, "--pull-request", str(number)
    )
    return ran.code, ran.out + ran.err


@pytest.mark.usefixtures("environment")
def test_a_promotion_passes_with_the_approval_it_waits_for(proposed: World, forge: GitHubStandIn) -> None:
    code, said = check(proposed)
    assert (code, "RB410" in said) == (1, True)
    forge.review(1, "bob")
    assert check(proposed) == (0, "no errors\n")


@pytest.mark.usefixtures("environment")
def test_a_push_after_the_approval_makes_it_wait_again(proposed: World, forge: GitHubStandIn) -> None:
    forge.review(1, "bob")
    proposed.git("checkout", "--quiet", BRANCH)
    proposed.git("commit", "--quiet", "--allow-empty", "-m", "One more")
    forge.add_commit(1, proposed.git("rev-parse", "HEAD"), "jane")
    assert check(proposed)[0] == 1


@pytest.mark.usefixtures("environment")
def test_a_head_that_is_no_longer_offered_has_no_approvals(proposed: World, forge: GitHubStandIn) -> None:
    forge.review(1, "bob")
    forge.add_commit(1, "c" * 40, "jane")
    forge.review(1, "bob")
    code, said = check(proposed)
    assert code == 1
    assert "no review counts: pull request 1 offers cccccccccccc by now" in said


@pytest.mark.usefixtures("environment")
def test_a_merge_queues_commit_has_the_approvals_of_what_it_merges(
    proposed: World, forge: GitHubStandIn
) -> None:
    forge.review(1, "bob")
    base, head = proposed.git("rev-parse", "origin/main", BRANCH).split()
    tree = proposed.git("merge-tree", "--write-tree", base, head)
    squashed = proposed.git("commit-tree", tree, "-p", base, "-m", "Squashed")
    assert check(proposed, f"refs/heads/gh-readonly-queue/main/pr-1-{base}", squashed)[0] == 0


def test_other_content_under_the_number_of_an_approved_pull_request_has_none(
    proposed: World, forge: GitHubStandIn, client: GitHub
) -> None:
    forge.review(1, "bob")
    base, head = proposed.git("rev-parse", "origin/main", BRANCH).split()
    other = proposed.git("commit-tree", f"{base}^{{tree}}", "-p", base, "-p", head, "-m", "Something else")
    with pytest.raises(NotFound, match="not what is judged"):
        reviews(client, discover(proposed.registry), 1, base, other)


@pytest.mark.usefixtures("environment")
def test_a_forge_that_is_down_approves_nothing_and_the_check_goes_on(
    proposed: World, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge.review(1, "bob")
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda _: None)
    code, said = check(proposed)
    assert code == 1
    assert "no review counts: no answer from 127.0.0.1:9" in said
    assert "RB410" in said
    assert forge.token not in said


@pytest.mark.usefixtures("environment")
def test_only_members_of_a_team_that_the_policy_names_count_for_its_role(
    proposed: World, forge: GitHubStandIn
) -> None:
    proposed.policy(
        "roles: {approver: ['@acme/risk'], admin: ['@carol'], data-scientist: [jane@example.com]}\n"
    )
    forge.review(1, "bob")
    assert check(proposed)[0] == 1
    forge.teams = {"acme/risk": {"bob": "active"}}
    assert check(proposed)[0] == 0


def test_a_pull_request_needs_a_base_and_a_head(world: World) -> None:
    assert rollbook(world.registry, "check", "--pull-request", "1").code == 2


# --- on record


@pytest.mark.usefixtures("environment")
def test_what_the_forge_attests_stands_beside_what_was_signed_and_changes_no_event(
    proposed: World, forge: GitHubStandIn
) -> None:
    forge.review(1, "bob")
    proposed.git("push", "--quiet", "origin", f"{BRANCH}:main")
    forge.merge(1, proposed.git("rev-parse", BRANCH))
    proposed.run("audit", "record", "--forge", "github")
    tag = git(proposed.origin, "cat-file", "tag", "credit-approval#staging#2")
    assert (
        "\nApproved-By: @bob (GitHub review)\nPull-Request: https://github.com/acme/registry/pull/1\n" in tag
    )
    assert proposed.run("audit", "record").err == "everything that landed is recorded\n"


def test_a_commit_is_asked_for_once(forge: GitHubStandIn, client: GitHub) -> None:
    attest = attestation(client, "main")
    assert attest("a" * 40) == attest("a" * 40)
    assert len(forge.requests) == 1
