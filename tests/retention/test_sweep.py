"""Sweeping: exactly the bytes of landed removals go, and nothing that anything else needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from building.world import World, git, rollbook
from rollbook.artifact.storage import Storage
from rollbook.git.repository import discover
from rollbook.retention.sweeping import sweep

from .conftest import RULES, fill, write_policy

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template

GONE = b"credit 0.1.0"


def prune(world: World) -> None:
    world.run("prune", "--reason", "the bucket is full", "--land")


def stored(world: World) -> set[bytes]:
    """The contents of all objects in the folder of the DVC remote, folder listings apart."""
    objects = (path for path in (world.artifacts / "files").rglob("*") if path.is_file())
    return {path.read_bytes() for path in objects if path.suffix != ".dir"}


def swept(world: World, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.run("sweep", "--json", *options).out)
    return found


def state(found: dict[str, Any]) -> list[str]:
    return [each["state"] for each in found["removals"]]


def _prune(world: World) -> None:
    fill(world)
    prune(world)


@pytest.fixture
def pruned(started: Template) -> World:
    """A world in which what may go is removed, and its bytes are still there."""
    return started(_prune)


def test_only_what_is_removed_goes_and_only_with_yes(pruned: World) -> None:
    before = stored(pruned)
    found = swept(pruned)
    assert (len(found["objects"]), found["deleted"], state(found)) == (1, False, ["go"])
    assert stored(pruned) == before
    assert swept(pruned, "--yes")["deleted"]
    assert before - stored(pruned) == {GONE}
    cache = pruned.registry / ".dvc" / "cache" / "files"
    assert GONE not in {path.read_bytes() for path in cache.rglob("*") if path.is_file()}


def test_a_second_sweep_finds_nothing(pruned: World) -> None:
    swept(pruned, "--yes")
    found = swept(pruned, "--yes")
    assert (found["objects"], state(found)) == ([], ["gone"])


def test_nothing_goes_before_the_removal_landed(pruning: World) -> None:
    pruning.run("prune", "--reason", "full", "--push")
    assert swept(pruning, "--yes")["removals"] == []
    assert GONE in stored(pruning)


def test_nothing_goes_while_the_removal_is_not_on_the_remote(pruning: World) -> None:
    pruning.run("prune", "--reason", "full")
    pruning.git("merge", "--quiet", "rollbook/prune/credit/0.1.0")
    ran = rollbook(pruning.registry, "sweep", "--yes")
    assert (ran.code, "origin/main has not" in ran.err) == (1, True)


def test_bytes_stay_for_the_days_of_the_policy(pruning: World) -> None:
    write_policy(pruning, RULES.replace("bytes_stay_days: 0", "bytes_stay_days: 3"))
    prune(pruning)
    found = swept(pruning, "--yes")
    assert state(found) == ["waiting"]
    assert GONE in stored(pruning)


# --- what else may need the bytes ------------------------------------------------------------------------


def attachment_of_evidence(world: World) -> None:
    report = world.artifact(GONE, "report.html")
    call = ("evidence", "add", "credit@0.2.0", "fairness", "--status", "passed", "--attach", str(report))
    world.run(*call, "--land")


def attachment_of_its_own_evidence(world: World) -> None:
    report = world.artifact(GONE, "report.html")
    call = ("evidence", "add", "credit@0.1.0", "fairness", "--status", "passed", "--attach", str(report))
    world.run(*call, "--land")


def another_version(world: World) -> None:
    world.register("credit", "0.6.0", content=GONE)


def another_model(world: World) -> None:
    world.register("risk/fraud", "1.0.0", content=GONE)


def open_proposal(world: World) -> None:
    world.run("register", "fraud", str(world.artifact(GONE)), "--version", "1.0.0")


def proposal_of_somebody_else(world: World) -> None:
    """On the remote alone, where a clone of this one branch would not look."""
    open_proposal(world)
    branch = "rollbook/register/fraud/1.0.0"
    world.git("push", "--quiet", "origin", branch)
    world.git("branch", "--quiet", "-D", branch)
    world.git("update-ref", "-d", f"refs/remotes/origin/{branch}")
    world.git("config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main")


def pull_request_from_a_fork(world: World) -> None:
    open_proposal(world)
    world.git("push", "--quiet", "origin", "rollbook/register/fraud/1.0.0:refs/pull/7/head")
    world.git("branch", "--quiet", "-D", "rollbook/register/fraud/1.0.0")


def file_of_a_folder(world: World) -> None:
    folder = world.root / "bundle"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "weights.bin").write_bytes(GONE)
    (folder / "other.bin").write_bytes(b"other")
    world.run("register", "bundle", str(folder), "--version", "1.0.0", "--land")


def dvc_file(world: World, text: str, path: str = "data/train.bin.dvc") -> None:
    target = world.registry / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def pointer(world: World) -> str:
    return world.git("show", "credit@v0.1.0:registry/credit/versions/0.1.0/model.bin.dvc") + "\n"


def data_outside_of_the_registry(world: World) -> None:
    dvc_file(world, pointer(world))
    world.git("add", "data")
    world.git("commit", "--quiet", "-m", "Track data")
    world.git("push", "--quiet", "origin", "main")


def data_on_an_old_tag(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "aside")
    dvc_file(world, pointer(world))
    world.git("add", "data")
    world.git("commit", "--quiet", "-m", "Track data")
    world.git("tag", "paper-2024")
    world.git("push", "--quiet", "origin", "paper-2024")
    world.git("checkout", "--quiet", "main")
    world.git("branch", "--quiet", "-D", "aside")


def data_in_the_middle_of_a_branch(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "aside")
    dvc_file(world, pointer(world))
    world.git("add", "data")
    world.git("commit", "--quiet", "-m", "Track data")
    world.git("rm", "--quiet", "data/train.bin.dvc")
    world.git("commit", "--quiet", "-m", "Track it no longer")
    world.git("checkout", "--quiet", "main")


def data_that_a_merge_alone_brought(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "aside")
    world.git("commit", "--quiet", "--allow-empty", "-m", "x")
    world.git("checkout", "--quiet", "main")
    world.git("commit", "--quiet", "--allow-empty", "-m", "y")
    world.git("merge", "--quiet", "--no-commit", "--no-ff", "aside")
    dvc_file(world, pointer(world))
    world.git("add", "data")
    world.git("commit", "--quiet", "-m", "Merge, and more")
    world.git("push", "--quiet", "origin", "main")


def pipeline(world: World) -> None:
    md5 = pointer(world).partition("md5: ")[2].partition("\n")[0]
    lock = (
        "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n"
        f"    - path: m\n      hash: md5\n      md5: {md5}\n"
    )
    dvc_file(world, lock, "training/dvc.lock")
    world.git("add", "training")
    world.git("commit", "--quiet", "-m", "Train")
    world.git("push", "--quiet", "origin", "main")


def pipeline_that_does_not_parse(world: World) -> None:
    md5 = pointer(world).partition("md5: ")[2].partition("\n")[0]
    dvc_file(world, f"<<<<<<< ours\n md5: '{md5}'\n=======\n\t}}\n", "dvc.lock")
    world.git("add", "dvc.lock")
    world.git("commit", "--quiet", "-m", "Conflict")
    world.git("push", "--quiet", "origin", "main")


def stash(world: World) -> None:
    dvc_file(world, pointer(world))
    world.git("add", "data")
    world.git("stash", "--quiet")


def staged(world: World) -> None:
    dvc_file(world, pointer(world))
    world.git("add", "data")
    (world.registry / "data" / "train.bin.dvc").unlink()


def not_even_staged(world: World) -> None:
    dvc_file(world, pointer(world))


def head_of_another_working_tree(world: World) -> None:
    world.git("worktree", "add", "--quiet", "--detach", str(world.root / "linked"))
    target = world.root / "linked" / "data.bin.dvc"
    target.write_text(pointer(world))
    git(target.parent, "add", ".")
    git(target.parent, "commit", "--quiet", "-m", "x")


def older_stash(world: World) -> None:
    stash(world)
    world.write("data/train.bin.dvc", "outs: []\n")
    world.git("add", "data")
    world.git("stash", "--quiet")


def stash_of_a_rebase_that_stopped(world: World) -> None:
    target = linked_working_tree(world)
    target.write_text("outs: []\n")
    git(target.parent, "add", ".")
    git(target.parent, "commit", "--quiet", "-m", "Data")
    target.write_text(pointer(world))
    command = ["git", "rebase", "--quiet", "--autostash", "--exec", "false", "HEAD~1"]
    stopped = subprocess.run(command, cwd=target.parent, capture_output=True, check=False)
    assert stopped.returncode
    assert target.read_text() == "outs: []\n"


def linked_working_tree(world: World) -> Path:
    world.git("worktree", "add", "--quiet", "--detach", str(world.root / "linked"))
    target: Path = world.root / "linked" / "data.bin.dvc"
    target.write_text(pointer(world))
    return target


def file_of_another_working_tree(world: World) -> None:
    linked_working_tree(world)


def index_of_another_working_tree(world: World) -> None:
    target = linked_working_tree(world)
    git(target.parent, "add", ".")
    target.unlink()


def ignored_file(world: World) -> None:
    dvc_file(world, pointer(world))
    (world.registry / ".git/info/exclude").write_text("data/\n")


def file_behind_a_link(world: World) -> None:
    (world.root / "elsewhere.dvc").write_text(pointer(world))
    (world.registry / "train.bin.dvc").symlink_to(world.root / "elsewhere.dvc")


def tag_of_a_tree(world: World) -> None:
    dvc_file(world, pointer(world))
    world.git("add", "data")
    tree = world.git("write-tree")
    world.git("tag", "-a", "-m", "x", "tree", tree)
    world.git("reset", "--quiet", "--hard")


@pytest.mark.parametrize(
    "needs",
    [
        attachment_of_evidence,
        attachment_of_its_own_evidence,
        another_version,
        another_model,
        open_proposal,
        proposal_of_somebody_else,
        pull_request_from_a_fork,
        file_of_a_folder,
        data_outside_of_the_registry,
        data_on_an_old_tag,
        data_in_the_middle_of_a_branch,
        data_that_a_merge_alone_brought,
        pipeline,
        pipeline_that_does_not_parse,
        stash,
        staged,
        not_even_staged,
        head_of_another_working_tree,
        older_stash,
        stash_of_a_rebase_that_stopped,
        file_of_another_working_tree,
        index_of_another_working_tree,
        ignored_file,
        file_behind_a_link,
        tag_of_a_tree,
    ],
)
def test_bytes_that_something_else_needs_stay(pruning: World, needs: Any) -> None:
    needs(pruning)
    prune(pruning)
    found = swept(pruning, "--yes")
    assert (found["objects"], state(found)) == ([], ["kept"])
    assert "needed by" in found["removals"][0]["why"]
    assert GONE in stored(pruning)
    assert "refs/rollbook/seen" not in pruning.git("for-each-ref")


def test_nothing_goes_while_a_locked_working_tree_is_not_there(pruned: World) -> None:
    linked = linked_working_tree(pruned).parent
    pruned.git("worktree", "lock", str(linked))
    linked.rename(pruned.root / "unplugged")
    ran = rollbook(pruned.registry, "sweep", "--yes")
    assert ran.code == 1
    assert "is not there, so what it needs can't be told" in ran.err


def test_what_came_after_the_removal_keeps_the_bytes_as_well(pruned: World) -> None:
    another_version(pruned)
    assert swept(pruned, "--yes")["objects"] == []
    pruned.run("fetch", "credit@0.6.0", "-o", str(pruned.root / "out"))
    assert (pruned.root / "out").read_bytes() == GONE


def test_tags_of_the_removed_version_itself_keep_nothing(pruning: World) -> None:
    pruning.git("tag", "mine", "credit@v0.1.0^{commit}")
    pruning.git("branch", "older", "credit@v0.1.0^{commit}")
    prune(pruning)
    assert state(swept(pruning, "--yes")) == ["go"]


def test_a_stale_checkout_keeps_nothing(pruning: World) -> None:
    before = pruning.git("rev-parse", "main")
    prune(pruning)
    pruning.git("checkout", "--quiet", before)
    assert state(swept(pruning, "--yes")) == ["go"]


def test_two_versions_with_the_same_bytes_go_with_the_second(pruning: World) -> None:
    pruning.register("credit", "0.6.0", content=GONE)
    pruning.register("credit", "0.7.0")
    prune(pruning)
    assert state(swept(pruning, "--yes")) == ["kept"]
    pruning.run("archive", "credit@0.6.0", "--reason", "old", "--land")
    write_policy(pruning, RULES.replace("keep_unpromoted: 1", "keep_unpromoted: 1 "))
    prune(pruning)
    assert state(swept(pruning, "--yes")) == ["go", "go"]
    assert GONE not in stored(pruning)


def folder(world: World, version: str, **contents: bytes) -> None:
    root = world.root / version / "bundle"
    root.mkdir(parents=True)
    for name, content in contents.items():
        (root / name).write_bytes(content)
    world.run("register", "bundle", str(root), "--version", version, "--land")


@pytest.fixture
def folders(pruning: World) -> World:
    """Two versions that are folders and share a file; the older one's removal has landed."""
    folder(pruning, "1.0.0", shared=b"shared", own=b"own", more=b"more")
    folder(pruning, "1.1.0", shared=b"shared", other=b"other")
    pruning.run("archive", "bundle@1.0.0", "--reason", "old", "--land")
    pruning.run("prune", "bundle", "--reason", "full", "--land")
    return pruning


