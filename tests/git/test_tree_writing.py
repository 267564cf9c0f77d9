"""Rewriting trees must give, to the byte, what git's own index gives."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from building.work_tree import commit, new_repository
from building.world import git
from rollbook.errors import BadCall, GitFailed
from rollbook.git.repository import discover
from rollbook.git.write import Identity, ObjectWriter, identity
from rollbook.git.write import commit as make_commit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Names whose order as bytes and as git's entries differ: a directory sorts as if it ended in a slash.
PATHS = ["a", "a.b", "a-b", "a0", "a/x", "a/y", "a/b/z", "b", "b/a/a/a", "é", "Z", "a b/c"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("trees"), {"README.md": "x"})


def by_git(root: Path, files: Mapping[str, bytes]) -> str:
    """The tree that git's index gives for these files."""
    git(root, "read-tree", "--empty")
    lines = []
    for path, data in files.items():
        blob = git(root, "hash-object", "-w", "--stdin", stdin=data.decode())
        lines.append(f"100644 {blob}\t{path}\0")
    git(root, "update-index", "-z", "--index-info", stdin="".join(lines))
    return git(root, "write-tree")


def fits(paths: list[str]) -> bool:
    """Whether no path is both a file and a directory."""
    return not any(other.startswith(f"{path}/") for path in paths for other in paths)


trees = st.dictionaries(st.sampled_from(PATHS), st.sampled_from([b"1", b"2"]), max_size=6).filter(
    lambda files: fits(list(files))
)


@settings(max_examples=30, deadline=None)
@given(trees, trees)
def test_files_written_and_removed_give_the_tree_git_would_give(root, before, after):
    if not fits([*before, *after]):
        before = {path: data for path, data in before.items() if fits([path, *after])}
    kept_and_new = {path: data for path, data in after.items() if path not in before or before[path] != data}
    gone: dict[str, bytes | None] = dict.fromkeys(path for path in before if path not in after)
    base = by_git(root, before)
    found = ObjectWriter(discover(root)).tree(base, {**gone, **kept_and_new})
    assert found == by_git(root, after)


@settings(max_examples=20, deadline=None)
@given(trees)
def test_an_empty_change_gives_the_same_tree(root, files):
    base = by_git(root, files)
    assert ObjectWriter(discover(root)).tree(base, {}) == base


def test_a_file_takes_the_place_of_a_directory(root: Path):
    base = by_git(root, {"a/x": b"1", "b": b"2"})
    assert ObjectWriter(discover(root)).tree(base, {"a": b"1"}) == by_git(root, {"a": b"1", "b": b"2"})


def test_a_directory_takes_the_place_of_a_file(root: Path):
    base = by_git(root, {"a": b"1", "b": b"2"})
    assert ObjectWriter(discover(root)).tree(base, {"a/x": b"1"}) == by_git(root, {"a/x": b"1", "b": b"2"})


def test_a_directory_without_files_vanishes(root: Path):
    base = by_git(root, {"a/b/z": b"1", "b": b"2"})
    assert ObjectWriter(discover(root)).tree(base, {"a/b/z": None}) == by_git(root, {"b": b"2"})


def test_removing_what_is_not_there_changes_nothing(root: Path):
    base = by_git(root, {"b": b"2"})
    assert ObjectWriter(discover(root)).tree(base, {"a/b/z": None, "c": None}) == base


def test_what_is_not_written_keeps_its_mode(tmp_path: Path):
    root = new_repository(tmp_path, {"run.sh": "x", "d/x": "x"})
    (root / "run.sh").chmod(0o755)
    (root / "d/link").symlink_to("x")
    commit(root)
    tree = ObjectWriter(discover(root)).tree("HEAD", {"d/new": b"1"})
    listed = git(root, "ls-tree", "-r", tree)
    assert listed.replace("\t", " ").split("\n")[0].startswith("120000")
    assert "100755" in listed


def test_neither_the_index_nor_the_working_tree_is_touched(tmp_path: Path):
    root = new_repository(tmp_path, {"x": "x"})
    (root / "staged").write_text("s")
    git(root, "add", "staged")
    before = git(root, "status", "--porcelain")
    ObjectWriter(discover(root)).tree("HEAD", {"x": None, "y": b"1"})
    assert git(root, "status", "--porcelain") == before == "A  staged"


