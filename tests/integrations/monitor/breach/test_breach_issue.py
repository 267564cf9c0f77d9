"""The issue of a breach: one for each episode, and what becomes of it as comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .breached import BASIC, acted, actions, branches, episode, outcome, over

if TYPE_CHECKING:
    import pytest

    from building.world import World
    from github_stand_in import GitHubStandIn

ISSUE = actions(evidence="none", rollback="none", notify=False, issue=True)


def test_an_issue_is_opened_once_for_an_episode(hosted: World, forge: GitHubStandIn) -> None:
    done = acted(hosted, monitoring=ISSUE)
    acted(hosted, done, ISSUE)
    acted(hosted, monitoring=ISSUE)  # nothing was remembered
    (issue,) = forge.issues
    assert done.deeds["issue"] == f"told: {issue['html_url']}"
    assert issue["title"] == "fraud@1.2.0 is in breach"
    assert "error&#95;rate is 0.05" in issue["body"]


def test_another_episode_gets_another(hosted: World, forge: GitHubStandIn) -> None:
    acted(hosted, monitoring=ISSUE)
    acted(hosted, episode(name="ffffffffffff"), ISSUE)
    assert len(forge.issues) == 2


def test_that_it_is_over_is_said_once(hosted: World, forge: GitHubStandIn) -> None:
    done = over(acted(hosted, monitoring=ISSUE))
    acted(hosted, done, ISSUE, outcomes=())
    acted(hosted, done, ISSUE, outcomes=())  # nothing was remembered
    (comment,) = forge.comments[forge.issues[0]["number"]]
    assert "Over since" in comment["body"]


def test_that_a_person_is_needed_is_said_with_why(hosted: World, forge: GitHubStandIn) -> None:
    acted(hosted, monitoring=actions(evidence="none", notify=False, issue=True))
    (comment,) = forge.comments[forge.issues[0]["number"]]
    assert "A person is needed." in comment["body"]
    assert "a rollback rests on evidence" in comment["body"]


def test_nothing_that_others_wrote_acts_in_it(hosted: World, forge: GitHubStandIn) -> None:
    hostile = outcome(hosted, message="@everyone <img src=x> [x](http://evil) | --> #1", bound="`x` **y**")
    acted(hosted, monitoring=ISSUE, outcomes=(hostile,))
    body = forge.issues[0]["body"].partition("\n")[2]
    assert not [text for text in ("@everyone", "<img", "](", "-->", " #1", "**y**") if text in body]


def test_without_a_forge_it_is_said_and_tried_again(served: World) -> None:
    done = acted(served, monitoring=ISSUE)
    assert done.deeds["issue"].startswith("failed: no forge is at hand, or no token for it [main ")


def test_a_forge_in_trouble_holds_up_nothing(
    hosted: World, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosted.policy(BASIC.format(actions="{evidence: land, rollback: land}"))
    forge.rights["issues"] = "read"
    done = acted(hosted, monitoring=actions(issue=True))
    assert done.deeds["issue"].startswith("failed: GitHub answered POST")
    assert done.deeds["rollback"].startswith("landed: ")
    forge.rights["issues"] = "write"
    assert acted(hosted, done, actions(issue=True)).deeds["issue"].startswith("told: ")


def test_what_is_proposed_gets_a_pull_request(hosted: World, forge: GitHubStandIn) -> None:
    hosted.policy(BASIC.format(actions="{evidence: propose, rollback: propose}"))
    hostile = outcome(hosted, message="@everyone look")
    done = acted(hosted, monitoring=actions(evidence="propose", rollback="propose"), outcomes=(hostile,))
    assert len(branches(hosted)) == 2
    titles = [pull["title"] for pull in forge.pulls.values()]
    assert titles == [
        "Add evidence to fraud@1.2.0: in breach, says monitoring",
        "Roll fraud back to 1.1.0 in production",
    ]
    assert forge.pulls[1]["html_url"] in done.deeds["evidence"]
    assert "@everyone" not in forge.pulls[1]["body"]
