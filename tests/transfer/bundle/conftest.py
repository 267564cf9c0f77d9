"""Two registries that know nothing of each other: one where models are made, one where they are used."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from building.once import made_once
from building.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REFERENCE = "credit@1.2.0"


@dataclass(frozen=True)
class Pair:
    """The registry that a version comes from, and the one that it goes to."""

    dev: World
    prod: World

    @classmethod
    def at(cls, root: Path) -> Pair:
        return cls(World(root / "dev"), World(root / "prod"))

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


def copied(source: World, target: Path, name: str) -> World:
    """A world of its own, whose origin has a name of its own."""
    world = source.copy(target)
    next(target.glob("*.git")).rename(target / name)
    world.git("remote", "set-url", "origin", f"../{name}")
    return world


def sign_with(world: World, key: Path) -> None:
    """Let every tag of a registry be signed."""
    world.git("config", "gpg.format", "ssh")
    world.git("config", "user.signingKey", str(key))


def new_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def public(key: Path) -> str:
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


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


def _unsigned(root: Path, new: World) -> None:
    pair = Pair(copied(new, root / "dev", "dev.git"), copied(new, root / "prod", "prod.git"))
    _fill(pair.dev)
    pair.dev.run("export", REFERENCE, "--bundle", str(pair.bundle))


def _signed(root: Path, new: World) -> None:
    pair = Pair(copied(new, root / "dev", "dev.git"), copied(new, root / "prod", "prod.git"))
    key = new_key(pair.key)
    pair.signers.write_text(f'release@example.com namespaces="git" {public(key)}\n')
    sign_with(pair.dev, key)
    _fill(pair.dev)
    pair.dev.run("export", REFERENCE, "--bundle", str(pair.bundle))


def _imported(root: Path, new: World) -> None:
    _unsigned(root, new)
    pair = Pair.at(root)
    pair.prod.run("import", "bundle", str(pair.bundle), "--land")


@pytest.fixture
def paired(
    new_world: World, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> Callable[[Callable[[Path, World], None]], Pair]:
    """A pair of the test's own, as a function makes it; that is made only once."""

    def copy(make: Callable[[Path, World], None]) -> Pair:
        name = f"{make.__module__}.{make.__qualname__}"
        made = made_once(tmp_path_factory, name, lambda root: make(root, new_world))
        shutil.copytree(made, tmp_path / "pair", symlinks=True)
        return Pair.at(tmp_path / "pair")

    return copy


@pytest.fixture
def live(new_world: World, tmp_path: Path) -> World:
    """A third registry, without any model yet."""
    return copied(new_world, tmp_path / "live", "live.git")


@pytest.fixture
def pair(paired: Callable[[Callable[[Path, World], None]], Pair]) -> Pair:
    """Unsigned tags in dev, nothing in prod, and the bundle of credit@1.2.0."""
    return paired(_unsigned)


@pytest.fixture
def signed(paired: Callable[[Callable[[Path, World], None]], Pair]) -> Pair:
    """The same, with every tag of dev signed."""
    return paired(_signed)


@pytest.fixture
def imported(paired: Callable[[Callable[[Path, World], None]], Pair]) -> Pair:
    """Unsigned tags in dev, and its credit@1.2.0 in prod."""
    return paired(_imported)
