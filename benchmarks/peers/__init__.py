"""Other registries, asked the same questions about the same content."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate.plan import FIRST_MODEL
from benchmarks.timing import Command, program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.place import Place

MLFLOW_PEER = Path(__file__).with_name("mlflow_peer.py")
MLFLOW_READS = Path(__file__).with_name("mlflow_reads.py")
MLFLOW_WRITES = Path(__file__).with_name("mlflow_writes.py")
REST_LOAD = Path(__file__).with_name("rest_load.py")


def gto(place: Place, action: str) -> list[Command]:
    """GTO on the very tags of the trail."""
    return [Command(f"gto {action}", [[program("gto"), action]], place.registry, "peer")]


def mlflow(place: Place, label: str, action: Sequence[str], *, warm: bool = False) -> list[Command]:
    """MLflow's client on a SQLite store: a new process each time, or `warm`: asked again and again in one.

    Nothing where there is no MLflow.
    """
    if place.mlflow is None:
        return []
    words = [place.mlflow, str(MLFLOW_PEER), *action, FIRST_MODEL]
    return [Command(f"MLflow, SQLite: {label}", [words], place.mlflow_store, "peer", tells=warm)]
