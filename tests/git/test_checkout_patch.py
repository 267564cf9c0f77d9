"""A checkout is brought to another commit by the files that differ, and by read-tree where that is less
plain; either way it ends the same, or is left as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.work_tree import new_repository
from building.world import git
from rollbook.errors import Conflict, GitFailed, Refused
from rollbook.git.checkout import require_room, switch
from rollbook.git.checkout_patch import applies, checkout_patch
from rollbook.git.repository import discover

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollbook.git.repository import Repository

BEFORE = {"a/edited": "1\n", "a/gone": "2\n", "b/kept": "3\n", "run.sh": "#!/bin/sh\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose checkout stands at the first of two commits, and whose second edits, adds and
    removes files."""
    made = new_repository(tmp_path, BEFORE)
    (made / "a/edited").write_text("changed\n")
    (made / "a/gone").unlink()
    (made / "new/folder").mkdir(parents=True)
    (made / "new/folder/file").write_bytes(b"\0\xff\r\n")
    (made / "new/empty").touch()
    (made / "run.sh").write_text("#!/bin/sh\ntrue\n")
    git(made, "add", "--all")
    git(made, "commit", "-q", "-m", "second")
    git(made, "branch", "second")
    git(made, "reset", "-q", "--hard", "HEAD~1")
    return made


def _ends(root: Path) -> tuple[Repository, str, str]:
    return discover(root), git(root, "rev-parse", "HEAD"), git(root, "rev-parse", "second")


def _standing(root: Path) -> tuple[str, str]:
    return git(root, "write-tree"), git(root, "status", "--porcelain", "--ignored")


def test_index_and_files_become_those_of_the_other_commit_and_back(root: Path) -> None:
    repository, old, new = _ends(root)
    before = _standing(root)
    require_room(repository, root, old, new)
    assert _standing(root) == before
    switch(repository, root, old, new)
    assert git(root, "write-tree") == git(root, "rev-parse", "second^{tree}")
    assert git(root, "diff-files") == ""
    assert (root / "new/folder/file").read_bytes() == b"\0\xff\r\n"
    assert not (root / "a/gone").exists()
    switch(repository, root, new, old)
    assert _standing(root) == before
    assert not (root / "new").exists()


def test_files_that_do_not_differ_may_be_edited_and_staged(root: Path) -> None:
    repository, old, new = _ends(root)
    (root / "b/kept").write_text("mine\n")
    (root / "staged").write_text("mine\n")
    git(root, "add", "staged")
    require_room(repository, root, old, new)
    switch(repository, root, old, new)
    assert git(root, "status", "--porcelain", "b", "staged") == " M b/kept\nA  staged"
    assert (root / "b/kept").read_text() == "mine\n"


def _edited(root: Path) -> None:
    (root / "a/edited").write_text("mine\n")


def _staged(root: Path) -> None:
    _edited(root)
    git(root, "add", "a/edited")


def _untracked(root: Path) -> None:
    (root / "new/folder").mkdir(parents=True)
    (root / "new/folder/file").write_text("mine\n")


def _a_file_for_a_folder(root: Path) -> None:
    (root / "new").write_text("mine\n")


def _a_link_for_a_folder(root: Path) -> None:
    (root / "elsewhere").mkdir()
    (root / "new").symlink_to("elsewhere")


@pytest.mark.parametrize(
    "arrange", [_edited, _staged, _untracked, _a_file_for_a_folder, _a_link_for_a_folder]
)
def test_what_would_be_overwritten_is_refused(root: Path, arrange: Callable[[Path], None]) -> None:
    repository, old, new = _ends(root)
    arrange(root)
    before = _standing(root)
    with pytest.raises(Refused, match="would be overwritten"):
        require_room(repository, root, old, new)
    assert _standing(root) == before


def test_a_file_that_was_only_touched_is_no_change(root: Path) -> None:
    repository, old, new = _ends(root)
    data = (root / "a/edited").read_bytes()
    (root / "a/edited").unlink()
    (root / "a/edited").write_bytes(data)
    require_room(repository, root, old, new)
    switch(repository, root, old, new)
    assert git(root, "status", "--porcelain") != ""
    assert git(root, "write-tree") == git(root, "rev-parse", "second^{tree}")


def test_a_checkout_that_stands_there_already_has_room(root: Path) -> None:
    """As one does whose landing was cut off before its ref moved."""
    repository, old, new = _ends(root)
    switch(repository, root, old, new)
    require_room(repository, root, old, new)
    switch(repository, root, old, new)
    assert git(root, "write-tree") == git(root, "rev-parse", "second^{tree}")