def test_of_a_folder_only_what_no_other_folder_shares_goes(folders: World) -> None:
    before = stored(folders)
    found = swept(folders, "--yes")
    assert len(found["objects"]) == 3
    assert found["objects"][-1]["oid"].endswith(".dir")
    assert before - stored(folders) == {b"own", b"more"}
    folders.run("fetch", "bundle@1.1.0", "-o", str(folders.root / "out"))
    assert (folders.root / "out" / "shared").read_bytes() == b"shared"


def test_a_sweep_that_was_cut_off_is_finished_by_the_next(
    folders: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = Storage.delete

    def cut_off(self: Storage, oids: list[str]) -> None:
        delete(self, oids[:1])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "delete", cut_off)
        assert rollbook(folders.registry, "sweep", "--yes").code == 130
    assert "refs/rollbook/seen" not in folders.git("for-each-ref")
    swept(folders, "--yes")
    assert not {b"own", b"more"} & stored(folders)
    assert state(swept(folders)) == ["gone"]


def test_a_folder_that_is_needed_and_cannot_be_listed_stops_the_sweep(folders: World) -> None:
    pointer_text = (folders.registry / "registry/bundle/versions/1.1.0/bundle.dvc").read_text()
    oid = pointer_text.partition("md5: ")[2].partition("\n")[0]
    for root in (folders.artifacts, folders.registry / ".dvc" / "cache"):
        (root / "files" / "md5" / oid[:2] / oid[2:]).unlink()
    before = stored(folders)
    ran = rollbook(folders.registry, "sweep", "--yes")
    assert (ran.code, "bundle/versions/1.1.0" in ran.err) == (1, True)
    assert stored(folders) == before


