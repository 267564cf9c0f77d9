"""In an operation git is asked each thing once; between two, and of what moves, it is asked anew."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING

import pytest

from building.work_tree import new_repository
from building.world import git
from rollbook.git.commits import read_commit
from rollbook.git.config import configure, flag, setting, setting_pairs
from rollbook.git.main_history import commit_dates, commits_between, first_parent_line, merge_bases
from rollbook.git.objects import ObjectReader
from rollbook.git.operation import asked_once, one_operation, own_operation
from rollbook.git.refs import ref_id
from rollbook.git.repository import discover, is_ancestor
from rollbook.git.single_step import single_step
from rollbook.git.write import ObjectWriter, commit, identity

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = new_repository(tmp_path, {"x": "1"})
    git(made, "config", "user.name", "Ann")
    git(made, "config", "user.email", "ann@example.com")
    return made


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The git commands that are started from now on."""
    words: list[str] = []
    real = subprocess.Popen.__init__

    def noted(process, args, *rest, **options):
        words.append(next(word for word in args[1::2] if word != "-c"))
        real(process, args, *rest, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    return words


def test_settings_and_the_user_are_asked_for_once(root: Path, started: list[str]) -> None:
    repository = discover(root)
    started.clear()
    with one_operation():
        assert setting(repository, "user.name") == setting(repository, "USER.Name") == "Ann"
        assert setting_pairs(repository, r"^user\.e")[-1] == ("user.email", "ann@example.com")
        assert flag(repository, "tag.gpgSign") is None
        assert identity(repository) == identity(repository)
    assert started == ["config", "var"]


def test_the_next_operation_asks_anew(root: Path) -> None:
    repository = discover(root)
    for name in ("one", "two"):
        git(root, "config", "rollbook.main", name)
        with one_operation():
            assert setting(repository, "rollbook.main") == name


def test_a_setting_that_the_operation_itself_makes_is_seen(root: Path) -> None:
    repository = discover(root)
    with one_operation():
        assert setting(repository, "rollbook.main") is None
        configure(repository, "rollbook.main", "trunk")
        assert setting(repository, "rollbook.main") == "trunk"


def test_a_subsections_case_counts(root: Path) -> None:
    git(root, "config", "remote.Origin.tagOpt", "--no-tags")
    repository = discover(root)
    assert setting(repository, "remote.Origin.tagOpt") == "--no-tags"
    assert setting(repository, "remote.origin.tagOpt") is None


def test_a_user_whom_the_operation_itself_names_is_seen(root: Path) -> None:
    repository = discover(root)
    with one_operation():
        assert identity(repository).name == "Ann"
        configure(repository, "user.name", "Bea")
        assert identity(repository).name == "Bea"


def test_an_operation_of_its_own_asks_anew_and_leaves_the_outer_ones_answers() -> None:
    answers = iter("ab")
    with one_operation():
        assert asked_once("q", lambda: next(answers)) == "a"
        with own_operation():
            assert asked_once("q", lambda: next(answers)) == "b"
        assert asked_once("q", lambda: next(answers)) == "a"


def test_in_a_copy_of_the_context_an_operation_that_is_over_remembers_nothing() -> None:
    answers = iter("abc")
    with one_operation():
        copied = copy_context()
        assert copied.run(asked_once, "q", lambda: next(answers)) == "a"
        assert asked_once("q", lambda: next(answers)) == "a"
    assert copied.run(asked_once, "q", lambda: next(answers)) == "b"
    assert copied.run(asked_once, "q", lambda: next(answers)) == "c"


def test_threads_that_ask_at_once_get_one_answer() -> None:
    answers, both_ask = iter("ab"), threading.Barrier(2)

    def ask() -> str:
        both_ask.wait(10)
        return next(answers)

    with one_operation(), ThreadPoolExecutor(2) as threads:
        asking = [threads.submit(copy_context().run, asked_once, "q", ask) for _ in range(2)]
        assert len({one.result() for one in asking}) == 1


def test_an_inner_operation_is_a_part_of_the_outer_one() -> None:
    answers = iter("ab")
    with one_operation():
        assert asked_once("q", lambda: next(answers)) == "a"
        with one_operation():
            assert asked_once("q", lambda: next(answers)) == "a"
        assert asked_once("q", lambda: next(answers)) == "a"
    assert asked_once("q", lambda: next(answers)) == "b"


def test_an_error_is_not_remembered() -> None:
    def fails() -> str:
        raise ValueError("no answer")

    with one_operation():
        with pytest.raises(ValueError, match="no answer"):
            asked_once("q", fails)
        assert asked_once("q", lambda: "answer") == "answer"


def test_refs_are_asked_for_anew(root: Path) -> None:
    repository = discover(root)
    with one_operation():
        before = ref_id(repository, "refs/heads/main")
        git(root, "commit", "-q", "--allow-empty", "-m", "next")
        assert ref_id(repository, "refs/heads/main") != before


def test_readers_have_one_process_that_sees_what_is_written_meanwhile(root: Path, started: list[str]) -> None:
    repository = discover(root)
    started.clear()
    with one_operation():
        assert ObjectReader(repository).read_blob("HEAD:x", 9) == b"1"
        oid = ObjectWriter(repository).store("blob", b"new")
        reader = ObjectReader(repository)
        assert reader.read_blob(oid, 9) == b"new"
        reader.close()
        assert ObjectReader(repository).read_blob(oid, 9) == b"new"
    assert started == ["cat-file"]


def test_a_reader_that_outlives_its_operation_reads_on_and_ends_its_process(root: Path) -> None:
    repository = discover(root)
    with one_operation():
        reader = ObjectReader(repository)
        reader.read("HEAD:x", 9)
    assert reader.read_blob("HEAD:x", 9) == b"1"
    process = reader._batch._process
    reader.close()
    assert process.poll() is not None


def test_a_fork_reads_by_a_process_of_its_own(root: Path) -> None:
    reader = ObjectReader(discover(root))
    reader.read("HEAD:x", 9)
    used = reader._batch._process.pid
    into, out = os.pipe()
    child = os.fork()
    if child == 0:
        found = reader.read_blob("HEAD:x", 9)
        os.write(out, f"{found!r} {reader._batch._process.pid != used}".encode())
        reader.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(into, 100) == b"b'1' True"
    assert reader.read_blob("HEAD:x", 9) == b"1"
    assert reader._batch._process.pid == used
    reader.close()


def test_a_fork_that_lives_on_and_drops_its_reader_hinders_nobody(root: Path) -> None:
    reader = ObjectReader(discover(root))
    reader.read("HEAD:x", 9)
    process = reader._batch._process
    ready, is_ready = os.pipe()
    child = os.fork()
    if child == 0:
        del reader
        os.write(is_ready, b"1")
        signal.pause()
        os._exit(0)
    try:
        assert os.read(ready, 1) == b"1"
        reader.close()
        assert process.poll() is not None
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_reader_sees_what_is_repacked_and_what_is_fetched_meanwhile(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(root), "clone")
    repository = discover(tmp_path / "clone")
    with one_operation():
        assert ObjectReader(repository).read_blob("HEAD:x", 9) == b"1"
        for content in ("2", "3"):
            (root / "x").write_text(content)
            git(root, "commit", "-q", "-am", "next")
            assert ObjectReader(repository).read(git(root, "rev-parse", "HEAD"), 0) is None
            git(repository.directory, "pull", "-q")
            git(repository.directory, "repack", "-q", "-a", "-d", "--write-midx", "--write-bitmap-index")
            assert ObjectReader(repository).read_blob("HEAD:x", 9) == content.encode()
            assert ObjectReader(repository).read_blob("origin/HEAD~1:x", 9) == str(int(content) - 1).encode()


def test_a_reader_of_an_operation_works_on_after_its_git_died(root: Path) -> None:
    repository = discover(root)
    with one_operation():
        reader, other = ObjectReader(repository), ObjectReader(repository)
        reader.read("HEAD:x", 9)
        reader._batch._process.kill()
        reader._batch._process.wait()
        with pytest.raises(Exception, match="ended early"):
            other.read("HEAD:x", 9)
        assert reader.read_blob("HEAD:x", 9) == other.read_blob("HEAD:x", 9) == b"1"


def test_one_commit_upon_another_tells_what_git_tells(root: Path, started: list[str]) -> None:
    repository = discover(root)
    base = git(root, "rev-parse", "HEAD")
    tip = commit(repository, read_commit(repository, base).tree, [base], "next")

    def asked() -> list[object]:
        return [
            commits_between(repository, base, tip),
            list(commit_dates(repository, base, tip)),
            first_parent_line(repository, tip, base),
            merge_bases(repository, base, tip),
            is_ancestor(repository, base, tip),
        ]

    by_git = asked()
    started.clear()
    with one_operation():
        assert asked() == by_git
    assert started == ["cat-file"]


@pytest.mark.parametrize("shape", ["merge", "two commits", "no parent"])
def test_what_is_no_single_step_git_is_asked(root: Path, shape: str) -> None:
    repository = discover(root)
    base = git(root, "rev-parse", "HEAD")
    tree = read_commit(repository, base).tree
    first = commit(repository, tree, [base], "first")
    parents = {"merge": [base, first], "two commits": [first], "no parent": []}[shape]
    tip = commit(repository, tree, parents, "tip")
    outside = commits_between(repository, base, tip)
    with one_operation():
        assert single_step(repository, base, tip) is None
        assert commits_between(repository, base, tip) == outside


def test_in_a_shallow_clone_git_is_asked(root: Path, tmp_path: Path) -> None:
    git(root, "commit", "-q", "--allow-empty", "-m", "next")
    base, tip = git(root, "rev-parse", "HEAD~1"), git(root, "rev-parse", "HEAD")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", "shallow")
    with one_operation():
        assert single_step(discover(root), base, tip) is not None
        assert single_step(discover(tmp_path / "shallow"), base, tip) is None


def test_a_commit_whose_date_git_would_not_read_is_left_to_git(root: Path) -> None:
    repository = discover(root)
    base = git(root, "rev-parse", "HEAD")
    tree = read_commit(repository, base).tree
    data = f"tree {tree}\nparent {base}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> -5 +0000\n\nold\n"
    path = root / "raw"
    path.write_text(data)
    tip = git(root, "hash-object", "-t", "commit", "-w", "--literally", os.fspath(path))
    with one_operation():
        assert single_step(repository, base, tip) is None