def test_a_tree_is_written_from_a_linked_worktree(tmp_path: Path):
    root = new_repository(tmp_path / "work", {"x": "x"})
    git(root, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    tree = ObjectWriter(discover(tmp_path / "linked")).tree("HEAD", {"y": b"1"})
    assert git(root, "ls-tree", "--name-only", tree).split() == ["x", "y"]


def test_a_tree_is_written_into_a_bare_repository(tmp_path: Path):
    new_repository(tmp_path / "work", {"x": "x"})
    git(tmp_path, "clone", "--quiet", "--bare", "work", "bare.git")
    tree = ObjectWriter(discover(tmp_path / "bare.git")).tree("HEAD", {"y": b"1"})
    assert git(tmp_path / "bare.git", "ls-tree", "--name-only", tree).split() == ["x", "y"]


def test_a_base_that_is_nothing_is_an_error(root: Path):
    with pytest.raises(GitFailed, match="has no tree"):
        ObjectWriter(discover(root)).tree("0" * 40, {"x": b"1"})


def test_a_missing_inner_tree_is_an_error_and_not_an_empty_directory(tmp_path: Path):
    root = new_repository(tmp_path, {"d/x": "x"})
    oid = git(root, "rev-parse", "HEAD:d")
    (root / ".git/objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(GitFailed, match=f"the tree {oid} can't be read"):
        ObjectWriter(discover(root)).tree("HEAD", {"d/y": b"1"})


@pytest.mark.parametrize("data", [b"", b"text", b"\x00\r\n\xff" * 1000])
def test_a_stored_blob_has_gits_own_id(root: Path, tmp_path: Path, data):
    (tmp_path / "file").write_bytes(data)
    stored = ObjectWriter(discover(root)).store("blob", data)
    assert stored == git(root, "hash-object", "--no-filters", str(tmp_path / "file"))
    assert git(root, "cat-file", "-s", stored) == str(len(data))


def test_a_commit_has_its_parents_tree_and_message(root: Path):
    repository = discover(root)
    made = make_commit(
        repository, git(root, "rev-parse", "HEAD^{tree}"), [git(root, "rev-parse", "HEAD")], "Say\n\nwhy\n"
    )
    assert git(root, "log", "-1", "--format=%P %T %B", made).strip() == (
        f"{git(root, 'rev-parse', 'HEAD')} {git(root, 'rev-parse', 'HEAD^{tree}')} Say\n\nwhy"
    )


def test_a_commit_moves_no_branch(root: Path):
    before = git(root, "for-each-ref")
    make_commit(discover(root), git(root, "rev-parse", "HEAD^{tree}"), [], "x")
    assert git(root, "for-each-ref") == before


def test_the_identity_is_the_one_git_would_use(root: Path, monkeypatch):
    assert identity(discover(root)) == Identity("Jane Doe", "jane@example.com")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "bot@example.com")
    assert identity(discover(root)).email == "bot@example.com"


def test_a_user_without_identity_is_told_to_set_one(root: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    with pytest.raises(BadCall, match="git does not know who you are") as caught:
        identity(discover(root))
    assert "git config" in caught.value.hint


def test_an_object_that_is_there_already_is_left_untouched(root: Path):
    writer = ObjectWriter(discover(root))
    oid = writer.store("blob", b"shared")
    path = root / ".git/objects" / oid[:2] / oid[2:]
    path.chmod(0o400)
    before = path.stat()
    assert writer.store("blob", b"shared") == oid
    assert path.stat() == before


def test_objects_are_written_whatever_gitpython_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = new_repository(tmp_path / "r")
    with (root / ".git/config").open("ab") as config:
        config.write("[user]\n\tname = Jörg\n".encode("latin-1"))
    code = (
        "from pathlib import Path; from rollbook.git.repository import discover;"
        "from rollbook.git.write import ObjectWriter;"
        "print(ObjectWriter(discover(Path('.'))).store('blob', b'x'))"
    )
    environment = {**os.environ, "GIT_PYTHON_GIT_EXECUTABLE": "/nowhere/git", "GIT_PYTHON_REFRESH": "raise"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert git(root, "cat-file", "blob", done.stdout.strip()) == "x"


def test_a_group_that_shares_a_repository_can_add_to_what_one_wrote(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "r")
    objects = root / ".git/objects"
    objects.chmod(0o2775)
    oid = ObjectWriter(discover(root)).store("blob", b"shared")
    assert (objects / oid[:2]).stat().st_mode & 0o7777 == 0o2775


def test_an_author_of_ones_own_is_kept(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "r")
    git(root, "config", "author.email", "ada@example.com")
    made = make_commit(discover(root), git(root, "rev-parse", "HEAD^{tree}"), [], "x\n")
    shown = git(root, "show", "--no-patch", "--format=%an <%ae>, %cn <%ce>", made)
    assert shown == "Jane Doe <ada@example.com>, Jane Doe <jane@example.com>"
