"""What MLflow's clients read: through Rollbook's store, and beside it MLflow's own, a SQLite file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.peers import MLFLOW_READS
from benchmarks.question import Goal, Question
from benchmarks.timing import Command

if TYPE_CHECKING:
    from benchmarks.place import Place

_MEASURED = ("v1k", "v10k-100")
_TRIED = "alias"  # the others differ by the call alone: one process of the tests makes them all
_TITLES = {
    "alias": "The version that an alias points to",
    "stage": "The newest version in a stage",
    "name": "All versions of one model",
    "list": "A page of a hundred models with their latest versions",
}


def _commands(place: Place, *, action: str) -> list[Command]:
    """Return both stores, asked by one MLflow; none where there is no MLflow."""
    if place.mlflow is None:
        return []
    stores = {
        f"Rollbook: {action}": (f"rollbook://{place.registry}", place.root, "rollbook"),
        f"MLflow, SQLite: {action}": ("sqlite:///mlflow.db", place.mlflow_store, "peer"),
    }
    return [
        Command(
            label, [[place.mlflow, str(MLFLOW_READS), action, address]], directory, kind, tells=True
        )
        for label, (address, directory, kind) in stores.items()
    ]  # fmt: skip


def _sizes(action: str) -> tuple[str, ...]:
    return ("toy", *_MEASURED) if action == _TRIED else _MEASURED


QUESTIONS = (
    *(
        Question(
            f"mlflow-{action}", f"{title}, asked of MLflow's client again and again",
            partial(_commands, action=action),
            (
                *(Goal(size, 1, f"MLflow, SQLite: {action}") for size in _MEASURED),
                Goal("v10k-100", 1 << 30, figure="memory"),
            ),
            sizes=_sizes(action),
        )
        for action, title in _TITLES.items()
    ),
    Question(
        "mlflow-cold", "All versions of all models, asked of MLflow's client in a new process",
        partial(_commands, action="cold"), sizes=_MEASURED,
    ),
)  # fmt: skip