def test_a_folder_with_unsafe_names_is_still_a_need(folders: World) -> None:
    listing = json.dumps([{"md5": "5" * 32, "relpath": "../x"}, {"md5": md5(b"own"), "relpath": "a\\b"}])
    oid = f"{md5(listing.encode())}.dir"
    target = folders.artifacts / "files" / "md5" / oid[:2] / oid[2:]
    target.parent.mkdir(exist_ok=True)
    target.write_text(listing)
    dvc_file(folders, f"outs:\n- md5: {oid}\n  hash: md5\n  path: x\n")
    swept(folders, "--yes")
    assert {b"own"} <= stored(folders)
    assert b"more" not in stored(folders)


def md5(data: bytes) -> str:
    import hashlib

    return hashlib.md5(data, usedforsecurity=False).hexdigest()


# --- races, and removals that got past the check ---------------------------------------------------------


def test_bytes_that_are_stored_again_are_left_for_whoever_registers_them(pruning: World) -> None:
    write_policy(pruning, RULES.replace("bytes_stay_days: 0", "bytes_stay_days: 1"))
    prune(pruning)
    path = pruning.artifacts / "files" / "md5" / md5(GONE)[:2] / md5(GONE)[2:]
    past = time.time() - 10 * 86_400
    os.utime(path, (past, past))
    from datetime import UTC, datetime, timedelta

    later = datetime.now(UTC) + timedelta(days=2)
    repository = discover(pruning.registry)
    assert [each.state for each in sweep(repository, now=later).removals] == ["go"]
    # Somebody registers them in a clone that nobody sees yet: the object is young again.
    git(pruning.root, "clone", "--quiet", "origin.git", "other")
    ran = rollbook(pruning.root / "other", "register", "fraud", str(pruning.artifact(GONE)))
    assert ran.code == 0, ran.err
    os.utime(path, (later.timestamp(), later.timestamp())) if path.stat().st_mtime > past else None
    (removal,) = sweep(repository, now=later, delete=True).removals
    assert (removal.state, "was stored again" in removal.why) == ("kept", True)
    assert GONE in stored(pruning)


