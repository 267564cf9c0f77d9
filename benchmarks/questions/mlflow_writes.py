"""What MLflow's clients write: through Rollbook's store, where each call is checked, landed and recorded, and
beside it MLflow's own stores."""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.generate.plan import FIRST_MODEL, Plan
from benchmarks.peers import MLFLOW_WRITES
from benchmarks.question import Goal, Question
from benchmarks.timing import Command, run

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.place import Place

_SQLITE, _FILES = "MLflow, SQLite", "MLflow, files"
_MEASURED = ("v1k", "v10k-100")
_TRIED = "create"  # the others differ by the call alone, and need not be tried on the smallest registry too


def _commands(place: Place, *, action: str) -> list[Command]:
    """Return the stores, each asked again and again in one process; none where there is no MLflow."""
    if place.mlflow is None:
        return []
    stores = {
        f"Rollbook, mode=land: {action}": (f"rollbook://{_landing(place)}?mode=land", place.root),
        f"{_SQLITE}: {action}": ("sqlite:///mlflow.db", place.mlflow_store),
        f"{_FILES}: {action}": ("files", _files(place, place.mlflow)),
    }
    return [
        Command(
            label,
            [[place.mlflow, str(MLFLOW_WRITES), action, address, FIRST_MODEL]],
            directory,
            "peer" if label.startswith("MLflow") else "rollbook",
            tells=True,
        )
        for label, (address, directory) in stores.items()
    ]


def _landing(place: Place) -> Path:
    """A copy of the registry, checked out, in which the calls land."""
    copy = place.root / "landing"
    if not copy.exists():
        shutil.copytree(place.checked_out, copy, symlinks=True)
        run(copy, "git", "update-index", "-q", "--refresh")
    return copy


def _files(place: Place, mlflow: str) -> Path:
    directory = place.root / "mlflow-files"
    if not directory.exists():
        directory.mkdir()
        plan = Plan(place.size.models, place.size.versions)
        models = [{"name": model.name, "versions": model.version_names()} for model in plan.all_models]
        run(directory, mlflow, str(MLFLOW_WRITES), "fill", stdin=json.dumps(models).encode())
    return directory


def _question(name: str, title: str, action: str) -> Question:
    goals = (
        Goal("v1k", 20, f"{_SQLITE}: {action}"),
        Goal("v10k-100", 20, f"{_SQLITE}: {action}"),
        Goal("v10k-100", 1.5, "v1k"),
    )
    sizes = ("toy", *_MEASURED) if action == _TRIED else _MEASURED
    return Question(name, title, partial(_commands, action=action), goals, sizes=sizes)


QUESTIONS = (
    _question("mlflow-create", "Register a version through MLflow's store interface", "create"),
    _question("mlflow-transition", "Move a version through MLflow's store interface", "transition"),
    _question("mlflow-tag", "Tag a version through MLflow's store interface", "tag"),
)
