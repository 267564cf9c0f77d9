from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from building.texts import registry_files
from building.work_tree import commit, new_repository, write
from building.world import git
from rollbook import Registry
from rollbook.errors import InvalidFile, NotFound, Refused
from rollbook.git.repository import discover
from rollbook.snapshot.snapshot import MAX_FILE, Snapshot
from rollbook.snapshot.tree_snapshot import commit_snapshot, index_snapshot
from rollbook.snapshot.worktree_snapshot import worktree_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Take = Callable[[Path], Snapshot]

MODEL = "registry/credit-approval"
POLICY = "registry/policy.yaml"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = new_repository(tmp_path_factory.mktemp("snapshots") / "work")
    git(root.parent, "clone", "--quiet", "--bare", "work", "bare.git")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small registry to change."""
    return new_repository(tmp_path / "work")


def of_commit(root: Path) -> Snapshot:
    return commit_snapshot(discover(root), "HEAD")


def of_index(root: Path) -> Snapshot:
    return index_snapshot(discover(root))


def of_work_tree(root: Path) -> Snapshot:
    return worktree_snapshot(discover(root))


def of_bare(root: Path) -> Snapshot:
    return worktree_snapshot(discover(root.parent / "bare.git"))


EVERY = pytest.mark.parametrize("take", [of_commit, of_index, of_work_tree, of_bare])


def read(snapshot: Snapshot, path: str) -> bytes | None:
    (data,) = snapshot.read_many([path])
    snapshot.close()
    return data


def described(snapshot: Snapshot, root: Path) -> object:
    with Registry(discover(root), snapshot) as registry:
        return [
            (
                item.name,
                item.record,
                item.stages,
                [(str(v), v.stage, v.aliases, v.manifest) for v in item.versions()],
            )
            for item in registry.models()
        ], registry.policy


@EVERY
def test_the_same_files_are_the_same_registry_wherever_they_stand(small: Path, take: Take):
    assert described(take(small), small) == described(of_commit(small), small)


@EVERY
def test_files_are_read_in_the_order_asked(small: Path, take: Take):
    files = registry_files()
    paths = [f"{MODEL}/stages.yaml", POLICY, "registry/nothing", f"{MODEL}/model.yaml"]
    snapshot = take(small)
    found = snapshot.read_many(paths)
    snapshot.close()
    assert found == [files[path].encode() if path in files else None for path in paths]


@EVERY
@pytest.mark.parametrize(
    "path",
    ["", "registry", MODEL, f"{POLICY}/x", "nothing/x", "registry/../registry/policy.yaml", "/etc/passwd"],
)
def test_what_is_no_file_reads_as_none(small: Path, take: Take, path):
    assert read(take(small), path) is None


@EVERY
def test_the_names_in_a_directory_say_which_are_directories(small: Path, take: Take):
    snapshot = take(small)
    found = snapshot.children(["registry", "", f"{MODEL}/versions/1.0.0", "nothing", POLICY])
    snapshot.close()
    assert found == [
        {"policy.yaml": False, "credit-approval": True, "risk": True},
        {"registry": True},
        {"version.yaml": False},
        {},
        {},
    ]


@EVERY
def test_every_file_is_listed_with_its_mode(small: Path, take: Take):
    snapshot = take(small)
    assert snapshot.modes("registry") == snapshot.modes("") == dict.fromkeys(registry_files(), "100644")
    assert set(snapshot.modes(f"{MODEL}/versions/1.0.0")) == {f"{MODEL}/versions/1.0.0/version.yaml"}
    assert snapshot.modes("nothing") == {}
    snapshot.close()


KINDS = [of_commit, of_index, of_work_tree]
LOCAL = pytest.mark.parametrize("take", KINDS)


@LOCAL
def test_modes_tell_links_executables_and_submodules_apart(root: Path, take: Take):
    (root / "registry/link").symlink_to("/etc/passwd")
    (root / "registry/run").write_text("x")
    (root / "registry/run").chmod(0o755)
    new_repository(root / "registry/sub", {"x": "x"})
    git(root, "-c", "advice.addEmbeddedRepo=false", "add", ".")
    git(root, "commit", "--quiet", "-m", "x")
    snapshot = take(root)
    modes = snapshot.modes("registry")
    snapshot.close()
    assert [modes[f"registry/{name}"] for name in ("link", "run", "sub")] == ["120000", "100755", "160000"]


@LOCAL
def test_a_link_to_a_file_is_never_followed(root: Path, tmp_path: Path, take: Take):
    (tmp_path / "secret.yaml").write_text("rollbook: 1\nstages: [{name: a}]\n")
    (root / POLICY).unlink()
    (root / POLICY).symlink_to(tmp_path / "secret.yaml")
    commit(root)
    assert read(take(root), POLICY) in (None, str(tmp_path / "secret.yaml").encode())


@LOCAL
def test_a_link_to_a_directory_is_never_followed(root: Path, tmp_path: Path, take: Take):
    (root / MODEL).rename(tmp_path / "moved")
    (root / MODEL).symlink_to(tmp_path / "moved")
    commit(root)
    assert (root / MODEL / "model.yaml").exists()
    snapshot = take(root)
    assert snapshot.modes(MODEL) in ({}, {MODEL: "120000"})
    assert snapshot.children([MODEL, f"{MODEL}/versions"]) == [{}, {}]
    assert read(snapshot, f"{MODEL}/model.yaml") is None


def test_files_the_index_still_names_below_a_new_link_are_not_there(root: Path, tmp_path: Path):
    (root / "registry").rename(tmp_path / "moved")
    (root / "registry").symlink_to(tmp_path / "moved")
    snapshot = of_work_tree(root)
    assert snapshot.modes("registry") == {}
    assert snapshot.modes("") == {"registry": "120000"}
    assert read(snapshot, POLICY) is None


@LOCAL
def test_a_file_above_one_mebibyte_is_refused_by_name(root: Path, take: Take):
    write(root, {"registry/large": b"x" * (MAX_FILE + 1), "registry/fits": b"x" * MAX_FILE})
    commit(root)
    assert read(take(root), "registry/fits") == b"x" * MAX_FILE
    with pytest.raises(InvalidFile, match="1,048,577 bytes") as caught:
        read(take(root), "registry/large")
    assert caught.value.path == "registry/large"


@LOCAL
def test_a_name_with_a_line_break_is_listed_and_confuses_nothing(root: Path, take: Take):
    write(
        root,
        {"registry/a\nb": "x", "registry/\udcff".encode(errors="surrogateescape").decode("latin-1"): "x"},
    )
    commit(root)
    snapshot = take(root)
    assert "registry/a\nb" in snapshot.modes("registry")
    assert [data is None for data in snapshot.read_many(["registry/a\nb", POLICY])][1] is False
    snapshot.close()


@LOCAL
def test_a_name_that_is_not_utf8_is_listed_and_read(root: Path, take: Take):
    (root / "registry" / os.fsdecode(b"\xff\xfe")).write_text("x")
    commit(root)
    snapshot = take(root)
    assert "registry/\udcff\udcfe" in snapshot.modes("registry")
    assert read(snapshot, "registry/\udcff\udcfe") == b"x"


def test_the_staged_files_do_not_change_what_a_commit_holds(root: Path):
    (root / POLICY).write_text("broken")
    git(root, "add", ".")
    assert read(of_commit(root), POLICY) == registry_files()[POLICY].encode()
    assert read(of_index(root), POLICY) == b"broken"


def test_the_working_tree_does_not_change_what_is_staged(root: Path):
    (root / POLICY).write_text("broken")
    assert read(of_index(root), POLICY) == registry_files()[POLICY].encode()
    assert read(of_work_tree(root), POLICY) == b"broken"


def test_an_ignored_file_is_not_in_the_working_tree(root: Path):
    write(root, {".gitignore": "*.bin\n", "registry/model.bin": "x", "registry/new": "x"})
    assert "registry/new" in of_work_tree(root).modes("registry")
    assert "registry/model.bin" not in of_work_tree(root).modes("registry")


def test_a_deleted_file_is_not_in_the_working_tree(root: Path):
    (root / POLICY).unlink()
    assert POLICY not in of_work_tree(root).modes("registry")
    assert read(of_work_tree(root), POLICY) is None


def test_what_is_neither_file_nor_directory_reads_as_none(root: Path, monkeypatch):
    os.mkfifo(root / "registry/pipe")
    (root / POLICY).unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(root / "registry")
        listening.bind("policy.yaml")
        assert read(of_work_tree(root), "registry/pipe") is None
        with pytest.raises(InvalidFile, match="can't be read"):
            read(of_work_tree(root), POLICY)


def test_a_merge_in_conflict_is_refused(root: Path):
    git(root, "checkout", "--quiet", "-b", "other")
    write(root, {POLICY: "rollbook: 1\n"})
    commit(root)
    git(root, "checkout", "--quiet", "main")
    write(root, {POLICY: "rollbook: 2\n"})
    commit(root)
    with pytest.raises(AssertionError):
        git(root, "merge", "other")
    with pytest.raises(Refused, match="the index holds unmerged files"):
        of_index(root)


def test_a_commits_snapshot_names_it(small: Path):
    snapshot = of_commit(small)
    assert (snapshot.label, snapshot.commit) == ("HEAD", git(small, "rev-parse", "HEAD"))
    assert of_index(small).commit is of_work_tree(small).commit is None


def test_a_snapshot_of_no_commit_is_not_found(small: Path):
    with pytest.raises(NotFound, match="'nothing' names no commit"):
        commit_snapshot(discover(small), "nothing")


def test_the_temporary_index_of_a_running_commit_is_read(root: Path, monkeypatch):
    other = root / ".git" / "next-index-1.lock"
    monkeypatch.setenv("GIT_INDEX_FILE", str(other))
    git(root, "read-tree", "HEAD")
    git(root, "update-index", "--force-remove", POLICY)
    assert read(of_index(root), POLICY) is None
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert read(of_index(root), POLICY) is not None


def test_a_relative_index_file_is_that_of_the_current_directory(root: Path, monkeypatch):
    monkeypatch.chdir(root)
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert read(of_index(root), POLICY) is not None


@pytest.mark.parametrize("absolute", [True, False])
def test_the_index_of_another_repositorys_hook_is_not_read(
    root: Path, tmp_path: Path, absolute: bool, monkeypatch
):
    other = new_repository(tmp_path / "other", {"x": "x"})
    git(other, "read-tree", "--index-output=.git/next-index-1.lock", "HEAD")
    monkeypatch.chdir(other)
    index = ".git/next-index-1.lock"
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / index) if absolute else index)
    assert read(of_index(root), POLICY) is not None


def test_a_hooks_variables_for_another_repository_change_nothing(small: Path, tmp_path: Path, monkeypatch):
    other = new_repository(tmp_path / "other", {"x": "x"})
    for name, value in (
        ("GIT_DIR", other / ".git"),
        ("GIT_WORK_TREE", other),
        ("GIT_INDEX_FILE", other / ".git/index"),
    ):
        monkeypatch.setenv(name, str(value))
    for take in (*KINDS, of_bare):
        assert read(take(small), POLICY) == registry_files()[POLICY].encode()


def test_a_linked_worktree_has_its_own_files(root: Path, tmp_path: Path):
    linked = tmp_path / "linked"
    git(root, "worktree", "add", "--quiet", "-b", "side", str(linked))
    (linked / POLICY).write_text("changed")
    git(linked, "add", ".")
    assert read(of_index(linked), POLICY) == read(of_work_tree(linked), POLICY) == b"changed"
    assert (
        read(of_commit(linked), POLICY) == read(of_index(root), POLICY) == registry_files()[POLICY].encode()
    )
