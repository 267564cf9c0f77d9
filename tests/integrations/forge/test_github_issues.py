"""Issues: one for each marker, found again among those that the token's own user or app opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.integrations.forge.github import ForgeFailed

if TYPE_CHECKING:
    from github_stand_in import GitHubStandIn
    from rollbook.integrations.forge.github import GitHub

MARKER = "<!-- rollbook monitor 5f1c -->"
SINCE = "2026-11-21T09:00:00Z"


def test_an_issue_is_opened_once(forge: GitHubStandIn, client: GitHub) -> None:
    first = client.issue(MARKER, "fraud@1.0.0 is in breach", "errors", SINCE)
    assert client.issue(MARKER, "fraud@1.0.0 is in breach", "errors", SINCE) == first
    (issue,) = forge.issues
    assert (issue["number"], issue["html_url"]) == (first.number, first.url)
    assert issue["body"] == f"{MARKER}\nerrors"


def test_one_that_was_closed_is_found_too(forge: GitHubStandIn, client: GitHub) -> None:
    first = client.issue(MARKER, "in breach", "errors", SINCE)
    forge.issues[0]["state"] = "closed"
    assert client.find_issue(MARKER, SINCE) == first


def test_an_issue_of_somebody_who_writes_the_marker_is_not_taken(
    forge: GitHubStandIn, client: GitHub
) -> None:
    forge.report("mine", f"{MARKER}\nmine", "mallory")
    assert client.find_issue(MARKER, SINCE) is None
    opened = client.issue(MARKER, "in breach", "errors", SINCE)
    assert opened.url == forge.issues[0]["html_url"]


def test_a_marker_further_down_counts_for_nothing(forge: GitHubStandIn, client: GitHub) -> None:
    forge.report("other", f"about\n{MARKER}", "github-actions[bot]", "Bot")
    assert client.find_issue(MARKER, SINCE) is None


def test_with_a_persons_token_their_own_issue_is_found_and_no_bots(
    forge: GitHubStandIn, client: GitHub
) -> None:
    forge.login = "jane"
    forge.report("other", f"{MARKER}\nother", "some-app[bot]", "Bot")
    opened = client.issue(MARKER, "in breach", "errors", SINCE)
    assert client.find_issue(MARKER, SINCE) == opened
    assert len(forge.issues) == 2


def test_with_a_persons_token_their_own_comment_is_written_anew(forge: GitHubStandIn, client: GitHub) -> None:
    forge.login = "jane"
    opened = client.issue(MARKER, "in breach", "errors", SINCE)
    first = client.comment(opened.number, MARKER, "over")
    assert client.comment(opened.number, MARKER, "over since nine") == first
    assert [comment["body"] for comment in forge.comments[opened.number]] == [f"{MARKER}\nover since nine"]


def test_pull_requests_are_no_issues(forge: GitHubStandIn, client: GitHub) -> None:
    issue = forge.report("a pull request", f"{MARKER}\nmine", "github-actions[bot]", "Bot")
    issue["pull_request"] = dict.fromkeys(("url", "html_url", "diff_url", "patch_url"), "https://github.com/")
    assert client.find_issue(MARKER, SINCE) is None


def test_without_the_right_it_says_what_is_missing(forge: GitHubStandIn, client: GitHub) -> None:
    forge.rights["issues"] = "read"
    with pytest.raises(ForgeFailed) as refused:
        client.issue(MARKER, "in breach", "errors", SINCE)
    assert "permission" in refused.value.hint
    assert forge.issues == []
