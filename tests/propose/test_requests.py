"""Open requests: what is proposed, here and on the remote, and has not landed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.world import World, git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template

REGISTERED = "rollbook/register/churn/1.0.0"
PROMOTED = "rollbook/promote/churn/1.0.0-staging"


def _with_churn(world: World) -> None:
    world.register("churn", "1.0.0")


@pytest.fixture
def churn(started: Template) -> World:
    """A registry with churn@1.0.0 on main."""
    return started(_with_churn)


def propose(world: World, version: str = "1.0.0", *options: str, content: bytes = b"weights") -> None:
    world.run("register", "churn", str(world.artifact(content)), "--version", version, *options)


def requests(world: World, *options: str) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(world.run("requests", "--json", *options).out)
    return listed


def branches(world: World, *options: str) -> list[str]:
    return [str(request["branch"]) for request in requests(world, *options)]


def colleague(world: World, name: str = "colleague") -> Path:
    """Another clone of the origin."""
    git(world.root, "clone", "--quiet", "origin.git", name)
    return world.root / name


def test_a_registration_that_has_not_landed_is_a_request(world: World) -> None:
    propose(world)
    (request,) = requests(world)
    assert request["branch"] == REGISTERED
    assert request["action"] == "register"
    assert request["moves"] == [{"model": "churn", "version": "1.0.0", "start": "", "target": ""}]
    assert request["by"] == "jane@example.com"
    assert request["places"] == ["here"]
    assert request["fails"] == request["waits_for"] == []


def test_list_tells_of_open_requests_instead_of_how_to_register_a_first_model(world: World) -> None:
    propose(world)
    said = world.run("list").err
    assert "open requests: 1 (rollbook requests)" in said
    assert "no models yet" not in said


def test_what_a_colleague_pushed_is_listed_before_it_is_fetched(churn: World) -> None:
    there = colleague(churn)
    ran = rollbook(there, "promote", "churn@1.0.0", "staging", "--reason", "try it", "--push")
    assert ran.code == 0, ran.err
    (request,) = requests(churn)
    assert request["places"] == ["origin"]
    moves = [{"model": "churn", "version": "1.0.0", "start": "development", "target": "staging"}]
    assert request["moves"] == moves


def test_a_remote_that_can_not_be_asked_is_an_error_unless_offline(world: World) -> None:
    propose(world)
    world.git("remote", "set-url", "origin", "../nowhere.git")
    assert rollbook(world.registry, "requests").code != 0
    assert branches(world, "--offline") == [REGISTERED]


def test_what_was_squashed_onto_main_is_no_request(world: World) -> None:
    propose(world, "1.0.0", "--push")
    world.git("merge", "--quiet", "--squash", REGISTERED)
    world.git("commit", "--quiet", "-m", "Squash")
    world.git("push", "--quiet", "origin", "main")
    assert requests(world) == []


def test_a_request_says_what_it_waits_for(churn: World) -> None:
    churn.policy("gates:\n- gate: approvals\n  to: [staging]\n  count: 1\n")
    churn.run("promote", "churn@1.0.0", "staging", "--reason", "try it")
    (request,) = requests(churn)
    assert len(request["waits_for"]) == 1  # type: ignore[arg-type]
    assert request["fails"] == []


def test_a_request_says_what_fails(churn: World) -> None:
    churn.policy("gates:\n- gate: metric-threshold\n  to: [staging]\n  metric: auc\n  min: 0.9\n")
    churn.run("promote", "churn@1.0.0", "staging", "--reason", "try it", "--draft")
    (request,) = requests(churn)
    assert "auc" in str(request["fails"])


def test_a_branch_that_shares_no_history_is_a_request_that_fails(churn: World) -> None:
    tree = churn.git("write-tree")
    orphan = churn.git("commit-tree", "-m", "Another story", tree)
    churn.git("branch", "rollbook/register/other/1.0.0", orphan)
    (request,) = requests(churn)
    assert "share no history" in str(request["fails"])


def test_bumping_counts_versions_that_open_requests_register(world: World) -> None:
    world.run("register", "churn", str(world.artifact(b"one")))
    world.run("register", "churn", str(world.artifact(b"two")))
    assert branches(world) == ["rollbook/register/churn/0.1.0", "rollbook/register/churn/0.2.0"]


def test_bumping_counts_what_others_have_pushed(world: World) -> None:
    there = colleague(world)
    world.run("register", "churn", str(world.artifact(b"one")), "--push")
    ran = rollbook(there, "register", "churn", str(world.artifact(b"two")), "--push")
    assert ran.code == 0, ran.err
    assert ran.out.strip() == "rollbook/register/churn/0.2.0"


def test_bumping_the_same_artifact_again_finds_its_own_request(world: World) -> None:
    for content in (b"one", b"two", b"two", b"one"):
        world.run("register", "churn", str(world.artifact(content)))
    assert branches(world) == ["rollbook/register/churn/0.1.0", "rollbook/register/churn/0.2.0"]


def test_a_branch_that_landed_elsewhere_makes_room_for_the_next_request(churn: World) -> None:
    churn.promote("churn@1.0.0", "staging", "--push")
    churn.git("branch", PROMOTED, "main~0^2")
    churn.promote("churn@1.0.0", "development")
    churn.run("promote", "churn@1.0.0", "staging", "--reason", "once more", "--push")
    assert branches(churn) == [PROMOTED]


def test_an_open_request_is_not_overwritten(churn: World) -> None:
    churn.run("promote", "churn@1.0.0", "staging", "--reason", "try it")
    ran = rollbook(churn.registry, "promote", "churn@1.0.0", "staging", "--reason", "again")
    assert ran.code == 1
    assert "exists already" in ran.err


def test_a_refused_landing_leaves_no_branch(churn: World) -> None:
    churn.policy("gates:\n- gate: metric-threshold\n  to: [staging]\n  metric: auc\n  min: 0.9\n")
    ran = rollbook(
        churn.registry, "promote", "churn@1.0.0", "staging", "--reason", "try it", "--draft", "--land"
    )
    assert ran.code == 1
    assert churn.git("branch", "--list", "rollbook/*") == ""


def test_a_landing_that_others_can_still_let_pass_keeps_its_branch_and_says_so(churn: World) -> None:
    churn.policy("gates:\n- gate: approvals\n  to: [staging]\n  count: 1\n")
    ran = rollbook(churn.registry, "promote", "churn@1.0.0", "staging", "--reason", "try it", "--land")
    assert ran.code == 1
    assert f"the request waits on the branch {PROMOTED}" in ran.err
    assert branches(churn) == [PROMOTED]


class TestReject:
    def test_the_branch_goes_here_and_on_the_remote(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "try it", "--push")
        churn.run("reject", PROMOTED, "--reason", "not before the review")
        assert requests(churn) == []
        assert git(churn.origin, "for-each-ref", "refs/heads/rollbook") == ""

    def test_a_tag_keeps_what_was_proposed_and_why_not(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "try it", "--push")
        commit = churn.git("rev-parse", PROMOTED)
        tag = churn.run("reject", PROMOTED, "--reason", "not before the review").out.strip()
        assert git(churn.origin, "rev-parse", f"{tag}^{{commit}}") == commit
        message = git(churn.origin, "tag", "--list", "--format=%(contents)", tag)
        assert "not before the review" in message
        assert "Rejected-By: jane@example.com" in message

    def test_the_trail_is_verified_as_before(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "try it", "--push")
        churn.run("reject", PROMOTED, "--reason", "no")
        churn.run("audit", "verify")

    @pytest.mark.parametrize(
        ("branch", "reason", "code", "words"),
        [
            ("rollbook/promote/churn/9.0.0-staging", "no", 1, "there is no branch"),
            ("main", "no", 1, "is no request"),
            (PROMOTED, " ", 2, "needs a reason"),
        ],
    )
    def test_what_can_not_be_rejected(
        self, churn: World, branch: str, reason: str, code: int, words: str
    ) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "try it")
        ran = rollbook(churn.registry, "reject", branch, "--reason", reason)
        assert ran.code == code
        assert words in ran.err
        assert branches(churn) == [PROMOTED]

    def test_what_landed_is_not_rejected(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "try it")
        churn.run("land", PROMOTED, "--keep-branch")
        ran = rollbook(churn.registry, "reject", PROMOTED, "--reason", "too late")
        assert ran.code == 1
        assert "has landed on main" in ran.err

    def test_one_that_differs_on_the_remote_stays(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "try it", "--push")
        churn.git("branch", "--force", PROMOTED, "main")
        ran = rollbook(churn.registry, "reject", PROMOTED, "--reason", "no")
        assert ran.code == 1
        assert "differs here and on the remote" in ran.err
        assert git(churn.origin, "for-each-ref", "refs/heads/rollbook") != ""


class TestRemovingWhatLanded:
    def test_a_branch_that_a_forge_merged_goes_here_and_on_the_remote(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "good", "--push")
        merge_as_a_forge_does(churn, PROMOTED)
        (gone,) = json.loads(churn.run("requests", "--remove-landed", "--json").out)
        assert gone == {"branch": PROMOTED, "removed": ["here", "origin"], "checkouts": []}
        assert PROMOTED not in churn.git("branch", "--list", "--format=%(refname:short)")
        assert PROMOTED not in churn.git("ls-remote", "--heads", "origin")

    def test_what_is_open_stays(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "good", "--push")
        assert json.loads(churn.run("requests", "--remove-landed", "--json").out) == []
        assert branches(churn) == [PROMOTED]

    def test_what_goes_on_here_after_it_landed_stays_in_both_places(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "good", "--push")
        merge_as_a_forge_does(churn, PROMOTED)
        churn.git("switch", "--quiet", PROMOTED)
        (churn.registry / "more.txt").write_text("more")
        churn.git("add", "more.txt")
        churn.git("commit", "--quiet", "-m", "More")
        assert json.loads(churn.run("requests", "--remove-landed", "--json").out) == []
        assert PROMOTED in churn.git("ls-remote", "--heads", "origin")

    def test_what_is_checked_out_stays_here_and_is_told(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "good", "--push")
        merge_as_a_forge_does(churn, PROMOTED)
        churn.git("switch", "--quiet", PROMOTED)
        told = churn.run("requests", "--remove-landed")
        assert told.out == f"{PROMOTED}: removed on origin\n"
        assert f"{PROMOTED} stays: it is checked out in {churn.registry}" in told.err
        assert churn.git("branch", "--show-current").strip() == PROMOTED

    def test_branches_of_other_kinds_are_never_touched(self, churn: World) -> None:
        churn.git("branch", "feature")
        churn.git("push", "--quiet", "origin", "feature")
        assert json.loads(churn.run("requests", "--remove-landed", "--json").out) == []
        assert "feature" in churn.git("ls-remote", "--heads", "origin")

    def test_without_the_remote_nothing_goes(self, churn: World) -> None:
        churn.run("promote", "churn@1.0.0", "staging", "--reason", "good", "--push")
        merge_as_a_forge_does(churn, PROMOTED)
        churn.git("remote", "set-url", "origin", str(churn.root / "gone.git"))
        assert rollbook(churn.registry, "requests", "--remove-landed").code != 0
        assert PROMOTED in churn.git("branch", "--list", "--format=%(refname:short)")


def merge_as_a_forge_does(world: World, branch: str) -> None:
    """Merge a pushed branch into main on the remote, and leave the branch there."""
    forge = colleague(world, "forge")
    git(forge, "merge", "--quiet", "--no-ff", "-m", "Merge", f"origin/{branch}")
    git(forge, "push", "--quiet", "origin", "main")


def test_a_branch_whose_commits_change_nothing_has_not_landed(churn: World) -> None:
    churn.git("branch", PROMOTED, churn.git("commit-tree", "-p", "main", "-m", "Mine", "main^{tree}"))
    assert branches(churn) == [PROMOTED]