def test_a_proposal_that_is_pushed_while_the_sweep_reads_is_seen(
    pruned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_proposal(pruned)
    branch = "rollbook/register/fraud/1.0.0"
    other = pruned.root / "elsewhere"
    git(pruned.root, "clone", "--quiet", "registry", "elsewhere")
    git(other, "checkout", "--quiet", branch)
    git(other, "remote", "set-url", "origin", str(pruned.origin))
    pruned.git("branch", "--quiet", "-D", branch)
    import rollbook.retention.sweeping as module

    needs_of = module.needs_of

    def slow(*arguments: Any) -> Any:
        git(other, "push", "--quiet", "origin", branch)
        return needs_of(*arguments)

    monkeypatch.setattr(module, "needs_of", slow)
    assert state(swept(pruned, "--yes")) == ["kept"]
    assert GONE in stored(pruned)


def pushed_by_hand(world: World, *paths: str) -> None:
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "By hand")
    world.git("push", "--quiet", "origin", "main")


def test_a_removal_that_got_past_the_check_frees_nothing(pruning: World) -> None:
    from .test_pruned_wrongly import take

    take(pruning, "0.2.0")
    pushed_by_hand(pruning)
    found = swept(pruning, "--yes")
    assert state(found) == ["kept"]
    assert "it landed against the rules: it was in production" in found["removals"][0]["why"]


