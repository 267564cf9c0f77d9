from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building.work_tree import commit, new_repository
from building.world import git
from rollbook.errors import GitFailed
from rollbook.git.objects import GitObject, ObjectReader, TreeEntry, tree_entries, tree_names
from rollbook.git.repository import discover

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 1 << 20


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {"a b.txt": "one", "d/empty": "", "large": b"x" * (3 << 20), "d/ü": "u", "missing": "m"}
    return new_repository(tmp_path_factory.mktemp("objects"), files)


@pytest.fixture
def reader(root: Path) -> Iterator[ObjectReader]:
    reader = ObjectReader(discover(root))
    yield reader
    reader.close()


def test_an_object_is_read_by_the_name_of_its_path(reader: ObjectReader, root: Path):
    oid = git(root, "rev-parse", "HEAD:a b.txt")
    assert reader.read("HEAD:a b.txt", LIMIT) == GitObject(oid, "blob", 3, b"one")


def test_an_object_is_read_by_its_id(reader: ObjectReader, root: Path):
    found = reader.read(git(root, "rev-parse", "HEAD"), LIMIT)
    assert found
    assert found.type == "commit"


def test_an_empty_object_has_no_content(reader: ObjectReader):
    found = reader.read("HEAD:d/empty", LIMIT)
    assert found
    assert (found.size, found.data) == (0, b"")


@pytest.mark.parametrize(
    "name",
    [
        "HEAD:nothing",
        "HEAD:not here missing",
        "HEAD:d/empty/x",
        "0" * 40,
        "HEAD:",
        "",
        "HEAD:a b.txt\n",
        "HEAD:a\nb",
        "HEAD:a b.txt\r",
        "HEAD:" + "x" * 5000,
        "HEAD:x 40 blob 3",
        "nothing",
        " ",
        "HEAD:\udcff",
        "HEAD:d/../a b.txt",
    ],
)
def test_what_is_no_file_has_no_content(reader: ObjectReader, name):
    found = reader.read(name, LIMIT)
    assert found is None or found.type == "tree"
    assert reader.read("HEAD:missing", LIMIT).data == b"m"


def test_a_path_that_is_not_ascii_is_read(reader: ObjectReader):
    assert reader.read("HEAD:d/ü", LIMIT).data == b"u"


def test_an_object_above_the_limit_comes_without_its_content(reader: ObjectReader):
    found = reader.read("HEAD:large", LIMIT)
    assert found
    assert (found.size, found.data) == (3 << 20, None)


def test_an_object_of_just_the_limit_comes_with_its_content(reader: ObjectReader):
    assert reader.read("HEAD:a b.txt", 3).data == b"one"
    assert reader.read("HEAD:a b.txt", 2).data is None


def test_thousands_of_large_and_missing_objects_are_read_in_order(reader: ObjectReader):
    names = ["HEAD:a b.txt", "HEAD:nothing " + "n" * 480, "HEAD:d/empty", "HEAD:" + "é" * 240] * 2000
    names[1000] = names[5000] = "HEAD:large"
    found = [None if one is None else one.size for one in reader.read_many(names, LIMIT)]
    expected = [3, None, 0, None] * 2000
    expected[1000] = expected[5000] = 3 << 20
    assert found == expected


def test_names_of_many_bytes_do_not_fill_the_pipes_both_ways(reader: ObjectReader):
    names = ["HEAD:" + "模" * length for length in (160, 480)] * 500
    assert list(reader.read_many(names, LIMIT)) == [None] * 1000


def test_many_large_objects_are_read_whole(reader: ObjectReader):
    sizes = [len(one.data) for one in reader.read_many(["HEAD:large"] * 50, 4 << 20)]
    assert sizes == [3 << 20] * 50


def test_names_are_read_from_any_iterable(reader: ObjectReader):
    found = list(reader.read_many((name for name in ["HEAD:missing"] * 3), LIMIT))
    assert [one.data for one in found if one] == [b"m"] * 3


