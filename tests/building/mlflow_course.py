"""Registries that MLflow's programs use, and the programs of examples/mlflow, run in this process."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from building.mlflow_registry import made_for_mlflow
from building.mlflow_settings import QUIET, mlflow_set_to
from building.world import Ran, World

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = Path(__file__).parents[2] / "examples" / "mlflow"
MODEL = "wine-classifier"
# A connection that was closed is made anew, at once.
SETTINGS = {
    **QUIET,
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
}


@dataclass(frozen=True)
class Course:
    """A registry beside a tracking database, and the programs run on them."""

    world: World
    tracking: str

    @property
    def registry(self) -> str:
        return f"rollbook://{self.world.registry}?mode=land"

    def run(self, program: str, *arguments: str) -> Ran:
        """Run a program of examples/mlflow on the two."""
        with self.as_environment():
            return run_program(program, *arguments)

    @contextlib.contextmanager
    def as_environment(self) -> Iterator[None]:
        """What MLflow is told by its environment, and forgets afterwards."""
        with told(MLFLOW_TRACKING_URI=self.tracking, MLFLOW_REGISTRY_URI=self.registry):
            yield


@contextlib.contextmanager
def told(**environment: str) -> Iterator[None]:
    """Have MLflow take its settings from these variables, and forget what a program set."""
    from mlflow.tracking import fluent

    with mlflow_set_to(), pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
            patch.delenv(name)
        for name, value in {**SETTINGS, **environment}.items():
            patch.setenv(name, value)
        patch.setattr(fluent, "_active_experiment_id", None)
        # What set_experiment sets goes with the rest.
        patch.setenv("MLFLOW_EXPERIMENT_ID", "")
        patch.delenv("MLFLOW_EXPERIMENT_ID")
        yield


def run_program(program: str, *arguments: str) -> Ran:
    """Run a program of examples/mlflow as `python PROGRAM ARGUMENTS` would."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [program, *arguments])
        patch.syspath_prepend(str(PROGRAMS))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                runpy.run_path(str(PROGRAMS / program), run_name="__main__")
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
                if isinstance(end.code, str):
                    err.write(end.code)
    return Ran(code, out.getvalue(), err.getvalue())


def trained(root: Path) -> None:
    """Train the course's models, and register them all: 1 is the worst of the three, 3 the best."""
    course = Course(World.new(root / "world"), f"sqlite:///{root / 'tracking.db'}")
    made_for_mlflow(course.world)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for program, *arguments in (["train.py"], ["register_best_run.py", "--best", "3"]):
            ran = course.run(program, *arguments)
            assert ran.code == 0, ran.err


def copied(made: Path, root: Path) -> Course:
    """What `trained` left, to be changed. The runs' own artifacts are read where they are."""
    shutil.copy(made / "tracking.db", root / "tracking.db")
    return Course(World(made / "world").copy(root / "world"), f"sqlite:///{root / 'tracking.db'}")
