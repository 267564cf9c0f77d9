"""Pointers of other tools, which stand where bytes were not fetched, are never taken for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.artifact.unfetched import require_there
from rollbook.errors import BadCall

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.artifact.storage import Storage

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 4976698672\n"
ANNEX = b"/annex/objects/SHA256E-s5000--9f86d081.bin\n"
POINTER = "outs:\n- md5: 9e107d9d372bb6826bd81d3542a419d6\n  size: 5\n  hash: md5\n  path: weights.bin\n"
LOCK = f"schema: '2.0'\nstages:\n  train:\n    cmd: train\n    {POINTER.replace(chr(10), chr(10) + '    ')}"


@pytest.mark.parametrize(("pointer", "fetch"), [(LFS, "git lfs pull"), (ANNEX, "git annex get")])
@pytest.mark.parametrize("is_inside", [False, True])
def test_a_pointer_is_refused_with_the_command_that_fetches(
    storage: Storage, tmp_path: Path, pointer: bytes, fetch: str, is_inside: bool
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "weights.bin").write_bytes(pointer)
    with pytest.raises(BadCall, match=r"weights.bin is a pointer of git") as refused:
        storage.add(folder if is_inside else folder / "weights.bin", "model")
    assert fetch in refused.value.hint


def test_a_folder_with_a_pointer_of_dvc_alone_is_refused(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.bin.dvc").write_text(POINTER)
    with pytest.raises(BadCall, match=r"is a pointer of DVC, and weights\.bin is not there") as refused:
        storage.add(folder, "model")
    assert f"dvc pull {folder / 'weights.bin.dvc'}" in refused.value.hint
    (folder / "weights.bin").write_bytes(b"bytes")
    assert storage.add(folder, "model").digest.files[0].path == "weights.bin"


def test_a_pointer_of_dvc_that_is_named_is_refused(tmp_path: Path) -> None:
    pointer = tmp_path / "weights.bin.dvc"
    pointer.write_text(POINTER)
    with pytest.raises(BadCall, match="is a pointer of DVC, not the model") as refused:
        require_there(pointer)
    assert f"Name {tmp_path / 'weights.bin'}. Fetch it first: dvc pull {pointer}" == refused.value.hint


@pytest.mark.parametrize(
    ("tracking", "text", "missing"),
    [
        ("weights.bin.dvc", POINTER, "weights.bin"),
        ("models.dvc", POINTER, "models/weights.bin"),
        ("dvc.lock", LOCK, "weights.bin"),
    ],
)
def test_a_file_that_dvc_tracks_and_is_not_there_names_dvc_pull(
    tmp_path: Path, tracking: str, text: str, missing: str
) -> None:
    (tmp_path / tracking).write_text(text)
    with pytest.raises(BadCall, match=f"{tracking} tracks it with DVC") as refused:
        require_there(tmp_path / missing)
    assert f"dvc pull {tmp_path / missing}" in refused.value.hint


def test_a_link_to_nothing_is_not_called_missing(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").symlink_to("gone")
    with pytest.raises(BadCall, match="is a symbolic link to nothing: gone"):
        require_there(tmp_path / "weights.bin")


def test_a_small_file_that_names_git_lfs_later_on_is_a_file(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"# " + LFS)
    assert storage.add(tmp_path / "notes.txt", "notes.txt").digest.size == len(LFS) + 2
