"""What MLflow is given to load is a verified copy: as registered, or not there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mlflow.exceptions import MlflowException

from rollbook.integrations.mlflow import version_download
from rollbook.integrations.mlflow.store import RollbookStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from building.world import World


@pytest.fixture
def folder_world(world: World) -> World:
    """A registry with one version whose artifact is a folder."""
    folder = world.root / "model"
    (folder / "code").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "code" / "own.py").write_text("VALUE = 1\n")
    world.run("register", "churn", str(folder), "--version", "1.0.0", "--land")
    return world


def _store(world: World) -> RollbookStore:
    return RollbookStore(f"rollbook://{world.registry}")


def _got(world: World) -> Path:
    return Path(_store(world).get_model_version_download_uri("churn", "1"))


def test_a_folder_is_handed_out_as_it_was_registered(folder_world: World) -> None:
    place = _got(folder_world)
    assert (place / "MLmodel").read_text() == "flavors: {}\n"
    assert place.is_relative_to(folder_world.registry / ".git" / "rollbook" / "mlflow")


def test_a_file_is_handed_out_in_a_folder_of_its_own(world: World) -> None:
    world.register("churn", "1.0.0", content=b"weights")
    place = _got(world)
    assert [path.name for path in place.iterdir()] == ["model.bin"]
    assert (place / "model.bin").read_bytes() == b"weights"


def test_a_copy_cannot_be_written_to_by_accident(folder_world: World) -> None:
    assert not (_got(folder_world) / "MLmodel").stat().st_mode & 0o222


def test_a_copy_that_nobody_touched_is_not_read_again(
    folder_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _got(folder_world)
    monkeypatch.setattr(version_download, "is_there", pytest.fail)
    monkeypatch.setattr(version_download, "fetch_version", pytest.fail)
    assert _got(folder_world) == place


def _altered(place: Path) -> None:
    path = place / "MLmodel"
    before = path.stat()
    path.chmod(0o644)
    path.write_text("flavors: []\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _truncated(place: Path) -> None:
    (place / "MLmodel").chmod(0o644)
    (place / "MLmodel").write_bytes(b"")


def _added(place: Path) -> None:
    (place / "more").write_text("x")


def _linked(place: Path) -> None:
    (place / "MLmodel").unlink()
    (place / "MLmodel").symlink_to("/etc/hostname")


def _linked_folder(place: Path) -> None:
    (place / "further").symlink_to("/etc")


def _taken_away(place: Path) -> None:
    shutil.rmtree(place)


def _compiled(place: Path) -> None:
    (place / "code" / "__pycache__").mkdir()
    (place / "code" / "__pycache__" / "own.cpython-311.pyc").write_bytes(b"evil")


@pytest.mark.parametrize(
    "harm", [_altered, _truncated, _added, _linked, _linked_folder, _taken_away, _compiled]
)
def test_a_copy_that_was_touched_is_made_good(folder_world: World, harm: Callable[[Path], None]) -> None:
    place = _got(folder_world)
    harm(place)
    assert _got(folder_world) == place
    files = {path.relative_to(place).as_posix(): path.is_symlink() for path in place.rglob("*")}
    assert files == {"MLmodel": False, "code": False, "code/own.py": False}
    assert (place / "MLmodel").read_text() == "flavors: {}\n"


def test_a_copy_whose_times_alone_changed_is_verified_again_and_kept(
    folder_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _got(folder_world)
    (place / "MLmodel").touch()
    monkeypatch.setattr(version_download, "fetch_version", pytest.fail)
    assert _got(folder_world) == place


def test_nothing_is_handed_out_when_the_stored_bytes_are_others(folder_world: World) -> None:
    for path in folder_world.artifacts.rglob("*"):
        if path.is_file() and path.read_bytes() == b"flavors: {}\n":
            path.chmod(0o644)
            path.write_bytes(b"flavors: []\n")
    shutil.rmtree(folder_world.registry / ".dvc" / "cache", ignore_errors=True)
    with pytest.raises(MlflowException):
        _got(folder_world)
    copies = folder_world.registry / ".git" / "rollbook" / "mlflow"
    assert not [path for path in copies.iterdir() if path.is_dir()]


def test_the_copy_of_an_artifact_that_was_removed_is_not_handed_out(folder_world: World) -> None:
    place = _got(folder_world)
    removal = (
        "model: churn\nversion: 1.0.0\nremoved_at: 2026-02-01T00:00:00Z\nremoved_by: a@b.example\n"
        "reason: old\nstage: archived\n"
        f"artifact: {{path: model, format: mlflow, size: 1, sha256: {'a' * 64}, md5: x}}\n"
    )
    folder_world.write("registry/churn/versions/1.0.0/removed.yaml", removal)
    folder_world.commit()
    with pytest.raises(MlflowException, match="was removed"):
        _got(folder_world)
    assert place.is_dir()


def test_a_signature_of_other_bytes_is_refused(folder_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from rollbook.errors import Refused

    def refused(version: object) -> None:
        raise Refused(f"the signature of {version} is of something else")

    monkeypatch.setattr(version_download, "check_registered", refused)
    with pytest.raises(MlflowException, match="signature"):
        _got(folder_world)


def test_processes_that_ask_at_once_are_given_one_whole_copy(folder_world: World) -> None:
    code = (
        "import sys, pathlib\n"
        "from rollbook.integrations.mlflow.store import RollbookStore\n"
        "place = RollbookStore(f'rollbook://{sys.argv[1]}').get_model_version_download_uri('churn', 1)\n"
        "assert (pathlib.Path(place) / 'code' / 'own.py').read_text() == 'VALUE = 1\\n'\n"
        "print(place)\n"
    )
    command = [sys.executable, "-c", code, str(folder_world.registry)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = {process.communicate()[0] for process in running}
    assert told == {f"{_got(folder_world)}\n"}
