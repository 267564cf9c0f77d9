"""The workflows that `init` writes, run for real by `act` against a bare origin."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from workflow_runner import (
    INSTALLED,
    open_pull_request,
    run_monitor,
    run_pull_request,
    run_push,
    run_request,
    run_review,
)

from building.world import git
from github_stand_in import GitHubStandIn, serve
from notify_receiver import SECRET, Receiver, listen
from rollbook.names import time_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building.once import Template
    from building.world import World

PROMOTION = "rollbook/promote/credit-approval/1.0.0-staging"
MANIFEST = "registry/credit-approval/versions/1.0.0/version.yaml"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from listen()


@pytest.fixture
def forge() -> Iterator[GitHubStandIn]:
    yield from serve()


def _propose(world: World) -> None:
    """One version, registered, and on its way to staging."""
    world.register("credit-approval", "1.0.0")
    world.run("promote", "credit-approval@1.0.0", "staging", "--reason", "to try it")


def _policy(world: World, **rules: object) -> None:
    """Put rules into the policy of main."""
    world.policy("".join(f"{key}: {json.dumps(rule)}\n" for key, rule in rules.items()))


def _edit_manifest(world: World) -> str:
    """A commit that edits what was registered, on a branch of its own; its id."""
    world.git("checkout", "--quiet", "-b", "edit", "origin/main")
    manifest = world.registry / MANIFEST
    manifest.write_text(manifest.read_text() + "description: better than it was\n")
    world.git("commit", "--quiet", "--all", "-m", "Improve the record")
    return world.git("rev-parse", "HEAD")


@pytest.fixture
def proposed(started: Template) -> World:
    return started(_propose)


def _register(world: World) -> None:
    world.register("credit-approval", "1.0.0")


@pytest.fixture
def registered(started: Template) -> World:
    """A registry with one version."""
    return started(_register)


def test_a_pull_request_with_a_legal_promotion_passes_and_its_summary_says_so(
    proposed: World, forge: GitHubStandIn
) -> None:
    pull = open_pull_request(proposed, PROMOTION)
    job = run_pull_request(proposed, forge, pull)
    assert job.passed, job.log
    assert "### rollbook check: ✅ passed" in job.summary
    assert (
        "<code>credit-approval&#64;1.0.0</code> | <code>development</code> | <code>staging</code>"
        in job.summary
    )


def test_a_pull_request_that_edits_a_registered_manifest_fails_with_an_annotation(
    registered: World, forge: GitHubStandIn
) -> None:
    job = run_pull_request(registered, forge, open_pull_request(registered, _edit_manifest(registered)))
    assert not job.passed
    assert f"::error file={MANIFEST}," in job.log
    assert "### rollbook check: ❌ refused" in job.summary
    assert "RB301" in job.summary


def test_a_push_to_main_is_recorded_on_the_origin_by_the_workflows_own_identity(
    registered: World, forge: GitHubStandIn
) -> None:
    names = registered.git("tag").split()
    registered.git("push", "--quiet", "--delete", "origin", *names)
    job = run_push(registered, forge)
    assert job.passed, job.log
    assert git(registered.origin, "tag").split() == names == ["credit-approval@v1.0.0"]
    tagger = git(registered.origin, "for-each-ref", "--format=%(taggername) %(taggeremail)", "refs/tags")
    assert tagger == "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"


def test_a_job_installs_rollbook_itself(
    registered: World, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(INSTALLED)
    job = run_push(registered, forge)
    assert job.passed, job.log
    assert "Success - Main Install Rollbook" in job.log


def test_the_monitor_passes_while_the_trail_says_what_main_says(
    registered: World, forge: GitHubStandIn
) -> None:
    job = run_monitor(registered, forge)
    assert job.passed, job.log


def test_the_monitor_fails_when_a_tag_of_the_trail_is_gone(registered: World, forge: GitHubStandIn) -> None:
    registered.promote("credit-approval@1.0.0", "staging")
    registered.git("push", "--quiet", "--delete", "origin", "credit-approval@v1.0.0")
    job = run_monitor(registered, forge)
    assert not job.passed
    assert "RB601" in job.log


def test_the_monitor_fails_for_what_would_not_be_let_in_today_and_lists_it(
    registered: World, forge: GitHubStandIn
) -> None:
    registered.promote("credit-approval@1.0.0", "staging")
    assert run_monitor(registered, forge).passed
    _policy(registered, gates=[{"gate": "required-tags", "to": ["staging"], "tags": {"a|b<i>": "x"}}])
    job = run_monitor(registered, forge)
    assert not job.passed
    assert "### rollbook gates: ❌ failed (1)" in job.summary
    row = next(line for line in job.summary.split("\n") if "credit" in line)
    assert row.startswith("| <code>credit-approval</code> | <code>1.0.0</code> | <code>staging</code> |")
    assert "a&#124;b&#60;i&#62;" in row
    assert row.count("|") == 6


def test_the_monitor_reminds_of_a_sunset(registered: World, forge: GitHubStandIn) -> None:
    registered.promote("credit-approval@1.0.0", "staging")
    registered.promote("credit-approval@1.0.0", "production")
    day = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"
    registered.run("deprecate", "credit-approval@1.0.0", "--sunset", day, "--reason", "old", "--land")
    job = run_monitor(registered, forge)
    assert job.passed, job.log
    assert "::warning file=registry/credit-approval/stages.yaml" in job.log
    assert f"credit-approval@1.0.0 goes on {day}, which is 3 days ahead" in job.log


def test_where_nothing_is_monitored_production_is_left_alone_and_all_is_green(
    registered: World, forge: GitHubStandIn
) -> None:
    job = run_monitor(registered, forge)
    assert job.passed, job.log
    assert "nothing is monitored" in job.log
    assert "### rollbook monitor run: ✅ passed" in job.summary
    assert git(registered.origin, "for-each-ref", "refs/rollbook/monitor") == ""


def _watched(world: World, error_rate: float) -> None:
    """Have the policy watch what is in staging, by a file of figures."""
    figure = {"metric": "errors", "value": error_rate, "version": "1.0.0", "at": time_now()}
    (world.root / "live.json").write_text(json.dumps([figure]))
    check = {"check": "threshold", "name": "errors", "source": "live", "metric": "errors", "max": 0.1}
    source = {"source": "file", "path": str(world.root / "live.json")}
    _policy(world, monitoring={"sources": {"live": source}, "checks": [{**check, "stages": ["staging"]}]})


def test_the_monitor_remembers_in_the_remote_how_production_stands(
    registered: World, forge: GitHubStandIn
) -> None:
    registered.promote("credit-approval@1.0.0", "staging")
    _watched(registered, 0.01)
    job = run_monitor(registered, forge)
    assert job.passed, job.log
    assert "<code>errors</code> | <code>ok</code>" in job.summary
    (remembered,) = json.loads(git(registered.origin, "cat-file", "blob", "refs/rollbook/monitor"))[
        "standings"
    ]
    assert (remembered["version"], remembered["state"]) == ("1.0.0", "ok")


def test_a_second_run_for_the_same_commit_changes_no_tag(registered: World, forge: GitHubStandIn) -> None:
    before = git(registered.origin, "for-each-ref", "refs/tags")
    job = run_push(registered, forge)
    assert job.passed, job.log
    assert git(registered.origin, "for-each-ref", "refs/tags") == before != ""


def test_the_token_appears_nowhere_in_a_runs_output(registered: World, forge: GitHubStandIn) -> None:
    job = run_push(registered, forge)
    assert job.passed, job.log
    assert forge.token not in job.printed


# --- a promotion by button

ASKED = {
    "model": "credit-approval",
    "version": "1.0.0",
    "stage": "staging",
    "reason": "to try it",
}


def _entry(world: World) -> dict[str, Any]:
    """The line of stages.yaml on the proposal's branch at the origin."""
    text = git(world.origin, "show", f"{PROMOTION}:registry/credit-approval/stages.yaml")
    (entry,) = yaml.safe_load(text)["staging"]
    return dict(entry)


