"""`--pr`: a proposal is pushed, and its pull request opened on GitHub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.world import git, rollbook
from github_stand_in import GitHubStandIn, host_on_github
from rollbook.errors import BadCall
from rollbook.git.repository import discover
from rollbook.integrations.forge.configured_forge import forge_of

if TYPE_CHECKING:
    from building.once import Template
    from building.world import Ran, World

BRANCH = "rollbook/promote/credit-approval/1.0.0-staging"
PROMOTE = ("promote", "credit-approval@1.0.0", "staging", "--reason", "to try it")


def one_version(world: World) -> None:
    world.register("credit-approval", "1.0.0")


@pytest.fixture
def hosted(started: Template, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> World:
    """A registry whose origin has GitHub's address, and a version in it."""
    return host_on_github(started(one_version), forge, monkeypatch)


def _promote(world: World, *options: str) -> Ran:
    return rollbook(world.registry, *PROMOTE, *options)


def test_pr_pushes_the_branch_and_opens_a_pull_request_into_main(hosted: World, forge: GitHubStandIn) -> None:
    done = _promote(hosted, "--pr", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["pull_request"] == forge.pulls[1]["html_url"]
    assert git(hosted.origin, "rev-parse", BRANCH) == hosted.git("rev-parse", BRANCH)
    assert (forge.pulls[1]["head"]["ref"], forge.pulls[1]["base"]["ref"]) == (BRANCH, "main")


def test_an_open_request_tells_its_pull_request(hosted: World) -> None:
    address = json.loads(_promote(hosted, "--pr", "--json").out)["pull_request"]
    (request,) = json.loads(rollbook(hosted.registry, "requests", "--json").out)
    assert request["pull_request"] == address


def test_a_forks_branch_of_the_same_name_is_not_the_requests_pull_request(
    hosted: World, forge: GitHubStandIn
) -> None:
    assert _promote(hosted, "--pr").code == 0
    forge.pulls[1]["head"]["repo"] = {**forge.pulls[1]["head"]["repo"], "full_name": "mallory/models"}
    (request,) = json.loads(rollbook(hosted.registry, "requests", "--json").out)
    assert request["pull_request"] == ""


def test_the_commits_message_is_the_pull_requests_title_and_body(hosted: World, forge: GitHubStandIn) -> None:
    assert _promote(hosted, "--pr").code == 0
    message = hosted.git("log", "-1", "--format=%B", BRANCH)
    title, _, body = message.partition("\n")
    assert (forge.pulls[1]["title"], forge.pulls[1]["body"]) == (title, body.strip())
    assert "to try it" in body


def test_a_person_is_told_the_pull_requests_address(hosted: World, forge: GitHubStandIn) -> None:
    done = _promote(hosted, "--pr")
    assert done.out == f"{BRANCH}\n"
    assert f"pull request: {forge.pulls[1]['html_url']}" in done.err


def test_the_pull_request_that_is_open_already_is_the_one_that_is_told(
    hosted: World, forge: GitHubStandIn
) -> None:
    assert _promote(hosted, "--pr").code == 0
    hosted.git("branch", "--quiet", "-D", BRANCH)
    hosted.git("push", "--quiet", "origin", "--delete", BRANCH)
    done = _promote(hosted, "--pr", "--json")
    assert json.loads(done.out)["pull_request"] == forge.pulls[1]["html_url"]
    assert len(forge.pulls) == 1


def test_pr_and_land_exclude_each_other(hosted: World) -> None:
    done = _promote(hosted, "--pr", "--land")
    assert done.code == 2
    assert "either --pr or --land" in done.err


def test_without_a_token_nothing_is_proposed(hosted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    done = _promote(hosted, "--pr")
    assert done.code == 2
    assert "GH_TOKEN" in done.err
    assert hosted.git("branch", "--list", BRANCH) == ""


def test_a_remote_that_is_not_on_github_is_refused_without_its_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "ghs_x")
    world.git("remote", "set-url", "origin", "https://jane:secret@git.example.com/acme/registry")
    with pytest.raises(BadCall) as refused:
        forge_of(discover(world.registry))
    assert "git.example.com/acme/registry" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/acme/registry",
        "https://x-access-token:abc@github.com/acme/registry.git",
        "git@github.com:acme/registry.git",
        "ssh://git@github.com:22/acme/registry.git",
        "gh:acme/registry",
    ],
)
def test_github_is_recognised_in_every_form_of_its_address(
    world: World, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("GH_TOKEN", forge.token)
    monkeypatch.setenv("GITHUB_API_URL", forge.url)
    forge.open(1, "a" * 40)
    world.git("remote", "set-url", "origin", address)
    world.git("config", "url.git@github.com:.insteadOf", "gh:")
    assert forge_of(discover(world.registry)).pull_request(1).number == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com.example.com/acme/registry",
        "https://example.com/github.com/acme/registry",
        "https://github.com@example.com/acme/registry",
        "git@example.com:github.com/acme.git",
        "https://github.com/acme/registry/../../other",
    ],
)
def test_a_token_goes_to_no_address_that_only_looks_like_github(
    world: World, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("GH_TOKEN", "ghs_x")
    world.git("remote", "set-url", "origin", address)
    with pytest.raises(BadCall):
        forge_of(discover(world.registry))
