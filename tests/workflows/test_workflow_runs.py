"""The workflows that `init` writes, run for real by `act` against a bare origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow_runner import TOKEN, open_pull_request, run_pull_request, run_push

from worlds import git

if TYPE_CHECKING:
    from worlds import World

MANIFEST = "registry/credit-approval/versions/1.0.0/version.yaml"


def _edit_manifest(world: World) -> str:
    """A commit that edits what was registered, on a branch of its own; its id."""
    world.git("checkout", "--quiet", "-b", "edit", "origin/main")
    manifest = world.registry / MANIFEST
    manifest.write_text(manifest.read_text() + "description: better than it was\n")
    world.git("commit", "--quiet", "--all", "-m", "Improve the record")
    return world.git("rev-parse", "HEAD")


def test_a_pull_request_with_a_legal_promotion_passes_and_its_summary_says_so(world: World) -> None:
    world.register("credit-approval", "1.0.0")
    world.run("promote", "credit-approval@1.0.0", "staging", "--reason", "to try it")
    pull = open_pull_request(world, "rollbook/promote/credit-approval/1.0.0-staging")
    job = run_pull_request(world, pull)
    assert job.passed, job.log
    assert job.summary == "### rollbook check\n\n    no errors\n"


def test_a_pull_request_that_edits_a_registered_manifest_fails_with_an_annotation(world: World) -> None:
    world.register("credit-approval", "1.0.0")
    job = run_pull_request(world, open_pull_request(world, _edit_manifest(world)))
    assert not job.passed
    assert f"::error file={MANIFEST}," in job.log
    assert f"    {MANIFEST}" in job.summary


def test_a_push_to_main_is_recorded_on_the_origin_by_the_workflows_own_identity(world: World) -> None:
    world.register("credit-approval", "1.0.0")
    names = world.git("tag").split()
    world.git("push", "--quiet", "--delete", "origin", *names)
    job = run_push(world)
    assert job.passed, job.log
    assert git(world.origin, "tag").split() == names == ["credit-approval@v1.0.0"]
    tagger = git(world.origin, "for-each-ref", "--format=%(taggername) %(taggeremail)", "refs/tags")
    assert tagger == "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"


def test_a_second_run_for_the_same_commit_changes_no_tag(world: World) -> None:
    world.register("credit-approval", "1.0.0")
    before = git(world.origin, "for-each-ref", "refs/tags")
    job = run_push(world)
    assert job.passed, job.log
    assert git(world.origin, "for-each-ref", "refs/tags") == before != ""


def test_the_token_appears_nowhere_in_a_runs_output(world: World) -> None:
    world.register("credit-approval", "1.0.0")
    job = run_push(world)
    assert job.passed, job.log
    assert TOKEN not in job.printed
