"""`register`: a large artifact, beside `dvc add`, `dvc push` and `sha256sum` of the same bytes."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison
from benchmarks.timing import Command, medians, program, run

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.sizes import Scene

_CHUNK = 1 << 20
_LARGE = 64 << 20
_MODEL = "big-model"
_BRANCH = f"rollbook/register/{_MODEL}/1.0.0"


def measure(scene: Scene) -> list[Comparison]:
    """Store and describe one artifact, from empty caches and an empty local remote each time."""
    size = scene.sizes.artifact_bytes
    artifact = scene.root / "model.bin"
    _write_noise(artifact, size)
    ours = f"register, {size / (1 << 20):,.0f} MiB"
    commands = [
        _rollbook(scene.root / "register", artifact, ours),
        _dvc(scene.root / "dvc", artifact),
    ]
    own, dvc = medians(commands, min(scene.sizes.runs, 5))
    return [Comparison("register", ours, own, commands[1].label, dvc, most_ratio=1.5)]


def _rollbook(directory: Path, artifact: Path, label: str) -> Command:
    _repository(directory)
    run(directory, program("rollbook"), "init")
    run(directory, "git", "add", ".")
    run(directory, "git", "commit", "--quiet", "-m", "Start a model registry")
    remote = directory.with_name(f"{directory.name}-artifacts")

    def prepare() -> None:
        _empty(directory / ".dvc" / "cache", remote)
        run(directory, "git", "update-ref", "-d", f"refs/heads/{_BRANCH}")
        _settle(artifact)

    command = [program("rollbook"), "register", _MODEL, str(artifact), "--version", "1.0.0"]
    return Command(label, [command], directory, prepare)


def _dvc(directory: Path, artifact: Path) -> Command:
    _repository(directory)
    remote = directory.with_name(f"{directory.name}-artifacts")
    run(directory, program("dvc"), "init", "--quiet")
    run(directory, program("dvc"), "remote", "add", "--quiet", "--default", "store", str(remote))

    def prepare() -> None:
        _empty(directory / ".dvc" / "cache", directory / ".dvc" / "tmp", remote)
        (directory / "model.bin").unlink(missing_ok=True)
        (directory / "model.bin.dvc").unlink(missing_ok=True)
        shutil.copyfile(artifact, directory / "model.bin")
        _settle(artifact)

    programs = [
        [program("dvc"), "add", "--quiet", "model.bin"],
        [program("dvc"), "push", "--quiet"],
        ["sha256sum", "model.bin"],
    ]
    return Command("dvc add + dvc push + sha256sum", programs, directory, prepare)


def _repository(directory: Path) -> None:
    directory.mkdir()
    run(directory, "git", "init", "--quiet", "--initial-branch=main")


def _settle(artifact: Path) -> None:
    """Let what was written before reach the disk, or it slows down whoever runs next."""
    if artifact.stat().st_size >= _LARGE:
        os.sync()


def _empty(*directories: Path) -> None:
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()


def _write_noise(path: Path, size: int) -> None:
    noise = random.Random(size)  # the same bytes in every run
    with path.open("wb") as file:
        for start in range(0, size, _CHUNK):
            file.write(noise.randbytes(min(_CHUNK, size - start)))
