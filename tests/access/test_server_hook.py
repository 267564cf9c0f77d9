"""A plain git server judges every push before a ref moves."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from access.conftest import Team, assemble
from building.world import git, rollbook
from rollbook.git.receipts import receipts
from rollbook.git.repository import discover

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

MODEL = "registry/credit-approval/model.yaml"
STAGES = "registry/credit-approval/stages.yaml"
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


def move(team: Team, stage: str) -> None:
    """Commit on main, by hand, that the version stands in a stage and has been asked to."""
    entry = "version: 1.0.0, reason: r, requested_by: jane@example.com, requested_at: 2026-01-02T09:00:00Z"
    commit(team, "jane", STAGES, f"{stage}:\n  - {{{entry}}}\n" if stage else "")


def test_each_landed_commit_of_a_push_is_judged_upon_the_one_before(guarded: Team) -> None:
    for stage in ("production", "deprecated", "archived"):
        move(guarded, stage)
    done = push(guarded, "main")
    assert done.returncode == 0, done.stderr


def test_what_a_later_commit_of_a_push_takes_back_is_refused(guarded: Team) -> None:
    before = guarded.read(STAGES)
    move(guarded, "deprecated")
    commit(guarded, "jane", STAGES, before)
    assert "RB303" in push(guarded, "main").stderr


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


def landed_unrecorded(team: Team) -> bytes:
    """Land a version whose tags are not pushed; return the tag that recording it would write."""
    team.become("jane")
    artifact = str(team.world.artifact(b"churn 1.0.0"))
    team.world.run("register", "churn", artifact, "--version", "1.0.0")
    team.world.git("merge", "--quiet", "--no-ff", "-m", "Merge", "rollbook/register/churn/1.0.0")
    done = push(team, "main")
    assert done.returncode == 0, done.stderr
    assert rollbook(team.world.registry, "audit", "record", "--no-push").code == 0
    return tag_bytes(team, "churn@v1.0.0")


def tag_bytes(team: Team, name: str) -> bytes:
    command = ["git", "cat-file", "tag", name]
    return subprocess.run(command, cwd=team.world.registry, capture_output=True, check=True).stdout


def push_tag(team: Team, name: str, data: bytes) -> subprocess.CompletedProcess[str]:
    command = ["git", "hash-object", "-w", "-t", "tag", "--stdin", "--literally"]
    made = subprocess.run(command, cwd=team.world.registry, input=data, capture_output=True, check=True)
    return push(team, f"{made.stdout.decode().strip()}:refs/tags/{name}")


def test_a_pushed_tag_is_what_recording_would_write_to_the_byte(guarded: Team) -> None:
    guarded.world.git("config", "tag.gpgSign", "false")
    data = landed_unrecorded(guarded)
    for old, new in (
        (b"\nLanded-In: ", b"\nNote: hello\nLanded-In: "),
        (b" +0000\n", b" +0130\n"),
        (b"\nVersion: 1.0.0\n", b"\nVersion: 1.0.0\nVersion: 9.9.9\n"),
        (b"registered\n", b"registered\r\n"),
        (b"\nLanded-In: ", b"\nApproved-By: ceo@example.com\nLanded-In: "),
    ):
        assert old in data
        assert push_tag(guarded, "churn@v1.0.0", data.replace(old, new, 1)).returncode != 0, new
    done = push_tag(guarded, "churn@v1.0.0", data)
    assert done.returncode == 0, done.stderr


def test_a_tag_of_another_name_that_bears_the_trails_trailers_is_refused(guarded: Team) -> None:
    oid = guarded.world.git("rev-parse", "refs/tags/credit-approval@v1.0.0")
    assert "trailers of the audit trail" in push(guarded, f"{oid}:refs/tags/nightly").stderr


REFS = ["refs/replace/{}", "refs/remotes/origin/main", "refs/notes/commits", "refs/x/y"]


@pytest.mark.parametrize("ref", REFS)
def test_nothing_but_branches_and_tags_is_taken(guarded: Team, ref: str) -> None:
    blob = guarded.world.git("rev-parse", "main:registry/policy.yaml")
    done = push(guarded, f"main:{ref.format(blob)}")
    assert done.returncode != 0
    assert "only branches and tags" in done.stderr


def test_how_far_notifications_were_delivered_is_taken(guarded: Team) -> None:
    assert push(guarded, f"main:refs/rollbook/notified/{'0' * 64}").returncode == 0


def test_what_the_monitor_remembers_is_taken(guarded: Team) -> None:
    assert push(guarded, "main:refs/rollbook/monitor").returncode == 0
    assert push(guarded, "main:refs/rollbook/monitor/more").returncode != 0


def test_main_stays_on_its_line_of_first_parents(guarded: Team) -> None:
    guarded.become("jane")
    guarded.world.git("checkout", "--quiet", "-b", "topic", "HEAD~1")
    guarded.world.git("commit", "--quiet", "--allow-empty", "-m", "Note")
    guarded.world.git("merge", "--quiet", "-m", "Merge main into topic", "main")
    assert "another line" in push(guarded, "topic:main").stderr


@pytest.mark.parametrize("date", ["-5", "999999999999", "999999999999999999"])
def test_a_commit_without_a_date_that_counts_does_not_land(guarded: Team, date: str) -> None:
    guarded.world.git("commit", "--quiet", "--allow-empty", "-m", "Note")
    text = guarded.world.git("cat-file", "commit", "HEAD") + "\n"
    lines = [
        f"{line.partition('> ')[0]}> {date} +0000" if line.startswith("committer ") else line
        for line in text.split("\n")
    ]
    command = ("hash-object", "-w", "-t", "commit", "--stdin", "--literally")
    oid = guarded.world.git(*command, stdin="\n".join(lines))
    assert "no date that counts" in push(guarded, f"{oid}:refs/heads/main").stderr


def name_recorder(team: Team) -> None:
    """Bob alone records, with his key."""
    policy = "registry/policy.yaml"
    commit(team, "ana", policy, team.read(policy).rstrip("\n") + "\n  recorder: [bob@example.com]\n")
    assert push(team, "main").returncode == 0


def test_only_who_may_record_creates_tags_where_the_policy_names_recorders(guarded: Team) -> None:
    name_recorder(guarded)
    by_jane = landed_unrecorded(guarded)
    assert "is no recorder" in push_tag(guarded, "churn@v1.0.0", by_jane).stderr
    guarded.world.git("tag", "--delete", "churn@v1.0.0")
    assert guarded.run("bob", "audit", "record").code == 0
    assert git(guarded.world.origin, "tag", "--list", "churn@*") == "churn@v1.0.0"


def test_a_tag_in_the_recorders_name_that_somebody_else_made_is_refused(guarded: Team) -> None:
    guarded.world.git("config", "tag.gpgSign", "false")
    name_recorder(guarded)
    data = landed_unrecorded(guarded).replace(b"Jane <jane@example.com>", b"Bob <bob@example.com>")
    assert "bob@example.com did not sign it" in push_tag(guarded, "churn@v1.0.0", data).stderr


def test_who_may_not_record_lands_without_tags(guarded: Team) -> None:
    name_recorder(guarded)
    guarded.become("jane")
    guarded.world.register("churn", "1.0.0")
    assert git(guarded.world.origin, "tag", "--list", "churn@*") == ""
    assert "churn/versions/1.0.0" in git(guarded.world.origin, "ls-tree", "-r", "--name-only", "main")


def stray_past_the_hook(team: Team) -> str:
    """Put a forged tag into the origin past the hook, and fetch it; return its name."""
    name = "credit-approval#production#9"
    data = tag_bytes(team, "credit-approval#staging#2").replace(b"#staging#2", b"#production#9")
    command = ["git", "hash-object", "-w", "-t", "tag", "--stdin"]
    origin = team.world.origin
    oid = (
        subprocess.run(command, cwd=origin, input=data, capture_output=True, check=True)
        .stdout.decode()
        .strip()
    )
    git(origin, "update-ref", f"refs/tags/{name}", oid)
    team.world.git("fetch", "--quiet", "origin", "refs/tags/*:refs/tags/*")
    return name


def test_an_admin_mends_what_came_in_past_the_hook_and_main_tells(guarded: Team) -> None:
    stray = stray_past_the_hook(guarded)
    assert guarded.run("ana", "audit", "verify").code == 1
    assert stray in guarded.run("ana", "audit", "mend", "--dry-run").out
    done = guarded.run("ana", "audit", "mend")
    assert done.code == 0, done.err
    assert git(guarded.world.origin, "tag", "--list", stray) == ""
    assert "Mended-Tag: " in git(guarded.world.origin, "log", "-1", "--format=%B", "main")
    assert guarded.run("ana", "audit", "verify").code == 0


def test_only_an_admin_mends(guarded: Team) -> None:
    stray = stray_past_the_hook(guarded)
    assert "is no admin" in guarded.run("jane", "audit", "mend").err
    guarded.become("mallory")
    oid = guarded.world.git("rev-parse", f"refs/tags/{stray}")
    message = f"Mend\n\nMended-Tag: {oid} {stray}"
    guarded.world.git(
        "commit", "--quiet", "--allow-empty", "--author", "Ana <ana@example.com>", "-m", message
    )
    assert "never moved or deleted" in push(guarded, "main", f":refs/tags/{stray}").stderr


def test_not_even_an_admin_removes_what_main_calls_for(guarded: Team) -> None:
    guarded.become("ana")
    name = "credit-approval#staging#2"
    assert "none that may be removed" in guarded.run("ana", "audit", "mend", name).err
    oid = guarded.world.git("rev-parse", f"refs/tags/{name}")
    message = f"Mend\n\nMended-Tag: {oid} {name}"
    guarded.world.git("commit", "--quiet", "--allow-empty", "-S", "-m", message)
    assert "never moved or deleted" in push(guarded, "main", f":refs/tags/{name}").stderr


def test_a_stray_tag_stops_nobody_from_landing(guarded: Team) -> None:
    stray_past_the_hook(guarded)
    guarded.become("jane")
    guarded.world.register("churn", "1.0.0")
    assert git(guarded.world.origin, "tag", "--list", "churn@*") == "churn@v1.0.0"


def test_a_tag_in_the_way_holds_up_its_record_alone(guarded: Team) -> None:
    git(guarded.world.origin, "tag", "churn@v1.0.0", "main")
    guarded.become("jane")
    guarded.world.register("churn", "1.0.0")
    assert "churn/versions/1.0.0" in git(guarded.world.origin, "ls-tree", "-r", "--name-only", "main")
    assert guarded.run("ana", "audit", "mend").code == 0
    assert guarded.run("ana", "audit", "record").code == 0
    assert guarded.run("ana", "audit", "verify").code == 0


def test_a_request_is_rejected_through_the_hook(guarded: Team) -> None:
    guarded.run("jane", "promote", "credit-approval@1.0.0", "production", "--reason", "good", "--push")
    ran = guarded.run(
        "jane", "reject", "rollbook/promote/credit-approval/1.0.0-production", "--reason", "too early"
    )
    assert ran.code == 0, ran.err
    assert "refs/tags/rejected/promote/credit-approval/1.0.0-production/" in origin_refs(guarded)


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


@pytest.mark.parametrize("linked", ["hooks", "hooks/pre-receive"])
def test_hooks_are_not_written_through_a_link(team: Team, tmp_path: Path, linked: str) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    place = team.world.origin / linked
    if place.exists():
        shutil.rmtree(place)
    place.symlink_to(target / "new" if "/" in linked else target)
    done = rollbook(team.world.origin, "hooks", "install", "--server")
    assert done.code in (1, 2), done.err  # hooks that others share, or a link
    assert not any(target.iterdir())


def test_a_linked_folder_that_a_branch_brings_gets_no_hooks(team: Team, tmp_path: Path) -> None:
    team.world.git("config", "core.hooksPath", ".githooks")
    (team.world.registry / ".githooks").symlink_to(tmp_path)
    before = set(tmp_path.iterdir())
    assert rollbook(team.world.registry, "hooks", "install").code in (1, 2)
    assert set(tmp_path.iterdir()) == before


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


def test_installing_pins_which_branch_the_server_guards(guarded: Team) -> None:
    assert git(guarded.world.origin, "config", "--local", "rollbook.main") == "main"


def test_a_server_without_main_must_be_told_which_branch_to_guard(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "server.git")
    ran = rollbook(tmp_path / "server.git", "hooks", "install", "--server")
    assert (ran.code, "no branch 'main' yet" in ran.err) == (1, True)
    assert not (tmp_path / "server.git/hooks/pre-receive").exists()
    assert rollbook(tmp_path / "server.git", "hooks", "install", "--server", "--main", "trunk").code == 0
    assert git(tmp_path / "server.git", "config", "rollbook.main") == "trunk"


def test_a_pushed_main_does_not_unguard_the_servers_master(team: Team) -> None:
    origin = team.world.origin
    policy = team.read("registry/policy.yaml")
    commit(team, "ana", "registry/policy.yaml", policy.replace("main: main", "main: master"))
    assert push(team, "main").returncode == 0
    git(origin, "branch", "-m", "main", "master")
    assert rollbook(origin, "hooks", "install", "--server").code == 0
    assert push(team, "main:refs/heads/main").returncode == 0
    commit(team, "jane", MANIFEST, team.read(MANIFEST).replace("0.9", "0.99"))
    assert "RB301" in push(team, "main:master").stderr


def test_a_branch_of_a_remote_that_is_pushed_to_a_server_is_not_its_main(team: Team) -> None:
    before = rollbook(team.world.origin, "audit", "verify")
    commit(team, "jane", MANIFEST, team.read(MANIFEST).replace("0.9", "0.99"))
    assert push(team, "main:refs/remotes/origin/main").returncode == 0
    assert rollbook(team.world.origin, "audit", "verify") == before


def _soaking(team: Team, yesterday: str) -> None:
    """A soak of an hour in staging, on a main of a day ago that the server has known since."""
    team.become("ana")
    policy = team.world.registry / "registry/policy.yaml"
    gate = "gates:\n  - {gate: soak, to: [production], from: [staging], hours: 1}\n"
    policy.write_text(policy.read_text().partition("\ngates:")[0].rstrip() + "\n" + gate)
    team.world.git("commit", "--quiet", "-am", "Soak for an hour")
    tree = f"{team.world.git('rev-parse', 'main^{tree}').strip()}"
    dated = {"GIT_COMMITTER_DATE": yesterday}
    begin = subprocess.run(
        ["git", "commit-tree", tree, "-m", "Begin"],
        cwd=team.world.registry,
        env={**os.environ, **dated},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    team.world.git("reset", "--quiet", "--hard", begin)
    for place in (team.world.registry, team.world.origin):
        git(place, "tag", "--delete", *git(place, "tag", "--list").split())
    git(team.world.origin, "fetch", "--quiet", str(team.world.registry), "+main:main")
    git(team.world.origin, "update-ref", "-d", "refs/rollbook/received")
    team.world.git("fetch", "--quiet")


@pytest.mark.parametrize("witnessed", [True, False], ids=["with receipts", "without them"])
def test_a_landing_that_is_dated_back_soaks_from_when_the_server_received_it(
    guarded: Team, monkeypatch: pytest.MonkeyPatch, witnessed: bool
) -> None:
    yesterday = f"@{int(time.time()) - 86_400} +0000"
    _soaking(guarded, yesterday)
    if not witnessed:
        (guarded.world.origin / "hooks/post-receive").unlink()
    monkeypatch.setenv("GIT_COMMITTER_DATE", yesterday)
    guarded.become("jane")
    guarded.world.register("churn", "1.0.0")
    guarded.world.run("promote", "churn@1.0.0", "staging", "--reason", "try it", "--land")
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    done = rollbook(guarded.world.registry, "promote", "churn@1.0.0", "production", "--reason", "x", "--land")
    # Without a witness of time there is nothing but what commits say: docs/threat-model.md says so.
    assert done.code == int(witnessed)
    assert ("RB406" in done.err) is witnessed


def test_the_first_receipt_says_that_what_was_there_stood_there(guarded: Team) -> None:
    old = git(guarded.world.origin, "rev-parse", "main")
    git(guarded.world.origin, "update-ref", "-d", "refs/rollbook/received")
    commit(guarded, "jane", MODEL, guarded.read(MODEL) + "team: risk\n")
    assert push(guarded, "main").returncode == 0
    new = git(guarded.world.origin, "rev-parse", "main")
    assert list(receipts(discover(guarded.world.origin))) == [new, old]


def test_nobody_pushes_a_receipt(guarded: Team) -> None:
    done = push(guarded, "main:refs/rollbook/received")
    assert done.returncode != 0
    assert "refs/rollbook/received" in done.stderr


def test_a_commit_from_the_future_is_refused_by_the_hook(
    guarded: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2036-01-01T00:00:00Z")
    commit(guarded, "jane", MODEL, guarded.read(MODEL) + "team: risk\n")
    assert "RB311" in push(guarded, "main").stderr


def test_a_merge_from_the_future_does_not_land(guarded: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded.become("jane")
    guarded.world.register("churn", "1.0.0")
    guarded.world.run("promote", "churn@1.0.0", "staging", "--reason", "try it")
    main = git(guarded.world.registry, "rev-parse", "main")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2036-01-01T00:00:00Z")
    done = rollbook(guarded.world.registry, "land", "rollbook/promote/churn/1.0.0-staging")
    assert done.code == 1
    assert "RB311" in done.err
    assert git(guarded.world.registry, "rev-parse", "main") == main
