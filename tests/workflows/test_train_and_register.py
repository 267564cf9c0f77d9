"""The example that trains a model and registers it: its workflow and its notebook, run for real."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from workflow_runner import BIN, ROOT, runner

from building.world import ACTION, git
from github_stand_in import REPOSITORY, GitHubStandIn, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow_runner import Job

    from building.world import World

EXAMPLE = ROOT / "examples" / "train-and-register"
WORKFLOW = ".github/workflows/train-and-register.yml"
TRAINING = "acme/training"
BRANCH = "rollbook/register/tumour-malignancy/0.1.0"
FOLDER = "registry/tumour-malignancy/versions/0.1.0"


@pytest.fixture
def forge() -> Iterator[GitHubStandIn]:
    yield from serve()


@pytest.fixture
def registry(world: World) -> World:
    """A registry whose artifacts are in a folder that every clone of it finds."""
    config = world.registry / ".dvc" / "config"
    config.write_text(config.read_text().replace("../../registry-artifacts", str(world.artifacts)))
    world.git("commit", "--quiet", "--all", "-m", "Say where artifacts are, for every clone")
    world.git("push", "--quiet", "origin", "HEAD:main")
    return world


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """A repository with the example in it, which asks for the packages that are installed here."""
    place = tmp_path / "training"
    (place / ".github" / "workflows").mkdir(parents=True)
    for name in ("train.py", "train-and-register.ipynb"):
        shutil.copy(EXAMPLE / name, place)
    text = (EXAMPLE / "train-and-register.yml").read_text()
    (place / WORKFLOW).write_text(text.replace(f"OWNER/REPO@{'0' * 40}", ACTION))
    pins = "".join(f"{name}=={version(name)}\n" for name in ("joblib", "scikit-learn"))
    (place / "requirements.txt").write_text(pins)
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "add", ".")
    git(place, "commit", "--quiet", "-m", "Train a model")
    git(place, "remote", "add", "origin", f"https://github.com/{TRAINING}")
    return place


def _run_workflow(world: World, training: Path, forge: GitHubStandIn) -> Job:
    bare = world.root / "training.git"
    git(world.root, "clone", "--quiet", "--bare", str(training), str(bare))
    with runner(world.root / "runner", forge, {TRAINING: bare, REPOSITORY: world.origin}) as machine:
        clone = machine.clone(TRAINING)
        payload = {"ref": "refs/heads/main", "after": git(clone, "rev-parse", "HEAD")}
        return machine.run(
            clone,
            WORKFLOW,
            "push",
            payload,
            secrets={"ROLLBOOK_REGISTRY_TOKEN": forge.token},
            variables={"ROLLBOOK_REGISTRY": REPOSITORY},
        )


def _manifest(world: World) -> dict[str, Any]:
    """The manifest that was proposed, as the origin has it."""
    return yaml.safe_load(git(world.origin, "show", f"{BRANCH}:{FOLDER}/version.yaml"))


def test_the_workflow_trains_registers_with_its_lineage_and_opens_a_pull_request(
    registry: World, training: Path, forge: GitHubStandIn
) -> None:
    job = _run_workflow(registry, training, forge)
    assert job.passed, job.log
    manifest = _manifest(registry)
    assert manifest["metrics"]["auc"] > 0.95
    lineage = manifest["lineage"]
    assert lineage["code"]["commit"] == git(training, "rev-parse", "HEAD")
    assert (lineage["code"]["repository"], lineage["code"]["dirty"]) == (
        f"https://github.com/{TRAINING}",
        False,
    )
    assert [item["name"] for item in lineage["data"]] == ["breast-cancer-wisconsin"]
    assert lineage["run"]["uri"].startswith(f"https://github.com/{TRAINING}/actions/runs/")
    assert (forge.pulls[1]["head"]["ref"], forge.pulls[1]["base"]["ref"]) == (BRANCH, "main")
    assert forge.token not in job.printed


def test_what_the_workflow_proposed_can_land_and_be_fetched(
    registry: World, training: Path, forge: GitHubStandIn, tmp_path: Path
) -> None:
    job = _run_workflow(registry, training, forge)
    assert job.passed, job.log
    registry.git("fetch", "--quiet", "origin", f"{BRANCH}:{BRANCH}")
    registry.run("land", BRANCH)
    registry.run("fetch", "tumour-malignancy@0.1.0", "-o", str(tmp_path / "model.joblib"))
    assert (tmp_path / "model.joblib").stat().st_size == _landed_size(registry)


def _landed_size(world: World) -> int:
    return yaml.safe_load(world.git("show", f"main:{FOLDER}/version.yaml"))["artifact"]["size"]


def test_the_notebook_trains_registers_with_its_lineage_and_opens_a_pull_request(
    registry: World, training: Path, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"https://github.com/{REPOSITORY}"
    registry.git("remote", "set-url", "origin", address)
    registry.git("config", f"url.{registry.origin}.insteadOf", address)
    for name, value in {
        "ROLLBOOK_DIR": str(registry.registry),
        "GH_TOKEN": forge.token,
        "GITHUB_API_URL": forge.url,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "IPYTHONDIR": str(training / ".ipython"),
    }.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(training / "train-and-register.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(training)}}).execute()
    manifest = _manifest(registry)
    assert manifest["metrics"]["auc"] > 0.95
    assert manifest["lineage"]["code"]["commit"] == git(training, "rev-parse", "HEAD")
    assert manifest["lineage"]["run"]["tool"] == "notebook"
    assert [column["name"] for column in manifest["signature"]["inputs"]][:2] == [
        "mean_radius",
        "mean_texture",
    ]
    assert forge.pulls[1]["head"]["ref"] == BRANCH


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(EXAMPLE / "train-and-register.ipynb", as_version=4)
    assert [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")] == []
