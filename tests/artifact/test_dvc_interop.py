"""What Rollbook stores, the dvc command reads, and the other way round."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.pointer import Pointer, parse_pointer, pointer_data
from rollbook.artifact.storage import open_storage

from .conftest import dvc

Make = Callable[[str], Path]


def _text(pointer: Pointer) -> str:
    return yaml.safe_dump(pointer_data(pointer), sort_keys=False, allow_unicode=True)


def test_the_pointers_are_byte_for_byte_those_of_dvc_add(git_dvc: Make, folder: Path) -> None:
    root = git_dvc("work")
    (root / "model.bin").write_bytes(os.urandom(3 << 20))
    shutil.copytree(folder, root / "bundle")
    dvc(root, "add", "-q", "model.bin", "bundle")
    storage = open_storage(root)
    for name in ("model.bin", "bundle"):
        written = (root / f"{name}.dvc").read_text()
        stored = storage.add(root / name, name)
        assert _text(stored.pointer) == written
        assert parse_pointer(yaml.safe_load(written), f"{name}.dvc") == stored.pointer
        assert digest_artifact(root / name).md5 == stored.pointer.md5


def test_dvc_accepts_and_pulls_what_rollbook_pushed(git_dvc: Make, folder: Path, tmp_path: Path) -> None:
    root = git_dvc("work")
    (tmp_path / "model.bin").write_bytes(os.urandom(1 << 20))
    storage = open_storage(root)
    for source in (tmp_path / "model.bin", folder):
        stored = storage.add(source, source.name)
        storage.push(stored.pointer)
        (root / f"{source.name}.dvc").write_text(_text(stored.pointer))
    assert "Cache and remote 'r' are in sync" in dvc(root, "status", "--cloud")
    shutil.rmtree(root / ".dvc" / "cache")
    dvc(root, "pull", "-q")
    assert digest_artifact(root / "model.bin") == digest_artifact(tmp_path / "model.bin")
    assert digest_artifact(root / "bundle") == digest_artifact(folder)
    assert "up to date" in dvc(root, "status")


def test_rollbook_fetches_what_dvc_pushed(git_dvc: Make, folder: Path, tmp_path: Path) -> None:
    root = git_dvc("work")
    shutil.copytree(folder, root / "bundle")
    dvc(root, "add", "-q", "bundle")
    dvc(root, "push", "-q")
    shutil.rmtree(root / ".dvc" / "cache")
    pointer = parse_pointer(yaml.safe_load((root / "bundle.dvc").read_text()), "bundle.dvc")
    storage = open_storage(root)
    digest = digest_artifact(folder)
    assert storage.has(pointer)
    storage.fetch(pointer, sha256=digest.sha256, size=digest.size, destination=tmp_path / "fetched")
    assert digest_artifact(tmp_path / "fetched") == digest


@pytest.mark.parametrize("hook", [False, True])
def test_a_linked_worktree_stores_into_the_same_remote(
    git_dvc: Make, folder: Path, tmp_path: Path, hook: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = git_dvc("work")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "add", ".dvc"], cwd=root, check=True)
    subprocess.run(["git", *identity, "commit", "-qm", "Set DVC up"], cwd=root, check=True)
    linked = tmp_path / "linked"
    subprocess.run(["git", "worktree", "add", "-q", str(linked)], cwd=root, check=True)
    if hook:
        monkeypatch.setenv("GIT_DIR", str(root / ".git" / "worktrees" / "linked"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(root / ".git" / "worktrees" / "linked" / "index"))
    storage = open_storage(linked)
    stored = storage.add(folder, "bundle")
    storage.push(stored.pointer)
    assert open_storage(root).has(stored.pointer)