def test_a_promotion_is_asked_for_by_button_in_the_name_of_who_presses_it(
    registered: World, forge: GitHubStandIn
) -> None:
    before = git(registered.origin, "rev-parse", "main")
    job = run_request(registered, forge, ASKED)
    assert job.passed, job.log
    address = "583231+jane-doe@users.noreply.github.com"
    assert _entry(registered) | {"requested_at": ""} == {
        "version": "1.0.0", "reason": "to try it", "requested_by": address, "requested_at": "",
    }  # fmt: skip
    assert git(registered.origin, "log", "-1", "--format=%an <%ae> %cn <%ce>", PROMOTION) == (
        f"jane-doe <{address}> jane-doe <{address}>"
    )
    assert (forge.pulls[1]["head"]["ref"], forge.pulls[1]["base"]["ref"]) == (PROMOTION, "main")
    assert "### rollbook request: ✅ passed" in job.summary
    assert "https://github.com/acme/registry/pull/1" in job.summary
    assert git(registered.origin, "rev-parse", "main") == before
    assert forge.token not in job.printed


def test_what_is_typed_in_reaches_no_shell_and_no_option(registered: World, forge: GitHubStandIn) -> None:
    evil = '$(touch ../hit) `touch hit` "; touch hit #\n--land\n--override=x\n::set-output name=a::b'
    before = git(registered.origin, "rev-parse", "main")
    job = run_request(registered, forge, {**ASKED, "reason": evil})
    assert job.passed, job.log
    assert _entry(registered)["reason"] == " ".join(evil.split())
    assert "override" not in _entry(registered)
    assert git(registered.origin, "rev-parse", "main") == before
    assert list(registered.root.rglob("hit")) == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"stage": "production"}, "no transition from development to production"),
        ({"version": "9.9.9"}, "has no version 9.9.9"),
        ({"model": "--land"}, "--land"),
        ({"reason": " "}, "a request needs the inputs"),
    ],
)
def test_what_cant_be_asked_for_fails_and_leaves_nothing(
    registered: World, forge: GitHubStandIn, typed: dict[str, str], says: str
) -> None:
    before = git(registered.origin, "for-each-ref")
    job = run_request(registered, forge, ASKED | typed)
    assert not job.passed
    assert says in job.log
    assert git(registered.origin, "for-each-ref") == before
    assert forge.pulls == {}


