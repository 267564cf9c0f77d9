"""`resolve`: a cold `rollbook resolve`, beside the least a Python program can do, git alone, and MLflow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison
from benchmarks.synthetic import FIRST_MODEL
from benchmarks.timing import Command, medians, program, run

if TYPE_CHECKING:
    from benchmarks.sizes import Scene

_BLOB = f"HEAD:registry/{FIRST_MODEL}/stages.yaml"
_FLOOR = f"""
import subprocess
import click
import yaml
subprocess.run(["git", "cat-file", "blob", {_BLOB!r}], check=True)
"""
_MLFLOW = Path(__file__).with_name("mlflow_peer.py")


def measure(scene: Scene) -> list[Comparison]:
    """Resolve the production version of one model, each in a new process."""
    registry = scene.registry.path
    ours = f"resolve {FIRST_MODEL}@production"
    commands = [
        Command(ours, [[program("rollbook"), *ours.split()]], registry),
        Command("python: import click, yaml; git cat-file", [[sys.executable, "-c", _FLOOR]], registry),
        Command("git cat-file blob", [["git", "cat-file", "blob", _BLOB]], registry),
    ]
    if scene.mlflow:
        store = scene.root / "mlflow"
        store.mkdir()
        run(store, scene.mlflow, str(_MLFLOW), "fill", FIRST_MODEL, str(scene.sizes.versions))
        ask = [scene.mlflow, str(_MLFLOW), "resolve", FIRST_MODEL]
        commands.append(Command("MLflow client, SQLite store", [ask], store))
    own, floor, git, *mlflow = medians(commands, scene.sizes.runs)
    found = [
        Comparison("resolve", ours, own, commands[1].label, floor, most_ratio=3),
        Comparison("resolve", ours, own, commands[2].label, git),
    ]
    if mlflow:
        return [*found, Comparison("resolve", ours, own, commands[3].label, mlflow[0])]
    return [*found, Comparison("resolve", ours, own, "MLflow client", note="MLflow is not installed")]
