"""A registry's repository in which a team has worked with the real GTO before, with tags of known dates."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from building.world import World, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CREDIT = """\
artifacts:
  credit:
    path: models/credit.bin
    type: model
    desc: Scores loans
    labels: [risk, tabular]
"""
SUB = """\
artifacts:
  fraud:
    path: fraud.bin
"""
OPTIONS = ("--stage", "prod=production", "--rename", "sub:fraud=fraud")


class Team:
    """The team: it writes files, commits, and calls GTO; a tag a day, so that each has a date of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.day = 0

    @property
    def root(self) -> Path:
        return self.world.registry

    def write(self, path: str, content: bytes | str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str = "work") -> str:
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "-m", message)
        return git(self.root, "rev-parse", "HEAD")

    def dvc_add(self, path: str) -> None:
        """Let DVC keep a file, and push it, as `dvc add` and `dvc push` do."""
        from dvc.repo import Repo

        with Repo(str(self.root)) as repo:
            repo.add([str(self.root / path)])
            repo.push()
        (self.root / path).unlink(missing_ok=True)

    def gto(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> str:
        """Call a function of GTO's API, give its tag the next day's date, and return the tag's name."""
        before = set(git(self.root, "tag").splitlines())
        call(str(self.root), *arguments, **options)
        (tag,) = set(git(self.root, "tag").splitlines()) - before
        self.redate(tag)
        return tag

    def redate(self, tag: str) -> None:
        """Make a tag anew with the date of the next day, and nothing else changed."""
        self.day += 1
        data = subprocess.run(
            ["git", "cat-file", "tag", tag], cwd=self.root, capture_output=True, check=True
        ).stdout.decode()
        head, _, rest = data.partition("tagger ")
        line, _, rest = rest.partition("\n")
        dated = f"{head}tagger {line.rpartition('>')[0]}> {1_735_700_000 + self.day * 86_400} +0000\n{rest}"
        oid = git(self.root, "hash-object", "-t", "tag", "-w", "--stdin", stdin=dated)
        git(self.root, "update-ref", f"refs/tags/{tag}", oid)

    def push(self) -> None:
        git(self.root, "push", "--quiet", "origin", "main")
        git(self.root, "push", "--quiet", "origin", "--tags")


def lived_in(world: World) -> Team:
    """Two artifacts in two folders: one kept by DVC with stages and a pre-release, one in git with a version
    that was deregistered; and one that was deprecated."""
    from gto.api import assign, deprecate, deregister, register

    team = Team(world)
    team.write("dvc.yaml", CREDIT)
    team.write("sub/dvc.yaml", SUB)
    team.write("sub/fraud.bin", "fraud 1")
    for version, content in (("v1.0.0", "credit 1"), ("v1.1.0-rc.1", "credit rc"), ("v1.1.0", "credit 2")):
        team.write("models/credit.bin", content)
        team.dvc_add("models/credit.bin")
        team.commit(version)
        team.gto(
            register,
            "credit",
            "HEAD",
            version,
            message=f"Register {version}",
            author="Omar",
            author_email="omar@example.com",
        )
        if version == "v1.0.0":
            team.gto(assign, "credit", "staging", version)
            team.gto(assign, "credit", "prod", version, message="Go live")
        elif version == "v1.1.0-rc.1":
            team.gto(assign, "credit", "staging", version)
        else:
            team.gto(assign, "credit", "prod", version, message="AUC +0.02")
    team.gto(register, "sub:fraud", "HEAD", "v0.1.0")
    team.gto(assign, "sub:fraud", "staging", "v0.1.0")
    team.write("sub/fraud.bin", "fraud 2")
    team.commit()
    team.gto(register, "sub:fraud", "HEAD", "v0.2.0")
    team.gto(deregister, "sub:fraud", version="v0.2.0")
    team.gto(register, "old", "HEAD", "v1.0.0")
    team.gto(deprecate, "old")
    team.push()
    return team
