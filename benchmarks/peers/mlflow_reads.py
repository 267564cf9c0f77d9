"""What MLflow's clients read, asked again and again of one store: run by a Python that has MLflow.

`ACTION ADDRESS` prints the seconds of one call, the median of many. The actions: `alias`, `stage`, `name`
(the versions of one model), `list` (a hundred models), `cold` (all versions, once, in this new process).
"""

from __future__ import annotations

import os
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

from mlflow import MlflowClient

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMES = 60
_PAGE = 100


def _asked(client: MlflowClient, action: str) -> Callable[[], object]:
    """Return the call, of which the model is the first that has an alias."""
    models = client.search_registered_models(max_results=_PAGE)
    model = next(each for each in models if each.aliases and each.latest_versions)
    alias, stage = next(iter(model.aliases)), model.latest_versions[0].current_stage
    return {
        "alias": lambda: client.get_model_version_by_alias(model.name, alias),
        "stage": lambda: client.get_latest_versions(model.name, [stage]),
        "name": lambda: client.search_model_versions(f"name='{model.name}'"),
        "list": lambda: client.search_registered_models(max_results=_PAGE),
    }[action]


def main(action: str, address: str) -> None:
    """Ask, and print how long it takes."""
    client = MlflowClient(tracking_uri="sqlite:///tracking.db", registry_uri=address)
    start = time.perf_counter()
    if action == "cold":
        client.search_model_versions(max_results=200_000)
        print(time.perf_counter() - start)
        return
    ask = _asked(client, action)
    times = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    print(median(times))


if __name__ == "__main__":
    main(*sys.argv[1:])
