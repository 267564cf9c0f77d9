"""The registry that this repository keeps of its own, in a fresh clone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from building.world import git, rollbook

ROOT = Path(__file__).resolve().parents[3]
KEPT = (
    "registry",
    "registry-artifacts",
    "schemas",
    ".dvc/config",
    ".dvc/.gitignore",
    ".dvcignore",
    ".gitignore",
)
ARTIFACTS = ("*.joblib", "weights.json")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone of what git would keep of it, by a user whose git translates line ends."""
    source = tmp_path / "source"
    for name in KEPT:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns(*ARTIFACTS))
        else:
            shutil.copy(ROOT / name, target)
    git(source, "init", "--quiet", "--initial-branch=main")
    git(source, "add", ".")
    git(source, "commit", "--quiet", "-m", "Keep a registry")
    git(tmp_path, "clone", "--quiet", "--config", "core.autocrlf=true", "source", "clone")
    return tmp_path / "clone"


def test_the_own_registry_passes_its_check(clone: Path) -> None:
    ran = rollbook(clone, "check", "--all")
    assert (ran.code, ran.out) == (0, "no errors\n")


def test_dvc_pull_finds_every_artifact_in_a_fresh_clone(clone: Path) -> None:
    subprocess.run([sys.executable, "-m", "dvc", "pull", "--quiet"], cwd=clone, check=True)
    pulled = [path for pattern in ARTIFACTS for path in clone.glob(f"registry/*/versions/*/{pattern}")]
    assert len(pulled) == len(list(clone.glob("registry/*/versions/*/version.yaml"))) == 6
    assert git(clone, "status", "--short") == ""


@pytest.mark.parametrize(
    "reference", ["iris-species@production", "iris-species@canary", "wine-cultivar@staging"]
)
def test_the_own_registry_serves_its_models(clone: Path, tmp_path: Path, reference: str) -> None:
    ran = rollbook(clone, "fetch", reference, "-o", str(tmp_path / "model"))
    assert ran.code == 0, ran.err


def test_an_own_model_is_served_from_a_bare_repository(clone: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(clone), "bare.git")
    output = tmp_path / "weights.json"
    ran = rollbook(tmp_path, "fetch", "iris-species@production", "--repo", "bare.git", "-o", str(output))
    assert ran.code == 0, ran.err
    assert json.loads(output.read_text())["classes"] == ["setosa", "versicolor", "virginica"]
