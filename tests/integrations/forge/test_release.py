"""Releases, and the comment, as commands: once each, harmless, and without the token in what is printed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from building.world import rollbook
from rollbook.git.repository import discover
from rollbook.trail.chain import chain

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World
    from github_stand_in import GitHubStandIn

pytestmark = pytest.mark.usefixtures("environment")


def serve_one(world: World) -> None:
    """A version in production."""
    world.register("risk/credit", "1.0.0", "--metric", "auc=0.91")
    world.promote("risk/credit@1.0.0", "staging")
    world.promote("risk/credit@1.0.0", "production")


@pytest.fixture
def serving(started: Template) -> World:
    return started(serve_one)


def released(forge: GitHubStandIn) -> list[str]:
    return [release["tag_name"] for release in reversed(forge.releases)]


def test_a_version_that_came_into_production_is_released_on_its_registration(
    serving: World, forge: GitHubStandIn
) -> None:
    ran = serving.run("release", "--json")
    # The keys are those of docs/reference/json.md.
    assert [item.keys() for item in json.loads(ran.out)] == [{"tag", "url"}]
    assert [item["tag"] for item in json.loads(ran.out)] == released(forge) == ["risk/credit@v1.0.0"]
    (release,) = forge.releases
    assert release["name"] == "risk/credit 1.0.0"


def test_a_release_tells_what_it_is_why_and_where_the_trail_stood(
    serving: World, forge: GitHubStandIn
) -> None:
    serving.run("release")
    body = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), forge.releases[0]["body"])
    trail = chain(discover(serving.registry))
    arrival = trail[-1]
    for fact in (
        "| In | <code>production</code> |",
        "| Reason | <code>for production</code> |",
        "| Requested by | <code>jane@example.com</code> |",
        "| Metric <code>auc</code> | <code>0.91</code> |",
        f"| Artifact, SHA-256 | <code>{arrival.event.artifact_digest}</code> |",
        f"| Head of the trail | <code>{trail[-1].oid}</code> |",
        f"({arrival.oid})",
    ):
        assert fact in body


def test_a_second_run_releases_nothing(serving: World, forge: GitHubStandIn) -> None:
    serving.run("release")
    assert serving.run("release").err == "every version that came there has its release\n"
    assert len(forge.releases) == 1


def test_a_version_that_comes_back_has_its_release_already(serving: World, forge: GitHubStandIn) -> None:
    serving.register("risk/credit", "1.1.0")
    serving.promote("risk/credit@1.1.0", "staging")
    serving.promote("risk/credit@1.1.0", "production")
    serving.run("release")
    serving.promote("risk/credit@1.0.0", "production")
    serving.run("release")
    assert released(forge) == ["risk/credit@v1.0.0", "risk/credit@v1.1.0"]


def test_a_run_that_was_cut_off_is_completed_by_the_next(serving: World, forge: GitHubStandIn) -> None:
    forge.answers = [(200, b"[]"), (500, b"{}")]
    assert rollbook(serving.registry, "release").code == 1
    serving.run("release")
    assert released(forge) == ["risk/credit@v1.0.0"]


def test_a_version_that_never_came_there_is_not_released(world: World, forge: GitHubStandIn) -> None:
    world.register("risk/credit", "1.0.0")
    world.run("release")
    assert forge.requests == []


def test_nothing_that_a_reason_says_acts_in_a_release(world: World, forge: GitHubStandIn) -> None:
    world.register("credit", "1.0.0")
    world.promote("credit@1.0.0", "staging")
    world.run("promote", "credit@1.0.0", "production", "--reason", "<img src=x> @acme/all | [a](b)", "--land")
    world.run("release")
    body = forge.releases[0]["body"]
    assert not [word for word in ("<img", "@acme", "[a]", " | [") if word in body]


def test_the_comment_is_read_from_a_file_or_from_standard_input(
    world: World, forge: GitHubStandIn, tmp_path: Path
) -> None:
    forge.open(1, "a" * 40)
    text = tmp_path / "summary.md"
    text.write_text("### fine ✅\n", encoding="utf-8")
    ran = world.run("comment", "1", str(text))
    assert ran.out == f"{forge.comments[1][0]['html_url']}\n"
    assert forge.comments[1][0]["body"] == "<!-- rollbook check -->\n### fine ✅\n"


@pytest.mark.parametrize("command", [["release"], ["comment", "1", "/dev/null"], ["recheck", "1"]])
def test_a_wrong_token_is_told_without_showing_it(
    serving: World, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_thiswasrevoked")
    ran = rollbook(serving.registry, *command)
    assert ran.code == 1
    assert "401: Bad credentials" in ran.err
    assert "ghp_" not in ran.out + ran.err
    assert forge.requests[0].token == "Bearer ghp_thiswasrevoked"
