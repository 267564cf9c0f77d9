"""Two registries that know nothing of each other: one where models are made, one where they are used."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from worlds import World, git

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = "credit@1.2.0"


@dataclass(frozen=True)
class Pair:
    """The registry that a version comes from, and the one that it goes to."""

    dev: World
    prod: World

    @property
    def bundle(self) -> Path:
        return self.dev.root.parent / "credit.bundle"

    @property
    def key(self) -> Path:
        return self.dev.root / "key"

    @property
    def signers(self) -> Path:
        """A list that lets dev's key sign."""
        return self.dev.root / "signers"


def copied(source: Path, target: Path, name: str) -> World:
    """A world of its own, whose origin has a name of its own."""
    shutil.copytree(source, target, symlinks=True)
    standing = next(target.glob("*.git"))
    standing.rename(target / name)
    git(target / "registry", "remote", "set-url", "origin", str(target / name))
    return World(target)


def sign_with(world: World, key: Path) -> None:
    """Let every tag of a registry be signed."""
    world.git("config", "gpg.format", "ssh")
    world.git("config", "user.signingKey", str(key))


def new_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def public(key: Path) -> str:
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


@pytest.fixture(scope="session")
def _unsigned_dev(_new_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = copied(_new_world, tmp_path_factory.mktemp("dev") / "world", "dev.git")
    _fill(world)
    return world.root


@pytest.fixture(scope="session")
def _signed_dev(_new_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = copied(_new_world, tmp_path_factory.mktemp("signed") / "world", "dev.git")
    key = new_key(world.root / "key")
    (world.root / "signers").write_text(f'release@example.com namespaces="git" {public(key)}\n')
    sign_with(world, key)
    _fill(world)
    return world.root


def _fill(world: World) -> None:
    """credit@1.1.0, its child 1.2.0 in staging with evidence, and scores@1.0.0, a folder."""
    card, requirements, sample = (
        world.root / "card.md",
        world.root / "requirements.txt",
        world.root / "in.json",
    )
    card.write_text("# Credit\n")
    requirements.write_text("scikit-learn==1.5.2\n")
    sample.write_text('[{"income": 1.5}]\n')
    world.register("credit", "1.1.0")
    world.register(
        "credit", "1.2.0", "--parent", "credit@1.1.0", "--metric", "auc=0.93", "--card", str(card),
        "--requirements", str(requirements), "--sample-input", str(sample),
    )  # fmt: skip
    report = world.root / "report.html"
    report.write_text("<p>fair</p>")
    world.run(
        "evidence", "add", REFERENCE, "fairness", "--status", "passed", "--attach", str(report), "--land"
    )
    world.promote(REFERENCE, "staging")
    folder = world.root / "scores"
    (folder / "weights").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "weights" / ("w" * 90)).write_bytes(b"first" * 1000)
    (folder / "weights" / "gewichte-ä.bin").write_bytes(b"second")
    world.run("register", "risk/scores", str(folder), "--version", "1.0.0", "--land")


def _pair(dev: Path, new: Path, directory: Path) -> Pair:
    return Pair(copied(dev, directory / "dev", "dev.git"), copied(new, directory / "prod", "prod.git"))


@pytest.fixture
def live(_new_world: Path, tmp_path: Path) -> World:
    """A third registry, without any model yet."""
    return copied(_new_world, tmp_path / "live", "live.git")


@pytest.fixture
def pair(_unsigned_dev: Path, _new_world: Path, tmp_path: Path) -> Pair:
    """Unsigned tags in dev, nothing in prod, and the bundle of credit@1.2.0."""
    made = _pair(_unsigned_dev, _new_world, tmp_path)
    made.dev.run("export", REFERENCE, "--bundle", str(made.bundle))
    return made


@pytest.fixture
def signed(_signed_dev: Path, _new_world: Path, tmp_path: Path) -> Pair:
    """The same, with every tag of dev signed."""
    made = _pair(_signed_dev, _new_world, tmp_path)
    made.dev.run("export", REFERENCE, "--bundle", str(made.bundle))
    return made
