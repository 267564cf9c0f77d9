"""What is said of an artifact's files when a person may not expect them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import configured

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.artifact.storage import Storage


def model(root: Path, *paths: str) -> Path:
    folder = root / "model"
    for path in ("weights.bin", *paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    "litter", [".DS_Store", "sub/Thumbs.db", "config.json~", ".w.swp", "__pycache__/a.pyc", "._weights.bin"]
)
def test_what_a_desktop_left_behind_is_taken_and_told(storage: Storage, tmp_path: Path, litter: str) -> None:
    stored = storage.add(model(tmp_path, litter), "model")
    assert stored.remarks == (f"part of the artifact, though a system or an editor left it there: {litter}",)
    assert len(stored.digest.files) == 2


def test_a_folder_without_a_file_is_told(storage: Storage, tmp_path: Path) -> None:
    folder = model(tmp_path)
    (folder / "checkpoints" / "none").mkdir(parents=True)
    assert storage.add(folder, "model").remarks == ("left out, for no file is in it: checkpoints/none/",)


def test_what_dvcignore_would_leave_out_is_told(storage: Storage, tmp_path: Path) -> None:
    project = configured(tmp_path / "project", "../../remote")
    (project / ".dvcignore").write_text("*.log\n")
    stored = storage.add(model(project, "train.log"), "model")
    assert stored.remarks == ("part of the artifact, though .dvcignore would leave it out: train.log",)


def test_nothing_is_said_of_a_plain_folder(storage: Storage, tmp_path: Path) -> None:
    assert storage.add(model(tmp_path, "a/b.txt"), "model").remarks == ()
