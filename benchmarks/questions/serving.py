"""What a server answers over HTTP: Rollbook's, and beside it MLflow's, asked the same by the same clients."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.generate.plan import FIRST_MODEL
from benchmarks.http_server import PORT
from benchmarks.peers import REST_LOAD
from benchmarks.question import Goal, Question
from benchmarks.timing import Command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.place import Place
    from benchmarks.timing import Kind

_CLIENTS = "16"
_TRIED = "toy"  # there it is tried whether it works, without MLflow, which takes long to start
_OWN, _PEER = "rollbook serve", "mlflow server"
_MEASURED = ("v1k", "v10k", "v100k")


def _commands(place: Place) -> list[Command]:
    """Return both servers, or Rollbook's alone where there is no MLflow."""
    is_tried = place.size.name == _TRIED
    seconds = "1" if is_tried else "4"
    serve = [sys.executable, "-m", "rollbook", "-C", str(place.registry), "serve", "--port", PORT]
    path = f"/api/v1/models/{FIRST_MODEL}/production"
    own = _command(_OWN, [path, _CLIENTS, seconds, *serve, "--rate-limit", "0"], place.root, "rollbook")
    if place.mlflow is None or is_tried:
        return [own]
    name = FIRST_MODEL.replace("/", "--")
    path = f"/api/2.0/mlflow/registered-models/alias?name={name}&alias=production"
    store = ["--backend-store-uri", "sqlite:///mlflow.db", "--port", PORT]
    server = [place.mlflow, "-m", "mlflow", "server", *store]
    return [own, _command(_PEER, [path, _CLIENTS, seconds, *server], place.mlflow_store, "peer")]


def _command(label: str, asked: Sequence[str], directory: Path, kind: Kind) -> Command:
    figures = directory / "rest-figures.json"
    words = [sys.executable, str(REST_LOAD), str(figures), *asked]
    return Command(label, [words], directory, kind, tells=True, counts=partial(_counted, figures))


def _counted(figures: Path) -> Mapping[str, float]:
    counts: Mapping[str, float] = json.loads(figures.read_text())
    return counts


QUESTIONS = (
    Question(
        "rest-alias",
        f"Which version a stage or an alias leads to, over HTTP: {_CLIENTS} clients at once, time by answers",
        _commands,
        (*(Goal(size, 0.1, _PEER) for size in _MEASURED), Goal("v100k", 1.3, "v1k")),
        needs="serve",
        sizes=(_TRIED, *_MEASURED),
    ),
)