def test_a_record_without_history_frees_nothing(pruning: World) -> None:
    from .test_pruned_wrongly import take

    take(pruning, "0.1.0", keep_pointer=True)
    pushed_by_hand(pruning)
    found = swept(pruning, "--yes")
    assert found["removals"][0]["why"] == "a pointer to it stands on main"
    assert GONE in stored(pruning)


def test_a_removed_version_that_is_named_again_past_the_check_keeps_its_bytes(pruned: World) -> None:
    stages = pruned.registry / "registry/credit/stages.yaml"
    stages.write_text(stages.read_text() + 'aliases: {champion: "0.1.0"}\n')
    pushed_by_hand(pruned)
    assert swept(pruned, "--yes")["removals"][0]["why"] == "a stage or an alias names it"


# --- where it runs ---------------------------------------------------------------------------------------


def test_another_repository_of_the_same_remote_is_asked(pruning: World) -> None:
    text = pointer(pruning)
    prune(pruning)
    git(pruning.root, "init", "--quiet", "training")
    training = pruning.root / "training"
    (training / "model.dvc").write_text(text)
    git(training, "add", ".")
    git(training, "commit", "--quiet", "-m", "Train")
    for address in (str(training), f"file://{training}"):
        found = swept(pruning, "--yes", "--also", address)
        assert state(found) == ["kept"]
        assert "training: model.dvc" in found["removals"][0]["why"]
    assert GONE in stored(pruning)


def test_without_a_git_remote_main_here_is_what_counts(pruning: World) -> None:
    pruning.git("remote", "remove", "origin")
    pruning.run("prune", "--reason", "full", "--land")
    assert state(swept(pruning, "--yes")) == ["go"]


def test_a_bare_repository_and_a_shallow_clone_are_refused(pruned: World) -> None:
    assert rollbook(pruned.origin, "sweep").code == 2
    git(pruned.root, "clone", "--quiet", "--depth=1", f"file://{pruned.origin}", "shallow")
    ran = rollbook(pruned.root / "shallow", "sweep")
    assert (ran.code, "shallow" in ran.err) == (1, True)


def test_dvc_gc_and_sweep_agree_on_what_main_needs(pruned: World) -> None:
    """After a sweep, `dvc gc --cloud` of everything that main's tree needs finds nothing that is missing."""
    swept(pruned, "--yes")
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--cloud"],
        cwd=pruned.registry,
        capture_output=True,
        text=True,
    )
    assert "missing" not in done.stdout + done.stderr
    assert done.returncode == 0


def test_the_remote_may_be_s3(pruning: World, tmp_path: Path, s3_bucket: Any) -> None:
    world = pruning
    s3_bucket.use(world)
    world.register("credit", "0.6.0", content=b"to go")
    world.register("credit", "0.7.0", content=b"to stay")
    world.run("archive", "credit@0.6.0", "--reason", "old", "--land")
    world.run("prune", "credit@0.6.0", "--reason", "full", "--land")
    assert s3_bucket.contents() == {b"to go", b"to stay"}
    assert state(swept(world, "--yes")) == ["go"]
    assert s3_bucket.contents() == {b"to stay"}
    world.run("fetch", "credit@0.7.0", "-o", str(tmp_path / "out"))
