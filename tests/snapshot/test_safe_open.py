"""Files below a folder are read and written through no link, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.errors import BadCall
from rollbook.snapshot.safe_open import read_beneath, write_beneath

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_bytes(b"secret")
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_a_file_is_written_with_the_folders_that_it_needs(root: Path) -> None:
    assert write_beneath(root, "a/b/file", b"text", replace=False)
    assert (root / "a/b/file").read_bytes() == b"text"
    assert [path.name for path in (root / "a/b").iterdir()] == ["file"]


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(root: Path) -> None:
    (root / "file").write_bytes(b"old")
    assert not write_beneath(root, "file", b"new", replace=False)
    assert (root / "file").read_bytes() == b"old"


def test_a_file_that_is_replaced_keeps_its_mode(root: Path) -> None:
    (root / "file").write_bytes(b"old")
    (root / "file").chmod(0o640)
    assert write_beneath(root, "file", b"new", replace=True)
    assert ((root / "file").read_bytes(), (root / "file").stat().st_mode & 0o777) == (b"new", 0o640)


@pytest.mark.parametrize("replace", [False, True])
def test_nothing_is_written_through_a_linked_folder(root: Path, replace: bool) -> None:
    (root / "folder").symlink_to("../outside")
    with pytest.raises(BadCall, match="folder is a symbolic link"):
        write_beneath(root, "folder/secret", b"new", replace=replace)
    assert (root.parent / "outside/secret").read_bytes() == b"secret"


def test_a_link_is_neither_replaced_nor_followed(root: Path) -> None:
    (root / "file").symlink_to("../outside/secret")
    with pytest.raises(BadCall, match="file is a symbolic link"):
        write_beneath(root, "file", b"new", replace=True)
    assert (root / "file").is_symlink()
    assert (root.parent / "outside/secret").read_bytes() == b"secret"


@pytest.mark.parametrize("link", ["folder", "folder/secret"])
def test_nothing_is_read_through_a_link(root: Path, link: str) -> None:
    place = root / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(root.parent / "outside" / link.removeprefix("folder").lstrip("/"))
    with pytest.raises(BadCall, match="is a symbolic link"):
        read_beneath(root, "folder/secret")


def test_what_is_missing_reads_as_nothing(root: Path) -> None:
    assert read_beneath(root, "folder/file") is None


def test_a_folder_is_not_read_as_a_file(root: Path) -> None:
    (root / "file").mkdir()
    with pytest.raises(BadCall, match="can't be a file"):
        read_beneath(root, "file")
