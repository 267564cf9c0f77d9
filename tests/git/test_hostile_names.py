"""Every byte that git allows in a path, a ref, an author or a message, read back as what it is."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from building.work_tree import new_repository
from building.world import git
from rollbook.check.authors import authored_commits
from rollbook.git.changes import changed_paths, changes_along, changes_of_commits, every_blob
from rollbook.git.checkout import checkouts_of, known_files
from rollbook.git.commits import read_commit
from rollbook.git.main_history import commits_changing, first_parents
from rollbook.git.merge import merge
from rollbook.git.refs import annotated_tags, listed_refs, ref_ids, remote_refs, tag_ids
from rollbook.git.repository import Repository, discover
from rollbook.git.trees import files_holding, paths_named, tree_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_ODD = [
    b"\x01",
    b"\x02",
    b"\n",
    b"\t",
    b"\r",
    b"\x1c",
    b"\x85",
    "\u2028".encode(),
    b"\xff",
    b":",
    b" ",
    b'"',
    b"f" * 40,
]


def _bytes_without(forbidden: bytes, most: int = 12) -> st.SearchStrategy[bytes]:
    plain = st.integers(0, 255).filter(lambda byte: byte not in forbidden).map(lambda byte: bytes([byte]))
    odd = st.sampled_from([piece for piece in _ODD if not set(piece) & set(forbidden)])
    return st.lists(plain | odd, min_size=1, max_size=most).map(b"".join)


_NAMES = _bytes_without(b"\0/").filter(lambda name: name not in (b".", b"..") and name.lower() != b".git")
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map(b"/".join)
_PEOPLE = _bytes_without(b"\0\n<>")
_MESSAGES = _bytes_without(b"\0", 20)
_REF_NAMES = _bytes_without(bytes(range(33)) + b"\x7f~^:?*[\\")


def _run(root: Path, *arguments: str | bytes, stdin: bytes = b"") -> bytes:
    done = subprocess.run(["git", *arguments], cwd=root, input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip(b"\n")


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _tree(root: Path, files: Mapping[bytes, str]) -> str:
    """A tree of these files (path, id), written by git with no look at what the paths are."""
    folders: dict[bytes, dict[bytes, str]] = {}
    lines = []
    for path, oid in files.items():
        name, slash, rest = path.partition(b"/")
        if slash:
            folders.setdefault(name, {})[rest] = oid
        else:
            lines.append(b"100644 blob %s\t%s\0" % (oid.encode(), name))
    lines += [
        b"040000 tree %s\t%s\0" % (_tree(root, inside).encode(), name) for name, inside in folders.items()
    ]
    return _run(root, "mktree", "-z", stdin=b"".join(lines)).decode()


def _commit(
    root: Path, tree: str, *parents: str, author: bytes = b"A", email: bytes = b"a@x", message: bytes = b"m"
) -> str:
    chain = b"".join(b"parent %s\n" % parent.encode() for parent in parents)
    who = b"%s <%s> 1700000000 +0000" % (author, email)
    data = b"tree %s\n%sauthor %s\ncommitter %s\n\n%s" % (tree.encode(), chain, who, who, message)
    return _run(root, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=data).decode()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("hostile") / "work", {"x": "x"})


@pytest.fixture(scope="module")
def repository(root: Path) -> Repository:
    return discover(root)


@pytest.fixture(scope="module")
def blob(root: Path) -> str:
    return _run(root, "hash-object", "-w", "--stdin", stdin=b"md5: 1\n").decode()


def _apart(paths: list[bytes]) -> bool:
    return not any(one != other and other.startswith(one + b"/") for one in paths for other in paths)


@_EXAMPLES
@given(paths=st.lists(_PATHS, min_size=1, max_size=4, unique=True).filter(_apart))
def test_a_path_of_any_bytes_is_told_whole_and_alone(
    root: Path, repository: Repository, blob: str, paths: list[bytes]
) -> None:
    tree = _tree(root, dict.fromkeys(paths, blob))
    first = _commit(root, _tree(root, {b"y": blob}))
    last = _commit(root, tree, first)
    expected = {_text(path) for path in paths}
    assert {file.path for file in tree_files(repository, tree)} == expected
    changed = {change.path for change in changed_paths(repository, first, last)}
    assert changed == expected ^ {"y"}
    assert {change.path for change in changes_of_commits(repository, [last]).get(last, [])} == changed
    landed = [
        (commit.oid, {change.path for change in changes})
        for commit, changes in changes_along(repository, last, None, ())
    ]
    assert landed == [(first, {"y"}), *([(last, changed)] if changed else [])]


@_EXAMPLES
@given(name=_NAMES)
def test_a_file_of_any_name_is_found_by_what_it_holds(
    root: Path, repository: Repository, blob: str, name: bytes
) -> None:
    commit = _commit(root, _tree(root, {b"d/" + name + b"/k.dvc": blob, name + b".dvc": blob}))
    path = f"d/{_text(name)}/k.dvc"
    assert path in files_holding(repository, commit, "md5: 1", "d/**/*.dvc")
    assert paths_named(repository, commit, "d", "k.dvc") == [path]
    assert commits_changing(repository, commit, path) == [commit]


@_EXAMPLES
@given(name=_NAMES)
def test_a_conflict_in_a_file_of_any_name_is_told(root: Path, repository: Repository, name: bytes) -> None:
    blobs = [_run(root, "hash-object", "-w", "--stdin", stdin=text).decode() for text in (b"1", b"2", b"3")]
    base, ours, theirs = (_tree(root, {name: oid}) for oid in blobs)
    start = _commit(root, base)
    merged = merge(repository, _commit(root, ours, start), _commit(root, theirs, start))
    assert (merged.tree, merged.conflicts) == (None, (_text(name),))


@_EXAMPLES
@given(author=_PEOPLE, email=_PEOPLE, message=_MESSAGES)
def test_authors_and_messages_of_any_bytes_are_no_more_than_that(
    root: Path, repository: Repository, blob: str, author: bytes, email: bytes, message: bytes
) -> None:
    first = _commit(root, _tree(root, {b"y": blob}))
    commit = _commit(root, _tree(root, {b"z": blob}), first, author=author, email=email, message=message)
    (told,) = authored_commits(repository, first, commit)
    assert (told.oid, told.author.email, set(told.paths)) == (commit, _text(email), {"y", "z"})
    assert read_commit(repository, commit).message == message.decode(errors="replace")
    assert [landed.commit for landed in first_parents(repository, commit)] == [first, commit]


def _is_lawful(root: Path, name: bytes) -> bool:
    return subprocess.run(["git", "check-ref-format", b"refs/tags/" + name], cwd=root).returncode == 0


@_EXAMPLES
@given(names=st.lists(_REF_NAMES, min_size=1, max_size=4, unique=True))
def test_a_tag_of_any_name_is_told_whole_and_alone(
    root: Path, repository: Repository, names: list[bytes]
) -> None:
    names = [name for name in names if _is_lawful(root, name) and len(name) < 100]
    assume(names and _apart(names))
    head = git(root, "rev-parse", "HEAD")
    move = b"".join(b"update refs/tags/%s\0%s\0\0" % (name, head.encode()) for name in names)
    _run(root, "update-ref", "--stdin", "-z", stdin=move)
    try:
        expected = {_text(name): head for name in names}
        refs = {f"refs/tags/{name}": oid for name, oid in expected.items()}
        assert tag_ids(repository) == expected
        assert ref_ids(repository, "refs/tags/") == refs
        assert {ref.name: ref.oid for ref in listed_refs(repository, "refs/tags/")} == refs
        assert annotated_tags(repository) == ({}, sorted(expected, key=os.fsencode))
        assert remote_refs(repository, ".", "refs/tags/*") == refs
    finally:
        gone = b"".join(b"delete refs/tags/%s\0\0" % name for name in names)
        _run(root, "update-ref", "--stdin", "-z", stdin=gone)


def test_a_tag_with_a_line_separator_of_unicode_is_one_tag(root: Path, repository: Repository) -> None:
    git(root, "tag", "x\u2028y")
    assert list(tag_ids(repository)) == ["x\u2028y"]
    git(root, "tag", "-d", "x\u2028y")


@_EXAMPLES
@given(name=_NAMES.filter(lambda name: name[:1] != b"." and len(name) < 200))
def test_a_file_of_any_name_is_known_in_the_working_tree(
    root: Path, repository: Repository, name: bytes
) -> None:
    path = root / ("w" + _text(name))
    path.touch()
    try:
        assert set(known_files(repository, "")) == {"x", "w" + _text(name)}
    finally:
        path.unlink()


@pytest.mark.parametrize("name", ["li\nne", "branch refs/heads/main", "a b", "ü\u2028"])
def test_a_working_tree_in_a_folder_of_any_name_is_found(tmp_path: Path, name: str) -> None:
    main = new_repository(tmp_path / "work", {"x": "x"})
    git(main, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / name))
    assert checkouts_of(discover(main), "other") == [tmp_path / name]
    assert checkouts_of(discover(main), "main") == [main]


def test_a_files_name_makes_no_commit_of_somebody_else(root: Path, repository: Repository, blob: str) -> None:
    start = _commit(root, _tree(root, {b"y": blob}))
    name = b"a\x01%s\x02%s\x02ana@example.com\x02" % (b"f" * 40, b"e" * 40)
    evil = _commit(root, _tree(root, {name: blob, b"z": blob}), start, email=b"mallory@example.com")
    (told,) = authored_commits(repository, start, evil)
    assert (told.oid, told.author.email) == (evil, "mallory@example.com")
    assert set(told.paths) == {_text(name), "y", "z"}


def test_of_a_merge_only_what_no_parent_holds_is_its_own(
    root: Path, repository: Repository, blob: str
) -> None:
    other = _run(root, "hash-object", "-w", "--stdin", stdin=b"other").decode()
    start = _commit(root, _tree(root, {b"y": blob}))
    left = _commit(root, _tree(root, {b"y": blob, b"l": blob}), start)
    right = _commit(root, _tree(root, {b"y": blob, b"r": blob}), start)
    both = _commit(root, _tree(root, {b"y": other, b"l": blob, b"r": blob}), left, right)
    told = {commit.oid: commit for commit in authored_commits(repository, start, both)}
    assert (told[both].paths, told[both].is_merge) == (("y",), True)
    assert told[right].paths == ("r",)


def test_every_content_is_told_that_a_merge_alone_brought(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "work", {"a.dvc": "1"})
    git(root, "checkout", "--quiet", "-b", "side")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "side")
    git(root, "checkout", "--quiet", "main")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "main")
    git(root, "merge", "--quiet", "--no-commit", "--no-ff", "side")
    (root / "b.dvc").write_text("2")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "both")
    told = every_blob(discover(root), [":(top,glob)**/*.dvc"])
    assert {path for paths in told.values() for path in paths} == {"a.dvc", "b.dvc"}


@pytest.fixture
def misled(tmp_path: Path) -> Callable[[], Repository]:
    """A repository in which another commit and another content stand in for the true ones."""
    root = new_repository(tmp_path / "work", {"x": "true"})
    git(root, "tag", "true")
    (root / "x").write_text("false")
    git(root, "commit", "--quiet", "-am", "false")
    git(root, "replace", git(root, "rev-parse", "true"), "HEAD")
    git(root, "replace", git(root, "rev-parse", "true:x"), git(root, "rev-parse", "HEAD:x"))
    return lambda: discover(root)


def test_replaced_objects_are_read_as_they_are(misled: Callable[[], Repository]) -> None:
    repository = misled()
    (first, last) = first_parents(repository, "main")
    assert read_commit(repository, first.commit).parents == ()
    (change,) = changed_paths(repository, first.commit, last.commit)
    assert change.path == "x"
