"""`register`: a small artifact in registries of any size, and a large one beside what DVC takes for it."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

from benchmarks.generate.plan import FIRST_MODEL
from benchmarks.peers import mlflow
from benchmarks.place import NEW_VERSION
from benchmarks.question import Goal, Question
from benchmarks.timing import Command, program, run

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.place import Place

_CHUNK = 1 << 20
_SMALL, _LARGE = 4 << 10, 1 << 30
_BRANCH = f"refs/heads/rollbook/register/{FIRST_MODEL}/{NEW_VERSION}"
_DVC = "dvc add; dvc push; sha256sum"


def _small(place: Place) -> list[Command]:
    artifact = _noise(place, _SMALL)
    return [
        _rollbook(place, artifact, "rollbook register, 4 KiB"),
        _dvc(place, artifact),
        *mlflow(place, "a new client, no artifact", ["register"]),
    ]


def _large(place: Place) -> list[Command]:
    # At the smallest size of all the point is that it runs.
    artifact = _noise(place, _SMALL if place.size.name == "toy" else _LARGE)
    return [_rollbook(place, artifact, "rollbook register, 1 GiB"), _dvc(place, artifact)]


def _rollbook(place: Place, artifact: Path, label: str) -> Command:
    """Store, describe and propose, from an empty cache and a remote that holds nothing of it."""
    registry = place.registry
    shelf = place.root / "artifacts"
    away = place.root / "artifacts-put-away"
    if not away.exists():
        shelf.rename(away)

        def put_back() -> None:
            shutil.rmtree(shelf)
            away.rename(shelf)

        place.afterwards(put_back)

    def prepare() -> None:
        _empty(registry / ".dvc" / "cache", shelf)
        # An empty folder is taken for one that is not mounted.
        (shelf / "files" / "md5").mkdir(parents=True)
        run(registry, "git", "update-ref", "-d", _BRANCH)
        _settle(artifact)

    place.afterwards(lambda: run(registry, "git", "update-ref", "-d", _BRANCH))
    words = [program("rollbook"), "register", FIRST_MODEL, str(artifact), "--version", NEW_VERSION]
    return Command(label, [words], registry, prepare=prepare)


def _dvc(place: Place, artifact: Path) -> Command:
    """The same bytes by DVC alone, in a repository of its own."""
    directory = place.root / "dvc"
    remote = place.root / "dvc-remote"
    if not directory.exists():
        directory.mkdir()
        run(directory, "git", "init", "--quiet", "--initial-branch=main")
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
    return Command(_DVC, programs, directory, "peer", prepare=prepare)


def _settle(artifact: Path) -> None:
    """Let what was written before reach the disk, or it slows down whoever runs next."""
    if artifact.stat().st_size >= _LARGE:
        os.sync()


def _empty(*directories: Path) -> None:
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()


def _noise(place: Place, size: int) -> Path:
    """A file of `size` bytes, the same in every run."""
    path = place.registry.with_name(f"noise-{size}") / "model.json"
    if not path.exists():
        path.parent.mkdir()
        noise = random.Random(size)
        with path.open("wb") as file:
            for start in range(0, size, _CHUNK):
                file.write(noise.randbytes(min(_CHUNK, size - start)))
    return path


QUESTIONS = (
    Question("register", "Register a version with a small artifact", _small, (Goal("v100k", 1.3, "v1k"),)),
    Question(
        "register-large", "Register a version of 1 GiB", _large, (Goal("v100", 1.5, _DVC),),
        sizes=("toy", "v100"),
    ),
)  # fmt: skip
