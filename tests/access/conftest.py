"""A registry with roles, people with SSH keys, and branches that they commit to."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from building.once import made_once
from building.world import Ran, World, git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template

POLICY = "registry/policy.yaml"
PEOPLE = ("ana", "bob", "jane", "mallory")
ROLES = """
roles:
  admin: [ana@example.com]
  approver: [bob@example.com]
  data-scientist: [jane@example.com]
"""


@dataclass(frozen=True)
class Team:
    """Ana is admin, Bob approver, Jane data scientist; Mallory is none, and may not sign either."""

    world: World
    keys: Path

    def become(self, name: str) -> None:
        """Who commits and signs in the clone from now on."""
        self.world.git("config", "user.name", name.capitalize())
        self.world.git("config", "user.email", f"{name}@example.com")
        self.world.git("config", "gpg.format", "ssh")
        self.world.git("config", "user.signingKey", str(self.keys / f"{name}.pub"))

    def run(self, name: str, *arguments: str) -> Ran:
        """Run `rollbook` as somebody."""
        self.become(name)
        return rollbook(self.world.registry, *arguments)

    def change(
        self, name: str, branch: str, path: str, text: str, *, start: str = "main", sign: bool = False
    ) -> str:
        """Commit one file on a branch as somebody, without touching the checkout; return the commit."""
        self.become(name)
        place = self.world.root / f"tree-{branch}".replace("/", "-")
        if not place.exists():
            self.world.git("worktree", "add", "--quiet", "-b", branch, str(place), start)
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        git(place, "add", "--force", path)
        git(place, "commit", "--quiet", *(["-S"] if sign else []), "-m", f"Change {path}")
        return git(place, "rev-parse", "HEAD")

    def check(self, head: str) -> Ran:
        """What the check of a pull request says of a branch."""
        return rollbook(self.world.registry, "check", "--base", "main", "--head", head)

    def read(self, path: str) -> str:
        return (self.world.registry / path).read_text()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SSH key for each person."""
    return made_once(tmp_path_factory, "access.keys", _make_keys)


def _make_keys(folder: Path) -> None:
    for name in PEOPLE:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True)


def assemble(world: World, keys: Path) -> Team:
    """One version in staging, roles, and the keys of those who may sign."""
    team = Team(world, keys)
    world.register("credit-approval", "1.0.0", "-m", "auc=0.9")
    world.promote("credit-approval@1.0.0", "staging")
    lines = [f"{name}@example.com {(keys / f'{name}.pub').read_text()}" for name in PEOPLE[:3]]
    team.become("ana")
    world.write("registry/allowed_signers", "".join(lines))
    world.policy(ROLES)
    return team


def assemble_keeping_production(world: World, keys: Path, rules: str) -> Team:
    """The same, by a policy that keeps production for approvers and goes on with these rules."""
    team = assemble(world, keys)
    policy = world.read(POLICY).replace(
        "  - name: production\n", "  - name: production\n    by: [approver]\n"
    )
    world.write(POLICY, policy)
    world.policy(rules)
    return team


@pytest.fixture
def team(started: Template, keys: Path) -> Team:
    """A registry with one version in staging, roles, and the keys of those who may sign."""
    return Team(started(assemble, keys), keys)