def test_a_request_that_is_open_already_is_not_made_twice(registered: World, forge: GitHubStandIn) -> None:
    assert run_request(registered, forge, ASKED).passed
    assert not run_request(registered, forge, {**ASKED, "reason": "again"}).passed
    assert _entry(registered)["reason"] == "to try it"
    assert len(forge.pulls) == 1


# --- the comment


def test_a_pull_request_of_the_repository_itself_gets_one_comment_that_is_kept_current(
    proposed: World, forge: GitHubStandIn
) -> None:
    pull = open_pull_request(proposed, PROMOTION)
    for _ in range(2):
        job = run_pull_request(proposed, forge, pull, "acme/registry")
        assert job.passed, job.log
    (comment,) = forge.comments[1]
    assert comment["body"] == f"<!-- rollbook check -->\n{job.summary}"
    assert [request.method for request in forge.requests if request.method != "GET"] == ["POST", "PATCH"]


def test_a_pull_request_from_a_fork_gets_the_jobs_summary_and_no_comment(
    proposed: World, forge: GitHubStandIn
) -> None:
    job = run_pull_request(proposed, forge, open_pull_request(proposed, PROMOTION))
    assert job.passed, job.log
    assert "### rollbook check: ✅ passed" in job.summary
    assert forge.comments[1] == []


def test_a_token_that_may_not_comment_fails_nothing(proposed: World, forge: GitHubStandIn) -> None:
    forge.rights = {"pull-requests": "read"}
    job = run_pull_request(proposed, forge, open_pull_request(proposed, PROMOTION), "acme/registry")
    assert job.passed, job.log
    assert "no comment: " in job.log


# --- reviews


