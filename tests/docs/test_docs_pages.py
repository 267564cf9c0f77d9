"""Every command of the README and of the pages under docs/ runs, and prints what they show."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docs_session import ROOT, pages, parse, run

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

# What no page's test runs, and why.
MAY_BE_SKIPPED = {
    "git maintenance start": "changes the user's own timers and settings",
    'pip install "rollbook[s3]"': "installs",
    "pip install -e '.[test]'": "installs",
    "python -m benchmarks": "takes many minutes; tests/benchmarks runs all at the smallest size",
    "python -m benchmarks resolve list --sizes v100,v100k --results figures.json": "takes many minutes",
    "python -m benchmarks.generate /var/tmp/registries/v100k --models 1000 --versions 100000": "minutes",
    "python -m benchmarks --sizes v100k --registries /var/tmp/registries": "takes many minutes",
    "python -m venv /tmp/mlflow && /tmp/mlflow/bin/pip install mlflow": "installs",
    "python -m benchmarks resolve --mlflow /tmp/mlflow/bin/python": "needs MLflow",
    "rollbook serve --host 0.0.0.0 --oidc-issuer https://login.example.com --oidc-audience rollbook": (
        "needs a provider; tests/web/identity has one"
    ),
    "mlflow server --app-name rollbook --backend-store-uri sqlite:///runs.db "
    "--registry-store-uri 'rollbook:///srv/models?mode=land'": "tests/integrations/mlflow runs it",
    "MLFLOW_REGISTRY_URI=rollbook:///srv/models mlflow models serve -m models:/churn/Production "
    "--env-manager local": "tests/integrations/mlflow runs it",
    "systemctl enable --now rollbook": "changes the machine's own services",
    "docker build --tag rollbook-api --file Containerfile .": "needs a container engine",
    "docker run --read-only --tmpfs /tmp --volume rollbook:/var/cache/rollbook "
    "--volume ./tokens.json:/tokens.json:ro --publish 127.0.0.1:8321:8321 rollbook-api "
    "--tokens /tokens.json --repo https://git.example/acme/models.git": "needs a container engine",
}

_SAID = {page: parse((ROOT / page).read_text(encoding="utf-8")) for page in pages()}
# The longest first, so that two workers finish together.
_RUN = sorted((page for page, said in _SAID.items() if said.steps), key=lambda page: -len(_SAID[page].steps))


def make_ready(world: World) -> None:
    """1.0.0 of a model is in production, 1.1.0 in staging, 1.2.0 too is there; beside them `new.onnx`."""
    root = world.root
    for version, auc in (("1.0.0", "0.91"), ("1.1.0", "0.93"), ("1.2.0", "0.94")):
        world.artifact(_onnx(version), "model.onnx")
        metric = ("--metric", f"auc={auc}")
        world.run("register", "credit-approval", "../model.onnx", "--version", version, *metric, "--land")
    for version, stage in (("1.0.0", "staging"), ("1.0.0", "production"), ("1.1.0", "staging")):
        world.run("promote", f"credit-approval@{version}", stage, "--reason", "ready", "--land")
    (root / "model.onnx").rename(root / "new.onnx")
    (root / "new.onnx").write_bytes(_onnx("new"))


def _onnx(producer: str) -> bytes:
    """An empty ONNX model: its IR version, who made it, an empty graph, an operator set."""
    return bytes([0x08, 8, 0x12, len(producer)]) + producer.encode() + bytes([0x3A, 0, 0x42, 2, 0x10, 21])


@pytest.fixture(scope="session")
def environment(_own_git_settings: None) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # One thread is enough for small models, and leaves the other core to the other pages.
    own = {"LC_ALL": "C.UTF-8", "COLUMNS": "200", "OMP_NUM_THREADS": "1", "ROLLBOOK_SOURCE": str(ROOT)}
    return {**os.environ, "PATH": path, **own}


@pytest.mark.parametrize("page", _RUN)
def test_every_command_of_a_page_runs_and_prints_what_the_page_shows(
    page: str, tmp_path: Path, template: Template, environment: dict[str, str]
) -> None:
    directory = tmp_path / "session"
    if _SAID[page].begins_in_registry:
        template(make_ready).copy(directory)
    else:
        directory.mkdir()
    assert run(_SAID[page], directory, environment) == len(_SAID[page].steps) > 0


@pytest.mark.parametrize("page", _SAID)
def test_only_what_is_listed_is_skipped(page: str) -> None:
    assert set(_SAID[page].skipped) <= set(MAY_BE_SKIPPED)


def test_the_main_pages_are_run() -> None:
    assert {"README.md", "docs/tutorial.md"} <= set(_RUN)