def test_answers_that_nobody_waits_for_do_not_confuse_later_ones(reader: ObjectReader):
    next(reader.read_many(["HEAD:missing", "HEAD:d/ü"] * 10, LIMIT))
    assert reader.read("HEAD:a b.txt", LIMIT).data == b"one"


def test_a_closed_reader_starts_again_when_it_is_asked(reader: ObjectReader):
    reader.close()
    assert reader.read("HEAD:missing", LIMIT).data == b"m"
    reader.close()
    reader.close()


def test_a_git_that_died_is_an_error_and_not_a_missing_file(reader: ObjectReader):
    reader.read("HEAD:missing", LIMIT)
    os.kill(reader._batch._process.pid, signal.SIGKILL)
    reader._batch._process.wait()
    with pytest.raises(GitFailed, match="ended early"):
        reader.read("HEAD:missing", LIMIT)


def test_a_reader_works_again_after_its_git_died(reader: ObjectReader):
    reader.read("HEAD:missing", LIMIT)
    os.kill(reader._batch._process.pid, signal.SIGKILL)
    with pytest.raises(GitFailed):
        list(reader.read_many(["HEAD:large"] * 9, 4 << 20))
    assert reader.read("HEAD:missing", LIMIT).data == b"m"


def test_a_forgotten_reader_ends_its_git(root: Path):
    reader = ObjectReader(discover(root))
    reader.read("HEAD:missing", LIMIT)
    process = reader._batch._process
    del reader
    assert process.wait(timeout=10) == -signal.SIGTERM


def test_a_corrupt_object_is_an_error(tmp_path: Path):
    root = new_repository(tmp_path, {"x": "some text"})
    oid = git(root, "rev-parse", "HEAD:x")
    path = root / ".git/objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:12])
    reader = ObjectReader(discover(root))
    with pytest.raises(GitFailed, match="ended early"):
        reader.read("HEAD:x", LIMIT)
    reader.close()


def test_a_submodule_has_no_content(tmp_path: Path):
    root = new_repository(tmp_path, {"x": "x"})
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git(root, "commit", "--quiet", "-m", "sub")
    reader = ObjectReader(discover(root))
    assert reader.read("HEAD:sub", LIMIT) is None
    reader.close()


def test_a_trees_entries_are_those_git_lists(tmp_path: Path):
    root = new_repository(tmp_path, {"d/x": "x", "a b": "y", "é": "z", "run.sh": "s"})
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("d")
    commit(root)
    listed = git(root, "ls-tree", "-z", "HEAD").split("\0")[:-1]
    expected = []
    for line in listed:
        facts, _, name = line.partition("\t")
        mode, _, oid = facts.split()
        expected.append(TreeEntry(mode.lstrip("0"), name, oid))
    reader = ObjectReader(discover(root))
    tree = reader.read("HEAD^{tree}", LIMIT)
    reader.close()
    assert list(tree_entries(tree.data)) == expected


def test_a_name_with_a_line_break_is_an_entry_like_others():
    data = b"100644 a\nb\0" + b"\n" * 20 + b"40000 \xff\0" + b"\0" * 20
    assert [(entry.mode, entry.name) for entry in tree_entries(data)] == [
        ("100644", "a\nb"),
        ("40000", "\udcff"),
    ]
    assert tree_names(data) == {"a\nb": False, "\udcff": True}


@given(st.binary(max_size=60) | st.binary(max_size=30).map(lambda rest: b"100644 a\0" + b"x" * 20 + rest))
def test_bytes_that_are_no_tree_are_an_error(data):
    try:
        entries = list(tree_entries(data))
    except GitFailed:
        with pytest.raises(GitFailed):
            tree_names(data)
        return
    assert tree_names(data) == {entry.name: entry.mode == "40000" for entry in entries}
    assert sum(len(f"{e.mode} ") + len(e.name.encode(errors="surrogateescape")) + 21 for e in entries) == len(
        data
    )
