"""What tests work in: real repositories, and the command line run in this process."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


def git(directory: Path, *arguments: str, stdin: str | None = None) -> str:
    """Run git and return its output without the last line break; fail the test when git fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=directory, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.rstrip("\n")


POLICY = "registry/policy.yaml"
# What the workflows of a world's registry run Rollbook from; `act` is handed this checkout for it.
ACTION = f"acme/rollbook@{'5' * 40}"


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
    """A bare origin, a clone of it that is a registry, the folder of its DVC remote, and room for files.

    All of it is in one folder and says so by relative paths, so that a copy of the folder is a world too.
    """

    root: Path

    @classmethod
    def new(cls, root: Path) -> World:
        """A registry without any model, as `rollbook init` starts it."""
        world = cls(root)
        root.mkdir(exist_ok=True)
        git(root, "init", "--quiet", "--bare", "origin.git")
        git(root, "clone", "--quiet", "origin.git", "registry")
        world.git("checkout", "--quiet", "-B", "main")
        world.run("init", "--action", ACTION)
        world.git("add", ".")
        world.git("commit", "--quiet", "-m", "Start a model registry")
        world.git("push", "--quiet", "--set-upstream", "origin", "main")
        world.git("remote", "set-url", "origin", "../origin.git")
        return world

    def copy(self, root: Path) -> World:
        """The same at another place, to be changed."""
        shutil.copytree(self.root, root, symlinks=True)
        return World(root)

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

    def write(self, path: str, text: str) -> None:
        """Write a file of the working tree."""
        target = self.registry / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def read(self, path: str) -> str:
        return (self.registry / path).read_text()

    def commit(self, message: str = "Change it by hand") -> None:
        """Commit everything in the working tree to main, past every check, and push it."""
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", message)
        self.git("push", "--quiet", "origin", "HEAD:main")

    def policy(self, rules: str) -> None:
        """Add rules to main's policy."""
        self.write(POLICY, f"{self.read(POLICY).rstrip()}\n{rules}")
        self.commit("Change the policy")

    def land(self, branch: str, *options: str) -> None:
        self.run("land", branch, *options)

    def register(self, model: str, version: str, *options: str, content: bytes | None = None) -> None:
        """Register a version and land it."""
        artifact = self.artifact(content or f"{model} {version}".encode())
        self.run("register", model, str(artifact), "--version", version, "--land", *options)

    def promote(self, reference: str, stage: str, *options: str) -> None:
        """Move a version to a stage and land that."""
        self.run("promote", reference, stage, "--reason", f"for {stage}", "--land", *options)