def test_in_the_midst_of_a_merge_no_patch_applies(root: Path) -> None:
    repository, old, new = _ends(root)
    patch = checkout_patch(repository, old, new)
    assert patch is not None
    assert applies(root, patch)
    (root / ".git/MERGE_HEAD").write_text(f"{new}\n")
    assert not applies(root, patch)


def test_a_linked_checkout_is_brought_along(root: Path, tmp_path: Path) -> None:
    repository, old, new = _ends(root)
    linked = tmp_path / "linked"
    git(root, "worktree", "add", "-q", "--detach", str(linked), old)
    patch = checkout_patch(repository, old, new)
    assert patch is not None
    assert applies(linked, patch)
    switch(repository, linked, old, new)
    assert git(linked, "write-tree") == git(root, "rev-parse", "second^{tree}")
    git(linked, "read-tree", "-m", "-u", new, old)
    (root / ".git/worktrees/linked/MERGE_HEAD").write_text(f"{new}\n")
    assert not applies(linked, patch)


def test_a_file_that_no_filter_can_write_leaves_all_as_it_was(root: Path) -> None:
    repository, old, new = _ends(root)
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/attributes").write_text("file filter=broken\n")
    git(root, "config", "filter.broken.smudge", "false")
    git(root, "config", "filter.broken.required", "true")
    before = _standing(root)
    with pytest.raises(GitFailed):
        switch(repository, root, old, new)
    assert _standing(root) == before


@pytest.mark.parametrize("path", ["with space", 'a"quote', "-option", "ünicode", ".hidden/x"])
def test_a_path_that_a_patch_would_quote_is_left_to_read_tree(root: Path, path: str) -> None:
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("x\n")
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "odd")
    git(root, "branch", "-f", "second")
    git(root, "reset", "-q", "--hard", "HEAD~1")
    repository, old, new = _ends(root)
    assert checkout_patch(repository, old, new) is None
    require_room(repository, root, old, new)
    switch(repository, root, old, new)
    assert (root / path).read_text() == "x\n"


def _last_patch(root: Path) -> str | None:
    return checkout_patch(discover(root), git(root, "rev-parse", "HEAD~1"), git(root, "rev-parse", "HEAD"))


def test_links_and_modes_are_left_to_read_tree(root: Path) -> None:
    git(root, "update-index", "--chmod=+x", "run.sh")
    git(root, "commit", "-q", "-m", "mode")
    assert (
        checkout_patch(discover(root), git(root, "rev-parse", "HEAD~1"), git(root, "rev-parse", "HEAD"))
        is None
    )
    (root / "link").symlink_to("b/kept")
    git(root, "add", "link")
    git(root, "commit", "-q", "-m", "link")
    assert (
        checkout_patch(discover(root), git(root, "rev-parse", "HEAD~1"), git(root, "rev-parse", "HEAD"))
        is None
    )


def test_a_sparse_checkout_is_left_to_read_tree(root: Path) -> None:
    repository, old, new = _ends(root)
    git(root, "config", "core.sparseCheckout", "true")
    assert checkout_patch(repository, old, new) is None


def test_the_users_settings_of_whitespace_change_nothing(root: Path) -> None:
    git(root, "config", "apply.whitespace", "error-all")
    git(root, "config", "apply.ignoreWhitespace", "change")
    git(root, "config", "core.whitespace", "trailing-space,cr-at-eol")
    repository, old, new = _ends(root)
    switch(repository, root, old, new)
    assert git(root, "write-tree") == git(root, "rev-parse", "second^{tree}")


def test_another_git_at_work_in_the_checkout_is_seen_before_anything_moves(root: Path) -> None:
    repository, old, new = _ends(root)
    (root / ".git/index.lock").touch()
    with pytest.raises(Conflict, match="another git is at work"):
        require_room(repository, root, old, new)


def test_a_linked_checkout_that_is_sparse_stays_so(root: Path, tmp_path: Path) -> None:
    git(root, "checkout", "-q", "--detach")
    linked = tmp_path / "linked"
    git(root, "worktree", "add", "-q", str(linked), "main")
    git(linked, "sparse-checkout", "set", "--no-cone", "/b/")
    repository, old, new = _ends(root)
    require_room(repository, linked, old, new)
    switch(repository, linked, old, new)
    assert git(linked, "write-tree") == git(root, "rev-parse", "second^{tree}")
    assert sorted(path.name for path in linked.iterdir()) == [".git", "b"]