def test_a_promotion_waits_for_an_approval_and_passes_with_it(world: World, forge: GitHubStandIn) -> None:
    _policy(world, gates=[{"gate": "approvals", "to": ["staging"], "count": 1}])
    _propose(world)
    pull = open_pull_request(world, PROMOTION)
    job = run_pull_request(world, forge, pull)
    assert not job.passed
    assert "### rollbook check: ⏳ waiting" in job.summary
    forge.review(1, "bob")
    job = run_pull_request(world, forge, pull)
    assert job.passed, job.log
    assert "1 of 1 (&#64;bob)" in job.summary


def test_a_review_has_the_check_run_again(proposed: World, forge: GitHubStandIn) -> None:
    pull = open_pull_request(proposed, PROMOTION)
    forge.open(1, pull.head)
    number = forge.ran(1)
    job = run_review(proposed, forge, pull)
    assert job.passed, job.log
    assert forge.rerun == [number]
    run_review(proposed, forge, pull, "commented")
    assert forge.rerun == [number]


# --- after the merge


def test_the_pull_request_and_who_approved_it_are_on_record(registered: World, forge: GitHubStandIn) -> None:
    names = registered.git("tag").split()
    registered.git("push", "--quiet", "--delete", "origin", *names)
    forge.open(12, "a" * 40)
    forge.review(12, "bob")
    forge.merge(12, git(registered.origin, "rev-parse", "main"))
    job = run_push(registered, forge)
    assert job.passed, job.log
    message = git(registered.origin, "cat-file", "tag", "credit-approval@v1.0.0")
    assert "\nApproved-By: @bob (GitHub review)\n" in message
    assert "\nPull-Request: https://github.com/acme/registry/pull/12\n" in message


def test_a_forge_that_does_not_answer_records_nothing_and_the_next_run_everything(
    registered: World, forge: GitHubStandIn
) -> None:
    registered.git("push", "--quiet", "--delete", "origin", *registered.git("tag").split())
    forge.answers = [(500, b"{}")] * 3
    assert not run_push(registered, forge).passed
    assert git(registered.origin, "tag") == ""
    assert run_push(registered, forge).passed
    assert git(registered.origin, "tag") == "credit-approval@v1.0.0"


def test_what_came_into_production_is_released_once_and_told(
    world: World, forge: GitHubStandIn, receiver: Receiver
) -> None:
    _policy(
        world,
        notify=[{"url": receiver.url, "secret_env": "ROLLBOOK_NOTIFY_SECRET", "stages": ["production"]}],
    )
    world.register("credit-approval", "1.0.0", "--metric", "auc=0.91")
    world.promote("credit-approval@1.0.0", "staging")
    world.promote("credit-approval@1.0.0", "production")
    for _ in range(2):
        job = run_push(world, forge, ROLLBOOK_NOTIFY_SECRET=SECRET)
        assert job.passed, job.log
        assert SECRET not in job.printed
        assert forge.token not in job.printed
    (release,) = forge.releases
    assert release["tag_name"] == "credit-approval@v1.0.0"
    assert "| Metric <code>auc</code> | <code>0.91</code> |" in release["body"]
    assert receiver.tags == ["credit-approval#production#4"]
    assert git(world.origin, "for-each-ref", "refs/rollbook/notified") != ""


def test_a_receiver_that_is_down_fails_no_run(world: World, forge: GitHubStandIn) -> None:
    _policy(world, notify=[{"url": "http://127.0.0.1:9/", "secret_env": "ROLLBOOK_NOTIFY_SECRET"}])
    world.register("credit-approval", "1.0.0")
    job = run_push(world, forge, ROLLBOOK_NOTIFY_SECRET=SECRET)
    assert job.passed, job.log
    assert "1 waiting: no answer from 127.0.0.1:9" in job.log


def test_the_index_is_published_where_a_variable_names_its_branch(
    registered: World, forge: GitHubStandIn
) -> None:
    assert run_push(registered, forge).passed
    assert "rollbook-index" not in git(registered.origin, "branch")
    job = run_push(registered, forge, variables={"ROLLBOOK_INDEX_BRANCH": "rollbook-index"})
    assert job.passed, job.log
    root = json.loads(git(registered.origin, "show", "rollbook-index:index.json"))
    assert root["head"]["main"] == git(registered.origin, "rev-parse", "main")
    assert root["head"]["tag"] == "credit-approval@v1.0.0"
    assert forge.token not in job.printed
