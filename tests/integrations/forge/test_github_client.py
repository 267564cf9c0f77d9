"""Rollbook's client of GitHub, against a stand-in that keeps to GitHub's own description."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from github_stand_in import REPOSITORY
from rollbook.access.roles import Person
from rollbook.errors import BadCall, NotFound
from rollbook.integrations.forge.configured_forge import github, pull_request_number
from rollbook.integrations.forge.github import ForgeFailed, GitHub
from rollbook.integrations.forge.interface import Release

if TYPE_CHECKING:
    from github_stand_in import GitHubStandIn

HEAD, OLD = "a" * 40, "b" * 40
MARKER = "<!-- rollbook -->"


def approving(client: GitHub, *teams: str) -> list[str]:
    return [person.login for person in client.reviews(client.pull_request(1), teams)]


@pytest.fixture
def opened(forge: GitHubStandIn) -> GitHubStandIn:
    forge.open(1, HEAD)
    return forge


# --- reviews


def test_who_approved_is_told_by_login(opened: GitHubStandIn, client: GitHub) -> None:
    opened.review(1, "bob")
    assert client.reviews(client.pull_request(1), ()) == (Person(login="bob"),)


def test_the_last_word_of_a_person_counts(opened: GitHubStandIn, client: GitHub) -> None:
    opened.review(1, "bob")
    opened.review(1, "bob", "CHANGES_REQUESTED")
    opened.review(1, "eve", "CHANGES_REQUESTED")
    opened.review(1, "eve")
    assert approving(client) == ["eve"]


def test_a_review_that_was_dismissed_does_not_count(opened: GitHubStandIn, client: GitHub) -> None:
    opened.review(1, "bob", "DISMISSED")
    assert approving(client) == []


def test_a_comment_takes_no_approval_back(opened: GitHubStandIn, client: GitHub) -> None:
    opened.review(1, "bob")
    opened.review(1, "bob", "COMMENTED")
    assert approving(client) == ["bob"]


def test_an_approval_of_an_earlier_commit_does_not_count(opened: GitHubStandIn, client: GitHub) -> None:
    opened.review(1, "bob", head=OLD)
    assert approving(client) == []


def test_a_commit_pushed_after_an_approval_makes_it_stale(opened: GitHubStandIn, client: GitHub) -> None:
    opened.review(1, "bob")
    opened.add_commit(1, "c" * 40, "jane")
    assert approving(client) == []


def test_who_opened_the_pull_request_does_not_approve_it(opened: GitHubStandIn, client: GitHub) -> None:
    opened.review(1, "jane")
    assert approving(client) == []


def test_who_made_one_of_its_commits_does_not_approve_it(opened: GitHubStandIn, client: GitHub) -> None:
    opened.add_commit(1, "c" * 40, "mallory")
    opened.review(1, "mallory")
    assert approving(client) == []


def test_a_program_approves_nothing(opened: GitHubStandIn, client: GitHub) -> None:
    opened.review(1, "github-actions[bot]", kind="Bot")
    assert approving(client) == []


def test_a_stranger_who_may_only_read_approves_nothing(opened: GitHubStandIn, client: GitHub) -> None:
    opened.strangers = {"mallory"}
    opened.review(1, "mallory")
    assert approving(client) == []


def test_every_page_of_reviews_is_read(opened: GitHubStandIn, client: GitHub) -> None:
    for number in range(230):
        opened.review(1, f"reviewer{number}")
    assert len(approving(client)) == 230


def test_a_reviewer_has_those_teams_of_the_policy_that_they_are_in(
    opened: GitHubStandIn, client: GitHub
) -> None:
    opened.review(1, "bob")
    opened.teams = {"acme/risk": {"bob": "active"}, "acme/ops": {"bob": "pending"}}
    (bob,) = client.reviews(client.pull_request(1), ["acme/risk", "acme/ops", "acme/none"])
    assert bob.teams == ("acme/risk",)
    assert bob.is_member("@acme/risk")


def test_no_team_is_asked_for_that_nobody_names(opened: GitHubStandIn, client: GitHub) -> None:
    opened.review(1, "bob")
    approving(client)
    assert [request.path for request in opened.requests if request.path.startswith("/orgs/")] == []


# --- the pull request of a landed commit


def test_the_pull_request_that_brought_a_commit_is_found(opened: GitHubStandIn, client: GitHub) -> None:
    opened.merge(1, OLD)
    pull = client.landed_by(OLD, "main")
    assert pull is not None
    assert (pull.number, pull.url, pull.head) == (1, f"https://github.com/{REPOSITORY}/pull/1", HEAD)


def test_a_commit_that_came_without_a_pull_request_has_none(client: GitHub) -> None:
    assert client.landed_by(OLD, "main") is None


def test_a_pull_request_that_is_still_open_or_went_elsewhere_brought_nothing(
    opened: GitHubStandIn, client: GitHub
) -> None:
    opened.open(2, OLD, base="staging")
    opened.merge(2, "c" * 40)
    opened.landed["c" * 40].append(1)
    assert client.landed_by("c" * 40, "main") is None


# --- comments


def test_the_comment_is_written_once_and_then_anew_in_its_place(
    opened: GitHubStandIn, client: GitHub
) -> None:
    first = client.comment(1, MARKER, "no errors")
    assert client.comment(1, MARKER, "one error") == first
    assert [comment["body"] for comment in opened.comments[1]] == [f"{MARKER}\none error"]


def test_a_comment_of_a_person_who_writes_the_marker_is_left_alone(
    opened: GitHubStandIn, client: GitHub
) -> None:
    opened.say(1, f"{MARKER}\nmine", "mallory", "User")
    client.comment(1, MARKER, "no errors")
    assert [comment["body"] for comment in opened.comments[1]] == [f"{MARKER}\nmine", f"{MARKER}\nno errors"]


def test_a_comment_that_is_not_allowed_says_which_right_is_missing(
    opened: GitHubStandIn, client: GitHub
) -> None:
    opened.rights = {"pull-requests": "read"}
    with pytest.raises(ForgeFailed, match="403: Resource not accessible by integration") as caught:
        client.comment(1, MARKER, "no errors")
    assert caught.value.status == 403
    assert "permission" in caught.value.hint


# --- the check


def test_the_finished_check_of_the_very_commit_is_run_again(opened: GitHubStandIn, client: GitHub) -> None:
    opened.ran(1)
    opened.add_commit(1, "c" * 40, "jane")
    number = opened.ran(1)
    opened.ran(1, "ci.yml")
    opened.ran(1, status="in_progress")
    assert client.check_again(client.pull_request(1)) == 1
    assert opened.rerun == [number]


# --- releases


def test_a_release_is_published_once(forge: GitHubStandIn, client: GitHub) -> None:
    release = Release("risk/credit@v1.0.0", "risk/credit 1.0.0", "In production.")
    assert client.release(release) == client.release(release)
    assert [known["tag_name"] for known in forge.releases] == ["risk/credit@v1.0.0"]
    assert client.released() == {"risk/credit@v1.0.0"}


# --- trouble


def test_a_question_is_repeated_while_the_forge_is_busy(opened: GitHubStandIn, client: GitHub) -> None:
    opened.answers = [(502, b"<html>"), (429, b"")]
    assert client.pull_request(1).number == 1


def test_an_order_is_given_once(forge: GitHubStandIn, client: GitHub) -> None:
    forge.answers = [(502, b"{}")]
    with pytest.raises(ForgeFailed, match="502"):
        client.release(Release("credit@v1.0.0", "", ""))
    assert len(forge.requests) == 1


@pytest.mark.parametrize("garbage", [b"", b"<html>", b"[1]", b"{}", b"[" * 100_000, b'"text"'])
def test_garbage_is_an_error_and_no_traceback(forge: GitHubStandIn, client: GitHub, garbage: bytes) -> None:
    for ask in (lambda: client.pull_request(1), lambda: client.landed_by(HEAD, "main"), client.released):
        forge.answers = [(200, garbage)]
        with pytest.raises(ForgeFailed):
            ask()


@pytest.mark.parametrize(
    "odd", [b"[]", b"{}", b'[{"user": "x"}]', b'{"user": ["x"], "number": 1}', b"<html>"]
)
def test_an_odd_answer_is_a_traceback_nowhere(opened: GitHubStandIn, client: GitHub, odd: bytes) -> None:
    pull = client.pull_request(1)
    asks = [
        lambda: client.reviews(pull, ["acme/risk"]),
        lambda: client.comment(1, MARKER, "no errors"),
        lambda: client.check_again(pull),
        lambda: client.open_pull_request("b", "main", "t", "b"),
        lambda: client.release(Release("credit@v1.0.0", "", "")),
    ]
    for ask in asks:
        opened.answers = [(200, odd)] * 3
        with suppress(ForgeFailed):
            ask()
    opened.answers = []


def test_a_comment_without_a_number_is_written_anew(opened: GitHubStandIn, client: GitHub) -> None:
    opened.answers = [(200, b'[{"user": {"type": "Bot"}, "body": "<!-- rollbook -->"}]')]
    client.comment(1, MARKER, "no errors")
    assert [comment["body"] for comment in opened.comments[1]] == [f"{MARKER}\nno errors"]


@pytest.mark.parametrize("odd", [b"[1]", b'"admin"'])
def test_an_odd_answer_about_a_reviewers_rights_is_told(
    opened: GitHubStandIn, client: GitHub, odd: bytes
) -> None:
    opened.review(1, "ana")
    pull = client.pull_request(1)
    reviews, commits = (json.dumps(part).encode() for part in (opened.reviews[1], opened.commits[1]))
    opened.answers = [(200, reviews), (200, commits), (200, odd)]
    with pytest.raises(ForgeFailed):
        client.reviews(pull, [])


@pytest.mark.parametrize(
    ("status", "headers", "hint"),
    [
        (301, {"Location": "https://api.github.com/repositories/1"}, "another name: git remote set-url"),
        (401, {}, "token is wrong, or has expired"),
        (403, {}, "permission"),
        (403, {"X-RateLimit-Remaining": "0"}, "try again later"),
        (403, {"Retry-After": "60"}, "try again later"),
        (429, {"Retry-After": "0"}, "try again later"),
        (503, {}, "try again; nothing is lost"),
        (200, {}, "GITHUB_API_URL"),
    ],
)
def test_what_to_do_about_an_answer_that_is_none_is_said(
    forge: GitHubStandIn, client: GitHub, status: int, headers: dict[str, str], hint: str
) -> None:
    forge.answers = [(status, b"<html>")]
    forge.headers = headers
    with pytest.raises(ForgeFailed) as caught:
        client.release(Release("credit@v1.0.0", "", ""))
    assert hint in caught.value.hint
    assert "which is no JSON" in str(caught.value)


def test_a_pull_request_that_does_not_exist_is_not_found(client: GitHub) -> None:
    with pytest.raises(NotFound, match="404: Not Found"):
        client.pull_request(9)


def test_a_forge_that_is_down_is_named_by_its_host_alone() -> None:
    client = GitHub(REPOSITORY, "ghs_secret", "http://127.0.0.1:9/hidden", pause=0)
    with pytest.raises(ForgeFailed, match=r"no answer from 127\.0\.0\.1:9: .*refused") as caught:
        client.pull_request(1)
    assert "hidden" not in str(caught.value)
    assert "ghs_secret" not in str(caught.value)


def test_what_the_forge_says_is_made_harmless(forge: GitHubStandIn, client: GitHub) -> None:
    forge.answers = [(422, b'{"message": "\\u001b[2J::error::x"}')]
    with pytest.raises(ForgeFailed) as caught:
        client.release(Release("credit@v1.0.0", "", ""))
    assert "\x1b" not in str(caught.value)


def test_a_redirect_is_not_followed_with_the_token(forge: GitHubStandIn, client: GitHub) -> None:
    forge.answers = [(302, b"")] * 3
    with pytest.raises(ForgeFailed, match="302"):
        client.pull_request(1)


def test_a_token_is_never_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(BadCall, match=r"example\.com is not https"):
        GitHub(REPOSITORY, "ghs_secret", "http://example.com").pull_request(1)


# --- the environment


@pytest.mark.parametrize("missing", ["GITHUB_REPOSITORY", "GITHUB_TOKEN"])
@pytest.mark.usefixtures("environment")
def test_what_the_environment_lacks_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(BadCall, match=missing):
        github()


@pytest.mark.parametrize("text", ["12", f"refs/heads/gh-readonly-queue/main/pr-12-{HEAD}"])
def test_a_number_is_read_from_itself_and_from_a_merge_queues_branch(text: str) -> None:
    assert pull_request_number(text) == 12


@pytest.mark.parametrize("text", ["", "0", "-1", "12x", "٣", "refs/pull/12/merge", "1" * 12])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadCall):
        pull_request_number(text)
