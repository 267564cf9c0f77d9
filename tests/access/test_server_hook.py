"""A plain git server judges every push before a ref moves."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from access.conftest import Team, assemble
from worlds import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from worlds import World

MODEL = "registry/credit-approval/model.yaml"
MANIFEST = "registry/credit-approval/versions/1.0.0/version.yaml"


def guard(world: World, keys: Path) -> None:
    """The origin judges what is pushed to it."""
    team = assemble(world, keys)
    ran = rollbook(team.world.origin, "hooks", "install", "--server")
    assert ran.code == 0, ran.err


@pytest.fixture
def guarded(started: Template, keys: Path) -> Team:
    return Team(started(guard, keys), keys)


def push(team: Team, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "push", "--quiet", "origin", *arguments]
    return subprocess.run(command, cwd=team.world.registry, capture_output=True, text=True, check=False)


def origin_refs(team: Team) -> str:
    return git(team.world.origin, "for-each-ref")


def commit(team: Team, name: str, path: str, text: str) -> None:
    """Commit a file on main as somebody."""
    team.become(name)
    target = team.world.registry / path
    target.write_text(text)
    team.world.git("add", path)
    team.world.git("commit", "--quiet", "-m", f"Change {path}")


def test_a_good_change_passes(guarded: Team) -> None:
    commit(guarded, "jane", MODEL, guarded.read(MODEL) + "team: risk\n")
    assert push(guarded, "main").returncode == 0


def test_landing_passes_with_its_tags(guarded: Team) -> None:
    guarded.become("jane")
    guarded.world.register("churn", "1.0.0")
    assert git(guarded.world.origin, "tag", "--list", "churn@*") == "churn@v1.0.0"


def test_an_edited_manifest_is_refused_with_the_checks_own_finding(guarded: Team) -> None:
    before = origin_refs(guarded)
    commit(guarded, "jane", MANIFEST, guarded.read(MANIFEST).replace("0.9", "0.99"))
    done = push(guarded, "main")
    assert done.returncode != 0
    assert "RB301" in done.stderr
    assert origin_refs(guarded) == before


def test_somebody_who_may_not_change_the_policy_is_refused(guarded: Team) -> None:
    policy = "registry/policy.yaml"
    commit(guarded, "jane", policy, guarded.read(policy) + "# harmless\n")
    assert "RB501" in push(guarded, "main").stderr


def test_main_can_not_be_rewritten(guarded: Team) -> None:
    before = origin_refs(guarded)
    guarded.world.git("reset", "--quiet", "--hard", "HEAD~1")
    assert "can't be rewritten" in push(guarded, "--force", "main").stderr
    assert origin_refs(guarded) == before


def test_main_can_not_be_deleted(guarded: Team) -> None:
    git(guarded.world.origin, "config", "receive.denyDeleteCurrent", "ignore")
    assert "main can't be deleted" in push(guarded, "--delete", "main").stderr


def test_a_tag_of_the_trail_can_not_be_deleted(guarded: Team) -> None:
    assert "never moved or deleted" in push(guarded, "--delete", "credit-approval@v1.0.0").stderr


def test_a_tag_of_the_trail_can_not_be_moved(guarded: Team) -> None:
    guarded.world.git("tag", "--force", "-a", "-m", "moved", "credit-approval@v1.0.0", "HEAD")
    assert "never moved or deleted" in push(guarded, "--force", "refs/tags/credit-approval@v1.0.0").stderr


def test_a_tag_that_main_does_not_call_for_is_refused(guarded: Team) -> None:
    guarded.world.git("tag", "-a", "-m", "by hand", "credit-approval#production#9", "HEAD")
    done = push(guarded, "refs/tags/credit-approval#production#9")
    assert "is no event of the audit trail" in done.stderr


def test_a_forged_event_is_refused(guarded: Team) -> None:
    contents = guarded.world.git("cat-file", "tag", "credit-approval#staging#2")
    forged = contents.replace("#staging#2", "#production#3").replace("Event: 2", "Event: 3")
    forged = forged.replace("To: staging", "To: production")
    oid = guarded.world.git("hash-object", "-w", "-t", "tag", "--stdin", stdin=forged + "\n")
    done = push(guarded, f"{oid}:refs/tags/credit-approval#production#3")
    assert done.returncode != 0
    assert "records what main does not hold" in done.stderr


def test_a_tag_under_another_name_than_its_own_is_refused(guarded: Team) -> None:
    oid = guarded.world.git("rev-parse", "refs/tags/credit-approval@v1.0.0")
    done = push(guarded, f"{oid}:refs/tags/credit-approval@v9.0.0")
    assert "calls itself" in done.stderr


def test_other_branches_and_tags_are_free(guarded: Team) -> None:
    guarded.world.git("branch", "idea")
    guarded.world.git("tag", "nightly")
    assert push(guarded, "idea", "refs/tags/nightly").returncode == 0


def test_a_hook_that_somebody_else_wrote_is_left_alone(team: Team) -> None:
    hook = team.world.origin / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    ran = rollbook(team.world.origin, "hooks", "install", "--server")
    assert (ran.code, hook.read_text()) == (1, "#!/bin/sh\nexit 0\n")


def test_installing_twice_changes_nothing(guarded: Team) -> None:
    assert "installed already" in rollbook(guarded.world.origin, "hooks", "install", "--server").err


def test_a_clone_gets_a_pre_commit_hook_that_judges_what_is_staged(team: Team, tmp_path: Path) -> None:
    assert team.run("jane", "hooks", "install").code == 0
    (team.world.registry / MANIFEST).write_text(team.read(MANIFEST).replace("0.9", "0.99"))
    team.world.git("add", MANIFEST)
    command = ["git", "commit", "--quiet", "-m", "Polish the metric"]
    done = subprocess.run(command, cwd=team.world.registry, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "RB301" in done.stdout + done.stderr


def test_a_clones_hook_runs_no_code_of_the_branch_that_is_checked_out(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert team.run("jane", "hooks", "install").code == 0
    proof = tmp_path / "ran"
    (team.world.registry / "click.py").write_text(f"open({str(proof)!r}, 'w')\n")
    monkeypatch.setenv("PYTHONPATH", ".")
    team.world.git("add", "click.py")
    command = ["git", "commit", "--quiet", "-m", "Add a helper"]
    done = subprocess.run(command, cwd=team.world.registry, capture_output=True, text=True, check=False)
    assert (done.returncode, proof.exists()) == (0, False), done.stderr


COMMAND_GATE = """
gates:
  - {gate: command, to: [production], run: [/bin/true]}
"""


def test_a_servers_hook_runs_no_program_of_the_policys_unless_it_is_told_to(team: Team) -> None:
    commit(team, "ana", "registry/policy.yaml", team.read("registry/policy.yaml") + COMMAND_GATE)
    push(team, "main")
    rollbook(team.world.origin, "hooks", "install", "--server")
    promote = ("promote", "credit-approval@1.0.0", "production", "--reason", "good", "--land")
    assert "RB413" in team.run("jane", *promote).err
    git(team.world.origin, "config", "rollbook.runCommands", "true")
    branch = "rollbook/promote/credit-approval/1.0.0-production"
    assert team.run("jane", "land", branch).code == 0
