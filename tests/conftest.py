"""Fixtures for all tests: a git without the machine's own settings, and small real registries to work on."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="session")
def _own_git_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Git sees a user of the tests, a main branch called main, and nothing of the machine's settings."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Jane Doe\n\temail = jane@example.com\n[init]\n\tdefaultBranch = main\n"
        "[protocol \"file\"]\n\tallow = always\n[gc]\n\tauto = 0\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("DVC_NO_ANALYTICS", "1")
        patch.delenv("ROLLBOOK_DIR", raising=False)
        yield


def git(directory: Path, *arguments: str, stdin: str | None = None) -> str:
    """Run git and return its output without the last line break; fail the test when git fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=directory, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.rstrip("\n")


@dataclass(frozen=True)
class Ran:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


def rollbook(directory: Path, *arguments: str) -> Ran:
    """Run the command line in this process, as if started in `directory`."""
    from rollbook.cli import execute

    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    os.chdir(directory)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = execute([str(argument) for argument in arguments])
    finally:
        os.chdir(before)
    return Ran(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class World:
    """A bare origin, a clone of it that is a registry, the folder of its DVC remote, and room for files."""

    root: Path

    @property
    def origin(self) -> Path:
        return self.root / "origin.git"

    @property
    def registry(self) -> Path:
        return self.root / "registry"

    @property
    def artifacts(self) -> Path:
        return self.root / "registry-artifacts"

    def run(self, *arguments: str) -> Ran:
        """Run `rollbook` in the clone; fail the test when it fails."""
        ran = rollbook(self.registry, *arguments)
        assert ran.code == 0, f"rollbook {' '.join(map(str, arguments))}: {ran.err}"
        return ran

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        return git(self.registry, *arguments, stdin=stdin)

    def artifact(self, content: bytes = b"weights", name: str = "model.bin") -> Path:
        """A file to register."""
        path = self.root / name
        path.write_bytes(content)
        return path

    def register(self, model: str, version: str, *options: str, content: bytes | None = None) -> None:
        """Register a version and land it."""
        artifact = self.artifact(content or f"{model} {version}".encode())
        self.run("register", model, str(artifact), "--version", version, "--land", *options)

    def promote(self, reference: str, stage: str, *options: str) -> None:
        """Move a version to a stage and land that."""
        self.run("promote", reference, stage, "--reason", f"for {stage}", "--land", *options)


@pytest.fixture(scope="session")
def _new_world(tmp_path_factory: pytest.TempPathFactory, _own_git_settings: None) -> Path:
    root = tmp_path_factory.mktemp("world")
    git(root, "init", "--quiet", "--bare", "origin.git")
    git(root, "clone", "--quiet", "origin.git", "registry")
    git(root / "registry", "checkout", "--quiet", "-B", "main")
    ran = rollbook(root / "registry", "init")
    assert ran.code == 0, ran.err
    git(root / "registry", "add", ".")
    git(root / "registry", "commit", "--quiet", "-m", "Start a model registry")
    git(root / "registry", "push", "--quiet", "--set-upstream", "origin", "main")
    return root


@pytest.fixture
def world(_new_world: Path, tmp_path: Path) -> World:
    """A fresh registry with an origin, without any model yet."""
    root = tmp_path / "world"
    shutil.copytree(_new_world, root, symlinks=True)
    git(root / "registry", "remote", "set-url", "origin", str(root / "origin.git"))
    return World(root)
